"""What operators do: one gets the case, only they write to it, and what they do reaches the person."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.cases.records import (
    AlreadyClaimed,
    Claimed,
    Closed,
    Conflict,
    Done,
    NoCase,
    NotClaimed,
    Status,
    Undeliverable,
)  # fmt: skip
from bot.cases.store import Store
from bot.conversation.messages import Urgency
from tests.cases.people import (
    RUNGS,
    drain,
    fresh_id,
    living_in,
    next_wakeup,
    open_case,
    pages_until,
    say,
    snapshot,
    turn,
)  # fmt: skip

pytestmark = pytest.mark.store

ANA: dict[str, Any] = {"by": "ana", "now": 5000}


async def test_of_fifty_operators_one_gets_the_case(store: Store) -> None:
    case = await open_case(store, "p", Urgency.EMERGENCY)
    results = await asyncio.gather(*(store.claim(case, f"operator{n}", 2000) for n in range(50)))
    winners = [n for n, result in enumerate(results) if result == Claimed(case)]
    assert len(winners) == 1
    assert set(map(repr, results)) == {repr(Claimed(case)), repr(AlreadyClaimed(f"operator{winners[0]}"))}
    view = await store.case(case)
    assert view is not None
    assert (view.claimed_by, view.claimed_at, view.waiting_since) == (f"operator{winners[0]}", 2000, None)
    pages = await pages_until(store, "claimed")
    assert [page.kind for page in pages] == ["wait", "claimed"]


async def test_claiming_again_is_the_same_claim(store: Store) -> None:
    case = await open_case(store, "p")
    assert await store.claim(case, "ana", 2000) == Claimed(case)
    assert await store.claim(case, "ana", 3000) == Claimed(case)
    view = await store.case(case)
    assert view is not None
    assert view.claimed_at == 2000


async def test_a_claim_stops_the_ladder_and_empties_the_queue(store: Store) -> None:
    case = await open_case(store, "p", Urgency.EMERGENCY, now=1000)
    assert len(await store.due(1000, RUNGS, 300)) == 1
    await store.claim(case, "ana", 2000)
    assert await store.queue() == []
    assert await store.due(10**12, RUNGS, 300) == []


async def test_a_case_that_is_not_there_cannot_be_worked_on(store: Store) -> None:
    case = fresh_id(3)
    assert await store.case(case) is None
    assert await store.claim(case, "ana", 1) == NoCase()
    assert await store.release(case, "ana", 1) == NoCase()
    assert await store.pass_(case, "ana", 1) == NoCase()
    assert await store.append(case, 0, [b"x"], action="noted", **ANA) == NoCase()
    with pytest.raises(ValueError, match="not a case id"):
        await store.case("nonsense")


async def test_the_queue_is_by_urgency_and_then_by_waiting_time_over_all_shards(store: Store) -> None:
    expected = []
    for number, (urgency, now) in enumerate(
        [
            (Urgency.PRIORITY, 100), (Urgency.EMERGENCY, 900), (Urgency.URGENT, 300), (Urgency.EMERGENCY, 200),
            (Urgency.PRIORITY, 50), (Urgency.URGENT, 299), (Urgency.INFORMATION, 1),
        ]
    ):  # fmt: skip
        person = living_in(store, number, f"person{number}")
        case = await open_case(store, person, urgency, now=now)
        if urgency >= Urgency.PRIORITY:
            expected.append((-urgency, now, case))
    assert [(-item.urgency, item.waiting_since, item.case) for item in await store.queue()] == sorted(expected)
    assert len(await store.cases()) == 7


async def test_a_released_case_waits_again_in_its_old_place(store: Store) -> None:
    case = await open_case(store, "p", now=1000)
    later = await open_case(store, "q", now=2000)
    await store.claim(case, "ana", 3000)
    assert await store.release(case, "bo", 4000) == AlreadyClaimed("ana")
    assert await store.release(case, "ana", 4000) == Done(1)
    assert [item.case for item in await store.queue()] == [case, later]
    assert {due.case for due in await store.due(4000, RUNGS, 300)} == {case, later}
    assert await store.release(case, "ana", 4000) == NotClaimed()


async def test_only_the_holder_writes_unless_forced(store: Store, raw: Redis) -> None:
    case = await open_case(store, "p")
    assert await store.append(case, 1, [b"x"], action="noted", **ANA) == NotClaimed()
    await store.claim(case, "bo", 2000)
    before = await snapshot(raw)
    assert await store.append(case, 1, [b"x"], action="noted", **ANA) == AlreadyClaimed("bo")
    assert await store.lower(case, Urgency.PRIORITY, 1, [b"x"], **ANA) == AlreadyClaimed("bo")
    assert await store.close(case, 1, [b"x"], **ANA) == AlreadyClaimed("bo")
    assert await snapshot(raw) == before
    assert await store.append(case, 1, [b"x"], action="noted", force=True, **ANA) == Done(2)
    assert await store.entries(case) == [b"sealed-0", b"x"]


async def test_a_reply_is_in_the_log_and_on_its_way_in_one_write(store: Store) -> None:
    case = await open_case(store, "p")
    await store.claim(case, "ana", 2000)
    assert await store.append(case, 1, [b"r"], action="replied", delivery=b"hello", **ANA) == Done(2)
    assert await store.append(case, 2, [b"s"], action="replied", delivery=b"there", **ANA) == Done(3)
    assert await store.entries(case) == [b"sealed-0", b"r", b"s"]
    view = await store.case(case)
    assert view is not None
    assert (view.last_out, view.updated) == (5000, 5000)
    assert await drain(store, await next_wakeup(store)) == [b"hello", b"there"]


async def test_a_reply_on_an_old_view_of_the_case_changes_nothing(store: Store, raw: Redis) -> None:
    case = await open_case(store, "p")
    await store.claim(case, "ana", 2000)
    await say(store, "p", b"wait")
    before = await snapshot(raw)
    assert await store.append(case, 1, [b"r"], action="replied", delivery=b"hello", **ANA) == Conflict()
    assert await snapshot(raw) == before


async def test_a_reply_to_somebody_who_left_is_refused_and_not_lost_silently(store: Store, raw: Redis) -> None:
    case = await open_case(store, "p")
    await store.claim(case, "ana", 2000)
    await turn(store, "p", leave=True)
    before = await snapshot(raw)
    assert await store.append(case, 1, [b"r"], action="replied", delivery=b"hello", **ANA) == Undeliverable()
    assert await snapshot(raw) == before
    assert await store.append(case, 1, [b"n"], action="noted", **ANA) == Done(2)


async def test_the_same_action_sent_twice_by_the_connection_counts_once(store: Store) -> None:
    """redis-py sends a script again when the answer was lost."""
    case = await open_case(store, "p")
    await store.claim(case, "ana", 2000)
    run = store.scripts.run

    async def run_twice(name: str, keys: Any, args: Any) -> Any:
        await run(name, keys, args)
        return await run(name, keys, args)

    store.scripts.run = run_twice  # type: ignore[method-assign]  # a connection that lost an answer
    assert await store.append(case, 1, [b"r"], action="replied", delivery=b"hello", **ANA) == Done(2)
    store.scripts.run = run  # type: ignore[method-assign]  # as it was
    assert await store.entries(case) == [b"sealed-0", b"r"]
    assert await drain(store, await next_wakeup(store)) == [b"hello"]


async def test_only_an_operator_lowers_and_the_queue_follows(store: Store) -> None:
    case = await open_case(store, "p", Urgency.EMERGENCY)
    other = await open_case(store, "q", Urgency.URGENT, now=2000)
    assert await store.lower(case, Urgency.PRIORITY, 1, [b"why"], force=True, **ANA) == Done(2)
    assert [(item.case, item.urgency) for item in await store.queue()] == [
        (other, Urgency.URGENT),
        (case, Urgency.PRIORITY),
    ]
    assert await store.lower(case, Urgency.INFORMATION, 2, [b"why"], force=True, **ANA) == Done(3)
    assert [item.case for item in await store.queue()] == [other]
    assert [due.case for due in await store.due(10**6, RUNGS, 300)] == [other]
    await say(store, "p", b"worse", urgency=Urgency.URGENT)
    assert {item.case for item in await store.queue()} == {case, other}


async def test_a_case_lowered_to_information_still_waits_if_a_human_was_asked_for(store: Store) -> None:
    case = await open_case(store, "p", Urgency.EMERGENCY, escalate=True)
    await store.lower(case, Urgency.INFORMATION, 1, [b"why"], force=True, **ANA)
    assert [(item.case, item.urgency) for item in await store.queue()] == [(case, Urgency.INFORMATION)]


async def test_a_closed_case_leaves_everything_but_its_log(store: Store) -> None:
    case = await open_case(store, "p")
    await store.claim(case, "ana", 2000)
    assert await store.close(case, 1, [b"bye"], delivery=b"goodbye", **ANA) == Done(2)
    view = await store.case(case)
    assert view is not None
    assert (view.status, view.claimed_by) == (Status.CLOSED, None)
    assert await store.entries(case) == [b"sealed-0", b"bye"]
    assert await drain(store, await next_wakeup(store)) == [b"goodbye"]
    assert [view.id for view in await store.cases(Status.CLOSED)] == [case]
    assert await store.cases(Status.OPEN) == []
    assert await store.claim(case, "bo", 6000) == Closed()
    assert await store.release(case, "ana", 6000) == Closed()
    assert await store.pass_(case, "ana", 6000) == Closed()
    assert await store.append(case, 2, [b"x"], action="replied", delivery=b"x", force=True, **ANA) == Closed()
    assert await store.append(case, 2, [b"x"], action="noted", force=True, **ANA) == Done(3)
    page = (await pages_until(store, "gone"))[-1]
    assert (page.case, page.by) == (case, "ana")


async def test_everything_that_happens_is_an_event_without_content(store: Store) -> None:
    case = await open_case(store, "p", now=1000)
    await store.pass_(case, "bo", 1100)
    await store.claim(case, "ana", 1200)
    await say(store, "p", b"SECRET", now=1300)
    await store.append(case, 2, [b"SECRET"], action="replied", by="ana", now=1400, delivery=b"SECRET")
    await store.lower(case, Urgency.PRIORITY, 3, [b"SECRET"], by="ana", now=1500)
    first, at = await store.events({})
    await store.close(case, 4, [], by="ana", now=1600)
    await say(store, "p", b"SECRET", now=1700)
    second, at = await store.events(at)
    assert [(event.action, event.by) for event in first] == [
        ("opened", "person"), ("waiting", "person"), ("passed", "bo"), ("claimed", "ana"), ("message", "person"),
        ("replied", "ana"), ("lowered", "ana"),
    ]  # fmt: skip
    assert [event.action for event in second] == ["closed", "reopened", "waiting"]
    assert {event.case for event in first + second} == {case}
    assert "SECRET" not in repr(first + second)
    assert (await store.events(at))[0] == []


async def test_a_case_untouched_for_its_days_is_forgotten_open_or_closed(store: Store, raw: Redis) -> None:
    day = 86_400_000
    old = await open_case(store, "p", Urgency.EMERGENCY, now=0)
    fresh = await open_case(store, "q", now=2 * day)
    touched = await open_case(store, "r", now=0)
    await say(store, "r", b"still here", now=2 * day)
    assert await store.expire(180 * day - 1, 180) == []
    assert await store.expire(180 * day, 180) == [old]
    assert {view.id for view in await store.cases()} == {fresh, touched}
    assert await store.entries(old) == []
    assert old not in {item.case for item in await store.queue()}
    assert (await store.read("p")).case is None
    for name in await snapshot(raw):
        assert old.encode() not in name


async def test_a_message_between_the_look_and_the_deletion_saves_the_case(store: Store) -> None:
    day = 86_400_000
    case = await open_case(store, "p", now=0)
    run = store.scripts.run

    async def run_after_a_message(name: str, keys: Any, args: Any) -> Any:
        if name == "expire":
            await say(Store(store.client), "p", b"I am back", now=180 * day)
        return await run(name, keys, args)

    store.scripts.run = run_after_a_message  # type: ignore[method-assign]  # the race, made certain
    assert await store.expire(180 * day, 180) == []
    assert await store.entries(case) == [b"sealed-0", b"I am back"]


async def test_many_cases_are_listed_with_the_newest_first(store: Store) -> None:
    made = [await open_case(store, f"p{n}", now=n + 1) for n in range(80)]
    assert [view.id for view in await store.cases()] == made[::-1]
    views = await store.cases()
    assert replace(views[0]) == await store.case(made[-1])
