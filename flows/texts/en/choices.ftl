### Buttons and choices: 24 characters at most (the limit of WhatsApp's list).

choice_safe_yes = Yes, I can talk
choice_safe_no = It is not safe

choice_topic_help = I need help
choice_topic_tip = I saw something
choice_topic_offer = A job offer worries me
choice_topic_information = Information

choice_emergency_safe_talk = I can call
choice_emergency_safe_write = I can only write
choice_emergency_safe_no = It is not safe

choice_threats_harm = With hurting us
choice_threats_police = Police or deportation
choice_threats_both = Both
choice_hurt_grave = Yes, it cannot wait
choice_hurt_yes = Yes, it can wait
choice_minor_under = Under 18
choice_minor_adult = 18 or older
choice_goal_shelter = A safe place
choice_goal_health = Health care
choice_goal_papers = My documents
choice_goal_talk = Talk to someone now
choice_goal_home = To go home

choice_tip_when_now = It is happening now
choice_tip_when_today = Today
choice_tip_when_week = This week
choice_tip_when_before = Longer ago

choice_offer_stage_thinking = I am thinking about it
choice_offer_stage_travelling = I will travel soon
choice_offer_stage_there = I am already there

choice_info_topic_what = What is trafficking
choice_info_topic_happens = What happens next
choice_info_topic_who = Who sees this
choice_info_topic_numbers = Phone numbers
choice_info_topic_menu = Back to the menu
