### Lo que el bot dice fuera de los flujos. Sin promesas, sin "por qué", sin culpa.

choose_language = Elige tu idioma · Choose your language
now_speaking = Listo, seguimos en español. Escribe cuando quieras.
missing_text = Perdona, aquí falta un texto. Puedes seguir escribiendo, pedir hablar con alguien o salir.

options =
    En cualquier momento puedes escribir con tus palabras.
    También: «salir» (cerrar ya), «borrar» (tus datos), «idioma», «persona» (hablar con alguien), «atrás», «saltar», «menú».
nothing_before = No hay una pregunta anterior.
cannot_skip = Aquí no hay nada que saltar.
cannot_read = Eso no lo puedo leer. Escríbelo con palabras, por favor, o usa los botones.
question_passed = Esa pregunta ya pasó. Seguimos por aquí:
edit_kept = Guardé también el cambio. No hace falta repetir nada.

kept = Guardé tu mensaje, sellado para el equipo. Gracias por contarlo.
kept_short = Guardado.
short_mode =
    De acuerdo. Escribe solo si puedes y lo que quieras; queda guardado.
    No te escribiremos primero. Para salir: «salir».
careful = Ten cuidado. Puedes parar cuando quieras: «salir» cierra el chat al instante.
relayed = Llegó. La persona que atiende tu caso lo leerá.
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

human_on_duty = Estamos avisando a las personas de guardia de que quieres hablar con alguien. Todavía nadie ha respondido. Puedes seguir escribiendo.
human_nobody =
    Ahora no hay nadie de guardia. Guardamos tu pedido y lo verán al volver. Mientras tanto:
    { $lines_all }
human_claimed = Una persona ya atiende tu caso. Le anoté que quieres hablar.
nobody_on_duty =
    Ahora no hay nadie de guardia: no podemos decirte cuándo leerán esto. Si no puedes esperar:
    { $lines_all }

code_wrong = Ese código no sirve. Revísalo con calma y escríbelo otra vez, o sigue sin código.
code_throttled = Hubo muchos intentos con códigos. Espera un rato antes de probar otra vez. Puedes seguir escribiendo sin código.
welcome_back = Qué bueno que volviste. Tu caso sigue abierto. Escribe lo que quieras añadir, o pide hablar con alguien.
welcome_back_claimed = Qué bueno que volviste. Una persona atiende tu caso: lo que escribas le llega.
welcome_back_closed = Qué bueno que volviste. Tu caso estaba cerrado. Si escribes algo, lo guardamos y el equipo lo verá.

## Para el servicio

operator_joined = Una persona de { $organisation } ya leyó tu caso y lo atiende. Escríbele por aquí.
operator_reply = { $organisation }: { $message }
case_closed = La persona que te atendía cerró este caso. Puedes escribir otra vez cuando quieras.
not_stored = Ahora mismo no puedo guardar mensajes, y no quiero perder el tuyo. Prueba otra vez en un minuto.
