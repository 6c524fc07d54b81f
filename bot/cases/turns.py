"""Turns: one read and one scripted write each (DESIGN §8), and a conversation's move to another shard."""

from __future__ import annotations

import json
import secrets
from collections import OrderedDict
from typing import Any

from bot.cases.code import shard_of_case
from bot.cases.layout import (
    DAY,
    NO_CASE,
    REMEMBER,
    case_key,
    case_keys,
    conversation_key,
    shard_of,
    wake_key,
)  # fmt: skip
from bot.cases.parts import Part, case_view, fields_of
from bot.cases.records import (
    SHARDS,
    CaseWrite,
    CommitResult,
    Committed,
    Conflict,
    Duplicate,
    NoCase,
    Taken,
    TurnWrite,
    View,
)  # fmt: skip

ITEM_ID = 8
"""Random bytes that name an item of an outbox."""
HINTS = 10_000
HOUR = 3_600_000
_NOTHING = CaseWrite(id="", expected_seq=0)


class Turns(Part):
    """What `intake` needs for a turn."""

    _hints: OrderedDict[str, tuple[int, str]]
    """By pseudonym: the shard and case seen last. A wrong hint costs a round trip, never a wrong answer."""

    def shard_of(self, pseudonym: str) -> int:
        """The shard where a conversation begins; `View.shard` says where it is now."""
        return shard_of(pseudonym)

    async def read(self, pseudonym: str) -> View:
        """The conversation as it is now: one round trip, or one more where it has moved or has a case new to us."""
        shard, case = self._hints.get(pseudonym, (shard_of(pseudonym), NO_CASE))
        start = shard_of(pseudonym)
        if shard != start:
            # the pointer decides, not our memory of it
            answer = await self._read(start, pseudonym, NO_CASE)
            if answer[0] == b"moved":
                answer = await self._read(shard, pseudonym, case)
            else:
                shard = start
        else:
            answer = await self._read(shard, pseudonym, case)
        for _ in range(2 * SHARDS):
            if answer[0] == b"moved":
                shard, case = int(answer[1]), NO_CASE
            elif answer[0] == b"guess":
                case = answer[1].decode()
            else:
                break
            answer = await self._read(shard, pseudonym, case)
        else:
            raise RuntimeError("a conversation's pointers lead in a circle: the store is damaged")
        return self._view(pseudonym, shard, answer)

    async def _read(self, shard: int, pseudonym: str, case: str) -> list[Any]:
        keys = [
            conversation_key("home", shard, pseudonym),
            conversation_key("conv", shard, pseudonym),
            case_key("case", shard, case),
        ]
        answer: list[Any] = await self.scripts.run("read", keys, [pseudonym, case, self.keep])
        return answer

    def _view(self, pseudonym: str, shard: int, answer: list[Any]) -> View:
        _, version, session, fields, has_routing = answer
        case = case_view(fields_of(fields), reachable=bool(has_routing)) if fields else None
        self._hints[pseudonym] = (shard, case.id if case else NO_CASE)
        self._hints.move_to_end(pseudonym)
        if len(self._hints) > HINTS:
            self._hints.popitem(last=False)
        return View(pseudonym, shard, int(version or 0), session, case)

    async def commit(self, write: TurnWrite) -> CommitResult:
        """Write a turn whole or not at all; it is on disk when this returns.

        A message key seen within 48 hours is a `Duplicate`: the commit may be repeated after a lost answer.
        `leave`: the session goes, the link to the case goes (replies can no longer be delivered), and so does
        everything unsent but this turn's outbox; routing goes with its last item. `erase`: besides, the case with all
        its envelopes. An attached case in another shard takes the conversation along.
        """
        case = write.case
        if case and case.attach and shard_of_case(case.id) != write.shard:
            return await self._move(write, case)
        answer = await self._commit(write.shard, write)
        if answer[0] == b"ok" and answer[4] and (write.leave or write.erase):
            await self._sweep(write, answer[4].decode())
        return _result(answer)

    async def _commit(self, shard: int, write: TurnWrite, arriving: list[Any] | None = None) -> list[Any]:
        """Run the script. `arriving`: version, past shards, and what was seen where it comes from."""
        case = write.case or _NOTHING
        case_id = case.id
        if write.erase:
            linked = await self.client.execute_command(
                "HGET", conversation_key("conv", shard, write.pseudonym), "case"
            )
            case_id = linked.decode() if linked else ""
        version, past, seen = arriving or (write.expected_version, "", [])
        salt, digest = case.code or (b"", b"")
        plain = {
            "pseudonym": write.pseudonym,
            "message": write.message_key,
            "version": version,
            "now": write.now,
            "channel": write.channel,
            # routing outlives an erasure only until the last word is said, and never by more than a day
            "keep": min(self.keep, DAY) if write.erase else self.keep,
            "remember": REMEMBER,
            "leave": write.leave,
            "erase": write.erase,
            "has_session": write.session is not None and not (write.leave or write.erase),
            "has_routing": write.routing is not None,
            "arriving": arriving is not None,
            "past": past,
            "case": case_id,
            "seq": case.expected_seq,
            "opens": case.opens,
            "attach": case.attach,
            "role": case.role.value,
            "language": case.language,
            "urgency": int(case.urgency or 0),
            "reasons": ",".join(case.reasons),
            "escalate": case.escalate,
            "has_code": case.code is not None,
            "entries": len(case.entries),
            "outbox": len(write.outbox),
            "trail": len(write.trail),
            "seen": len(seen) // 2,
        }
        items = [part for data in write.outbox for part in (secrets.token_hex(ITEM_ID), data)]
        keys = [
            *case_keys(shard, case_id or NO_CASE),
            *(conversation_key(kind, shard, write.pseudonym) for kind in ("conv", "home", "seen", "out")),
            wake_key(shard, write.channel),
            conversation_key("trail", shard, write.pseudonym),
        ]
        answer: list[Any] = await self.scripts.run(
            "commit",
            keys,
            [
                json.dumps(plain),
                write.session or b"",
                write.routing or b"",
                salt,
                digest,
                *case.entries,
                *items,
                *write.trail,
                *seen,
            ],
        )
        return answer

    async def _move(self, write: TurnWrite, case: CaseWrite) -> CommitResult:
        """Commit in the case's shard, then leave a pointer where the conversation was.

        The first write is idempotent by message key, so that after a crash between the two the repeated message
        finishes the move. Unsent items and the trail stay where they are; `past` says that they come first.
        """
        source, target = write.shard, shard_of_case(case.id)
        old = {kind: conversation_key(kind, source, write.pseudonym) for kind in ("conv", "seen", "home")}
        result: CommitResult | None = None
        expected: int | None = write.expected_version
        while True:
            looked: list[Any] = await self.scripts.run(
                "look", [old["conv"], old["seen"], old["home"]], [write.message_key]
            )
            if looked[0] != b"ok" and result is None:
                return _result(looked)
            if looked[0] == b"conflict":  # a repeat of this very message was quicker
                return result or Conflict()
            _, version, past, seen = looked if looked[0] == b"ok" else (None, 0, b"", [])
            if expected is not None and version != expected:
                return Conflict()
            expected = None
            shards = sorted({source, *(int(shard) for shard in past.decode().split(",") if shard)} - {target})
            arriving = [version, ",".join(map(str, shards)), seen]
            answer = await self._commit(target, write, arriving)
            result = result or _result(answer)
            if not isinstance(result, Committed | Duplicate):
                return result
            if await self.scripts.run("depart", list(old.values()), [version, target, 2 * self.keep]):
                break
        start = shard_of(write.pseudonym)
        if start not in (source, target):
            await self.client.set(conversation_key("home", start, write.pseudonym), target, px=2 * self.keep)
        return result

    async def _sweep(self, write: TurnWrite, past: str) -> None:
        """Drop what waits unsent in shards where the conversation was once: nobody reads it any more.

        What is to be wiped there is still read, unless nothing is sent any more.
        """
        kinds = ("out",) if write.outbox else ("out", "trail")
        for shard in (int(shard) for shard in past.split(",") if shard):
            await self.client.delete(*(conversation_key(kind, shard, write.pseudonym) for kind in kinds))

    async def code_attempt(self, pseudonym: str, now: int, per_conversation: int, global_limit: int) -> bool:
        """Count an attempt to redeem a case code; False when an hour's limit is passed, here or over all."""
        own = conversation_key("tries", shard_of(pseudonym), pseudonym)
        if not await self.scripts.run("attempt", [own], [now, per_conversation, HOUR]):
            return False
        return bool(await self.scripts.run("attempt", ["tries:{tries}"], [now, global_limit, HOUR]))

    async def code_record(self, case: str) -> tuple[bytes, bytes] | None:
        """Salt and hash of the case's code, or None: no such case, or no code was issued."""
        key = case_key("case", shard_of_case(case), case)
        found: list[Any] = await self.client.execute_command("HMGET", key, "code_salt", "code_hash")
        return (found[0], found[1]) if found[0] and found[1] else None


def _result(answer: list[Any]) -> CommitResult:
    match answer[0]:
        case b"ok":
            _, version, seq, waiting, _ = answer
            return Committed(version, None if seq < 0 else seq, bool(waiting))
        case b"duplicate":
            return Duplicate()
        case b"taken":
            return Taken()
        case b"gone":
            return NoCase()
        case _:
            return Conflict()
