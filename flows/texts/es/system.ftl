### Lo que el bot dice fuera de los flujos. Sin promesas, sin "por qué", sin culpa.

choose_language = Elige tu idioma · Choose your language
now_speaking = Listo, seguimos en español. Escribe cuando quieras.
missing_text = Perdona, aquí falta un texto. Puedes seguir escribiendo, pedir hablar con alguien o salir.

options =
    En cualquier momento puedes escribir con tus palabras.
    También: «salir» (cerrar ya), «borrar» (tus datos), «idioma», «persona» (hablar con alguien), «atrás», «saltar», «menú», «código» (para volver).
nothing_before = No hay una pregunta anterior.
cannot_skip = Aquí no hay nada que saltar.
cannot_read = Eso no lo puedo leer. Escríbelo con palabras, por favor, o usa los botones.
question_passed = Esa pregunta ya pasó. Seguimos por aquí:
edit_kept = Guardé también el cambio. No hace falta repetir nada.

kept = Guardé tu mensaje, sellado para el equipo. Gracias por contarlo.
kept_short = Guardado.
thanked = Gracias a ti. Escribe cuando quieras.
short_mode =
    De acuerdo. Escribe solo si puedes y lo que quieras; queda guardado.
    No te escribiremos primero. Para salir: «salir».
relayed = Llegó a la persona que atiende tu caso.
with_operator = Una persona atiende tu caso: lo que escribas aquí le llega.
cry =
    Leí que pides ayuda; lo guardé para el equipo.
    Si hay peligro ahora:
    { $lines_danger }
location_kept = Guardé tu ubicación, sellada para el equipo.
media_not_kept = Todavía no puedo guardar fotos, audios ni archivos: solo anoté que enviaste algo. Si puedes, cuéntalo con palabras.
flood = Estoy guardando todo lo que escribes. Responderé más despacio por un momento.

left = Listo. Hasta luego.
erase_confirm = ¿Borro todo lo que guardamos de ti, también tu caso? No se puede deshacer.
erase_kept = No borré nada.
erased =
    Borré tu caso, tu conversación y la forma de responderte.
    { $channel ->
        [telegram] Telegram no me deja quitar mensajes de más de 48 horas: borra el chat tú también.
       *[other] Lo que quede en tu aplicación o teléfono solo puedes borrarlo tú.
    }

## Peligro (también las dice el flujo emergency)

emergency_alerted = Estamos avisando a las personas de guardia. Todavía nadie ha respondido.
emergency_nobody = Ahora no hay nadie de guardia. Tu mensaje quedó guardado como emergencia. Si puedes, usa los teléfonos.
emergency_claimed = La persona que atiende tu caso lo recibe así, como emergencia.
emergency_again =
    Guardado como emergencia.
    { $lines_danger }

crisis =
    Si piensas en hacerte daño, puedes hablar de eso con alguien ahora mismo:
    { $lines_crisis }

## Personas y códigos

human_on_duty = Estamos avisando a las personas de guardia de que quieres hablar con alguien. Todavía nadie ha respondido. Puedes seguir escribiendo.
human_nobody =
    Ahora no hay nadie de guardia. Guardamos tu pedido y lo verán al volver. Mientras tanto:
    { $lines_danger }
human_claimed = Una persona ya atiende tu caso. Le anoté que quieres hablar.

code_wrong = Ese código no sirve. Revísalo con calma y escríbelo otra vez, o sigue sin código.
case_code =
    Este es tu código: { $code }
    Escríbelo aquí o en otro chat para volver a tu caso. Apréndelo o guárdalo donde nadie lo vea: quien lo tenga puede escribir como tú.
case_code_again =
    Este es tu código nuevo: { $code }
    El anterior ya no sirve. Apréndelo o guárdalo donde nadie lo vea: quien lo tenga puede escribir como tú.
code_none = Ahora no hay un caso abierto, por eso no hay código. Escribe lo que quieras contar y luego pídelo.
code_throttled = Hubo muchos intentos con códigos. Espera un rato antes de probar otra vez. Puedes seguir escribiendo sin código.
welcome_back = Qué bueno que volviste. Tu caso sigue abierto. Escribe lo que quieras añadir, o pide hablar con alguien.
welcome_back_claimed = Qué bueno que volviste. Una persona atiende tu caso: lo que escribas le llega.
welcome_back_closed = Qué bueno que volviste. Tu caso estaba cerrado. Si escribes algo, lo guardamos y el equipo lo verá.

## Para el servicio

not_stored =
    Ahora mismo no puedo guardar lo que escribes. Sigo intentándolo. Si no puedes esperar:
    { $lines_danger }
rescued =
    Algo falló de nuestro lado, pero guardé lo que escribiste y quedó en la lista del equipo. Puedes seguir escribiendo. Si hay peligro ahora:
    { $lines_danger }
wipe_incomplete = No pude quitar los mensajes más viejos: borra tú este chat.
