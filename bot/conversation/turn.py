"""What goes into `engine.step` and what comes out: an `Event`, and a `Turn` of replies and effects (DESIGN §5).

Effects are data. The caller (`bot/service.py`) carries them out in one atomic commit; a turn that loses a race is
thrown away and computed again, so nothing here may depend on having run once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from bot.conversation.messages import Assessment, MediaKind, Role, Urgency

if TYPE_CHECKING:
    from bot.conversation.session import Session


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the person may be told of their case. `claimed`: an operator has acknowledged it and holds it now."""

    id: str
    open: bool = True
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class Redemption:
    """The text was a case code. It was checked outside, because that needs the store and Argon2id."""

    outcome: Literal["accepted", "wrong", "throttled"]
    case: CaseFacts | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing the person did, without any identity, and the facts that the core may not look up itself.

    `at` is Unix time in seconds. `assessment` is there for every text, and None for buttons and bare media.
    `channel` is the adapter's name: the privacy text differs by platform. `on_duty`: somebody can be paged now.
    """

    at: float
    channel: str = "terminal"
    text: str = ""
    choice: str = ""
    media: MediaKind | None = None
    edited: bool = False
    locale: str = ""
    assessment: Assessment | None = None
    case: CaseFacts | None = None
    on_duty: bool = False
    redemption: Redemption | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """A choice to offer: `id` travels (64 bytes at most), `label` is a text id."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A text id with its own variables and rows of buttons. Facts (code, lines, names) are added when rendering."""

    text: str
    args: Mapping[str, str | int] = field(default_factory=dict)
    buttons: tuple[tuple[Button, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case must exist from this turn on. Always before the first `Seal`."""

    role: Role


@dataclass(frozen=True, slots=True)
class Seal:
    """Something for the operators, sealed before it is stored.

    `body` is JSON: for `text` {"text"}, for `answer` {"flow", "step", "slot", "choice"| "text"| "skipped"}, for
    `attachment` {"media"}; `indicators` and `risks` where the flow file gives them. The caller adds time and
    language.
    """

    kind: Literal["text", "answer", "attachment"]
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RaiseUrgency:
    """Raise the case to at least `level`; never lowers. `reasons` are ids (`RISK-…`, `answer:flow.step`)."""

    level: Urgency
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Escalate:
    """The person asked for a human: the case waits in the queue and operators are paged, whatever its urgency."""

    reason: str


@dataclass(frozen=True, slots=True)
class IssueCode:
    """Make a (new) case code; a reply of this turn shows it through the fact `code`."""


@dataclass(frozen=True, slots=True)
class AttachCase:
    """A code was accepted: this conversation continues that case, and replies come here from now on."""

    case_id: str


@dataclass(frozen=True, slots=True)
class LeaveConversation:
    """Wipe the chat on both sides as far as the platform allows; end the session; continue nothing later."""


@dataclass(frozen=True, slots=True)
class EraseConversation:
    """As leaving, and besides: routing, unread replies and the case are forgotten at once."""


Effect = OpenCase | Seal | RaiseUrgency | Escalate | IssueCode | AttachCase | LeaveConversation | EraseConversation


@dataclass(frozen=True, slots=True)
class Turn:
    """The outcome: a session to store, replies to render in `session.language`, effects to carry out in order."""

    session: Session
    replies: tuple[Reply, ...] = ()
    effects: tuple[Effect, ...] = ()
