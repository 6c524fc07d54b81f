"""The updates that Telegram still keeps for us: which of them are being stored, and up to where all are.

Asking for updates confirms those before the asked number, so none may be passed over. But asking again from the
first that is not stored yet confirms nothing and shows what came behind it. So one message that cannot be stored, or
a store that is away, silences nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bot.channels.telegram_updates import read
from bot.conversation.messages import Inbound

StoreOne = Callable[[Inbound, str], Awaitable[bool]]
"""Stores an inbound (with the callback to answer); False when told to stop before it was stored."""


class Unconfirmed:
    """Stores what `take` is given: in order within a chat, side by side between chats, each update once."""

    def __init__(self, store: StoreOne) -> None:
        self.offset: int | None = None
        """The first update that is not stored; everything before it may be confirmed."""
        self._store = store
        self._tasks: dict[int, asyncio.Task[bool]] = {}
        self._last: dict[str, asyncio.Task[bool]] = {}

    @property
    def waiting(self) -> bool:
        """Whether anything is not stored yet."""
        return bool(self._tasks)

    def take(self, updates: Sequence[Mapping[str, Any]]) -> None:
        """Begins to store those that are new."""
        for update in updates:
            number = int(update["update_id"])
            if number not in self._tasks:
                self._tasks[number] = self._begin(read(update))

    def _begin(self, found: tuple[Inbound, str] | None) -> asyncio.Task[bool]:
        if found is None:
            return asyncio.create_task(_nothing())
        before = self._last.get(found[0].address)
        task = asyncio.create_task(self._after(before, *found))
        self._last[found[0].address] = task
        return task

    async def _after(self, before: asyncio.Task[bool] | None, inbound: Inbound, callback: str) -> bool:
        if before is not None and not await before:
            return False
        return await self._store(inbound, callback)

    async def settle(self, seconds: float | None = None) -> None:
        """Waits until all is stored, but no longer than `seconds`, and moves `offset` on."""
        if not self._tasks:
            return
        await asyncio.wait(self._tasks.values(), timeout=seconds)
        missing = [number for number, task in self._tasks.items() if not task.done() or not task.result()]
        self.offset = min(missing) if missing else max(self._tasks) + 1
        self._tasks = {number: task for number, task in self._tasks.items() if number >= self.offset}
        self._last = {address: task for address, task in self._last.items() if not task.done()}


async def _nothing() -> bool:
    return True
