"""Reading the store's streams as one of a group: what a crashed reader had taken comes again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.cases.embedded import Client
from bot.cases.layout import GROUP

log = structlog.get_logger(__name__)

BLOCK_MILLISECONDS = 2000
"""How long a read waits for news; well below the connection's timeout."""
BATCH = 16
RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Record:
    """An entry of the stream of `shard`."""

    shard: int
    id: str
    fields: dict[str, str]


async def make_group(client: Client, stream: str) -> None:
    """Create the group at the stream's beginning, and the stream, unless they are there."""
    try:
        await client.xgroup_create(stream, GROUP, id="0", mkstream=True)
    except ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


async def end(tasks: Iterable[asyncio.Task[Any]], again: float = 0.2) -> None:
    """Cancel tasks and wait until they have ended, telling them again every so many seconds.

    Once is not enough: redis-py sends inside `asyncio.wait_for`, and Python 3.11's forgets a cancellation that comes
    in the same instant as the end of what it waits for.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=again)
        for task in done:
            if not task.cancelled():
                task.exception()  # looked at: nobody else will


async def follow(client: Client, streams: Mapping[int, str], consumer: str, idle: float) -> AsyncGenerator[Record]:
    """Every record of the streams (by shard) that is this consumer's, as it comes, for ever.

    A record that was given to anybody and not acknowledged for `idle` seconds is given again. While the store is
    away this waits. Whoever leaves the loop early closes it (`contextlib.aclosing`).
    """
    queue: asyncio.Queue[Record] = asyncio.Queue(maxsize=BATCH)
    readers = [
        asyncio.create_task(_read(client, shard, stream, consumer, idle, queue)) for shard, stream in streams.items()
    ]
    try:
        while True:
            news = asyncio.create_task(queue.get())
            try:
                await asyncio.wait({news, *readers}, return_when=asyncio.FIRST_COMPLETED)
                for reader in readers:
                    if reader.done():  # it never ends by itself: this raises what ended it
                        reader.result()
                yield await news
            finally:
                news.cancel()
    finally:
        await end(readers)


async def _read(
    client: Client, shard: int, stream: str, consumer: str, idle: float, queue: asyncio.Queue[Record]
) -> None:
    claim_at = 0.0
    while True:
        try:
            if time.monotonic() >= claim_at:
                claim_at = time.monotonic() + idle
                entries = await _claim(client, stream, consumer, idle)
            else:
                block = max(1, min(BLOCK_MILLISECONDS, int(idle * 1000)))
                answer: Any = await client.xreadgroup(GROUP, consumer, {stream: ">"}, count=BATCH, block=block)
                entries = _entries_of(answer)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            await make_group(client, stream)
            claim_at = 0.0
            continue
        except (RedisConnectionError, RedisTimeoutError, OSError) as error:
            log.warning("store.away", stream=stream, error=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)
            continue
        for identifier, fields in entries:
            if fields:  # an entry that was deleted while somebody held it comes without any
                text = {key.decode(): value.decode() for key, value in fields.items()}
                await queue.put(Record(shard, identifier.decode(), text))


async def _claim(client: Client, stream: str, consumer: str, idle: float) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """What others, or we in an earlier life, took and did not finish."""
    claimed: list[tuple[bytes, dict[bytes, bytes]]] = []
    start: Any = "0-0"
    while True:
        answer: Any = await client.xautoclaim(
            stream, GROUP, consumer, min_idle_time=int(idle * 1000), start_id=start, count=100
        )
        start = answer[0]
        claimed.extend(answer[1])
        if start in (b"0-0", "0-0"):
            return claimed


def _entries_of(answer: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    if not answer:
        return []
    lists = answer.values() if isinstance(answer, dict) else [entries for _, entries in answer]
    found: list[tuple[bytes, dict[bytes, bytes]]] = []
    for entries in lists:
        for entry in entries:
            if isinstance(entry, list) and entry and isinstance(entry[0], list | tuple):
                found.extend(entry)
            else:
                found.append(entry)
    return found
