"""The commands that work at every step, typed or pressed: leave, erase, language, human, back, skip, help, menu."""

from __future__ import annotations

from dataclasses import replace

from bot.conversation import answers
from bot.conversation.layout import options
from bot.conversation.session import Session
from bot.conversation.turn import EraseConversation, Escalate, IssueCode, LeaveConversation, Reply
from bot.conversation.walk import Walk
from bot.conversation.words import Command, command_named


def named(walk: Walk, text: str) -> Command | None:
    """The command that the whole of `text` is: a word of `commands.yml` or the label of a command's button."""
    if command := walk.book.words.command(text):
        return command
    for label in sorted(walk.book.label(text)):
        if label.startswith("button_") and (command := command_named(label.removeprefix("button_"))):
            return command
    return None


def obey(walk: Walk, command: Command) -> None:
    """Carry out a command."""
    match command:
        case Command.START:
            start(walk)
        case Command.MENU:
            menu(walk)
        case Command.LEAVE:
            leave(walk)
        case Command.ERASE:
            walk.session = replace(walk.session, pending="erase")
            walk.ask()
        case Command.LANGUAGE:
            walk.session = replace(walk.session, pending="language")
            walk.ask()
        case Command.HUMAN:
            human(walk)
        case Command.BACK:
            back(walk)
        case Command.SKIP:
            skip(walk)
        case Command.HELP | Command.CRY:
            walk.say("options", options(walk.session))
        case Command.CODE:
            code(walk)
        case Command.CONTINUE:
            walk.session = replace(walk.session, pending="")
            walk.ask()


def start(walk: Walk) -> None:
    """From the beginning: the language if it was never chosen, then whether it is safe to talk."""
    if walk.claimed:
        walk.say("with_operator")
        return
    walk.session = replace(walk.session, position=None, stack=(), history=(), pending="")
    walk.flag("short", on=False)
    if walk.has("language_chosen"):
        walk.enter(walk.book.start)
    else:
        walk.ask()


def menu(walk: Walk) -> None:
    """To the menu; what was left there can be gone back to."""
    if walk.claimed:
        walk.say("with_operator")
        return
    if waiting := walk.waiting():
        walk.remember(waiting[0])
    walk.session = replace(walk.session, position=None, stack=(), pending="")
    if walk.has("language_chosen"):
        walk.enter(walk.book.menu)
    else:
        walk.ask()


def leave(walk: Walk) -> None:
    """At once, with one neutral line. Nothing is continued later."""
    walk.effects.append(LeaveConversation())
    _end(walk, "left")


def erase(walk: Walk) -> None:
    """Erase, after it was confirmed, and say what could not be."""
    walk.effects.append(EraseConversation())
    _end(walk, "erased")


def _end(walk: Walk, text: str) -> None:
    walk.ended = True
    ended = walk.session
    walk.session = replace(Session.new(ended.language), pace=ended.pace, revision=ended.revision, at=ended.at)
    walk.replies = [Reply(text)]


def keep(walk: Walk) -> None:
    """The person decided against erasing."""
    walk.session = replace(walk.session, pending="")
    walk.note("erase_kept")


def speak(walk: Walk, language: str) -> None:
    """Write in `language` from now on; the place is kept. The first choice opens the conversation."""
    first = not walk.has("language_chosen")
    walk.session = replace(walk.session, language=language, pending="")
    walk.flag("language_chosen")
    if walk.waiting():
        walk.ask()
    elif first:
        walk.enter(walk.book.start)
    else:
        walk.note("now_speaking")


def code(walk: Walk) -> None:
    """A case code for who has none yet, or lost it: the new one takes the place of the old."""
    if not walk.has_case:
        walk.note("code_none")
        return
    known = walk.has("code_issued")
    walk.flag("code_issued")
    walk.effects.append(IssueCode())
    walk.note("case_code_again" if known else "case_code")


def human(walk: Walk) -> None:
    """Ask the operators for a person, and say truthfully whether somebody can come."""
    if walk.claimed:
        walk.seal("answer", {"flow": "commands", "step": "human", "slot": "human", "choice": "asked"})
        walk.note("human_claimed")
        return
    walk.open_case()
    walk.effects.append(Escalate("asked"))
    walk.note("human_on_duty" if walk.event.on_duty else "human_nobody")


def back(walk: Walk) -> None:
    """To the question before; its answer is forgotten here, though what was sealed stays sealed."""
    if walk.session.pending:
        walk.session = replace(walk.session, pending="")
        walk.ask()
        return
    history = walk.session.history
    while history:
        *earlier, place = history
        history = tuple(earlier)
        step = walk.book.step(place.position)
        if step and step.collect and place.position != walk.session.position:
            slots = {slot: value for slot, value in walk.session.slots.items() if slot != step.collect}
            walk.session = replace(
                walk.session, position=place.position, stack=place.stack, history=history, slots=slots
            )
            walk.ask()
            return
    walk.session = replace(walk.session, history=())
    walk.say("nothing_before")
    walk.ask()


def skip(walk: Walk) -> None:
    """Over the question that waits, where that is possible."""
    waiting = walk.waiting()
    if waiting and not walk.session.pending and waiting[1].skippable:
        if answers.skip(walk, *waiting):
            walk.proceed()
        else:
            walk.ask()
        return
    walk.say("cannot_skip")
    walk.ask()
