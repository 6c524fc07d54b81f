utter_ask_answer = Are you there?
thanks = { $lines_all } { $lines_danger }
