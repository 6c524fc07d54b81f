"""Which buttons stand under a message. Ids that begin with `!` are commands and work for ever, from any message."""

from __future__ import annotations

from typing import Final

from bot.conversation.flow import Flowbook, Step
from bot.conversation.session import Position, Session
from bot.conversation.turn import Button

SKIP: Final = "!skip"
LEAVE: Final = Button("!leave", "button_leave")
HUMAN: Final = Button("!human", "button_human")
HELP: Final = Button("!help", "button_help")
BACK: Final = Button("!back", "button_back")
MENU: Final = Button("!menu", "button_menu")
ERASE: Final = Button("!erase", "button_erase")
LANGUAGE: Final = Button("!language", "button_language")
CONTINUE: Final = Button("!continue", "button_continue")
CODE: Final = Button("!code", "button_code")

Rows = tuple[tuple[Button, ...], ...]
NAVIGATION: Final = 5
"""The most buttons that navigation adds to a question."""


def choice_id(position: Position, choice: str) -> str:
    """What the button of a choice carries: `flow.step:choice`."""
    return f"{position.flow}.{position.step}:{choice}"


def after_question(book: Flowbook, session: Session, position: Position, step: Step) -> Rows:
    """The choices, one a row, then the ways on and out."""
    rows = [
        (Button(choice_id(position, option.id), book.choice_text(step.collect, option.id)),)
        for option in step.options
    ]
    if step.sensitive_exit:
        rows.insert(0, (LEAVE,))
    ways: list[Button] = []
    if step.skippable:
        ways.append(Button(choice_id(position, SKIP), "button_skip"))
    if session.history:
        ways.append(BACK)
    ways.append(HUMAN)
    ways.append(HELP)
    if not step.sensitive_exit:
        ways.append(LEAVE)
    return (*rows, *_pairs(ways))


def between_flows(session: Session, claimed: bool) -> Rows:
    """Under a message that asks nothing. Somebody who cannot write safely sees only the way out."""
    if "short" in session.flags:
        return ((LEAVE,),)
    if claimed:
        return ((HELP, LEAVE),)
    return _pairs([MENU, HUMAN, HELP, LEAVE])


def aside(session: Session, claimed: bool) -> Rows:
    """Under a message beside the flow: the question that waits can be seen again."""
    if claimed or "short" in session.flags or not (session.position or session.pending):
        return between_flows(session, claimed)
    return _pairs([CONTINUE, HUMAN, HELP, LEAVE])


def options(session: Session) -> Rows:
    """Everything that can be done at any time, as buttons."""
    ways = [ERASE, LANGUAGE, HUMAN, MENU, CODE, LEAVE]
    return _pairs([CONTINUE, *ways] if session.position or session.pending else ways)


def language_rows(book: Flowbook, session: Session) -> Rows:
    """The languages, the likely one first, and the way out."""
    ids = sorted(book.languages, key=lambda id: id != session.language)
    return (*((Button(f"!lang_{id}", f"language_{id}"),) for id in ids), (LEAVE,))


def _pairs(buttons: list[Button]) -> Rows:
    return tuple(tuple(buttons[index : index + 2]) for index in range(0, len(buttons), 2))
