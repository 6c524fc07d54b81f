"""Raising a case after its turn: it waits and is paged by a turn's rules, once, whatever became of the chat."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.cases.records import Committed
from bot.cases.store import Store
from bot.conversation.messages import Urgency
from tests.cases.people import RUNGS, fresh_id, open_case, pages_until, say, snapshot, turn_of

pytestmark = pytest.mark.store

ANA: dict[str, Any] = {"by": "ana", "now": 5000}
LATE: dict[str, Any] = {"reasons": ("RISK-NOW", "late:model:emergency"), "key": "late-1", "now": 6000}


async def urgency(store: Store, case: str) -> Urgency:
    view = await store.case(case)
    assert view is not None
    return view.urgency


async def test_a_waiting_case_rises_in_the_queue_and_its_ladder_begins_anew(store: Store) -> None:
    case = await open_case(store, "p", Urgency.URGENT, now=1000)
    assert len(await store.due(1000, RUNGS, 300)) == 1
    assert await store.due(2000, RUNGS, 300) == []
    assert await store.raise_late(case, Urgency.EMERGENCY, **LATE)
    view = await store.case(case)
    assert view is not None
    assert (view.urgency, view.waiting_since, view.updated) == (Urgency.EMERGENCY, 1000, 6000)
    assert set(view.reasons) >= {"RISK-NOW", "late:model:emergency"}
    assert [item.urgency for item in await store.queue()] == [Urgency.EMERGENCY]
    (due,) = await store.due(6000, RUNGS, 300)
    assert (due.case, due.urgency, due.rung) == (case, Urgency.EMERGENCY, 0)
    events, _ = await store.events({})
    assert (events[-1].action, events[-1].urgency) == ("raised", Urgency.EMERGENCY)


async def test_one_that_only_was_listed_begins_to_wait(store: Store) -> None:
    case = await open_case(store, "p", Urgency.INFORMATION)
    assert await store.queue() == []
    assert await store.raise_late(case, Urgency.PRIORITY, **LATE)
    assert [item.case for item in await store.queue()] == [case]
    assert [page.kind for page in await pages_until(store, "wait")] == ["wait"]


async def test_who_holds_it_is_told_and_nobody_else_is_paged(store: Store) -> None:
    case = await open_case(store, "p", Urgency.URGENT)
    await store.claim(case, "ana", 2000)
    assert await store.raise_late(case, Urgency.EMERGENCY, **LATE)
    pages = await pages_until(store, "activity")
    assert [page.kind for page in pages] == ["wait", "claimed", "activity"]
    assert (pages[-1].by, pages[-1].urgency) == ("ana", Urgency.EMERGENCY)
    assert await store.queue() == []


@pytest.mark.parametrize("level", [Urgency.INFORMATION, Urgency.PRIORITY, Urgency.URGENT])
async def test_it_never_lowers_and_the_same_level_changes_nothing(
    level: Urgency, store: Store, valkey: Redis
) -> None:
    case = await open_case(store, "p", Urgency.URGENT)
    before = await snapshot(valkey)
    assert not await store.raise_late(case, level, **LATE)
    assert await snapshot(valkey) == before


async def test_what_an_operator_lowers_afterwards_the_same_answer_does_not_raise_again(store: Store) -> None:
    case = await open_case(store, "p", Urgency.URGENT)
    assert await store.raise_late(case, Urgency.EMERGENCY, **LATE)
    view = await store.case(case)
    assert view is not None
    await store.lower(case, Urgency.PRIORITY, view.seq, [b"why"], force=True, **ANA)
    assert not await store.raise_late(case, Urgency.EMERGENCY, **LATE)
    assert await urgency(store, case) is Urgency.PRIORITY
    assert await store.raise_late(case, Urgency.EMERGENCY, **{**LATE, "key": "another message"})


async def test_of_many_at_once_one_raises(store: Store) -> None:
    case = await open_case(store, "p", Urgency.URGENT)
    outcomes = await asyncio.gather(*(store.raise_late(case, Urgency.EMERGENCY, **LATE) for _ in range(20)))
    assert sorted(outcomes) == [False] * 19 + [True]


async def test_the_case_of_somebody_who_left_is_raised(store: Store) -> None:
    case = await open_case(store, "p", Urgency.URGENT)
    assert isinstance(await store.commit(replace(turn_of(await store.read("p")), leave=True)), Committed)
    assert await store.raise_late(case, Urgency.EMERGENCY, **LATE)
    assert await urgency(store, case) is Urgency.EMERGENCY
    assert (await store.read("p")).case is None


async def test_a_turn_of_the_person_at_the_same_time_is_not_disturbed(store: Store) -> None:
    case = await open_case(store, "p", Urgency.URGENT)
    write = turn_of(await store.read("p"))
    assert await store.raise_late(case, Urgency.EMERGENCY, **LATE)
    assert isinstance(await store.commit(write), Committed)
    await say(store, "p", b"more")
    assert await urgency(store, case) is Urgency.EMERGENCY


async def test_closed_erased_and_unknown_cases_stay_as_they_are(store: Store, valkey: Redis) -> None:
    closed = await open_case(store, "p", Urgency.URGENT)
    erased = await open_case(store, "q", Urgency.URGENT)
    await store.close(closed, 1, [b"done"], force=True, **ANA)
    await store.commit(replace(turn_of(await store.read("q")), erase=True))
    before = await snapshot(valkey)
    for case in (closed, erased, fresh_id(3)):
        assert not await store.raise_late(case, Urgency.EMERGENCY, **LATE)
    assert await snapshot(valkey) == before
