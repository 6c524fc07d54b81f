"""The names of the store's keys, and the scripts that work on them.

`{sN}` is the hash tag of a shard: all keys of a conversation and of its case are on one node of a cluster, so that
one script may touch them. A script is given every key that it touches.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis.exceptions import NoScriptError

from bot.cases.embedded import Client
from bot.cases.records import SHARDS

SCRIPTS = Path(__file__).with_name("scripts")
DAY = 86_400_000
REMEMBER = 2 * DAY
"""Milliseconds that message ids and platform message references are kept: Telegram repeats updates for one day."""
NO_CASE = "-"
"""Stands where a case's keys are named but there is no case; no case has this id."""

GROUP = "amparo"
"""The consumer group of every stream: each record is somebody's, once."""


def shard_of(pseudonym: str) -> int:
    """Where a conversation begins its life; `home` says when it has moved."""
    return zlib.crc32(pseudonym.encode()) % SHARDS


def conversation_key(kind: str, shard: int, pseudonym: str) -> str:
    """`kind`: conv, home, seen, out, trail or lease."""
    return f"{kind}:{{s{shard}}}:{pseudonym}"


def shard_key(kind: str, shard: int) -> str:
    """`kind`: waiting, ladder, rungs, cases, pages or events."""
    return f"{kind}:{{s{shard}}}"


def case_key(kind: str, shard: int, case: str) -> str:
    """`kind`: case or log."""
    return f"{kind}:{{s{shard}}}:{case}"


def wake_key(shard: int, channel: str) -> str:
    """The stream that says which conversations of a channel have something to send."""
    return f"outbox:{{s{shard}}}:{channel}"


def case_keys(shard: int, case: str) -> list[str]:
    """The keys of a case in the order that `prelude.lua` numbers them."""
    return [
        case_key("case", shard, case),
        case_key("log", shard, case),
        *(shard_key(kind, shard) for kind in ("waiting", "ladder", "rungs", "cases", "pages", "events")),
    ]


class Scripts:
    """The Lua scripts, run by their digest and loaded when the server does not know them (yet, or any more)."""

    def __init__(self, client: Client) -> None:
        self._client = client
        prelude = (SCRIPTS / "prelude.lua").read_text(encoding="utf-8")
        self._sources = {
            file.stem: prelude + file.read_text(encoding="utf-8")
            for file in sorted(SCRIPTS.glob("*.lua"))
            if file.stem != "prelude"
        }
        self._digests = {
            # the protocol names scripts by SHA-1; nothing secret depends on it
            name: hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
            for name, source in self._sources.items()
        }

    async def run(self, name: str, keys: Sequence[str], args: Sequence[str | bytes | int]) -> Any:
        """What the script `name` returns. Raises redis-py's errors."""
        try:
            return await self._client.execute_command("EVALSHA", self._digests[name], len(keys), *keys, *args)
        except NoScriptError:
            return await self._client.execute_command("EVAL", self._sources[name], len(keys), *keys, *args)
