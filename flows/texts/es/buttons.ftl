### Botones y opciones: 24 caracteres como máximo (límite de la lista de WhatsApp).

language_es = Español
language_en = English

button_leave = Salir
button_human = Hablar con alguien
button_help = Más opciones
button_back = Atrás
button_skip = Saltar
button_menu = Menú
button_code = Mi código
button_erase = Borrar mis datos
button_language = Idioma / Language
button_continue = Seguir
button_erase_yes = Sí, borrar todo
button_erase_no = No borrar

choice_yes = Sí
choice_no = No
choice_unsure = No sé
