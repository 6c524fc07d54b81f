"""Short ways to say what happens in a test of the store."""

from __future__ import annotations

import itertools
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from redis.asyncio import Redis

from bot.cases.code import new_code
from bot.cases.records import (
    CaseWrite,
    CommitResult,
    Committed,
    OutboxItem,
    Page,
    TurnWrite,
    View,
    Wakeup,
)  # fmt: skip
from bot.cases.store import Store
from bot.conversation.messages import Role, Urgency

_numbers = itertools.count(1)

MINUTE = 60_000
RUNGS = {
    Urgency.EMERGENCY: (0, 60, 180, 300),
    Urgency.URGENT: (0, 600, 1800),
    Urgency.PRIORITY: (0,),
    Urgency.INFORMATION: (),
}
REPEAT = 300


def fresh_id(shard: int) -> str:
    return new_code(shard).locator


def key() -> str:
    return f"message-{next(_numbers)}"


def opening(shard: int, urgency: Urgency = Urgency.URGENT, *entries: bytes, **more: Any) -> CaseWrite:
    return CaseWrite(
        fresh_id(shard), 0, opens=True, role=Role.SELF, language="es", entries=entries or (b"sealed-0",),
        urgency=urgency, **more,
    )  # fmt: skip


async def turn(
    store: Store, pseudonym: str, case: CaseWrite | None = None, *, now: int = 1000, **more: Any
) -> CommitResult:
    """A turn of `pseudonym` as the store has it now."""
    return await store.commit(turn_of(await store.read(pseudonym), case, now=now, **more))


def turn_of(view: View, case: CaseWrite | None = None, *, now: int = 1000, **more: Any) -> TurnWrite:
    write = TurnWrite(
        view.pseudonym, view.shard, "telegram", key(), view.version, now,
        session=b"sealed-session", routing=b"sealed-routing", case=case,
    )  # fmt: skip
    return replace(write, **more)


async def open_case(
    store: Store, pseudonym: str, urgency: Urgency = Urgency.URGENT, *, now: int = 1000, **more: Any
) -> str:
    """A case opened by `pseudonym`; its id."""
    view = await store.read(pseudonym)
    case = opening(view.shard, urgency, **more)
    result = await store.commit(turn_of(view, case, now=now))
    assert isinstance(result, Committed), result
    return case.id


def saying(view: View, *entries: bytes, **more: Any) -> CaseWrite:
    """More from the person in the case they have."""
    assert view.case
    return CaseWrite(view.case.id, view.case.seq, entries=entries, **more)


async def say(store: Store, pseudonym: str, *entries: bytes, now: int = 2000, **more: Any) -> CommitResult:
    view = await store.read(pseudonym)
    return await store.commit(turn_of(view, saying(view, *entries, **more), now=now))


def elsewhere(store: Store, shard: int, name: str = "person") -> str:
    """A pseudonym that begins in another shard."""
    return next(f"{name}-{n}" for n in itertools.count() if store.shard_of(f"{name}-{n}") != shard)


def living_in(store: Store, shard: int, name: str = "person") -> str:
    return next(f"{name}-{n}" for n in itertools.count() if store.shard_of(f"{name}-{n}") == shard)


async def snapshot(raw: Redis) -> dict[bytes, bytes | None]:
    """Everything that is in the store, byte for byte."""
    return {name: await raw.dump(name) async for name in raw.scan_iter(count=1000)}


async def next_page(store: Store, consumer: str = "pager", *, idle: float = 30, ack: bool = True) -> Page:
    async with aclosing(store.pages(consumer, idle=idle)) as pages:
        async for page in pages:
            if ack:
                await store.ack_page(page)
            return page
    raise AssertionError("the stream of pages ended")


async def pages_until(store: Store, kind: str) -> list[Page]:
    """Pages up to the first of `kind`."""
    found = []
    async with aclosing(store.pages("pager")) as pages:
        async for page in pages:
            await store.ack_page(page)
            found.append(page)
            if page.kind == kind:
                break
    return found


async def next_wakeup(
    store: Store, channel: str = "telegram", *, consumer: str = "sender", idle: float = 30
) -> Wakeup:
    async with aclosing(store.wakeups(channel, consumer, idle=idle)) as wakeups:
        async for wakeup in wakeups:
            return wakeup
    raise AssertionError("the stream of wake-ups ended")


async def drain(store: Store, wakeup: Wakeup, now: int = 5000) -> list[bytes]:
    """Send everything, in order; what was sent."""
    out: list[OutboxItem] = []
    while item := await store.head(wakeup):
        assert await store.sent(wakeup.pseudonym, item, b"trail-" + item.data, now)
        out.append(item)
    return [item.data for item in out]


def wake(view: View, channel: str = "telegram") -> Wakeup:
    """As if the wake-up of this conversation had been read."""
    return Wakeup(view.shard, channel, "0-1", view.pseudonym)
