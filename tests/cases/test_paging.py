"""The ladder climbs, survives restarts, and stops at a claim; pages reach one pager and none is lost."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from bot.cases.records import AlreadyClaimed, Done, Due
from bot.cases.store import Store
from bot.conversation.messages import Urgency
from tests.cases.people import (
    MINUTE,
    REPEAT,
    RUNGS,
    living_in,
    next_page,
    open_case,
    pages_until,
    say,
)  # fmt: skip

pytestmark = pytest.mark.store


async def fired(store: Store, now: int) -> list[int]:
    return [due.rung for due in await store.due(now, RUNGS, REPEAT)]


async def test_an_emergency_climbs_and_then_repeats_until_it_is_claimed(store: Store) -> None:
    case = await open_case(store, "p", Urgency.EMERGENCY, now=0)
    assert await store.due(0, RUNGS, REPEAT) == [Due(case, Urgency.EMERGENCY, 0, 0)]
    history = {at: await fired(store, at * 1000) for at in (1, 59, 60, 61, 179, 180, 299, 300, 599, 600, 899, 900)}
    assert history == {
        1: [], 59: [], 60: [1], 61: [], 179: [], 180: [2], 299: [], 300: [3], 599: [], 600: [3], 899: [], 900: [3],
    }  # fmt: skip
    await store.claim(case, "ana", 901_000)
    assert await fired(store, 10**9) == []
    pages = [page for page in await pages_until(store, "claimed") if page.kind == "page"]
    assert [page.rung for page in pages] == [0, 1, 2, 3, 3, 3]
    assert {page.case for page in pages} == {case}


async def test_after_an_outage_the_highest_due_rung_fires_once(store: Store) -> None:
    await open_case(store, "p", Urgency.EMERGENCY, now=0)
    assert await fired(store, 0) == [0]
    assert await fired(store, 200_000) == [2]
    assert await fired(store, 200_001) == []
    assert await fired(Store(store.client), 300_000) == [3]


async def test_a_case_that_rises_climbs_its_new_ladder_from_then_on(store: Store) -> None:
    await open_case(store, "p", Urgency.PRIORITY, now=0)
    assert await fired(store, 0) == [0]
    await say(store, "p", b"knife", urgency=Urgency.EMERGENCY, now=100_000)
    assert (await store.queue())[0].waiting_since == 0
    assert await fired(store, 100_000) == [0]
    assert await fired(store, 159_999) == []
    assert await fired(store, 160_000) == [1]


async def test_asking_for_a_human_pages_whatever_the_urgency_and_once(store: Store) -> None:
    await open_case(store, "p", Urgency.INFORMATION, now=0)
    assert await fired(store, 0) == []
    await say(store, "p", escalate=True, now=10)
    assert await fired(store, 10) == [0]
    await say(store, "p", escalate=True, now=20)
    assert await fired(store, 20) == []
    assert await fired(store, 10 + REPEAT * 1000) == [0]


async def test_asking_for_a_human_in_a_case_that_waits_pages_again(store: Store) -> None:
    await open_case(store, "p", Urgency.URGENT, now=0)
    assert await fired(store, 0) == [0]
    await say(store, "p", escalate=True, now=10)
    assert await fired(store, 10) == [0]


async def test_the_most_urgent_is_fired_first(store: Store) -> None:
    late = await open_case(store, living_in(store, 1), Urgency.PRIORITY, now=0)
    soon = await open_case(store, living_in(store, 2), Urgency.EMERGENCY, now=5)
    assert [due.case for due in await store.due(10, RUNGS, REPEAT)] == [soon, late]


async def test_what_is_over_the_limit_is_fired_by_the_next_call(store: Store) -> None:
    shard = store.shard_of("p")
    for number in range(5):
        await open_case(store, living_in(store, shard, f"person{number}"), now=number)
    rounds = [len(await store.due(1000, RUNGS, REPEAT, limit=2)) for _ in range(4)]
    assert rounds == [2, 2, 1, 0]


async def test_passing_brings_the_next_rung_once_for_each_operator(store: Store) -> None:
    case = await open_case(store, "p", Urgency.EMERGENCY, now=0)
    assert await fired(store, 0) == [0]
    assert await store.pass_(case, "ana", 1000) == Done(1)
    assert await fired(store, 1000) == [1]
    assert await store.pass_(case, "ana", 2000) == Done(1)
    assert await fired(store, 2000) == []
    assert await store.pass_(case, "bo", 3000) == Done(1)
    assert await fired(store, 3000) == [2]
    view = await store.case(case)
    assert view is not None
    assert view.passed == ("ana", "bo")
    await store.claim(case, "cy", 4000)
    assert await store.pass_(case, "ana", 5000) == AlreadyClaimed("cy")


async def test_after_the_last_rung_a_pass_repeats_it_and_no_more(store: Store) -> None:
    case = await open_case(store, "p", Urgency.PRIORITY, now=0)
    assert await fired(store, 0) == [0]
    await store.pass_(case, "ana", 1000)
    assert await fired(store, 1000) == [0]
    await store.pass_(case, "ana", 2000)
    assert await fired(store, 2000) == []


async def test_a_ladder_entry_without_a_case_goes_away(store: Store, raw: Redis) -> None:
    await raw.zadd("ladder:{s3}", {"GHOST": 1})
    assert await fired(store, 10) == []
    assert not await raw.exists("ladder:{s3}")


async def test_a_page_says_nothing_of_the_person(store: Store) -> None:
    case = await open_case(store, "p", Urgency.EMERGENCY, now=7)
    page = await next_page(store)
    assert (page.kind, page.case, page.urgency, page.at, page.by) == ("wait", case, Urgency.EMERGENCY, 7, "")


async def test_an_unacknowledged_page_comes_again_and_an_acknowledged_one_does_not(store: Store, raw: Redis) -> None:
    await open_case(store, "p", Urgency.EMERGENCY)
    first = await next_page(store, "crashed", idle=0.05, ack=False)
    again = await next_page(store, "living", idle=0.05)
    assert again == first
    assert await raw.xlen(f"pages:{{s{first.shard}}}") == 0


async def test_pages_written_before_anybody_listened_are_read(store: Store, raw: Redis) -> None:
    await raw.flushall()  # the groups are gone, too
    case = await open_case(store, "p")
    assert (await next_page(store)).case == case


async def test_the_roster_keeps_opaque_records(store: Store) -> None:
    assert await store.roster_all() == {}
    assert await store.roster_get("ana") is None
    await store.roster_put("ana", b"\0sealed")
    await store.roster_put("bo", b"other")
    assert await store.roster_get("ana") == b"\0sealed"
    assert await store.roster_all() == {"ana": b"\0sealed", "bo": b"other"}
    await store.duty_set("ana", on=True)
    await store.duty_set("bo", on=True)
    assert await store.on_duty() == {"ana", "bo"}
    await store.duty_set("bo", on=False)
    await store.roster_delete("ana")
    assert await store.on_duty() == set()
    assert await store.roster_all() == {"bo": b"other"}


async def test_a_process_that_stops_beating_is_not_alive_any_more(store: Store) -> None:
    await store.beat("pager", 0, 10)
    await store.beat("intake", 5 * MINUTE, 10)
    assert await store.beating(9_999) == {"pager", "intake"}
    assert await store.beating(10_000) == {"intake"}
    await store.beat("pager", 20_000, 10)
    assert await store.beating(20_000) == {"pager", "intake"}
