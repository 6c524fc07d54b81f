"""What every channel adapter offers, and the three ways in which a platform may refuse (DESIGN §10)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from bot.conversation.messages import Inbound, Outbound

Handler = Callable[[Inbound], Awaitable[None]]
"""Returns when the inbound is safely on disk; raises when it is not, so that the platform delivers it again."""


class Flooded(Exception):
    """The platform asks to wait `seconds` before anything more to this address."""

    def __init__(self, seconds: float) -> None:
        super().__init__("the platform asks to slow down")
        self.seconds = seconds


class Unreachable(Exception):
    """This address cannot be written to any more (blocked, gone). `reason` is a word for the operator."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(Exception):
    """The platform refuses this very message and would refuse it again; others may pass."""


class Unavailable(Exception):
    """The platform or the network failed; the same call may work later."""


class Channel(Protocol):
    """An adapter: a platform's updates become `Inbound`, an `Outbound` becomes the platform's calls."""

    name: str

    async def send(self, address: str, outbound: Outbound) -> Sequence[int]:
        """Sends one message, split if the platform needs it; the platform's numbers of what was sent."""
        ...

    async def wipe(self, address: str, refs: Sequence[int]) -> int:
        """Deletes messages on both sides; how many could not be deleted."""
        ...
