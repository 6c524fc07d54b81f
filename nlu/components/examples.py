"""Our metadata in Rasa's training examples: `metadata: {urgency, risks, role}` under each example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

LEVELS = ["emergency", "urgent", "priority", "information"]
RISKS = frozenset(
    f"RISK-{name}"
    for name in ("NOW", "MOVE", "SELF", "MED", "SEX72", "WEAPON", "CHILD", "WATCHED", "FAMILY", "LAST", "CAPTIVE")
)
ROLES = frozenset({"self", "witness", "none"})
KEYS = frozenset({"urgency", "risks", "role"})


class ExampleError(RasaException):
    """An example's metadata is wrong; the message says which example, what is wrong, and how to mend it."""


@dataclass(frozen=True)
class Labels:
    urgency: str
    risks: frozenset[str]
    role: str
    intent: str = ""


def labels(message: Message) -> Labels:
    """The labels of one training example. Raises `ExampleError`."""
    metadata: dict[str, Any] = (message.get("metadata") or {}).get("example") or {}
    place = f"intent {message.get(INTENT)}: example {message.get(TEXT)!r}"
    unknown = set(metadata) - KEYS
    if unknown:
        raise ExampleError(f"{place}: unknown metadata {sorted(unknown)}; use {', '.join(sorted(KEYS))}")
    urgency, role, risks = metadata.get("urgency"), metadata.get("role", "none"), metadata.get("risks") or []
    if urgency not in LEVELS:
        raise ExampleError(f"{place}: metadata needs urgency, one of {', '.join(LEVELS)}")
    if role not in ROLES:
        raise ExampleError(f"{place}: role {role!r} is not one of {', '.join(sorted(ROLES))}")
    if not isinstance(risks, list) or set(risks) - RISKS:
        raise ExampleError(f"{place}: risks must be a list of {', '.join(sorted(RISKS))}")
    return Labels(urgency, frozenset(risks), role, str(message.get(INTENT)))


def training_messages(training_data: TrainingData) -> list[Message]:
    """The examples that are learned from: those with an intent and a text."""
    return [example for example in training_data.intent_examples if example.get(INTENT) and example.get(TEXT)]
