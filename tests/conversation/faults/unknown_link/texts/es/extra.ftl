utter_ask_answer = ¿Estás ahí?
