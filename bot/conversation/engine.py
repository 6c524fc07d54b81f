"""`step(book, session, event) -> Turn`: the whole conversation as one pure, total function (DESIGN §5)."""

from __future__ import annotations

from bot.conversation.flow import Flowbook
from bot.conversation.session import Session
from bot.conversation.turn import Event, Turn

REPLIES_PER_MINUTE = 20


def step(book: Flowbook, session: Session, event: Event, pace: int = REPLIES_PER_MINUTE) -> Turn:
    """What follows from `event`. Never raises. `pace` is how many events a minute are answered."""
    raise NotImplementedError
