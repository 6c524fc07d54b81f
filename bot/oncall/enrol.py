"""How a Telegram chat becomes an operator's: one-time codes, and the enrolment that is kept sealed.

The store sees opaque bytes under an operator's name, and of a code only its hash and when it ends. Whoever has the
whole store cannot tell which chats the operators read.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass

from bot.cases.store import Store
from bot.cases.vault import Locker, SealBroken

CODE_BYTES = 10
"""80 random bits: guessing is hopeless, so a plain hash is enough."""

CODE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An operator's chat. `language` is of the texts; `reachable` is False after the chat blocked the bot."""

    operator: str
    chat: int
    language: str
    reachable: bool = True


def _now() -> int:
    return int(time.time() * 1000)


async def new_code(store: Store, operator: str, *, seconds: float = CODE_SECONDS, now: int | None = None) -> str:
    """A code that enrols one chat as `operator`, once, within `seconds`. It replaces an earlier code of theirs."""
    code = secrets.token_hex(CODE_BYTES)
    expires = (_now() if now is None else now) + int(seconds * 1000)
    record = {"hash": _hash(code), "expires": expires}
    await store.roster_put(f"code:{operator}", json.dumps(record).encode())
    return code


def _hash(code: str) -> str:
    return hashlib.sha256(code.strip().lower().encode()).hexdigest()


async def redeem(store: Store, code: str, operators: Iterable[str], *, now: int | None = None) -> str | None:
    """The operator whose code this is; the code is spent. None when it is nobody's, spent, or too old."""
    given = _hash(code)
    for operator in operators:
        kept = await store.roster_get(f"code:{operator}")
        record = json.loads(kept) if kept else {}
        if not hmac.compare_digest(given, record.get("hash", "")):
            continue
        spent_by_us = await store.roster_delete(f"code:{operator}")
        in_time = record["expires"] > (_now() if now is None else now)
        return operator if spent_by_us and in_time else None
    return None


async def forget(store: Store, operator: str) -> bool:
    """Take an operator's chat, code and duty away: the on-call bot no longer knows them. True if it did."""
    on_duty = operator in await store.on_duty()
    await store.roster_delete(f"code:{operator}")
    enrolled = await store.roster_delete(_field(operator))
    await store.duty_set(operator, False)
    return enrolled or on_duty


class Enrolments:
    """The chats of the operators. `locker` is the pager's own key."""

    def __init__(self, store: Store, locker: Locker, operators: Iterable[str]) -> None:
        self._store, self._locker, self._operators = store, locker, tuple(operators)

    async def all(self) -> dict[str, Enrolment]:
        """Who is enrolled, by name. Records of another key, or of nobody on the roster, count as none."""
        found = {name: await self.of(name) for name in self._operators}
        return {name: enrolment for name, enrolment in found.items() if enrolment is not None}

    async def of(self, operator: str) -> Enrolment | None:
        kept = await self._store.roster_get(_field(operator))
        if kept is None:
            return None
        try:
            record = json.loads(self._locker.unlock(_field(operator), kept))
        except SealBroken:
            return None
        return Enrolment(operator, record["chat"], record["language"], record["reachable"])

    async def by_chat(self, chat: int) -> Enrolment | None:
        """Whose chat this is."""
        return next((found for found in (await self.all()).values() if found.chat == chat), None)

    async def put(self, enrolment: Enrolment) -> None:
        """Keep it; a chat is one operator's only."""
        for other in (await self.all()).values():
            if other.chat == enrolment.chat and other.operator != enrolment.operator:
                await self._store.roster_delete(_field(other.operator))
                await self._store.duty_set(other.operator, False)
        record = {"chat": enrolment.chat, "language": enrolment.language, "reachable": enrolment.reachable}
        blob = self._locker.lock(_field(enrolment.operator), json.dumps(record).encode())
        await self._store.roster_put(_field(enrolment.operator), blob)


def _field(operator: str) -> str:
    return f"op:{operator}"
