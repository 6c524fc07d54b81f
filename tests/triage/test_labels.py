"""Labels hold derived features and never a word of anybody's; disagreements are counted by kind of message."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.messages import RISK_FLAGS, Urgency
from bot.triage.labels import Label, derive, disagreements, length

pytestmark = pytest.mark.unit

E, U, P, I = Urgency.EMERGENCY, Urgency.URGENT, Urgency.PRIORITY, Urgency.INFORMATION  # noqa: E741  the four levels
CANARY = "canario me tienen encerrada en la calle ocho"


def body(urgency: Urgency = E, text: str = CANARY, **changes: Any) -> dict[str, Any]:
    triage = {
        "urgency": urgency.label,
        "intent": "need_help",
        "language": "es",
        "risks": ["RISK-CAPTIVE"],
        "sources": [f"model:{urgency.label}", "hazard:es.captive"],
        "certain": True,
        "probabilities": {"information": 0.05, "priority": 0.1, "urgent": 0.15, "emergency": 0.7},
    }
    return {"at": 1, "text": text, "triage": triage | changes}


def test_a_label_has_every_feature_and_no_word() -> None:
    label = derive([body()], (), E, P)
    assert label == Label(
        E, P, E, "es", "need_help", (5, 10, 15, 70), frozenset({"RISK-CAPTIVE"}), ("es.captive",), "line"
    )
    assert label is not None
    kept = label.dumps()
    assert Label.loads(kept) == label
    assert not any(word in kept.decode() for word in CANARY.split() if len(word) > 2)


def test_the_most_urgent_text_is_described_and_of_equals_the_last() -> None:
    texts = [body(P), body(U, language="en"), body(U, language="pt"), body(I), {"choice": "yes"}]
    label = derive(texts, (), E, P)
    assert label is not None
    assert (label.model, label.language, label.machine) == (U, "pt", E)


def test_what_the_model_said_late_counts() -> None:
    label = derive([body(U)], ("RISK-NOW", "late:model:emergency"), E, P)
    assert label is not None
    assert label.model is E


@pytest.mark.parametrize("bodies", [[], [{"choice": "yes"}], [{"text": "a note"}], [{"text": "x", "triage": "y"}]])
def test_where_no_text_was_judged_there_is_nothing_to_learn(bodies: list[dict[str, Any]]) -> None:
    assert derive(bodies, (), E, P) is None


@pytest.mark.parametrize("text", ["ayuda", "me tienen aquí", "x y" * 40, "x y" * 400])
def test_length_is_a_class(text: str) -> None:
    assert length(text) == {5: "word", 14: "line", 120: "paragraph", 1200: "story"}[len(text)]


FIELDS = ["intent", "language", "risks", "sources", "probabilities"]
sentences = st.text(min_size=1).map(lambda text: f"Me {text} encerrada.")
values = st.recursive(sentences, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(sentences, inner))


@given(changes=st.dictionaries(st.sampled_from(FIELDS), values), prefix=st.booleans())
def test_prose_in_the_place_of_a_feature_is_left_out(changes: dict[str, Any], prefix: bool) -> None:
    if prefix and isinstance(changes.get("sources"), list):
        changes["sources"] = [f"hazard:{source}" for source in changes["sources"]]
    label = derive([body(**changes)], (), E, P)
    assert label is not None
    plain = json.loads(label.dumps())
    assert "encerrada" not in str(plain)
    assert set(plain["risks"]) <= RISK_FLAGS


@given(
    st.binary() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_lines_that_are_no_label_are_none(line: bytes) -> None:
    assert Label.loads(line) is None


def test_a_field_that_is_wrong_in_a_stored_line_is_left_out() -> None:
    label = derive([body()], (), E, P)
    assert label is not None
    raw = json.loads(label.dumps()) | {"intent": CANARY, "hazards": [CANARY, "es.captive"], "probabilities": [1, 2]}
    assert Label.loads(json.dumps(raw).encode()) == Label(
        E, P, E, "es", "", (), frozenset({"RISK-CAPTIVE"}), ("es.captive",), "line"
    )


def test_disagreements_are_grouped_and_missed_danger_comes_first() -> None:
    high = Label(E, P, E, "es", "need_help", (5, 10, 15, 70), hazards=("es.captive", "es.weapon"))
    higher = Label(E, P, E, "es", "need_help", (5, 30, 15, 50), hazards=("es.captive",))
    missed = Label(I, E, I, "ht", "greet", (90, 4, 2, 4))
    agreed = Label(E, P, P, "es", "need_help")  # the urgency came from a button, not from the text
    found = disagreements([high, agreed, higher, missed])
    assert [(d.language, d.hazard, d.model, d.operator, d.count, d.mean) for d in found] == [
        ("ht", "", I, E, 1, 4),
        ("es", "es.captive", E, P, 2, 95),
        ("es", "es.weapon", E, P, 1, 95),
    ]


def test_without_probabilities_the_chance_is_unknown() -> None:
    (found,) = disagreements([Label(U, E, U)])
    assert found.mean is None
