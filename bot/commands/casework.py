"""What an operator does to a case from the command line: their key opens and seals here, in their own process."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from bot.cases.envelope import Binding, Direction, read_log, seal
from bot.cases.keys import Keyring
from bot.cases.records import (
    ActionResult,
    AlreadyClaimed,
    CaseView,
    Closed,
    Conflict,
    Done,
    NoCase,
    NotClaimed,
    Undeliverable,
)
from bot.cases.store import Store
from bot.cases.vault import KeyPair
from bot.channels.letters import seal_reply
from bot.commands.common import now
from bot.conversation.messages import Urgency
from bot.triage import labels


class CaseworkError(Exception):
    """An action was not carried out; the message says why and what to do, in one line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One opened envelope. `body` is what was sealed: see `Seal` in `conversation/turn.py`; others have `text`."""

    seq: int
    direction: Direction
    kind: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Casework:
    """An operator at work: the store, the key ring, and their own open key."""

    store: Store
    ring: Keyring
    name: str
    key: KeyPair

    async def view(self, case: str) -> CaseView:
        """The case without its content. Raises `CaseworkError` when there is none."""
        found = await self.store.case(case)
        if found is None:
            raise CaseworkError(f"there is no case {case}: it was erased, has expired, or the id is mistyped")
        return found

    async def read(self, case: str) -> tuple[CaseView, list[Entry]]:
        """The case and everything in it, in order. Raises `SealBroken`, `KeyringError`, `CaseworkError`."""
        found = await self.view(case)
        opened: dict[str, KeyPair] = {}

        def key_of(epoch: str) -> KeyPair:
            if epoch not in opened:
                opened[epoch] = self.ring.open_epoch(epoch, self.name, self.key)
            return opened[epoch]

        log = read_log(case, await self.store.entries(case), key_of)
        return found, [
            Entry(binding.seq, binding.direction, binding.kind, json.loads(content.decode("utf-8", "surrogatepass")))
            for binding, content in log
        ]

    async def claim(self, case: str) -> None:
        """Takes the case: pages stop. Raises `CaseworkError` when somebody else was quicker."""
        match await self.store.claim(case, self.name, now()):
            case AlreadyClaimed(by):
                raise CaseworkError(f"case {case} is held by {by}: ask them to hand it over")
            case Closed():
                raise CaseworkError(f"case {case} is closed")
            case NoCase():
                raise CaseworkError(f"there is no case {case}")

    async def reply(self, case: str, text: str) -> None:
        """Says `text` to the person, in order; also kept, sealed, in the case."""
        delivery = self.ring.team().delivery
        if delivery is None:
            raise CaseworkError("intake has not run with this key ring yet: start it with `amparo up`, then reply")
        letter = seal_reply(delivery, text)
        await self._append(case, "out", "reply", {"text": text}, delivery=letter)

    async def note(self, case: str, text: str) -> None:
        """Keeps `text` for operators only."""
        await self._append(case, "note", "note", {"text": text}, delivery=None)

    async def lower(self, case: str, level: Urgency, reason: str) -> None:
        """Lowers the urgency; only an operator may, and only with a reason (DESIGN §1.4)."""
        found, entries = await self.read(case)
        if found.urgency <= level:
            raise CaseworkError(f"case {case} is not above {level.label}: nothing to lower")
        await self._correct(found, entries, level, reason, "lower", self.store.lower)

    async def raise_(self, case: str, level: Urgency, reason: str) -> None:
        """Raises the urgency, with a reason."""
        found, entries = await self.read(case)
        if found.urgency >= level:
            raise CaseworkError(f"case {case} is not below {level.label}: nothing to raise")
        await self._correct(found, entries, level, reason, "raise", self.store.raise_)

    async def _correct(
        self,
        before: CaseView,
        entries: Sequence[Entry],
        level: Urgency,
        reason: str,
        kind: str,
        change: Callable[..., Coroutine[Any, Any, ActionResult]],
    ) -> None:
        """Changes the urgency, and keeps a label of it: derived features, never text (see `triage/labels.py`)."""

        async def act(found: CaseView, sealed: Sequence[bytes]) -> ActionResult:
            return await change(before.id, level, found.seq, sealed, by=self.name, now=now())

        await self._write(before.id, "note", kind, {"text": reason, "urgency": level.label}, act)
        said = [entry.body for entry in entries if entry.direction == "in"]
        label = labels.derive(said, before.reasons, before.urgency, level)
        if label is not None:
            await self.store.add_label(label.dumps())

    async def close(self, case: str, outcome: str) -> None:
        """Ends the work on a case. A new message from the person opens it again."""

        async def act(found: CaseView, entries: Sequence[bytes]) -> ActionResult:
            return await self.store.close(case, found.seq, entries, by=self.name, now=now())

        await self._write(case, "note", "close", {"text": outcome}, act)

    async def _append(
        self, case: str, direction: Direction, kind: str, body: dict[str, Any], *, delivery: bytes | None
    ) -> None:
        async def act(found: CaseView, entries: Sequence[bytes]) -> ActionResult:
            return await self.store.append(
                case, found.seq, entries, action=kind, by=self.name, now=now(), delivery=delivery
            )

        await self._write(case, direction, kind, body, act)

    async def _write(
        self,
        case: str,
        direction: Direction,
        kind: str,
        body: dict[str, Any],
        act: Callable[[CaseView, Sequence[bytes]], Coroutine[Any, Any, ActionResult]],
    ) -> None:
        """Seals for the number that comes next; if the person wrote in between, seals again for the new one."""
        content = json.dumps({"at": now(), "by": self.name, **body}, ensure_ascii=False).encode()
        while True:
            found = await self.view(case)
            epoch = self.ring.current_epoch()
            entry = seal(Binding(case, found.seq, direction, kind, epoch.id), content, [epoch.public])
            match await act(found, [entry]):
                case Done():
                    return
                case Conflict():
                    continue
                case NotClaimed():
                    raise CaseworkError(f"nobody holds case {case}: claim it first (`amparo cases claim {case}`)")
                case AlreadyClaimed(by):
                    raise CaseworkError(f"case {case} is held by {by}: only they can do this")
                case Closed():
                    raise CaseworkError(f"case {case} is closed; it opens again when the person writes")
                case Undeliverable():
                    raise CaseworkError(
                        f"case {case}: the person cannot be reached (they left, erased, or were away for too long); "
                        "nothing was sent. They can come back with their case code"
                    )
                case NoCase():
                    raise CaseworkError(f"there is no case {case} any more")
