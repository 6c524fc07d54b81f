"""Sends what lies in the outboxes: in order within a conversation, side by side between them.

A letter leaves the outbox only after the platform has taken it; a crash in between sends it once more, because a
lost answer is worse than a repeated one and the Bot API offers no way to ask. A lease makes sure that one process at
a time sends to a conversation, so that order holds with any number of them.
"""

from __future__ import annotations

import asyncio
import secrets
import time

import structlog
from redis.exceptions import RedisError

from bot.cases.records import OutboxItem, Wakeup
from bot.cases.store import Store
from bot.cases.vault import KeyPair, Locker, SealBroken
from bot.channels import letters
from bot.channels.channel import Channel, Flooded, Refused, Unavailable, Unreachable
from bot.conversation.messages import Outbound
from bot.observe import SENT, fault

log = structlog.get_logger()

LEASE_SECONDS = 10.0
RENEW_SECONDS = 3.0
IDLE_SECONDS = 5.0
"""A wake-up that a dead process had taken is taken over after this long."""
AT_ONCE = 64
"""Conversations that one process writes to at the same time."""


class Delivery:
    """One for each process and channel. `run` until `stop`."""

    def __init__(self, store: Store, channel: Channel, locker: Locker, delivery: KeyPair) -> None:
        self._store = store
        self._channel = channel
        self._locker = locker
        self._key = delivery
        self._owner = secrets.token_hex(8)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, Wakeup] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Sends until `stop`; what is under way then is finished or left for the next process."""
        attempt = 0
        while not stop.is_set():
            try:
                await self._listen(stop)
            except (RedisError, OSError) as error:
                attempt += 1
                log.warning("the outbox cannot be read", attempt=attempt, **fault(error))
                await _wait(min(0.1 * 2 ** min(attempt, 6), 3), stop)
        if self._busy:
            await asyncio.wait(self._busy.values(), timeout=LEASE_SECONDS)
        for task in self._busy.values():
            task.cancel()

    async def _listen(self, stop: asyncio.Event) -> None:
        halted = asyncio.create_task(stop.wait())
        wakeups = self._store.wakeups(self._channel.name, self._owner, idle=IDLE_SECONDS)
        try:
            while True:
                coming = asyncio.ensure_future(anext(wakeups))
                await asyncio.wait({coming, halted}, return_when=asyncio.FIRST_COMPLETED)
                if not coming.done():
                    coming.cancel()
                    return
                self._wake(coming.result(), stop)
        finally:
            halted.cancel()

    def _wake(self, wakeup: Wakeup, stop: asyncio.Event) -> None:
        if wakeup.pseudonym in self._busy:
            self._again[wakeup.pseudonym] = wakeup
            return
        task = asyncio.create_task(self._attend(wakeup, stop))
        self._busy[wakeup.pseudonym] = task

        def done(_task: asyncio.Task[None]) -> None:
            self._busy.pop(wakeup.pseudonym, None)
            again = self._again.pop(wakeup.pseudonym, None)
            if again is not None and not stop.is_set():
                self._wake(again, stop)

        task.add_done_callback(done)

    async def _attend(self, wakeup: Wakeup, stop: asyncio.Event) -> None:
        try:
            async with self._places:
                if not await self._store.lease(wakeup.pseudonym, self._owner, LEASE_SECONDS):
                    return  # another process is sending there; the wake-up stays and comes back
                lost = asyncio.Event()
                renewing = asyncio.create_task(self._renew(wakeup.pseudonym, lost))
                try:
                    while not stop.is_set() and not lost.is_set():
                        item = await self._store.head(wakeup)
                        if item is None:
                            break
                        await self._deliver(wakeup.pseudonym, item, stop)
                finally:
                    renewing.cancel()
                    await self._store.release_lease(wakeup.pseudonym, self._owner)
            await self._store.settle(wakeup)
        except (RedisError, OSError) as error:
            log.warning("sending is interrupted and will be taken up again", **fault(error))

    async def _renew(self, pseudonym: str, lost: asyncio.Event) -> None:
        """Keeps the lease; `lost` is set when it cannot, because then another process may be sending."""
        try:
            while await self._store.renew(pseudonym, self._owner, LEASE_SECONDS):
                await _wait(RENEW_SECONDS, lost)
        except (RedisError, OSError) as error:
            log.warning("a lease could not be kept", **fault(error))
        lost.set()

    async def _deliver(self, pseudonym: str, item: OutboxItem, stop: asyncio.Event) -> None:
        """One letter: sent, or given up for a reason that the operator gets to see. Waits as long as it must."""
        attempt = 0
        while not stop.is_set():
            try:
                trail = await self._hand_over(pseudonym, item)
            except Flooded as flood:
                SENT.labels(self._channel.name, "flooded").inc()
                await _wait(flood.seconds, stop)
            except Unavailable as error:
                attempt += 1
                SENT.labels(self._channel.name, "unavailable").inc()
                log.warning(
                    "the platform does not answer", channel=self._channel.name, attempt=attempt, **fault(error)
                )
                await _wait(min(0.25 * 2 ** min(attempt, 7), 20), stop)
            except (Unreachable, Refused, SealBroken) as error:
                reason = error.reason if isinstance(error, Unreachable) else type(error).__name__.lower()
                SENT.labels(self._channel.name, "undeliverable").inc()
                log.warning("a letter cannot be delivered", channel=self._channel.name, reason=reason)
                await self._store.undeliverable(pseudonym, item, reason, _now())
                return
            else:
                SENT.labels(self._channel.name, "sent").inc()
                await self._store.sent(pseudonym, item, trail, _now())
                return

    async def _hand_over(self, pseudonym: str, item: OutboxItem) -> bytes | None:
        """Gives the letter to the platform; the trail to keep of it."""
        if item.routing is None:
            raise Unreachable("gone")
        routing = letters.unlock_routing(self._locker, pseudonym, item.routing)
        letter = letters.unlock(self._locker, self._key, pseudonym, item.data)
        if isinstance(letter, letters.Wipe):
            await self._wipe(pseudonym, routing.address, letter)
            return None
        refs = await self._channel.send(routing.address, letter)
        return letters.lock_trail(self._locker, pseudonym, refs) if refs else None

    async def _wipe(self, pseudonym: str, address: str, letter: letters.Wipe) -> None:
        refs = letters.unlock_trail(self._locker, pseudonym, await self._store.trail(pseudonym))
        if refs and await self._channel.wipe(address, refs) and letter.leftover:
            await self._channel.send(address, Outbound(letter.leftover))
        await self._store.wiped(pseudonym)


def _now() -> int:
    return time.time_ns() // 1_000_000


async def _wait(seconds: float, stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
