### Los textos de los flujos, en el orden en que aparecen.

## start, privacy, menu

utter_ask_safe = Hola. Antes de empezar: ¿puedes hablar ahora sin que nadie vea tu teléfono?
careful = Ten cuidado. Puedes parar cuando quieras: «salir» cierra el chat al instante.
privacy_kept =
    Lo que escribes se guarda cifrado y solo lo lee el equipo de { $organisation }. Se borra a los { $days } días, o cuando escribas «borrar».
    Para responderte guardamos este chat 7 días.
privacy_seen =
    { $channel ->
        [telegram] Telegram puede ver este chat: los chats con bots no tienen cifrado de extremo a extremo.
        [whatsapp] Este chat pasa por Meta, que puede verlo.
       *[other] Quien maneje tu red o tu aparato podría ver que usas este chat.
    }
    Si una persona menor de 18 años sufre abuso, la ley puede obligarnos a avisar a las autoridades.
utter_ask_topic = ¿Qué necesitas? Elige, o escríbelo con tus palabras.

## emergency

emergency_lines =
    Lo primero: ¿puedes hablar sin peligro? Si no, no llames.
    { $lines_danger }
    Si prefieres silencio, escribe aquí; puedes compartir tu ubicación, solo si quieres.
utter_ask_emergency_safe = Elige lo que puedas hacer ahora.
utter_ask_emergency_where = ¿Dónde estás? Basta una palabra, o comparte tu ubicación. Puedes saltar.
emergency_after = Gracias. Quedó guardado como emergencia. Puedes escribir más cuando puedas.

## help

help_opened = Gracias por escribir. Tu caso ya está en la lista del equipo. Te haré unas preguntas cortas; puedes saltarlas todas.
nobody_on_duty =
    Ahora no hay nadie de guardia: no podemos decirte cuándo leerán esto. Si no puedes esperar:
    { $lines_danger }
utter_ask_danger_now = ¿Estás en peligro en este momento?
utter_ask_can_leave = ¿Puedes salir del lugar donde estás cuando quieres?
utter_ask_documents = ¿Alguien tiene tu pasaporte o tu identificación y no te lo devuelve?
utter_ask_debt = ¿Te dicen que debes dinero por el viaje, el cuarto o la comida, y la deuda no baja?
utter_ask_threats = ¿Te amenazan, a ti o a tu familia?
utter_ask_hurt = ¿Necesitas atención médica? Por ejemplo, por una herida, una enfermedad o un embarazo.
duty_minor = Antes de la próxima pregunta: si tienes menos de 18 años, la ley puede obligarnos a avisar a las autoridades. Puedes saltarla.
utter_ask_minor = ¿Qué edad tienes?
minor_lines =
    Gracias por decirlo. Nada de esto es culpa tuya. Puedes llamar tú a quien prefieras:
    { $lines_minor }
utter_ask_place = ¿Dónde estás? Un barrio o algo que se vea cerca basta, o comparte tu ubicación.
utter_ask_goal = ¿Qué es lo que más quieres ahora?
utter_ask_more = ¿Quieres contar algo más? Escríbelo como te salga.
rights =
    En Panamá tienes derecho a atención médica, un lugar seguro, asesoría legal gratis y a que se cuide tu identidad, tengas o no papeles.
    Nadie decide por ti a quién acudir.
doors =
    Puedes acudir a quien tú elijas:
    { $lines_all }
case_code_known = Ya tienes un código de este caso. Con él puedes volver desde cualquier chat. Si lo perdiste, escribe «código».

## tip

tip_opened = Gracias por avisar. Te haré unas preguntas cortas; puedes saltarlas todas. No te acerques ni te arriesgues por saber más.
utter_ask_tip_what = ¿Qué viste? Cuéntalo con tus palabras.
utter_ask_tip_where = ¿Dónde fue? Una dirección, algo que se vea cerca, o comparte la ubicación.
utter_ask_tip_when = ¿Cuándo fue?
utter_ask_tip_who = ¿A quiénes viste y cuántas personas eran?
utter_ask_tip_trace = ¿Hay una placa, un vehículo, un anuncio o un enlace? Escríbelo aquí.
utter_ask_tip_children = ¿Hay niñas, niños o adolescentes en ese lugar?
utter_ask_tip_safe = ¿Tú estás fuera de peligro?
utter_ask_tip_ask_more = ¿Podemos preguntarte más por este chat si hace falta?
tip_thanks = Gracias. Lo que cuentas queda sellado para el equipo. Tu nombre no hace falta.
tip_nothing = No guardé ningún aviso, porque no escribiste nada. Puedes contarlo cuando quieras.

## offer

offer_signs =
    Señales para pensarlo dos veces: te pagan el viaje y luego lo debes, te piden entregar el pasaporte, no hay contrato, te dicen qué decir en Migración, te apuran o piden no contarlo.
offer_no_verdict = No podemos decirte si una oferta es buena o mala. Sí podemos mirarla contigo.
utter_ask_offer = ¿Cómo es la oferta? Puedes copiar el anuncio o contarlo.
utter_ask_offer_stage = ¿En qué momento estás?
utter_ask_offer_person = ¿Quieres que una persona del equipo lo mire contigo?
offer_asked = Estamos avisando a las personas de guardia. Todavía nadie ha respondido.
offer_thanks = Gracias por preguntar. Puedes volver cuando quieras, también desde otro lugar.

## information

utter_ask_info_topic = ¿Qué quieres saber?
info_what = Es cuando alguien engaña, obliga o se aprovecha de una persona para explotarla: en trabajo, sexo, servicio en casas, mendicidad u otras formas. Puede pasar sin viajar y sin encierro.
info_happens = Lo que escribes lo lee una persona del equipo. No llamamos a nadie sin tu permiso, salvo peligro inmediato o abuso de una persona menor de 18 años.
info_who = Solo el equipo de { $organisation } puede leer lo guardado. Nadie lo recibe sin que tú elijas a quién.
info_numbers =
    Teléfonos en { $country }:
    { $lines_all }
