utter_ask_answer = ¿Estás ahí?
thanks = { $lines_all } { $lines_danger }
