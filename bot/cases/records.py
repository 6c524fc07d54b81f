"""What the store takes and gives: frozen values, no behaviour.

Times are integer milliseconds of Unix time. `bytes` are opaque to the store: whoever put them there sealed them.
A *pseudonym* stands for a conversation (channel + address); only `intake` can compute it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bot.conversation.messages import Role, Urgency

SHARDS = 8
"""How many hash tags there are. A case id's first character says its shard, so this number is fixed for good."""


class Status(StrEnum):
    """A case is worked on, or it is not."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CaseView:
    """All that is known of a case without a key. `seq` is the number of envelopes, and so the next one's number.

    `waiting_since` is set while the case waits in the queue. `last_in` and `last_out` are when the person and when
    an operator wrote last (0: never). `reachable`: a reply can be delivered now.
    """

    id: str
    status: Status
    urgency: Urgency
    role: Role
    language: str
    opened: int
    updated: int
    seq: int
    waiting_since: int | None = None
    claimed_by: str | None = None
    claimed_at: int | None = None
    escalated: bool = False
    reasons: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    last_in: int = 0
    last_out: int = 0
    reachable: bool = False

    @property
    def open(self) -> bool:
        return self.status is Status.OPEN


@dataclass(frozen=True, slots=True)
class View:
    """A conversation as it is now. `shard` is where it lives: draw new case ids for it. `version` 0: unknown."""

    pseudonym: str
    shard: int
    version: int = 0
    session: bytes | None = None
    case: CaseView | None = None


@dataclass(frozen=True, slots=True)
class CaseWrite:
    """What a turn does to a case.

    `opens`: the case must not exist yet (`expected_seq` 0). `entries` are envelopes sealed for the numbers
    `expected_seq`, `expected_seq + 1`…. `urgency` only raises. `escalate`: it waits and is paged whatever its
    urgency. `code` is (salt, hash of the secret) of a newly issued case code. `attach`: this conversation takes
    the case over.
    """

    id: str
    expected_seq: int
    opens: bool = False
    role: Role = Role.UNKNOWN
    language: str = ""
    entries: tuple[bytes, ...] = ()
    urgency: Urgency | None = None
    reasons: tuple[str, ...] = ()
    escalate: bool = False
    code: tuple[bytes, bytes] | None = None
    attach: bool = False


@dataclass(frozen=True, slots=True)
class TurnWrite:
    """One turn, to be written at once or not at all. `shard` and `expected_version` come from its `View`.

    `outbox`: replies in order. `trail`: references of platform messages, for wiping. `routing`: where replies go;
    None keeps what is there. `session` None drops it. `leave` and `erase`: see `Store.commit`.
    """

    pseudonym: str
    shard: int
    channel: str
    message_key: str
    expected_version: int
    now: int
    session: bytes | None = None
    routing: bytes | None = None
    outbox: tuple[bytes, ...] = ()
    trail: tuple[bytes, ...] = ()
    case: CaseWrite | None = None
    leave: bool = False
    erase: bool = False


@dataclass(frozen=True, slots=True)
class Committed:
    """The turn is on disk. `waiting`: its case waits in the queue. `case_seq`: how many envelopes the case has."""

    version: int
    case_seq: int | None = None
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else wrote first; nothing changed. Read again and run the turn again."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """This message was committed before; nothing changed."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The case id drawn for a new case exists already; nothing changed. Draw another."""


@dataclass(frozen=True, slots=True)
class NoCase:
    """There is no such case (any more), or (in a turn) it is not this conversation's. Nothing changed."""


CommitResult = Committed | Conflict | Duplicate | Taken | NoCase


@dataclass(frozen=True, slots=True)
class Done:
    """An operator's action is on disk. `seq` is the case's number of envelopes now."""

    seq: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """The case is this operator's (also when it was already)."""

    case: str


@dataclass(frozen=True, slots=True)
class AlreadyClaimed:
    """Somebody else holds the case, or was quicker. Nothing changed."""

    by: str


@dataclass(frozen=True, slots=True)
class NotClaimed:
    """Only whoever holds the case may do this, and nobody holds it. Nothing changed."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The case is closed. Nothing changed."""


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """The person cannot be reached: they left, moved to another case, or routing has expired. Nothing changed."""


ClaimResult = Claimed | AlreadyClaimed | Closed | NoCase
ActionResult = Done | Conflict | AlreadyClaimed | NotClaimed | Closed | Undeliverable | NoCase


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A case that waits for an operator."""

    case: str
    urgency: Urgency
    waiting_since: int


@dataclass(frozen=True, slots=True)
class Wakeup:
    """A conversation has something to send."""

    shard: int
    channel: str
    id: str
    pseudonym: str


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """The next thing to send to a conversation. `routing` is None when it has expired or the person erased it."""

    shard: int
    id: str
    data: bytes
    routing: bytes | None


PageKind = Literal["wait", "page", "activity", "claimed", "gone", "undelivered"]


@dataclass(frozen=True, slots=True)
class Page:
    """Something for the pager, without content.

    `wait`: a case began to wait or rose: call `Store.due` now. `page`: tell the operators of `rung`. `activity`: a
    new message in a claimed case: tell `by`. `claimed`: `by` has it: the pages of the others are settled. `gone`:
    closed, erased or expired (`by`: who held it, if anybody). `undelivered`: a reply could not be delivered: tell
    `by`.
    """

    shard: int
    id: str
    kind: PageKind
    case: str
    urgency: Urgency
    at: int
    rung: int = 0
    by: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """A rung that `Store.due` has just fired (it is also in `pages` as a `page`)."""

    case: str
    urgency: Urgency
    rung: int
    waiting_since: int


@dataclass(frozen=True, slots=True)
class EventRecord:
    """What happened to a case, without content. `by`: an operator's name, `person`, or `retention`."""

    shard: int
    id: str
    case: str
    action: str
    by: str
    at: int
    urgency: Urgency
