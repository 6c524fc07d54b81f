utter_ask_answer = ¿Estás ahí?
thanks = Gracias.
choice_aa = A
choice_bb = B
choice_cc = C
