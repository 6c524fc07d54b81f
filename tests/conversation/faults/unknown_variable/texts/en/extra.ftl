utter_ask_answer = Are you there?
thanks = Thank you, { $name }.
