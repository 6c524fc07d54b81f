"""A channel that is this process's own screen: `amparo chat`, and the left half of `amparo demo`."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Sequence

from bot.conversation.messages import Inbound, Outbound


class Terminal:
    """Keeps what was sent in `screen`, in order; a wipe empties it. One person, with an address drawn at start."""

    name = "terminal"

    def __init__(self) -> None:
        self.address = secrets.token_hex(8)
        self.screen: dict[int, Outbound] = {}
        self.changed = asyncio.Condition()
        self._numbers = itertools.count(1)

    def inbound(self, text: str = "", choice: str = "", locale: str = "") -> Inbound:
        """What the person typed, or the button they took."""
        number = next(self._numbers)
        return Inbound(
            channel=self.name,
            address=self.address,
            message_id=f"m{number}",
            at=0.0,
            text=text,
            choice=choice,
            locale=locale,
            platform_ref=number,
        )

    async def send(self, address: str, outbound: Outbound) -> Sequence[int]:
        """Shows it."""
        if address != self.address:
            return ()
        number = next(self._numbers)
        async with self.changed:
            self.screen[number] = outbound
            self.changed.notify_all()
        return (number,)

    async def wipe(self, address: str, refs: Sequence[int]) -> int:
        """Clears the screen, both sides."""
        if address == self.address:
            async with self.changed:
                for ref in refs:
                    self.screen.pop(ref, None)
                self.changed.notify_all()
        return 0
