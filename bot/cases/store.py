"""The store (DESIGN §8), in one object: sealed cases, their queue, the outbox, the pages.

One turn costs one read and one scripted, atomic write. Everything a conversation touches lies in one shard; the same
code runs on one server and on a cluster. Nothing here can read what it keeps.
"""

from __future__ import annotations

from collections import OrderedDict

from bot.cases.casework import Casework
from bot.cases.embedded import Client
from bot.cases.labels import Labels
from bot.cases.late import Late
from bot.cases.layout import shard_key
from bot.cases.outbox import Outbox
from bot.cases.paging import Paging, Rungs
from bot.cases.records import SHARDS
from bot.cases.retention import Retention
from bot.cases.streams import make_group
from bot.cases.turns import Turns

__all__ = ["Rungs", "Store"]


class Store(Turns, Late, Outbox, Casework, Paging, Labels, Retention):
    """All operations raise redis-py's errors when the store is away; none of them leaves half a change behind."""

    def __init__(self, client: Client, *, routing_days: float = 7) -> None:
        super().__init__(client, routing_days=routing_days)
        self._hints = OrderedDict()

    async def prepare(self) -> None:
        """Make what the readers of streams expect. Once at the start; again does no harm."""
        for shard in range(SHARDS):
            await make_group(self.client, shard_key("pages", shard))
