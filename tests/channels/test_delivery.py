"""Sending: in order, through floods and outages, and giving up only for a reason that the operator sees."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from bot.cases.records import TurnWrite
from bot.cases.store import Store
from bot.cases.vault import KeyPair, Locker
from bot.channels import letters
from bot.channels.channel import Flooded, Refused, Unavailable, Unreachable
from bot.channels.delivery import Delivery
from bot.conversation.messages import Outbound

pytestmark = pytest.mark.store

LOCKER = Locker(b"k" * 32)
KEY = KeyPair.generate()


class Platform:
    """A channel whose troubles are scripted: what is raised at each attempt to send to an address."""

    name = "telegram"

    def __init__(self) -> None:
        self.got: dict[str, list[str]] = defaultdict(list)
        self.troubles: dict[str, list[Exception]] = defaultdict(list)
        self.wiped: dict[str, list[int]] = defaultdict(list)
        self.left = 0
        self.changed = asyncio.Event()
        self.tried = asyncio.Event()
        self._number = 0

    async def send(self, address: str, outbound: Outbound) -> Sequence[int]:
        self.tried.set()
        if self.troubles[address]:
            raise self.troubles[address].pop(0)
        self._number += 1
        self.got[address].append(outbound.text)
        self.changed.set()
        return (self._number,)

    async def wipe(self, address: str, refs: Sequence[int]) -> int:
        self.wiped[address] += refs
        return self.left

    async def until(self, address: str, *texts: str) -> None:
        async with asyncio.timeout(30):
            while self.got[address] != list(texts):
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def sending(store: Store, platform: Platform, workers: int = 1) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(Delivery(store, platform, LOCKER, KEY).run(stop)) for _ in range(workers)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def write(
    store: Store, address: str, *items: letters.Letter, trail: Sequence[int] = (), leave: bool = False
) -> None:
    """A turn of the conversation whose pseudonym is `p-<address>`, with these letters."""
    pseudonym = f"p-{address}"
    view = await store.read(pseudonym)
    routing = letters.lock_routing(LOCKER, pseudonym, letters.Routing("telegram", address))
    await store.commit(
        TurnWrite(
            pseudonym=pseudonym,
            shard=view.shard,
            channel="telegram",
            message_key=f"{address}-{view.version}",
            expected_version=view.version,
            now=1_000_000 + view.version,
            session=b"s",
            routing=routing,
            outbox=tuple(letters.lock(LOCKER, pseudonym, item) for item in items),
            trail=(letters.lock_trail(LOCKER, pseudonym, trail),) if trail else (),
            leave=leave,
        )
    )


async def test_letters_arrive_in_order_however_many_processes_send(store: Store) -> None:
    platform = Platform()
    async with sending(store, platform, workers=3):
        for number in range(10):
            await write(store, "7", Outbound(f"{number}a"), Outbound(f"{number}b"))
        await platform.until("7", *(f"{number}{part}" for number in range(10) for part in "ab"))


async def test_a_flooded_chat_waits_as_told_and_does_not_hold_up_another(store: Store) -> None:
    platform = Platform()
    platform.troubles["7"] = [Flooded(0.5)]
    async with sending(store, platform):
        await write(store, "7", Outbound("slow"))
        await write(store, "8", Outbound("quick"))
        await platform.until("8", "quick")
        assert platform.got["7"] == []
        await platform.until("7", "slow")


async def test_an_outage_of_the_platform_loses_nothing(store: Store) -> None:
    platform = Platform()
    platform.troubles["7"] = [Unavailable("down"), Unavailable("down")]
    async with sending(store, platform):
        await write(store, "7", Outbound("one"), Outbound("two"))
        await platform.until("7", "one", "two")


async def test_a_letter_that_the_platform_refuses_does_not_hold_up_the_next(store: Store) -> None:
    platform = Platform()
    platform.troubles["7"] = [Refused("bad")]
    async with sending(store, platform):
        await write(store, "7", Outbound("refused"), Outbound("fine"))
        await platform.until("7", "fine")


async def test_who_blocked_the_bot_is_left_alone(store: Store) -> None:
    platform = Platform()
    platform.troubles["7"] = [Unreachable("blocked")]
    async with sending(store, platform):
        await write(store, "7", Outbound("one"))
        await asyncio.wait_for(platform.tried.wait(), 10)
        await write(store, "8", Outbound("other"))
        await platform.until("8", "other")
    assert platform.troubles["7"] == []
    assert platform.got["7"] == []


async def test_what_a_dead_process_had_taken_is_sent_by_the_next(store: Store) -> None:
    first = Platform()
    first.troubles["7"] = [Unavailable("down")] * 50
    async with sending(store, first):
        await write(store, "7", Outbound("one"))
        await asyncio.wait_for(first.tried.wait(), 10)
    second = Platform()
    async with sending(store, second):
        await second.until("7", "one")


async def test_leaving_wipes_what_was_sent_and_received_and_says_what_stayed(store: Store) -> None:
    platform = Platform()
    async with sending(store, platform):
        await write(store, "7", Outbound("hola"), trail=[901])
        await platform.until("7", "hola")
        platform.left = 1
        await write(store, "7", letters.Wipe("some stayed"), Outbound("bye"), trail=[902], leave=True)
        await platform.until("7", "hola", "some stayed", "bye")
    assert sorted(platform.wiped["7"]) == [1, 901, 902]


async def test_another_conversations_letter_is_never_shown(store: Store) -> None:
    platform = Platform()
    stolen = letters.lock(LOCKER, "p-8", Outbound("for somebody else"))
    async with sending(store, platform):
        await write(store, "7", Outbound("mine"))
        await platform.until("7", "mine")
        view = await store.read("p-7")
        await store.commit(
            TurnWrite("p-7", view.shard, "telegram", "k", view.version, 1_000_009, session=b"s", outbox=(stolen,))
        )
        await write(store, "7", Outbound("next"))
        await platform.until("7", "mine", "next")


def test_an_operators_answer_can_be_read_by_intake_alone() -> None:
    sealed = letters.seal_reply(KEY.public, "te leo")
    assert b"te leo" not in sealed
    assert letters.unlock(LOCKER, KEY, "any", sealed) == Outbound("te leo")
    with pytest.raises(Exception, match=r"key|open"):
        letters.unlock(LOCKER, KeyPair.generate(), "any", sealed)
