utter_ask_answer = Are you there?
thanks = Thank you.
choice_answer_no = No
