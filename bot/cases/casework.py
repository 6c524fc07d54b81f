"""What operators do with cases: the queue, claiming, reading, answering, closing. Only sealed bytes pass here."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from bot.cases.code import shard_of_case
from bot.cases.layout import case_key, case_keys, conversation_key, shard_key, wake_key
from bot.cases.parts import Part, case_view, fields_of
from bot.cases.records import (
    SHARDS,
    ActionResult,
    AlreadyClaimed,
    CaseView,
    Claimed,
    ClaimResult,
    Closed,
    Conflict,
    Done,
    EventRecord,
    NoCase,
    NotClaimed,
    QueueItem,
    Status,
    Undeliverable,
)  # fmt: skip
from bot.conversation.messages import Urgency

SCORE_STEP = 10**13
"""The queue's score is (4 - urgency) times this, plus the time since when the case waits (see `prelude.lua`)."""
EVENTS_AT_ONCE = 1000
AT_ONCE = 32
"""Cases asked for at once: each takes a connection."""


class Casework(Part):
    """What operators' tools need."""

    async def queue(self) -> list[QueueItem]:
        """All waiting cases: by urgency, then by who has waited longest."""
        answers: list[Any] = await asyncio.gather(
            *(
                self.client.execute_command("ZRANGE", shard_key("waiting", shard), 0, -1, "WITHSCORES")
                for shard in range(SHARDS)
            )
        )
        waiting = sorted((int(float(score)), case.decode()) for answer in answers for case, score in _scored(answer))
        return [QueueItem(case, Urgency(4 - score // SCORE_STEP), score % SCORE_STEP) for score, case in waiting]

    async def cases(self, status: Status | None = None) -> list[CaseView]:
        """All cases (of a status), the one touched last first."""
        answers: list[Any] = await asyncio.gather(
            *(self.client.execute_command("ZRANGE", shard_key("cases", shard), 0, -1) for shard in range(SHARDS))
        )
        ids = [case.decode() for answer in answers for case in answer]
        found: list[CaseView | None] = []
        for at in range(0, len(ids), AT_ONCE):
            found += await asyncio.gather(*(self.case(case) for case in ids[at : at + AT_ONCE]))
        there = [case for case in found if case and (status is None or case.status is status)]
        return sorted(there, key=lambda case: (-case.updated, case.id))

    async def case(self, case: str) -> CaseView | None:
        """The case, or None. Raises `ValueError` for what cannot be a case id."""
        shard = shard_of_case(case)
        fields = await self._fields(shard, case)
        if not fields:
            return None
        return case_view(fields, reachable=await self._reachable(shard, case, fields))

    async def _fields(self, shard: int, case: str) -> dict[bytes, bytes]:
        return fields_of(await self.client.execute_command("HGETALL", case_key("case", shard, case)))

    async def entries(self, case: str) -> list[bytes]:
        """The case's envelopes in order, still sealed."""
        key = case_key("log", shard_of_case(case), case)
        answer: Any = await self.client.execute_command("LRANGE", key, 0, -1)
        return list(answer)

    async def claim(self, case: str, operator: str, now: int) -> ClaimResult:
        """Make a case this operator's. Of any number at once, one gets it; it leaves the queue and the ladder."""
        answer = await self._run("claim", case, operator, now)
        match answer[0]:
            case b"ok":
                return Claimed(case)
            case b"taken":
                return AlreadyClaimed(answer[1].decode())
            case b"closed":
                return Closed()
            case _:
                return NoCase()

    async def release(self, case: str, operator: str, now: int) -> ActionResult:
        """Give a claimed case back: it waits again, in its old place."""
        return _result(await self._run("release", case, operator, now))

    async def pass_(self, case: str, operator: str, now: int) -> ActionResult:
        """Let a waiting case go by: it is noted, and the next rung is due now (once per operator)."""
        return _result(await self._run("pass", case, operator, now))

    async def _run(self, script: str, case: str, operator: str, now: int) -> list[Any]:
        shard = shard_of_case(case)
        answer: list[Any] = await self.scripts.run(script, case_keys(shard, case), [case, operator, now])
        return answer

    async def append(
        self,
        case: str,
        expected_seq: int,
        entries: Sequence[bytes],
        *,
        action: str,
        by: str,
        now: int,
        delivery: bytes | None = None,
        force: bool = False,
    ) -> ActionResult:
        """Add envelopes to a case: `action` is `replied` or `noted`. Only for who holds it, unless `force`.

        `delivery` is for the person (sealed for `intake`): it goes out with the same write, or nothing is written
        and the answer is `Undeliverable`. A forced `noted` also works on a closed case.
        """
        return await self._act(
            case, expected_seq, entries, action=action, by=by, now=now, delivery=delivery, force=force
        )

    async def lower(
        self,
        case: str,
        level: Urgency,
        expected_seq: int,
        entries: Sequence[bytes],
        *,
        by: str,
        now: int,
        force: bool = False,
    ) -> ActionResult:
        """Set the urgency to `level`; the reason is among `entries`, sealed. Only people may lower."""
        return await self._act(
            case, expected_seq, entries, action="lowered", by=by, now=now, level=level, force=force
        )

    async def raise_(
        self,
        case: str,
        level: Urgency,
        expected_seq: int,
        entries: Sequence[bytes],
        *,
        by: str,
        now: int,
        force: bool = False,
    ) -> ActionResult:
        """As `lower`, upwards. Nobody is paged: whoever does it holds the case."""
        return await self._act(case, expected_seq, entries, action="raised", by=by, now=now, level=level, force=force)

    async def close(
        self,
        case: str,
        expected_seq: int,
        entries: Sequence[bytes],
        *,
        by: str,
        now: int,
        delivery: bytes | None = None,
        force: bool = False,
    ) -> ActionResult:
        """Close the case. It opens again, and waits again, when the person writes."""
        return await self._act(
            case, expected_seq, entries, action="closed", by=by, now=now, delivery=delivery, force=force, close=True
        )

    async def _act(
        self,
        case: str,
        expected_seq: int,
        entries: Sequence[bytes],
        *,
        action: str,
        by: str,
        now: int,
        force: bool,
        delivery: bytes | None = None,
        level: Urgency | None = None,
        close: bool = False,
    ) -> ActionResult:
        shard = shard_of_case(case)
        pseudonym, channel = "", ""
        if delivery is not None:
            found: list[Any] = await self.client.execute_command(
                "HMGET", case_key("case", shard, case), "conversation", "channel"
            )
            pseudonym, channel = ((value or b"").decode() for value in found)
        plain = {
            "act": secrets.token_hex(8),
            "case": case,
            "by": by,
            "force": force,
            "seq": expected_seq,
            "action": action,
            "now": now,
            "level": int(level or 0),
            "close": close,
            "deliver": delivery is not None,
            "item": secrets.token_hex(8),
            "pseudonym": pseudonym,
            "channel": channel,
        }
        keys = [
            *case_keys(shard, case),
            *(conversation_key(kind, shard, pseudonym) for kind in ("conv", "out")),
            wake_key(shard, channel),
        ]
        return _result(await self.scripts.run("act", keys, [json.dumps(plain), delivery or b"", *entries]))

    async def events(self, after: Mapping[int, str]) -> tuple[list[EventRecord], dict[int, str]]:
        """What happened after the given record of each shard ({}: from the beginning), and where to go on from.

        In order of time. At most 1,000 of each shard at once.
        """
        answers: list[Any] = await asyncio.gather(
            *(
                self.client.xrange(
                    shard_key("events", shard),
                    min=f"({after[shard]}" if shard in after else "-",
                    count=EVENTS_AT_ONCE,
                )
                for shard in range(SHARDS)
            )
        )
        found, last = [], dict(after)
        for shard, answer in enumerate(answers):
            for identifier, raw in answer:
                fields = {key.decode(): value.decode() for key, value in raw.items()}
                last[shard] = identifier.decode()
                found.append(
                    EventRecord(
                        shard,
                        last[shard],
                        fields["case"],
                        fields["action"],
                        fields["by"],
                        int(fields["at"]),
                        Urgency(int(fields["urgency"]) or 1),
                    )
                )
        return sorted(found, key=lambda record: record.at), last


def _scored(answer: Sequence[Any]) -> list[tuple[bytes, Any]]:
    """Members with scores: RESP3 nests them, RESP2 lists them flat."""
    if answer and isinstance(answer[0], list | tuple):
        return [(member, score) for member, score in answer]
    return list(zip(answer[::2], answer[1::2], strict=True))


def _result(answer: list[Any]) -> ActionResult:
    match answer[0]:
        case b"ok":
            return Done(answer[1])
        case b"taken":
            return AlreadyClaimed(answer[1].decode())
        case b"unclaimed":
            return NotClaimed()
        case b"closed":
            return Closed()
        case b"undeliverable":
            return Undeliverable()
        case b"gone":
            return NoCase()
        case _:
            return Conflict()
