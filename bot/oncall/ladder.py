"""The ladder of `config.yml` as the store needs it (when) and as the roster needs it (whom). Pure.

The store keeps the time (`Store.due`): it fires each rung once, whatever restarts, and goes on with the last one
every `repeat` seconds. Here is only what a rung means.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bot.conversation.messages import Urgency
from bot.settings import Ladder

Who = Literal["language", "language_and_supervisors", "everyone"]


def delays(ladder: Ladder) -> Mapping[Urgency, tuple[float, ...]]:
    """By urgency, the seconds of waiting after which each rung fires."""
    return {urgency: tuple(rung.after for rung in ladder.rungs(urgency)) for urgency in Urgency}


def who(ladder: Ladder, urgency: Urgency, rung: int) -> Who:
    """Whom rung number `rung` (from 0) pages; the last one stands for all that follow.

    A level without rungs waits in the list, but a person who asks for a human is paged for even then: those who
    speak the language.
    """
    rungs = ladder.rungs(urgency)
    return rungs[min(rung, len(rungs) - 1)].who if rungs else "language"


def reached(ladder: Ladder, urgency: Urgency, waited: float) -> int:
    """The highest rung whose time has come for a case that has waited so many seconds."""
    return max(0, sum(rung.after <= waited for rung in ladder.rungs(urgency)) - 1)
