"""What the NLU server answers, each field checked: a wrong urgency is worse than none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.conversation.messages import RISK_FLAGS, Urgency

MAX_ENTITIES = 32


@dataclass(frozen=True, slots=True)
class Parse:
    """What the model says of one text. Probabilities are calibrated and sum to 1, or are empty when unusable.

    `urgency` is None when the server gave none: not a low one, an unknown one. `readable` is False when the text is
    in a language (or in no language) that the model was not trained on, so that its judgement means nothing.
    """

    intent: str = ""
    intent_confidence: float = 0.0
    urgency: Urgency | None = None
    urgency_probabilities: Mapping[Urgency, float] = field(default_factory=dict)
    risks: frozenset[str] = frozenset()
    language: str = ""
    readable: bool = True
    entities: tuple[tuple[str, str], ...] = ()

    def at_least(self, level: Urgency) -> float:
        """The probability that the urgency is `level` or higher; 0 when there are no probabilities."""
        return min(1.0, sum(p for known, p in self.urgency_probabilities.items() if known >= level))


def read(answer: object) -> Parse | None:
    """The server's answer, each field checked; None when it is not an answer at all. Unknown fields are left out."""
    if not isinstance(answer, dict):
        return None
    intent = answer.get("intent")
    if not isinstance(intent, dict):
        return None
    name, confidence = intent.get("name"), _probability(intent.get("confidence"))
    known = isinstance(name, str) and confidence is not None
    probabilities = _urgency_probabilities(answer.get("urgency"))
    risks = answer.get("risks")
    language = answer.get("language")
    return Parse(
        intent=str(name) if known else "",
        intent_confidence=confidence or 0.0 if known else 0.0,
        urgency=_urgency(answer.get("urgency")),
        urgency_probabilities=probabilities,
        risks=frozenset(r for r in risks if isinstance(r, str)) & RISK_FLAGS
        if isinstance(risks, list)
        else frozenset(),
        language=language if isinstance(language, str) and len(language) <= 8 else "",
        readable=answer.get("readable", True) is True,
        entities=_entities(answer.get("entities")),
    )


def _probability(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and -1e-6 <= value <= 1 + 1e-6 else None


def _level(name: object) -> Urgency | None:
    if not isinstance(name, str):
        return None
    try:
        return Urgency.parse(name)
    except ValueError:
        return None


def _urgency(value: object) -> Urgency | None:
    return _level(value.get("name")) if isinstance(value, dict) else None


def _urgency_probabilities(value: object) -> dict[Urgency, float]:
    """All four levels with probabilities that sum to 1, or nothing."""
    ranking = value.get("ranking") if isinstance(value, dict) else None
    if not isinstance(ranking, list):
        return {}
    found: dict[Urgency, float] = {}
    for item in ranking:
        level = _level(item.get("name")) if isinstance(item, dict) else None
        probability = _probability(item.get("confidence")) if isinstance(item, dict) else None
        if level is None or probability is None or level in found:
            return {}
        found[level] = min(1.0, max(0.0, probability))
    whole = len(found) == len(Urgency) and abs(sum(found.values()) - 1) < 0.02
    return found if whole else {}


def _entities(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list):
        return ()
    found = []
    for item in value[:MAX_ENTITIES]:
        if not isinstance(item, dict):
            continue
        kind, what = item.get("entity"), item.get("value")
        if isinstance(kind, str) and isinstance(what, str | int | float) and len(kind) <= 32:
            found.append((kind, str(what)[:200]))
    return tuple(found)
