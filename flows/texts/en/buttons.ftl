### Buttons and choices: 24 characters at most (the limit of WhatsApp's list).

language_es = Español
language_en = English

button_leave = Leave
button_human = Talk to someone
button_help = More options
button_back = Go back
button_skip = Skip
button_menu = Menu
button_code = My code
button_erase = Erase my data
button_language = Idioma / Language
button_continue = Continue
button_erase_yes = Yes, erase everything
button_erase_no = Do not erase

choice_yes = Yes
choice_no = No
choice_unsure = Not sure
