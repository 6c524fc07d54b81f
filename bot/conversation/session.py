"""Where a person is: the only thing remembered between two turns, and never anything they wrote (DESIGN §5).

A session holds ids of flows, steps and choices, counters and flags. Free text goes sealed to the case; here its
slot only becomes `GIVEN`. The serialised form is versioned JSON; what cannot be read becomes a fresh session,
because a person must never be locked out by bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from bot.conversation.messages import Role

VERSION = 1
GIVEN = "given"
"""The value of a slot that was answered in free text or with media."""
SKIPPED = "skipped"
"""The value of a slot whose question was skipped."""

HISTORY = 40
"""How many questions one can go back."""
DEPTH = 8
"""How many flows can wait for another to end."""
IDENTIFIER = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,47}")
"""What an id may look like: flow, step, slot, choice, flag. Also the guard that keeps prose out of a session."""

Pending = Literal["", "language", "erase"]
Flag = Literal["language_chosen", "code_issued", "emergency_told", "short", "asked_again", "told"]
"""`asked_again`: words were just written beside a question. `told`: the story is there, and not asked for twice."""
FLAGS: frozenset[str] = frozenset(get_args(Flag))


@dataclass(frozen=True, slots=True)
class Position:
    """A step of a flow at which a person waits, or to which a called flow returns."""

    flow: str
    step: str


@dataclass(frozen=True, slots=True)
class Place:
    """A position with the flows that wait below it: what `back` restores."""

    position: Position
    stack: tuple[Position, ...] = ()


@dataclass(frozen=True, slots=True)
class Pace:
    """Events counted in the minute that began at `since` (Unix seconds); `noticed`: the person was told."""

    since: float = 0.0
    count: int = 0
    noticed: bool = False

    def tick(self, at: float) -> Pace:
        """One more event at `at`. A clock that jumped back starts a new minute."""
        if not 0 <= at - self.since < 60:
            return Pace(since=at, count=1)
        return replace(self, count=self.count + 1)


@dataclass(frozen=True, slots=True)
class Session:
    """`language` is what replies are written in: "" only while nothing is known, a guess until `language_chosen`.

    `position` is None between flows. `pending` is a question laid over the flow without moving it. `wish` is the
    flow that the person asked for in words before the opening questions were over. `at` is the last event's time.
    """

    language: str = ""
    role: Role = Role.UNKNOWN
    position: Position | None = None
    stack: tuple[Position, ...] = ()
    history: tuple[Place, ...] = ()
    slots: Mapping[str, str] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    pending: Pending = ""
    wish: str = ""
    pace: Pace = Pace()
    revision: str = ""
    at: float = 0.0

    @classmethod
    def new(cls, language: str = "") -> Session:
        """Somebody of whom nothing is known."""
        return cls(language=language)

    def dumps(self) -> bytes:
        """Versioned JSON in UTF-8, the same bytes for an equal session."""
        return json.dumps(
            {
                "v": VERSION,
                "language": self.language,
                "role": self.role.value,
                "position": _dump_position(self.position),
                "stack": [_dump_position(position) for position in self.stack],
                "history": [[_dump_position(p) for p in (place.position, *place.stack)] for place in self.history],
                "slots": dict(sorted(self.slots.items())),
                "flags": sorted(self.flags),
                "pending": self.pending,
                "wish": self.wish,
                "pace": [self.pace.since, self.pace.count, self.pace.noticed],
                "revision": self.revision,
                "at": self.at,
            },
            separators=(",", ":"),
        ).encode()

    @classmethod
    def loads(cls, data: bytes) -> Loaded:
        """The session in `data`, or a fresh one with the reason. Never raises. Empty bytes are a first contact."""
        if not data:
            return Loaded(cls())
        try:
            raw = json.loads(data)
            if isinstance(raw, dict) and isinstance(raw.get("v"), int) and raw["v"] > VERSION:
                return Loaded(cls(), "future")
            return Loaded(_read(raw))
        except (ValueError, TypeError, KeyError, RecursionError):
            return Loaded(cls(), "unreadable")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A session to go on with. `fault` says why it is a fresh one: written by a newer program, or not readable."""

    session: Session
    fault: Literal["", "unreadable", "future"] = ""


def _dump_position(position: Position | None) -> list[str] | None:
    return None if position is None else [position.flow, position.step]


def _identifier(value: Any, empty: bool = False) -> str:
    if isinstance(value, str) and (IDENTIFIER.fullmatch(value) or (empty and not value)):
        return value
    raise ValueError("not an id")


def _position(value: Any) -> Position:
    flow, step = value
    return Position(_identifier(flow), _identifier(step))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise ValueError("not a time")
    return float(value)


def _read(raw: dict[str, Any]) -> Session:
    if raw["v"] != VERSION:
        raise ValueError("not a version that was ever written")
    since, count, noticed = raw["pace"]
    history = []
    for positions in raw["history"][-HISTORY:]:
        position, *stack = map(_position, positions)
        history.append(Place(position, tuple(stack[:DEPTH])))
    pending = raw["pending"]
    if pending not in ("", "language", "erase"):
        raise ValueError("unknown pending question")
    return Session(
        language=_identifier(raw["language"], empty=True),
        role=Role(raw["role"]),
        position=None if raw["position"] is None else _position(raw["position"]),
        stack=tuple(map(_position, raw["stack"]))[:DEPTH],
        history=tuple(history),
        slots={_identifier(slot): _identifier(value) for slot, value in dict(raw["slots"]).items()},
        flags=frozenset(map(_identifier, raw["flags"])) & FLAGS,
        pending=pending,
        wish=_identifier(raw["wish"], empty=True),
        pace=Pace(_number(since), int(_number(count)), noticed is True),
        revision=raw["revision"] if re.fullmatch(r"[0-9a-f]{0,64}", raw["revision"]) else "",
        at=_number(raw["at"]),
    )
