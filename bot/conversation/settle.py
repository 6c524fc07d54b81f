"""Brings a stored session up to date before its turn: changed flows, long silence, an unknown language."""

from __future__ import annotations

import math
from dataclasses import replace

from bot.conversation.flow import Flowbook
from bot.conversation.session import Place, Position, Session
from bot.conversation.turn import Event
from bot.conversation.walk import moved

EMERGENCY_AGAIN = 6 * 3600.0
"""After this many seconds of silence the full emergency texts are shown again."""
CLOCK = 1e12
ENOUGH_WORDS = 4
"""From this many on, what is written tells its language better than the device does."""


def settle(book: Flowbook, session: Session, event: Event) -> Session:
    """The session as it can go on with `book`: a place that no longer is moves to `moved_to`, else to the menu."""
    at = event.at if math.isfinite(event.at) and abs(event.at) < CLOCK else 0.0
    silence = at - session.at
    position = _position(book, session.position)
    step = book.step(position) if position else None
    if position and step and step.timeout and silence > step.timeout.after:
        position = Position(position.flow, step.timeout.then)
    history = tuple(
        Place(found, _stack(book, place.stack))
        for place in session.history
        if (found := _position(book, place.position))
    )
    flags = session.flags - {"emergency_told"} if silence > EMERGENCY_AGAIN else session.flags
    return replace(
        session,
        language=_language(book, session, event),
        position=position,
        stack=_stack(book, session.stack) if position else (),
        history=history,
        slots={slot: value for slot, value in session.slots.items() if slot in book.slots},
        flags=flags if session.language in book.languages else flags - {"language_chosen"},
        wish=session.wish if session.wish in book.flows else "",
        revision=book.revision,
        pace=session.pace.tick(at),
        at=at,
    )


def _position(book: Flowbook, position: Position | None) -> Position | None:
    step = book.step(position) if position else None
    if position and step and step.moved_to:
        position = moved(position, step)
        step = book.step(position)
    return position if step and step.collect else None


def _stack(book: Flowbook, stack: tuple[Position, ...]) -> tuple[Position, ...]:
    kept = []
    for position in stack:
        step = book.step(position)
        if step and step.call:
            kept.append(position)
        elif found := _position(book, position):
            kept.append(found)
    return tuple(kept)


def _language(book: Flowbook, session: Session, event: Event) -> str:
    """The language that was chosen, else the best guess: what is written, then what the device is set to.

    Of a few words of plain letters the detector knows too little to overrule anything.
    """
    if session.language in book.languages and "language_chosen" in session.flags:
        return session.language
    written = event.assessment.language if event.assessment else ""
    device = event.locale.replace("_", "-").partition("-")[0].lower()
    few = event.text.isascii() and len(event.text.split()) < ENOUGH_WORDS
    for guess in (session.language, device, written) if few else (written, session.language, device):
        if guess in book.languages:
            return guess
    return next(iter(book.languages), "")
