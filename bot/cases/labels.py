"""Where operators' corrections of an urgency are kept: lines without content, without a case and without an hour."""

from __future__ import annotations

from typing import Any

from bot.cases.layout import shard_key
from bot.cases.parts import Part

MOST = 10_000
"""How many are kept; the oldest go first."""
KEY = shard_key("labels", 0)
"""A list, not a stream: the ids of a stream are times, which would lead from a label to its case's own records."""


class Labels(Part):
    """What `amparo cases lower|raise` add and `amparo nlu suggest` reads."""

    async def add_label(self, label: bytes) -> None:
        """Keep one more line."""
        async with self.client.pipeline(transaction=False) as both:
            both.rpush(KEY, label)
            both.ltrim(KEY, -MOST, -1)
            await both.execute()

    async def labels(self) -> list[bytes]:
        """Every line, the oldest first."""
        answer: Any = await self.client.execute_command("LRANGE", KEY, 0, -1)
        return list(answer)
