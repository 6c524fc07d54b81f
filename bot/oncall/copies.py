"""The messages about a case that lie in operators' chats: kept sealed, so that any restart can still mend them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from bot.cases.store import Store
from bot.cases.vault import Locker, SealBroken

Kind = Literal["page", "note"]
"""`page`: with its buttons; `note`: that there is a new message."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One message in one operator's chat.

    `at` is when it was sent, `passed` when its operator passed (0: never), both in milliseconds. `cause` is the
    store's record that a note was sent for.
    """

    operator: str
    chat: int
    message: int
    language: str
    at: int
    passed: int = 0
    cause: str = ""


class Copies:
    """Copies by case and operator. Each has its own field, so writers never meet."""

    def __init__(self, store: Store, locker: Locker, operators: Iterable[str]) -> None:
        self._store, self._locker, self._operators = store, locker, tuple(operators)

    async def get(self, kind: Kind, case: str, operator: str) -> Copy | None:
        field = f"{kind}:{case}:{operator}"
        kept = await self._store.roster_get(field)
        if kept is None:
            return None
        try:
            return Copy(**json.loads(self._locker.unlock(field, kept)))
        except SealBroken:
            return None

    async def of(self, kind: Kind, case: str) -> list[Copy]:
        found = [await self.get(kind, case, operator) for operator in self._operators]
        return [copy for copy in found if copy is not None]

    async def put(self, kind: Kind, case: str, copy: Copy) -> None:
        field = f"{kind}:{case}:{copy.operator}"
        await self._store.roster_put(field, self._locker.lock(field, json.dumps(asdict(copy)).encode()))

    async def drop(self, kind: Kind, case: str, operator: str) -> None:
        await self._store.roster_delete(f"{kind}:{case}:{operator}")
