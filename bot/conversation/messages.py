"""What every channel, the triage and the engine speak. Values only: no I/O, no clock, no platform.

An `Inbound` is what a channel hands in; an `Outbound` is what it is given to send. Between them the engine sees
an `Event` (the part of the inbound that carries no identity, with everything it may not find out itself) and
answers with `Reply`s (text ids, not yet rendered) and effects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Urgency(IntEnum):
    """The four levels of `domain.md` §4; a higher number waits less."""

    INFORMATION = 1
    PRIORITY = 2
    URGENT = 3
    EMERGENCY = 4

    @property
    def label(self) -> str:
        """The lower-case name used in files, the store and on the wire."""
        return self.name.lower()

    @classmethod
    def parse(cls, label: str) -> Urgency:
        """The level called `label`. Raises `ValueError` naming the four that exist."""
        try:
            return cls[label.upper()]
        except KeyError:
            known = ", ".join(level.label for level in reversed(cls))
            raise ValueError(f"unknown urgency {label!r}: use one of {known}") from None


class Role(StrEnum):
    """Whom the conversation is about, as far as is known (`domain.md` §4: it decides the default urgency)."""

    UNKNOWN = "unknown"
    SELF = "self"
    WITNESS = "witness"


RISK_FLAGS = frozenset(
    f"RISK-{name}"
    for name in (
        "NOW", "MOVE", "SELF", "MED", "SEX72", "WEAPON", "CHILD", "WATCHED", "FAMILY", "LAST", "CAPTIVE",
    )
)  # fmt: skip
"""The risk flags of `domain.md` §3. Flows, hazards and the model may use no other."""


class MediaKind(StrEnum):
    """What was sent when it was not text; also the words of a flow step's `accept`."""

    PHOTO = "photo"
    VOICE = "voice"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    LOCATION = "location"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something sent beside or instead of text. `reference` is the channel's own handle for fetching it: a secret."""

    kind: MediaKind
    reference: str = ""
    media_type: str = ""
    size: int = 0
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """One thing a person did on a channel.

    `address` is the channel identity: it never leaves `intake` except sealed (DESIGN §1.2). `message_id` is
    unique within the conversation and is what a repeat is recognised by. `at` is Unix time in seconds.
    `choice` is the id that a button carried. `platform_ref` is the platform's message number, kept (sealed) only
    so that the chat can be wiped.
    """

    channel: str
    address: str
    message_id: str
    at: float
    text: str = ""
    choice: str = ""
    attachment: Attachment | None = None
    edited: bool = False
    locale: str = ""
    platform_ref: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: the `id` travels back, the `label` is read."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message to send, already in the person's language. `choices` are rows of buttons.

    `protect` asks the platform not to let the message be forwarded or saved.
    """

    text: str
    choices: tuple[tuple[Choice, ...], ...] = ()
    protect: bool = True


@dataclass(frozen=True, slots=True)
class Assessment:
    """What triage thinks of one message, after `policy.py` combined the model, the hazard words and the defaults.

    `urgency` is never None: unknown becomes the default of the role. `certain` is False when the model was down,
    slow or unsure; `danger` is True when the message itself calls for the emergency texts. `ask` is True when it may
    or may not be an emergency: one question, whether there is danger now, is worth more than a guess.
    """

    urgency: Urgency
    danger: bool = False
    certain: bool = False
    intent: str = ""
    confidence: float = 0.0
    language: str = ""
    risks: frozenset[str] = frozenset()
    entities: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = field(default=())
    ask: bool = False
