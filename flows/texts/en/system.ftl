### What the bot says outside the flows. No promises, no "why", no blame.

choose_language = Choose your language · Elige tu idioma
now_speaking = Done, we go on in English. Write whenever you like.
missing_text = Sorry, a text is missing here. You can go on writing, ask to talk to someone, or leave.

options =
    You can write in your own words at any time.
    Also: “leave” (close now), “erase” (your data), “language”, “human” (talk to someone), “back”, “skip”, “menu”, “code” (to come back).
nothing_before = There is no earlier question.
cannot_skip = There is nothing to skip here.
cannot_read = I cannot read that. Please write it in words, or use the buttons.
question_passed = That question has passed. We are here:
edit_kept = I kept the change as well. No need to repeat anything.

kept = I kept your message, sealed for the team. Thank you for telling us.
kept_short = Kept.
thanked = Thank you. Write whenever you like.
short_mode =
    All right. Write only if you can, and whatever you like; it is kept.
    We will not write first. To leave: “leave”.
relayed = It reached the person attending your case.
with_operator = A person is attending your case: what you write here reaches them.
cry =
    I read that you ask for help; I kept it for the team.
    If there is danger now:
    { $lines_danger }
location_kept = I kept your location, sealed for the team.
media_not_kept = I cannot keep photos, audio or files yet: I only noted that you sent something. If you can, tell it in words.
flood = I am keeping everything you write. I will answer more slowly for a moment.

left = Done. Goodbye.
erase_confirm = Shall I erase everything we keep about you, your case too? This cannot be undone.
erase_kept = I erased nothing.
erased =
    I erased your case, your conversation and the way to answer you.
    { $channel ->
        [telegram] Telegram does not let me remove messages older than 48 hours: please delete the chat yourself too.
       *[other] What is left in your app or phone only you can delete.
    }

## Danger (the flow emergency says them too)

emergency_alerted = We are alerting the people on duty. Nobody has answered yet.
emergency_nobody = Nobody is on duty right now. Your message was kept as an emergency. If you can, use the phone numbers.
emergency_claimed = The person attending your case receives this as an emergency.
emergency_again =
    Kept as an emergency.
    { $lines_danger }

crisis =
    If you think of hurting yourself, you can talk about it with somebody right now:
    { $lines_crisis }

## People and codes

human_on_duty = We are telling the people on duty that you want to talk to someone. Nobody has answered yet. You can go on writing.
human_nobody =
    Nobody is on duty right now. We kept your request and they will see it when they are back. Meanwhile:
    { $lines_danger }
human_claimed = A person is already attending your case. I noted for them that you want to talk.

code_wrong = That code does not work. Check it calmly and write it again, or go on without a code.
case_code =
    This is your code: { $code }
    Write it here or in another chat to come back to your case. Learn it, or keep it where nobody sees it: whoever has it can write as you.
case_code_again =
    This is your new code: { $code }
    The one before no longer works. Learn it, or keep it where nobody sees it: whoever has it can write as you.
code_none = There is no open case now, so there is no code. Write what you want to tell, then ask for it.
code_throttled = There were many attempts with codes. Wait a while before trying again. You can go on writing without a code.
welcome_back = Good that you came back. Your case is still open. Write what you want to add, or ask to talk to someone.
welcome_back_claimed = Good that you came back. A person is attending your case: what you write reaches them.
welcome_back_closed = Good that you came back. Your case was closed. If you write something, we keep it and the team will see it.

## For the service

not_stored =
    I cannot keep what you write right now. I go on trying. If you cannot wait:
    { $lines_danger }
rescued =
    Something failed on our side, but I kept what you wrote and it is on the team's list. You can go on writing. If there is danger now:
    { $lines_danger }
wipe_incomplete = I could not remove the oldest messages: delete this chat yourself.
