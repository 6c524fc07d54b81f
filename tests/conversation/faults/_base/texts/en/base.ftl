utter_ask_safe = Can you talk?
utter_ask_topic = What do you need?
emergency_lines = { $lines_danger }
