### The texts of the flows, in the order in which they appear.

## start, privacy, menu

utter_ask_safe = Hello. Before we begin: can you talk now without anybody seeing your phone?
careful = Take care. You can stop whenever you like: “leave” closes the chat at once.
privacy_kept =
    What you write is kept encrypted and only the team of { $organisation } reads it. It is deleted after { $days } days, or when you write “erase”.
    To answer you we keep this chat for 7 days.
privacy_seen =
    { $channel ->
        [telegram] Telegram can see this chat: chats with bots are not end-to-end encrypted.
        [whatsapp] This chat passes through Meta, which can see it.
       *[other] Whoever runs your network or device might see that you use this chat.
    }
    If a person under 18 is being abused, the law may oblige us to tell the authorities.
utter_ask_topic = What do you need? Choose, or write it in your own words.

## emergency

emergency_lines =
    First: can you talk without danger? If not, do not call.
    { $lines_danger }
    If you prefer silence, write here; you can share your location, only if you want to.
utter_ask_emergency_safe = Choose what you can do now.
utter_ask_emergency_where = Where are you? One word is enough, or share your location. You can skip.
emergency_after = Thank you. It was kept as an emergency. You can write more when you can.

## help

help_opened = Thank you for writing. Your case is already on the team's list. I will ask a few short questions; you can skip them all.
nobody_on_duty =
    Nobody is on duty right now: we cannot tell you when this will be read. If you cannot wait:
    { $lines_danger }
utter_ask_danger_now = Are you in danger at this moment?
utter_ask_can_leave = Can you leave the place where you are whenever you want?
utter_ask_documents = Does somebody have your passport or ID and not give it back?
utter_ask_debt = Do they say that you owe money for the trip, the room or the food, and the debt does not go down?
utter_ask_threats = Does anybody threaten you or your family?
utter_ask_hurt = Do you need medical care? For example for an injury, an illness or a pregnancy.
duty_minor = Before the next question: if you are under 18, the law may oblige us to tell the authorities. You can skip it.
utter_ask_minor = How old are you?
minor_lines =
    Thank you for saying so. None of this is your fault. You can call whomever you prefer yourself:
    { $lines_minor }
utter_ask_place = Where are you? A neighbourhood or something you can see nearby is enough, or share your location.
utter_ask_goal = What do you want most right now?
utter_ask_more = Do you want to tell us anything else? Write it as it comes.
rights =
    In Panama you have a right to medical care, a safe place, free legal advice and to have your identity protected, with or without papers.
    Nobody decides for you whom to turn to.
doors =
    You can turn to whomever you choose:
    { $lines_all }
case_code_known = You already have a code for this case. With it you can come back from any chat. If you lost it, write “code”.

## tip

tip_opened = Thank you for speaking up. I will ask a few short questions; you can skip them all. Do not go closer or take risks to find out more.
utter_ask_tip_what = What did you see? Tell it in your own words.
utter_ask_tip_where = Where was it? An address, something you can see nearby, or share the location.
utter_ask_tip_when = When was it?
utter_ask_tip_who = Whom did you see, and how many people were there?
utter_ask_tip_trace = Is there a number plate, a vehicle, an advert or a link? Write it here.
utter_ask_tip_children = Are there children or teenagers in that place?
utter_ask_tip_safe = Are you out of danger yourself?
utter_ask_tip_ask_more = May we ask you more in this chat if we need to?
tip_thanks = Thank you. What you tell is sealed for the team. Your name is not needed.
tip_nothing = I kept no report, because you wrote nothing. You can tell it whenever you like.

## offer

offer_signs =
    Signs to think twice: they pay the trip and then you owe it, they ask you to hand over your passport, there is no contract, they tell you what to say to Immigration, they rush you or ask you to tell nobody.
offer_no_verdict = We cannot tell you whether an offer is good or bad. We can look at it with you.
utter_ask_offer = What is the offer like? You can copy the advert or tell it.
utter_ask_offer_stage = Where do you stand?
utter_ask_offer_person = Do you want a person of the team to look at it with you?
offer_asked = We are telling the people on duty. Nobody has answered yet.
offer_thanks = Thank you for asking. You can come back whenever you like, from another place too.

## information

utter_ask_info_topic = What do you want to know?
info_what = It is when somebody deceives, forces or takes advantage of a person to exploit them: in work, sex, domestic service, begging or other ways. It can happen without travel and without being locked in.
info_happens = A person of the team reads what you write. We call nobody without your permission, except in immediate danger or abuse of a person under 18.
info_who = Only the team of { $organisation } can read what is kept. Nobody receives it unless you choose whom.
info_numbers =
    Phone numbers in { $country }:
    { $lines_all }
