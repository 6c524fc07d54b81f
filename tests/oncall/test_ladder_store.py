"""The ladder as the store climbs it: hours of waiting in a virtual clock, whatever happens to the pager."""

from __future__ import annotations

import pytest

from bot.conversation.messages import Urgency
from bot.oncall import ladder
from bot.oncall.paging import now
from bot.settings import Ladder
from tests.oncall.conftest import Team

pytestmark = pytest.mark.store

SECOND = 1000


async def fired(team: Team, at: list[float], began: int) -> list[tuple[float, int]]:
    """Seconds after `began` and the rung fired there, for each of the seconds looked at."""
    rungs = ladder.delays(Ladder())
    found = []
    for seconds in at:
        due = await team.store.due(began + int(seconds * SECOND), rungs, Ladder().repeat)
        found += [(seconds, one.rung) for one in due]
    return found


@pytest.mark.parametrize(
    ("urgency", "looked", "expected"),
    [
        (Urgency.EMERGENCY, range(1, 1000), [(1, 0), (60, 1), (180, 2), (300, 3), (600, 3), (900, 3)]),
        (Urgency.URGENT, range(1, 2200), [(1, 0), (600, 1), (1800, 2), (2100, 2)]),
        (Urgency.PRIORITY, range(1, 700), [(1, 0), (301, 0), (601, 0)]),
        (Urgency.INFORMATION, range(1, 700), []),
        # nobody looked for a while: one page, of the rung that is due, and no burst
        (Urgency.EMERGENCY, [1, 200, 201, 299, 300], [(1, 0), (200, 2), (300, 3)]),
        (Urgency.EMERGENCY, [4000, 4001, 4299, 4300], [(4000, 3), (4300, 3)]),
    ],
)
async def test_rungs_fire_when_their_time_comes(
    team: Team, urgency: Urgency, looked: list[float], expected: list[tuple[float, int]]
) -> None:
    began = now()
    await team.case(urgency)
    # the case began within this second: rungs are counted in whole ones
    began = (await team.store.queue())[0].waiting_since if urgency > Urgency.INFORMATION else began
    assert await fired(team, list(looked), began) == expected


async def test_no_rung_fires_after_a_claim(team: Team) -> None:
    case = await team.case()
    [item] = await team.store.queue()
    assert await fired(team, [1], item.waiting_since) == [(1, 0)]
    await team.store.claim(case, "ana", now())
    assert await fired(team, [60, 180, 300, 7200], item.waiting_since) == []
    assert await team.store.queue() == []
