### Botones y opciones: 24 caracteres como máximo (límite de la lista de WhatsApp).

choice_safe_yes = Sí, puedo hablar
choice_safe_no = No es seguro

choice_topic_help = Necesito ayuda
choice_topic_tip = Vi algo
choice_topic_offer = Me preocupa una oferta
choice_topic_information = Información

choice_emergency_safe_talk = Puedo llamar
choice_emergency_safe_write = Solo puedo escribir
choice_emergency_safe_no = No es seguro

choice_threats_harm = Con hacernos daño
choice_threats_police = Policía o deportación
choice_threats_both = Las dos cosas
choice_hurt_grave = Sí, no puede esperar
choice_hurt_yes = Sí, puede esperar
choice_minor_under = Menos de 18
choice_minor_adult = 18 o más
choice_goal_shelter = Un lugar seguro
choice_goal_health = Atención de salud
choice_goal_papers = Mis documentos
choice_goal_talk = Hablar con alguien ya
choice_goal_home = Volver a casa

choice_tip_when_now = Está pasando ahora
choice_tip_when_today = Hoy
choice_tip_when_week = Esta semana
choice_tip_when_before = Hace más tiempo

choice_offer_stage_thinking = Lo estoy pensando
choice_offer_stage_travelling = Voy a viajar pronto
choice_offer_stage_there = Ya estoy allá

choice_info_topic_what = Qué es la trata
choice_info_topic_happens = Qué pasa si escribo
choice_info_topic_who = Quién lo ve
choice_info_topic_numbers = Teléfonos
choice_info_topic_menu = Volver al menú
