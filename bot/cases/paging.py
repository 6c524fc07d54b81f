"""What the pager needs: the ladder, the stream of pages, the roster's state, and who is alive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from bot.cases.layout import GROUP, NO_CASE, case_keys, shard_key
from bot.cases.parts import Part, fields_of
from bot.cases.records import SHARDS, Due, Page, PageKind
from bot.cases.streams import Record, follow
from bot.conversation.messages import Urgency

Rungs = Mapping[Urgency, Sequence[float]]
"""By urgency, the seconds of waiting after which each rung fires. A level that is left out has none."""

ROSTER, DUTY, BEATS = "roster:{roster}", "duty:{roster}", "beats:{roster}"
_KINDS: tuple[PageKind, ...] = ("wait", "page", "activity", "claimed", "gone", "undelivered")


class Paging(Part):
    """The ladder and the pages (DESIGN §9). Nothing here says anything of a person."""

    async def due(self, now: int, rungs: Rungs, repeat: float, limit: int = 100) -> list[Due]:
        """Fire every rung whose time has come: in one script a `page` goes out and the next time is set.

        After the last rung it repeats every `repeat` seconds until somebody claims. After an outage a case's highest
        rung that is due fires, not all of them. A waiting case whose level has no rungs (the person asked for a
        human) is paged as if it had one, at once. At most `limit` per shard: call again while it returns something.
        """
        delays = {int(urgency): [int(seconds * 1000) for seconds in rungs.get(urgency, ())] for urgency in Urgency}
        args: list[str | bytes | int] = [now, limit, int(repeat * 1000), json.dumps(delays)]
        answers: list[Any] = await asyncio.gather(
            *(self.scripts.run("due", case_keys(shard, NO_CASE), args) for shard in range(SHARDS))
        )
        fired = [
            Due(case.decode(), Urgency(urgency), rung, int(since))
            for answer in answers
            for case, urgency, rung, since in answer
        ]
        return sorted(fired, key=lambda due: (-due.urgency, due.waiting_since))

    async def pages(self, consumer: str, *, idle: float = 30) -> AsyncGenerator[Page]:
        """Pages as they come, for ever, each for one pager; unacknowledged ones come again after `idle` seconds."""
        streams = {shard: shard_key("pages", shard) for shard in range(SHARDS)}
        async with aclosing(follow(self.client, streams, consumer, idle)) as records:
            async for record in records:
                yield _page(record)

    async def ack_page(self, page: Page) -> None:
        """The page was dealt with and does not come again."""
        stream = shard_key("pages", page.shard)
        await self.client.xack(stream, GROUP, page.id)
        await self.client.xdel(stream, page.id)

    async def roster_put(self, operator: str, record: bytes) -> None:
        """Keep an operator's record (locked by the pager)."""
        await self.client.execute_command("HSET", ROSTER, operator, record)

    async def roster_get(self, operator: str) -> bytes | None:
        found: bytes | None = await self.client.execute_command("HGET", ROSTER, operator)
        return found

    async def roster_all(self) -> dict[str, bytes]:
        """All records by operator."""
        found = fields_of(await self.client.execute_command("HGETALL", ROSTER))
        return {name.decode(): record for name, record in found.items()}

    async def roster_delete(self, operator: str) -> bool:
        """Forget an operator; they are off duty, too. True when there was a record: only one caller is told so."""
        removed: int = await self.client.execute_command("HDEL", ROSTER, operator)
        await self.duty_set(operator, on=False)
        return bool(removed)

    async def duty_set(self, operator: str, on: bool) -> None:
        await self.client.execute_command("SADD" if on else "SREM", DUTY, operator)

    async def on_duty(self) -> set[str]:
        """Who can be paged now."""
        found: Any = await self.client.execute_command("SMEMBERS", DUTY)
        return {name.decode() for name in found}

    async def beat(self, process: str, now: int, ttl: float) -> None:
        """`process` is alive and counts as such for `ttl` seconds."""
        await self.client.execute_command("ZADD", BEATS, now + int(ttl * 1000), process)
        await self.client.execute_command("ZREMRANGEBYSCORE", BEATS, "-inf", now - 86_400_000)

    async def beating(self, now: int) -> set[str]:
        """The processes that are alive."""
        found: Any = await self.client.execute_command("ZRANGE", BEATS, f"({now}", "+inf", "BYSCORE")
        return {name.decode() for name in found}


def _page(record: Record) -> Page:
    fields = record.fields
    return Page(
        record.shard,
        record.id,
        next(kind for kind in _KINDS if kind == fields["kind"]),
        fields["case"],
        Urgency(int(fields["urgency"]) or 1),
        int(fields["at"]),
        int(fields["rung"]),
        fields["by"],
    )
