utter_ask_answer = ¿Estás ahí?
thanks = La ayuda va en camino.
