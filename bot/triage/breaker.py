"""A circuit breaker: after a few failures in a row, leave the other side alone for a while, then try it once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Breaker:
    """Closed while things work; open for `rest` seconds after `limit` failures in a row; then one probe decides.

    `clock` gives monotonic seconds. Every call that `allows` let through must end in exactly one of `succeeded`,
    `failed` or `abandoned`.
    """

    clock: Callable[[], float]
    limit: int = 3
    rest: float = 3.0
    _failures: int = field(default=0, init=False)
    _open_until: float | None = field(default=None, init=False)
    _probing: bool = field(default=False, init=False)

    def allows(self) -> bool:
        """Whether a call may go out now. After the rest only one may, until its outcome is known."""
        if self._open_until is None:
            return True
        if self._probing or self.clock() < self._open_until:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """A call was answered: all is well again."""
        self._failures, self._open_until, self._probing = 0, None, False

    def failed(self) -> bool:
        """A call failed. True when this opened the breaker (worth one log line, not one for each message)."""
        self._failures += 1
        if self._failures < self.limit:
            return False
        first = self._open_until is None
        self._open_until, self._probing = self.clock() + self.rest, False
        return first

    def abandoned(self) -> None:
        """A call was given up by our own side: it says nothing about the other."""
        self._probing = False
