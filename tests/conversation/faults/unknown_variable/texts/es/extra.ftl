utter_ask_answer = ¿Estás ahí?
thanks = Gracias, { $name }.
