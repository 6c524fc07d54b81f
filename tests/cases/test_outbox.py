"""Everything to be sent is sent in order, by one sender at a time, and taken up again after a crash."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from redis.asyncio import Redis

from bot.cases.records import OutboxItem, Wakeup
from bot.cases.store import Store
from bot.cases.streams import end
from tests.cases.people import drain, living_in, next_wakeup, open_case, pages_until, turn, wake

pytestmark = pytest.mark.store


async def test_items_come_in_order_with_their_routing_and_the_wakeup_ends_when_all_is_sent(store: Store) -> None:
    await turn(store, "p", outbox=(b"1", b"2"))
    await turn(store, "p", outbox=(b"\0\xff",), routing=b"newer")
    wakeup = await next_wakeup(store)
    assert wakeup.pseudonym == "p"
    first = await store.head(wakeup)
    assert first is not None
    assert (first.data, first.routing) == (b"1", b"newer")
    assert not await store.settle(wakeup)
    assert await drain(store, wakeup) == [b"1", b"2", b"\0\xff"]
    assert await store.settle(wakeup)
    assert await store.trail("p") == [b"trail-1", b"trail-2", b"trail-\0\xff"]


async def test_an_item_is_taken_away_once(store: Store) -> None:
    await turn(store, "p", outbox=(b"same", b"same"))
    wakeup = await next_wakeup(store)
    item = await store.head(wakeup)
    assert item is not None
    assert [await store.sent("p", item, b"t", 1) for _ in range(3)] == [True, False, False]
    assert await drain(store, wakeup) == [b"same"]


async def test_settled_wakeups_do_not_pile_up(store: Store, raw: Redis) -> None:
    for number in range(5):
        await turn(store, "p", outbox=(b"%d" % number,))
    async with aclosing(store.wakeups("telegram", "me")) as wakeups:
        seen = [await anext(wakeups) for _ in range(5)]
    await drain(store, seen[0])
    assert all([await store.settle(wakeup) for wakeup in seen])
    assert await raw.xlen(f"outbox:{{s{seen[0].shard}}}:telegram") == 0


async def test_wakeups_are_by_channel(store: Store) -> None:
    await turn(store, "p", outbox=(b"1",), channel="web")
    await turn(store, "q", outbox=(b"2",), channel="telegram")
    assert (await next_wakeup(store, "telegram")).pseudonym == "q"
    assert (await next_wakeup(store, "web")).pseudonym == "p"


async def test_wakeups_of_all_shards_reach_a_reader_that_waits_already(store: Store) -> None:
    people = [living_in(store, shard) for shard in range(8)]
    found = set()
    async with aclosing(store.wakeups("telegram", "me")) as wakeups:
        first = asyncio.create_task(anext(wakeups))
        for person in people:
            await turn(store, person, outbox=(b"1",))
        found.add((await first).pseudonym)
        while len(found) < 8:
            found.add((await anext(wakeups)).pseudonym)
    assert found == set(people)


async def test_two_senders_share_the_wakeups(store: Store) -> None:
    for number in range(40):
        await turn(store, f"p{number}", outbox=(b"1",))
    seen: list[str] = []
    everything = asyncio.Event()

    async def work(consumer: str) -> None:
        async with aclosing(store.wakeups("telegram", consumer)) as wakeups:
            async for wakeup in wakeups:
                seen.append(wakeup.pseudonym)
                await drain(store, wakeup)
                assert await store.settle(wakeup)
                if len(seen) == 40:
                    everything.set()

    workers = [asyncio.create_task(work(name)) for name in ("a", "b")]
    async with asyncio.timeout(20):
        await everything.wait()
    await end(workers)
    assert sorted(seen) == sorted({f"p{number}" for number in range(40)})


async def test_what_a_crashed_sender_took_comes_again(store: Store) -> None:
    await turn(store, "p", outbox=(b"1", b"2"))
    taken = await next_wakeup(store, consumer="crashed", idle=0.05)
    item = await store.head(taken)
    assert item is not None
    await store.sent("p", item, None, 1)
    again = await next_wakeup(store, consumer="living", idle=0.05)
    assert again == taken
    assert await drain(store, again) == [b"2"]
    assert await store.settle(again)


async def test_one_sender_at_a_time(store: Store) -> None:
    assert await store.lease("p", "a", 30)
    assert not await store.lease("p", "b", 30)
    assert not await store.renew("p", "b", 30)
    await store.release_lease("p", "b")
    assert await store.renew("p", "a", 30)
    assert not await store.lease("p", "b", 30)
    await store.release_lease("p", "a")
    assert await store.lease("p", "b", 30)


async def test_a_lease_ends_by_itself(store: Store, raw: Redis) -> None:
    await store.lease("p", "a", 0.05)
    name = f"lease:{{s{store.shard_of('p')}}}:p"
    assert 0 < await raw.pttl(name) <= 50
    async with asyncio.timeout(10):
        while not await store.lease("p", "b", 30):  # noqa: ASYNC110  the server's clock ends it, and only it knows
            await asyncio.sleep(0.005)
    assert not await store.renew("p", "a", 30)


async def test_what_can_never_be_sent_is_dropped_and_the_operator_told(store: Store) -> None:
    case = await open_case(store, "p")
    await store.claim(case, "ana", 2000)
    await store.append(case, 1, [b"r"], action="replied", by="ana", now=3000, delivery=b"hello")
    wakeup = await next_wakeup(store)
    item = await store.head(wakeup)
    assert item is not None
    assert await store.undeliverable("p", item, "blocked", 4000)
    assert not await store.undeliverable("p", item, "blocked", 4000)
    assert await store.settle(wakeup)
    page = (await pages_until(store, "undelivered"))[-1]
    assert (page.case, page.by) == (case, "ana")
    events, _ = await store.events({})
    assert (events[-1].action, events[-1].by) == ("undeliverable", "blocked")


async def test_what_cannot_be_sent_without_a_case_is_dropped_quietly(store: Store) -> None:
    await turn(store, "p", outbox=(b"1",))
    wakeup = await next_wakeup(store)
    item = await store.head(wakeup)
    assert item is not None
    assert await store.undeliverable("p", item, "blocked", 4000)
    assert await store.head(wakeup) is None


async def test_without_routing_an_item_says_so(store: Store, raw: Redis) -> None:
    await turn(store, "p", outbox=(b"1",))
    await raw.hdel(f"conv:{{s{store.shard_of('p')}}}:p", "routing")
    item = await store.head(await next_wakeup(store))
    assert item is not None
    assert item.routing is None


async def test_nothing_to_send_is_no_item(store: Store) -> None:
    view = await store.read("p")
    assert await store.head(wake(view)) is None
    assert await store.settle(Wakeup(view.shard, "telegram", "0-1", "p"))
    assert not await store.sent("p", OutboxItem(view.shard, "0" * 16, b"", None), None, 1)
