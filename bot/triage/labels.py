"""What is learned from operators without keeping a word: how they corrected an urgency, beside derived features.

A label never holds text. Text could be kept only with the person's consent, and nobody is asked for that yet. It
names no case, no operator and no hour either. Each value is checked against what such a value can be, so that prose
put where a feature should be is left out, whoever put it there.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.conversation.messages import RISK_FLAGS, Urgency

LANGUAGE = re.compile(r"[a-z]{2,3}")
INTENT = re.compile(r"[a-z]+(_[a-z]+){0,3}")
HAZARD = re.compile(r"[a-z]{2,3}\.[a-z][a-z0-9]*(-[a-z0-9]+){0,4}")
LONGEST_ID = 40
MOST_HAZARDS = 8

Length = Literal["", "word", "line", "paragraph", "story"]
LENGTHS: tuple[Length, ...] = ("", "word", "line", "paragraph", "story")


@dataclass(frozen=True, slots=True)
class Label:
    """One correction: the case's urgency was `machine` and is `operator` now; `model` is what triage gave the text.

    The features are those of the text that triage found most urgent. `probabilities` are the model's, in hundredths,
    by level from `information` up; empty when it did not answer in time.
    """

    machine: Urgency
    operator: Urgency
    model: Urgency
    language: str = ""
    intent: str = ""
    probabilities: tuple[int, ...] = ()
    risks: frozenset[str] = frozenset()
    hazards: tuple[str, ...] = ()
    length: Length = ""

    def dumps(self) -> bytes:
        """One line of JSON; the same for an equal label."""
        plain = {
            "machine": self.machine.label,
            "operator": self.operator.label,
            "model": self.model.label,
            "language": self.language,
            "intent": self.intent,
            "probabilities": list(self.probabilities),
            "risks": sorted(self.risks),
            "hazards": list(self.hazards),
            "length": self.length,
        }
        return json.dumps(plain, separators=(",", ":")).encode("ascii")

    @classmethod
    def loads(cls, data: bytes) -> Label | None:
        """The label in `data`, each field checked; None when it is none."""
        try:
            raw = json.loads(data)
            return _label(raw, *(Urgency.parse(raw[name]) for name in ("machine", "operator", "model")))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None


def derive(
    bodies: Iterable[Mapping[str, Any]], reasons: Iterable[str], machine: Urgency, operator: Urgency
) -> Label | None:
    """The label for a case with these opened entries, whose urgency an operator changes from `machine` to `operator`.

    `reasons` are the case's: they tell of what the model said late. None when no text of it was judged: then there
    is nothing to learn.
    """
    judged = [(level, body) for body in bodies if (level := _judged(body)) is not None]
    if not judged:
        return None
    # of equals the last: it is what the operator has just read
    model, body = max(reversed(judged), key=lambda pair: pair[0])
    late = {f"late:model:{level.label}": level for level in Urgency}
    model = max([model, *(late[reason] for reason in reasons if reason in late)])
    triage = body["triage"]
    sources = triage.get("sources")
    found = (
        [s.removeprefix("hazard:") for s in sources if isinstance(s, str) and s.startswith("hazard:")]
        if isinstance(sources, list)
        else []
    )
    return _label({**triage, "hazards": found, "length": length(body["text"])}, machine, operator, model)


def length(text: str) -> Length:
    """The class of a text's length: its exact length would tell messages apart."""
    if len(text.split()) <= 1:
        return "word"
    return "line" if len(text) <= 60 else "paragraph" if len(text) <= 300 else "story"


def _judged(body: Mapping[str, Any]) -> Urgency | None:
    triage = body.get("triage")
    if not isinstance(triage, dict) or not isinstance(body.get("text"), str):
        return None
    try:
        return Urgency.parse(triage["urgency"])
    except (KeyError, ValueError, AttributeError):
        return None


def _label(raw: Mapping[str, Any], machine: Urgency, operator: Urgency, model: Urgency) -> Label:
    risks, hazards, size = raw.get("risks"), raw.get("hazards"), raw.get("length")
    return Label(
        machine=machine,
        operator=operator,
        model=model,
        language=_id(LANGUAGE, raw.get("language")),
        intent=_id(INTENT, raw.get("intent")),
        probabilities=_hundredths(raw.get("probabilities")),
        risks=frozenset(r for r in risks if isinstance(r, str)) & RISK_FLAGS
        if isinstance(risks, list)
        else frozenset(),
        hazards=tuple(filter(None, (_id(HAZARD, h) for h in hazards[:MOST_HAZARDS])))
        if isinstance(hazards, list)
        else (),
        length=next((known for known in LENGTHS if known == size), ""),
    )


def _id(form: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and len(value) <= LONGEST_ID and form.fullmatch(value) else ""


def _hundredths(value: object) -> tuple[int, ...]:
    """From a mapping of level to probability, or from what `dumps` wrote; () for anything else."""
    if isinstance(value, dict):
        value = [value.get(level.label) for level in Urgency]
        value = [round(100 * p) if isinstance(p, float) and math.isfinite(p) else p for p in value]
    if not isinstance(value, list) or len(value) != len(Urgency):
        return ()
    sound = all(isinstance(p, int) and not isinstance(p, bool) and 0 <= p <= 100 for p in value)
    return tuple(value) if sound else ()


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Texts of one kind that triage and operators judged differently. `hazard` is "" where no hazard word was found.

    `mean` is the mean probability, in hundredths, that the model gave to the operators' level or more; None where it
    gave none.
    """

    language: str
    intent: str
    hazard: str
    model: Urgency
    operator: Urgency
    count: int
    mean: int | None = None


def disagreements(labels: Iterable[Label]) -> list[Disagreement]:
    """Grouped by language, intent, hazard and both judgements: missed danger first, then the most frequent.

    A text with several hazards counts in the group of each: any of them may be the one to mend.
    """
    groups: dict[tuple[str, str, str, Urgency, Urgency], list[int | None]] = {}
    for label in labels:
        if label.model is label.operator:
            continue
        at_least = sum(label.probabilities[label.operator - 1 :]) if label.probabilities else None
        for hazard in label.hazards or ("",):
            groups.setdefault((label.language, label.intent, hazard, label.model, label.operator), []).append(
                at_least
            )
    found = [Disagreement(*kind, len(chances), _mean(chances)) for kind, chances in groups.items()]
    return sorted(
        found,
        key=lambda d: (d.model >= d.operator, -d.count, -abs(d.model - d.operator), d.language, d.intent, d.hazard),
    )


def _mean(chances: list[int | None]) -> int | None:
    known = [chance for chance in chances if chance is not None]
    return round(sum(known) / len(known)) if known else None
