utter_ask_answer = Are you there?
thanks = Hold on: help is on the way.
