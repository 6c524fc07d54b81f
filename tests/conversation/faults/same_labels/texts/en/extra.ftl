utter_ask_answer = Are you there?
thanks = Thank you.
choice_answer_yes = Now
choice_answer_no = Later
