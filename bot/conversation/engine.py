"""`step(book, session, event) -> Turn`: the whole conversation as one pure, total function (DESIGN §5).

The order of a turn: bring the session up to date, count it; then a case code, a button, an edit, media or a text. A
text is, in this order: a command, an answer to a question laid over the flow, something for the operator who holds
the case, the answer to the question that waits, or words to be kept. Whatever it is, no word of it is ever lost.
"""

from __future__ import annotations

from dataclasses import replace

from bot.conversation import answers, interrupts
from bot.conversation.danger import crisis, emergency
from bot.conversation.flow import Flow, Flowbook
from bot.conversation.layout import ERASE, HELP, HUMAN, LEAVE, SKIP
from bot.conversation.messages import MediaKind, Urgency
from bot.conversation.session import Position, Session
from bot.conversation.settle import settle
from bot.conversation.turn import AttachCase, Event, Redemption, Turn
from bot.conversation.walk import Walk
from bot.conversation.words import Command, command_named, visible

REPLIES_PER_MINUTE = 20
NEED_HELP = "need_help"
"""The intent whose flow a bare cry for help starts."""
ASK_HUMAN = "ask_human"
"""The intent of somebody who asks for a person in their own words."""
SURE = 0.6
"""How confident the model must be of `ASK_HUMAN`."""
STORY_WORDS = 6
"""As many words that ask for a flow tell something; fewer only name it ("quiero denunciar algo")."""


def step(book: Flowbook, session: Session, event: Event, pace: int = REPLIES_PER_MINUTE) -> Turn:
    """What follows from `event`. Never raises, and the same input gives the same turn.

    `pace` is how many events in a minute are answered; beyond it everything is kept, but only danger and the ways
    out are answered.
    """
    walk = Walk(book, settle(book, session, event), event)
    insisting = walk.has("asked_again")
    walk.flag("asked_again", on=False)
    if event.redemption:
        _redeem(walk, event.redemption)
    elif walk.session.pace.count > pace:
        _flooded(walk)
    elif event.choice:
        _press(walk, event.choice)
    elif event.edited and visible(event.text):
        _edit(walk)
    elif event.media:
        _media(walk, event.media)
    elif visible(event.text):
        _text(walk, event.text, insisting)
    else:
        walk.say("cannot_read")
        _ask_again(walk)
    return walk.turn()


def _ask_again(walk: Walk) -> None:
    """Ask what waits, unless an operator has the word or the person cannot write freely."""
    if not walk.claimed and not walk.has("short"):
        walk.ask()


def _moved_on(walk: Walk, accepted: bool, danger: bool) -> None:
    """What comes after an answer: danger before everything, the next question, or the same one."""
    if danger:
        emergency(walk)
    elif accepted:
        walk.proceed()
    else:
        walk.ask()


def _danger(walk: Walk) -> bool:
    return walk.event.assessment is not None and walk.event.assessment.danger


# --- texts ---


def _text(walk: Walk, text: str, insisting: bool = False) -> None:
    command = interrupts.named(walk, text)
    if command and command is not Command.CRY:
        interrupts.obey(walk, command)
        return
    if _overlay(walk, text) or _speaks(walk, text) or _chooses_topic(walk, text):
        return
    waiting = walk.waiting()
    if walk.claimed or command or not waiting or walk.session.pending:
        _words(walk, text, cry=command is Command.CRY)
        return
    position, question = waiting
    found = answers.match(walk.book, question, text)
    if found:
        if found.more or _danger(walk):
            walk.seal_text("text", {"text": text})
        accepted = answers.choose(walk, position, question, found.option)
        _moved_on(walk, accepted, _danger(walk) or found.option.urgency is Urgency.EMERGENCY)
    elif "text" in question.accept or answers.in_own_words(walk.book, question, text):
        accepted = answers.write(walk, position, question, text)
        if not _danger(walk):
            crisis(walk)
            if _asks_for_a_human(walk):
                interrupts.human(walk)
        _moved_on(walk, accepted, _danger(walk))
    else:
        _words(walk, text, insisting=insisting)


def _speaks(walk: Walk, text: str) -> bool:
    """Whether `text` names a language: "English" is understood at any time, unless an operator may have asked."""
    if walk.claimed or not walk.has("language_chosen"):
        return False
    for name in sorted(walk.book.label(text)):
        language = name.removeprefix("language_")
        if name != language and language in walk.book.languages:
            interrupts.speak(walk, language)
            return True
    return False


def _chooses_topic(walk: Walk, text: str) -> bool:
    """Whether `text`, where nothing is asked, is a choice of the menu: it is taken as if the menu were there."""
    free = walk.has("language_chosen") and not walk.has("short") and not walk.claimed
    if not free or walk.waiting() or walk.session.pending:
        return False
    menu = walk.book.flows[walk.book.menu]
    topic = next((step for step in menu.steps.values() if step.menu), None)
    wished = {f"choice_{topic.collect}_{option.id}": option.id for option in topic.options} if topic else {}
    for label in sorted(walk.book.label(text) & wished.keys()):
        walk.seal_text("text", {"text": text})
        if _danger(walk):
            emergency(walk)
        else:
            walk.session = replace(walk.session, wish=wished[label])
            walk.enter(walk.book.menu)
        return True
    return False


def _overlay(walk: Walk, text: str) -> bool:
    """Whether `text` answers a question laid over the flow: which language, or whether to erase."""
    pending = walk.session.pending
    if pending == "erase":
        answer = walk.book.words.answers.get(walk.book.plain(text))
        labels = walk.book.label(text)
        if answer == "yes" or "button_erase_yes" in labels:
            interrupts.erase(walk)
        elif answer == "no" or "button_erase_no" in labels:
            interrupts.keep(walk)
        else:
            # anything else is not a yes; what it is, is looked at as usual
            walk.session = replace(walk.session, pending="")
            return False
        return True
    if pending == "language":
        ordered = sorted(walk.book.languages, key=lambda id: id != walk.session.language)
        named = {f"language_{id}": id for id in ordered} | {str(place): id for place, id in enumerate(ordered, 1)}
        for name in (*walk.book.label(text), walk.book.plain(text)):
            if name in named:
                interrupts.speak(walk, named[name])
                return True
    return False


def _words(walk: Walk, text: str, *, cry: bool = False, insisting: bool = False) -> None:
    """Words that are no answer: sealed, assessed, and taken as a wish where they name one.

    `insisting`: the question was asked again after other words; it is not put a third time.
    """
    walk.seal_text("text", {"text": text, **_beside(walk)})
    if _danger(walk):
        emergency(walk)
        return
    crisis(walk)
    if walk.claimed:
        walk.say("relayed")
    elif walk.has("short"):
        walk.say("kept_short")
    elif _asks_for_a_human(walk):
        interrupts.human(walk)
    else:
        if cry:
            walk.say("cry")
        elif _means(walk, "thanks"):
            walk.say("thanked")
        elif not _means(walk, "greet") or not _asks(walk):
            walk.say("kept")
        _follow(walk, _wished(walk, cry), insisting)


def _beside(walk: Walk) -> dict[str, object]:
    """The question that stands while something else is written: the operators read both together."""
    waiting = walk.waiting()
    if waiting is None or walk.claimed or waiting[1].menu:
        return {}
    position, question = waiting
    return {"flow": position.flow, "step": position.step, "slot": question.collect}


def _means(walk: Walk, intent: str) -> bool:
    """Whether the words are only small talk of that kind."""
    assessment = walk.event.assessment
    return (
        assessment is not None
        and assessment.intent == intent
        and assessment.confidence >= SURE
        and assessment.urgency is Urgency.INFORMATION
        and bool(walk.book.plain(walk.event.text))  # of an emoji alone nothing is sure
    )


def _asks(walk: Walk) -> bool:
    """Whether something will be asked after words were kept, so that the person is not left without an answer."""
    return bool(walk.waiting() or walk.session.pending or not walk.has("language_chosen"))


def _asks_for_a_human(walk: Walk) -> bool:
    assessment = walk.event.assessment
    return assessment is not None and assessment.intent == ASK_HUMAN and assessment.confidence >= SURE


def _wished(walk: Walk, cry: bool) -> Flow | None:
    """The flow that the words ask for, if its guard allows it."""
    assessment = walk.event.assessment
    if cry:
        flow = walk.book.triggered(NEED_HELP, 1.0)
    elif assessment and assessment.intent:
        flow = walk.book.triggered(assessment.intent, assessment.confidence)
    else:
        flow = None
    return flow if flow and (flow.condition is None or flow.condition.holds(walk.values())) else None


def _follow(walk: Walk, flow: Flow | None, insisting: bool) -> None:
    """After words were kept: begin the flow they ask for where that is possible, else ask what waits."""
    waiting = walk.waiting()
    if flow and len(walk.event.text.split()) >= STORY_WORDS:
        walk.flag("told")
    session = walk.session
    if not walk.has("language_chosen"):
        walk.session = replace(session, wish=flow.id if flow else session.wish)
        if session.pending == "language":
            # writing twice without choosing is a choice: what they write in
            interrupts.speak(walk, session.language)
        else:
            walk.ask()
    elif waiting and waiting[0].flow == walk.book.start:
        walk.session = replace(session, wish=flow.id if flow else session.wish)
        _again(walk, insisting)
    elif flow and (not waiting or waiting[1].menu) and not session.pending:
        if waiting:
            walk.remember(waiting[0])
        walk.enter(flow.id)
    elif waiting or session.pending:
        _again(walk, insisting)


def _again(walk: Walk, insisting: bool) -> None:
    """Ask once more; who then writes past the question again is not held up by it."""
    waiting = walk.waiting()
    if waiting and insisting and waiting[1].skippable and not walk.session.pending:
        _moved_on(walk, answers.pass_over(walk, *waiting), danger=False)
        return
    walk.flag("asked_again")
    if not (waiting and insisting and waiting[1].menu):
        walk.ask()


def _edit(walk: Walk) -> None:
    walk.seal_text("text", {"text": walk.event.text, "edited": True})
    if _danger(walk):
        emergency(walk)
    else:
        walk.note("edit_kept")


# --- buttons ---


def _press(walk: Walk, choice: str) -> None:
    if choice.startswith("!"):
        _global(walk, choice[1:])
        return
    place, _, id = choice.partition(":")
    flow, _, name = place.partition(".")
    position = Position(flow, name)
    question = walk.book.step(position)
    option = question.option(id) if question else None
    if question is None or (option is None and not (id == SKIP and question.skippable)):
        _beside_the_point(walk)
        return
    current = position == walk.session.position
    if option is None:
        if current:
            walk.session = replace(walk.session, pending="")
            _moved_on(walk, answers.skip(walk, position, question), danger=False)
        else:
            _passed(walk)
    elif walk.claimed and not answers.matters(question, option):
        _passed(walk)
    elif walk.claimed:
        answers.tell(walk, position, question, option, late=not current)
        if option.urgency is Urgency.EMERGENCY:
            emergency(walk)
        else:
            walk.say("relayed")
    elif current:
        walk.session = replace(walk.session, pending="")
        accepted = answers.choose(walk, position, question, option)
        _moved_on(walk, accepted, option.urgency is Urgency.EMERGENCY)
    elif not _pressed_twice(walk, position, question.collect, option.id):
        answers.tell(walk, position, question, option, late=True)
        if option.urgency is Urgency.EMERGENCY:
            emergency(walk)
        else:
            _passed(walk)


def _pressed_twice(walk: Walk, position: Position, slot: str, choice: str) -> bool:
    """Whether this is the button that was pressed just before: a double tap says nothing new."""
    history = walk.session.history
    return bool(history) and history[-1].position == position and walk.session.slots.get(slot) == choice


def _passed(walk: Walk) -> None:
    if walk.claimed:
        walk.say("with_operator")
        return
    walk.say("question_passed")
    _ask_again(walk)


def _beside_the_point(walk: Walk) -> None:
    """A button that means nothing here: what waits is shown, and nobody is left without an answer."""
    if walk.claimed:
        walk.say("with_operator")
    else:
        walk.ask()


def _global(walk: Walk, name: str) -> None:
    if name == "erase_yes" and walk.session.pending == "erase":
        interrupts.erase(walk)
    elif name == "erase_no":
        interrupts.keep(walk)
    elif name.startswith("lang_") and name[5:] in walk.book.languages:
        interrupts.speak(walk, name[5:])
    elif command := command_named(name):
        interrupts.obey(walk, command)
    elif name == "erase_yes":
        interrupts.obey(walk, Command.ERASE)
    else:
        _beside_the_point(walk)


# --- the rest ---


def _media(walk: Walk, media: MediaKind) -> None:
    waiting = walk.waiting()
    said = visible(walk.event.text)
    if waiting and media.value in waiting[1].accept and not walk.claimed and not walk.session.pending and not said:
        _moved_on(walk, answers.attach(walk, *waiting, media), danger=False)
        return
    walk.seal("attachment", {"media": media.value})
    walk.say("location_kept" if media is MediaKind.LOCATION else "media_not_kept", media=media.value)
    if said:
        _text(walk, walk.event.text)
    else:
        _ask_again(walk)


def _redeem(walk: Walk, redemption: Redemption) -> None:
    case = redemption.case
    if redemption.outcome == "throttled":
        walk.note("code_throttled")
    elif redemption.outcome != "accepted" or case is None:
        walk.note("code_wrong")
    else:
        walk.effects.append(AttachCase(case.id))
        walk.session = replace(walk.session, position=None, stack=(), history=(), pending="", wish="")
        walk.flag("code_issued")
        walk.flag("language_chosen")
        text = "welcome_back_closed" if not case.open else "welcome_back_claimed" if case.claimed else "welcome_back"
        walk.say(text, ((HUMAN, HELP), (ERASE, LEAVE)))


def _flooded(walk: Walk) -> None:
    """Too many events in a minute: everything is kept, nothing moves, and only danger and ways out are answered."""
    event = walk.event
    if event.media and not event.choice:
        walk.seal("attachment", {"media": event.media.value})
    name = event.choice[1:] if event.choice.startswith("!") else ""
    command = command_named(name)
    if not event.choice and visible(event.text) and not event.edited:
        command = interrupts.named(walk, event.text)
        if command in (None, Command.CRY) and walk.session.pending == "erase" and _overlay(walk, event.text):
            return
    if command in (Command.LEAVE, Command.ERASE, Command.HUMAN):
        interrupts.obey(walk, command)
        return
    if name in ("erase_yes", "erase_no"):
        _global(walk, name)
        return
    danger = _keep(walk, command)
    if danger:
        emergency(walk)
    elif not walk.session.pace.noticed:
        walk.session = replace(walk.session, pace=replace(walk.session.pace, noticed=True))
        walk.say("flood")


def _keep(walk: Walk, command: Command | None) -> bool:
    """Keep what the event says without moving. True when it means danger."""
    event = walk.event
    if event.choice:
        place, _, id = event.choice.partition(":")
        flow, _, name = place.partition(".")
        position = Position(flow, name)
        question = walk.book.step(position)
        option = question.option(id) if question else None
        if question and option:
            answers.tell(walk, position, question, option, late=position != walk.session.position)
        return option is not None and option.urgency is Urgency.EMERGENCY
    if visible(event.text) and command in (None, Command.CRY):
        walk.seal_text("text", {"text": event.text, **({"edited": True} if event.edited else {})})
        return _danger(walk)
    return False
