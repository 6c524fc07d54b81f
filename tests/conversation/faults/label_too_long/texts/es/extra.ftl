utter_ask_answer = ¿Estás ahí?
thanks = Gracias.
choice_answer_no = No
