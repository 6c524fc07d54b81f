"""The ladder, with a virtual clock: what `config.yml` says, and what the store's script makes of it."""

from __future__ import annotations

import pytest

from bot.conversation.messages import Urgency
from bot.oncall import ladder
from bot.settings import Ladder, Rung

pytestmark = pytest.mark.unit

SMALL = Ladder(
    emergency=(Rung(after=0, who="language"), Rung(after=60, who="everyone")),
    urgent=(Rung(after=30, who="language_and_supervisors"),),
    priority=(),
)


def test_delays_are_those_of_the_file() -> None:
    assert ladder.delays(Ladder()) == {
        Urgency.EMERGENCY: (0, 60, 180, 300),
        Urgency.URGENT: (0, 600, 1800),
        Urgency.PRIORITY: (0,),
        Urgency.INFORMATION: (),
    }


@pytest.mark.parametrize(
    ("urgency", "rung", "who"),
    [
        (Urgency.EMERGENCY, 0, "language"),
        (Urgency.EMERGENCY, 1, "everyone"),
        (Urgency.EMERGENCY, 9, "everyone"),
        (Urgency.URGENT, 0, "language_and_supervisors"),
        (Urgency.PRIORITY, 0, "language"),
        (Urgency.INFORMATION, 3, "language"),
    ],
)
def test_each_rung_says_whom_and_the_last_stands_for_all_that_follow(urgency: Urgency, rung: int, who: str) -> None:
    assert ladder.who(SMALL, urgency, rung) == who


@pytest.mark.parametrize(
    ("urgency", "waited", "rung"),
    [
        (Urgency.EMERGENCY, 0, 0),
        (Urgency.EMERGENCY, 59.9, 0),
        (Urgency.EMERGENCY, 60, 1),
        (Urgency.EMERGENCY, 86_400, 1),
        (Urgency.URGENT, 0, 0),
        (Urgency.URGENT, 31, 0),
        (Urgency.PRIORITY, 5, 0),
    ],
)
def test_the_rung_reached_after_a_wait(urgency: Urgency, waited: float, rung: int) -> None:
    assert ladder.reached(SMALL, urgency, waited) == rung
