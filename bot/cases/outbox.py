"""The outbox: what waits to be sent to each conversation, in order, by one sender at a time.

A sender does, for each of `wakeups`: take the `lease`; while there is a `head`, send it and say `sent` (or
`undeliverable`), renewing the lease; give it back; `settle` the wake-up. A wake-up that could not be settled, because
something is still unsent, comes again after `idle` seconds, to whoever lives then.

A crash between sending and `sent` repeats that one item: platforms offer nothing to prevent it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from bot.cases.layout import GROUP, NO_CASE, REMEMBER, case_keys, conversation_key, shard_of, wake_key
from bot.cases.parts import Part
from bot.cases.records import SHARDS, OutboxItem, Wakeup
from bot.cases.streams import follow

ITEM_ID_CHARACTERS = 16


class Outbox(Part):
    """What `intake`'s senders need."""

    async def wakeups(self, channel: str, consumer: str, *, idle: float = 30) -> AsyncGenerator[Wakeup]:
        """Conversations of `channel` that have something to send, for ever. `idle`: seconds until one comes again."""
        streams = {shard: wake_key(shard, channel) for shard in range(SHARDS)}
        async with aclosing(follow(self.client, streams, consumer, idle)) as records:
            async for record in records:
                yield Wakeup(record.shard, channel, record.id, record.fields["p"])

    async def settle(self, wakeup: Wakeup) -> bool:
        """Done with a wake-up; False, and it stays, when something is unsent."""
        keys = [
            conversation_key("out", wakeup.shard, wakeup.pseudonym),
            wake_key(wakeup.shard, wakeup.channel),
        ]
        return bool(await self.scripts.run("settle", keys, [GROUP, wakeup.id]))

    async def lease(self, pseudonym: str, owner: str, ttl: float) -> bool:
        """Be the only sender of a conversation for `ttl` seconds; False when somebody else is."""
        key = conversation_key("lease", shard_of(pseudonym), pseudonym)
        return bool(await self.client.set(key, owner, nx=True, px=int(ttl * 1000)))

    async def renew(self, pseudonym: str, owner: str, ttl: float) -> bool:
        """Keep the lease for `ttl` seconds from now; False when it was lost: stop sending."""
        return await self._lease(pseudonym, owner, int(ttl * 1000))

    async def release_lease(self, pseudonym: str, owner: str) -> None:
        """Give the lease back, if it is still this owner's."""
        await self._lease(pseudonym, owner, 0)

    async def _lease(self, pseudonym: str, owner: str, milliseconds: int) -> bool:
        key = conversation_key("lease", shard_of(pseudonym), pseudonym)
        return bool(await self.scripts.run("lease", [key], [owner, milliseconds]))

    async def head(self, wakeup: Wakeup) -> OutboxItem | None:
        """The next thing to send, or None when all is sent. What waits from before a move comes first."""
        item, routing, past = await self._head(wakeup.shard, wakeup.pseudonym)
        for shard in (int(shard) for shard in past.decode().split(",") if shard):
            earlier, _, _ = await self._head(shard, wakeup.pseudonym)
            if earlier:
                return _item(shard, earlier, routing)
        return _item(wakeup.shard, item, routing) if item else None

    async def _head(self, shard: int, pseudonym: str) -> tuple[bytes | None, bytes | None, bytes]:
        keys = [conversation_key(kind, shard, pseudonym) for kind in ("conv", "out")]
        item, routing, past = await self.scripts.run("head", keys, [])
        return item, routing, past

    async def sent(self, pseudonym: str, item: OutboxItem, trail: bytes | None, now: int) -> bool:
        """`item` was sent: take it away and keep `trail` (its reference on the platform, for wiping).

        False when it was no longer the head: somebody else sent it, or the person left.
        """
        return await self._pop(pseudonym, item, trail or b"", now, "", NO_CASE)

    async def undeliverable(self, pseudonym: str, item: OutboxItem, reason: str, now: int) -> bool:
        """`item` can never be sent (`reason` is a word such as `blocked`): drop it and tell who holds the case."""
        conv = conversation_key("conv", item.shard, pseudonym)
        linked: bytes | None = await self.client.execute_command("HGET", conv, "case")
        return await self._pop(pseudonym, item, b"", now, reason, linked.decode() if linked else NO_CASE)

    async def _pop(self, pseudonym: str, item: OutboxItem, trail: bytes, now: int, reason: str, case: str) -> bool:
        keys = [
            *case_keys(item.shard, case),
            *(conversation_key(kind, item.shard, pseudonym) for kind in ("conv", "out", "trail")),
        ]
        return bool(await self.scripts.run("sent", keys, [item.id, trail, REMEMBER, now, reason, case]))

    async def trail(self, pseudonym: str) -> list[bytes]:
        """References of platform messages of the last 48 hours, oldest first within each shard it lived in."""
        earlier, shard = await self._lived_in(pseudonym)
        found: list[bytes] = []
        for number in [*earlier, shard]:
            key = conversation_key("trail", number, pseudonym)
            found += await self._list(key)
        return found

    async def wiped(self, pseudonym: str) -> None:
        """The platform messages from before a move are gone: forget their references, too."""
        for shard in (await self._lived_in(pseudonym))[0]:
            await self.client.delete(conversation_key("trail", shard, pseudonym))

    async def _lived_in(self, pseudonym: str) -> tuple[list[int], int]:
        """The shards where a conversation was, and the one where it is."""
        start = shard = shard_of(pseudonym)
        for _ in range(2 * SHARDS):
            moved: Any = await self.client.get(conversation_key("home", shard, pseudonym))
            if moved is None:
                break
            shard = int(moved)
        conv = conversation_key("conv", shard, pseudonym)
        found: list[Any] = await self.client.execute_command("HMGET", conv, "past", "trails")
        named = b",".join(value for value in found if value).decode().split(",")
        return sorted(({int(number) for number in named if number} | {start}) - {shard}), shard

    async def _list(self, key: str) -> list[bytes]:
        values: Any = await self.client.execute_command("LRANGE", key, 0, -1)
        return list(values)


def _item(shard: int, stored: bytes, routing: bytes | None) -> OutboxItem:
    return OutboxItem(shard, stored[:ITEM_ID_CHARACTERS].decode(), stored[ITEM_ID_CHARACTERS:], routing)
