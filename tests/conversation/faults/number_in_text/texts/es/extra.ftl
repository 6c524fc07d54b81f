utter_ask_answer = ¿Estás ahí?
thanks = Llama al 516-28.
