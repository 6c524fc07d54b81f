utter_ask_answer = ¿Estás ahí?
thanks = Gracias.
thanks again = Gracias.
