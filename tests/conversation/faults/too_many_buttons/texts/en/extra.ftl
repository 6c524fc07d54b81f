utter_ask_answer = Are you there?
thanks = Thank you.
choice_aa = A
choice_bb = B
choice_cc = C
