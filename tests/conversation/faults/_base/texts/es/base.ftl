utter_ask_safe = ¿Puedes hablar?
utter_ask_topic = ¿Qué necesitas?
emergency_lines = { $lines_danger }
