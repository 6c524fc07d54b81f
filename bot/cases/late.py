"""Raising a case by machine after the turn that wrote to it: what the model said came too late for that."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.cases.code import shard_of_case
from bot.cases.layout import REMEMBER, case_key, case_keys
from bot.cases.parts import Part
from bot.conversation.messages import Urgency


class Late(Part):
    """What `intake` needs for an answer that came late."""

    async def raise_late(self, case: str, level: Urgency, reasons: Sequence[str], *, key: str, now: int) -> bool:
        """Raise an open case to `level`; True when that changed something. It never lowers.

        It waits and is paged by the rules of a turn. With the same `key` it works once in 48 hours, so that what an
        operator lowers afterwards stays lowered.
        """
        shard = shard_of_case(case)
        plain = {
            "case": case,
            "level": int(level),
            "reasons": ",".join(reasons),
            "now": now,
            "remember": REMEMBER,
        }
        once = case_key("once", shard, key)
        answer: bytes = await self.scripts.run("raise", [*case_keys(shard, case), once], [json.dumps(plain)])
        return answer == b"raised"
