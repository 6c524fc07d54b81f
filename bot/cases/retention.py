"""Forgetting in time (DESIGN §1.9): cases here, routing by expiry in the store, epochs in `keys.py`."""

from __future__ import annotations

from typing import Any

from bot.cases.layout import DAY, case_keys, shard_key
from bot.cases.parts import Part
from bot.cases.records import SHARDS


class Retention(Part):
    """What runs once a day or so."""

    async def expire(self, now: int, case_days: int) -> list[str]:
        """Forget every case that nobody has touched for `case_days`, open or closed; their ids (DESIGN §1.9)."""
        cutoff = now - case_days * DAY
        gone = []
        for shard in range(SHARDS):
            stale: Any = await self.client.execute_command(
                "ZRANGE", shard_key("cases", shard), "-inf", cutoff, "BYSCORE"
            )
            for raw in stale:
                case = raw.decode()
                if await self.scripts.run("expire", case_keys(shard, case), [case, cutoff, now]):
                    gone.append(case)
        return gone
