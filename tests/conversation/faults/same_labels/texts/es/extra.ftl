utter_ask_answer = ¿Estás ahí?
thanks = Gracias.
choice_answer_yes = Ahora
choice_answer_no = ¡Ahora!
