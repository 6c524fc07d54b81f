"""What the client makes of answers: each field checked, nonsense left out, and never an exception."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.messages import RISK_FLAGS, Urgency
from bot.triage.nlu import MAX_CHARACTERS, read, shorten

pytestmark = pytest.mark.unit

RANKING = [
    {"name": "emergency", "confidence": 0.7},
    {"name": "urgent", "confidence": 0.2},
    {"name": "priority", "confidence": 0.06},
    {"name": "information", "confidence": 0.04},
]


def answer(**changes: Any) -> dict[str, Any]:
    return {
        "text": "…",
        "intent": {"name": "need_help", "confidence": 0.9},
        "entities": [{"entity": "phone", "value": "6534-2546", "start": 0, "end": 9}],
        "urgency": {"name": "emergency", "confidence": 0.7, "ranking": RANKING},
        "risks": ["RISK-NOW"],
        "language": "es",
        "readable": True,
    } | changes


def test_a_whole_answer_is_read() -> None:
    parse = read(answer())
    assert parse is not None
    assert (parse.intent, parse.intent_confidence, parse.urgency) == ("need_help", 0.9, Urgency.EMERGENCY)
    assert parse.at_least(Urgency.URGENT) == pytest.approx(0.9)
    assert parse.risks == {"RISK-NOW"}
    assert (parse.language, parse.readable) == ("es", True)
    assert parse.entities == (("phone", "6534-2546"),)


@pytest.mark.parametrize("nonsense", [None, [], "ok", 3, {}, {"intent": None}, {"intent": "need_help"}])
def test_what_is_not_an_answer_is_none(nonsense: object) -> None:
    assert read(nonsense) is None


@pytest.mark.parametrize(
    "urgency",
    [
        None,
        "emergency",
        {"name": None, "confidence": 0.0, "ranking": []},
        {"name": "critical", "confidence": 0.9},
        {"confidence": 0.9},
    ],
)
def test_an_urgency_that_is_missing_or_unknown_is_none_and_not_low(urgency: object) -> None:
    parse = read(answer(urgency=urgency))
    assert parse is not None
    assert parse.urgency is None
    assert parse.urgency_probabilities == {}


@pytest.mark.parametrize(
    "ranking",
    [
        RANKING[:3],
        [*RANKING, RANKING[0]],
        [{**RANKING[0], "confidence": float("nan")}, *RANKING[1:]],
        [{**RANKING[0], "confidence": 7.0}, *RANKING[1:]],
        [{**RANKING[0], "confidence": True}, *RANKING[1:]],
        [{**RANKING[0], "confidence": 0.1}, *RANKING[1:]],
        [{**RANKING[0], "name": "urgent"}, *RANKING[1:]],
        "x",
    ],
    ids=["one missing", "five", "not a number", "over 1", "a truth value", "sum not 1", "twice", "a text"],
)
def test_probabilities_that_cannot_be_true_are_not_used_but_the_name_is(ranking: object) -> None:
    parse = read(answer(urgency={"name": "emergency", "confidence": 0.7, "ranking": ranking}))
    assert parse is not None
    assert parse.urgency_probabilities == {}
    assert parse.urgency is Urgency.EMERGENCY


def test_unknown_risks_and_malformed_entities_are_left_out() -> None:
    entities = [3, {"entity": "phone"}, {"entity": "x" * 99, "value": "1"}, {"entity": "age", "value": 14}]
    parse = read(answer(risks=["RISK-NOW", "RISK-COFFEE", 4], entities=entities))
    assert parse is not None
    assert parse.risks == {"RISK-NOW"}
    assert parse.entities == (("age", "14"),)


json_like = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["intent", "urgency", "risks", "entities", "language", "readable", "text"]), json_like
    )
    | json_like
)
def test_any_json_gives_a_sound_parse_or_none(value: object) -> None:
    parse = read(value)
    if parse is not None:
        assert parse.risks <= RISK_FLAGS
        assert 0 <= parse.intent_confidence <= 1.000001
        assert not parse.urgency_probabilities or set(parse.urgency_probabilities) == set(Urgency)


@given(st.text(alphabet=st.characters(), max_size=20) | st.just("\ud83d hola"))
def test_a_text_that_travels_has_no_lone_surrogates(text: str) -> None:
    sent = shorten(text)
    assert sent.encode("utf-8").decode("utf-8") == sent
    assert len(sent) == len(text)


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    cut = shorten("BEGIN " + "x" * 20_000 + " END")
    assert len(cut) <= MAX_CHARACTERS
    assert cut.startswith("BEGIN ")
    assert cut.endswith(" END")
