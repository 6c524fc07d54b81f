"""The ratchet: what each part may raise, that nothing lowers, and what is assumed when nothing is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.messages import RISK_FLAGS, Role, Urgency
from bot.triage import policy
from bot.triage.hazards import Hazard
from bot.triage.nlu import Parse

pytestmark = pytest.mark.unit

LEVELS = (Urgency.EMERGENCY, Urgency.URGENT, Urgency.PRIORITY, Urgency.INFORMATION)


def parse(
    *chances: float, intent: str = "need_help", readable: bool = True, risks: frozenset[str] = frozenset()
) -> Parse:
    """Chances in the order emergency, urgent, priority, information."""
    probabilities = dict(zip(LEVELS, chances, strict=True))
    likely = max(LEVELS, key=lambda level: probabilities[level])
    return Parse(intent, 0.9, likely, probabilities, risks, "es", readable)


def level(parsed: Parse | None, role: Role = Role.UNKNOWN, hazard: Hazard | None = None) -> Urgency:
    return policy.assess(hazard=hazard, parse=parsed, role=role).urgency


@pytest.mark.parametrize(
    ("role", "expected"),
    [(Role.UNKNOWN, Urgency.URGENT), (Role.SELF, Urgency.URGENT), (Role.WITNESS, Urgency.PRIORITY)],
)
def test_without_a_model_the_default_of_the_role_holds(role: Role, expected: Urgency) -> None:
    assessment = policy.assess(hazard=None, parse=None, role=role)
    assert assessment.urgency is expected
    assert not assessment.certain
    assert not assessment.danger
    assert assessment.sources == (f"default:{role.value}",)


@pytest.mark.parametrize("role", Role)
def test_a_sure_model_may_say_information(role: Role) -> None:
    assessment = policy.assess(hazard=None, parse=parse(0.01, 0.02, 0.05, 0.92, intent="greet"), role=role)
    assert assessment.urgency is Urgency.INFORMATION
    assert assessment.certain
    assert assessment.intent == "greet"


@pytest.mark.parametrize(
    ("chances", "role", "expected"),
    [
        ((0.30, 0.20, 0.20, 0.30), Role.SELF, Urgency.EMERGENCY),
        ((0.29, 0.01, 0.10, 0.60), Role.SELF, Urgency.URGENT),
        ((0.60, 0.10, 0.10, 0.20), Role.WITNESS, Urgency.EMERGENCY),
        ((0.59, 0.10, 0.10, 0.21), Role.WITNESS, Urgency.URGENT),
        ((0.15, 0.00, 0.05, 0.80), Role.WITNESS, Urgency.URGENT),
        ((0.14, 0.00, 0.05, 0.81), Role.WITNESS, Urgency.INFORMATION),
        ((0.07, 0.00, 0.05, 0.88), Role.SELF, Urgency.URGENT),
        ((0.06, 0.00, 0.05, 0.89), Role.SELF, Urgency.INFORMATION),
        ((0.05, 0.30, 0.30, 0.35), Role.SELF, Urgency.URGENT),
        ((0.05, 0.30, 0.30, 0.35), Role.UNKNOWN, Urgency.URGENT),
        ((0.05, 0.30, 0.30, 0.35), Role.WITNESS, Urgency.PRIORITY),
        ((0.05, 0.45, 0.30, 0.20), Role.WITNESS, Urgency.URGENT),
        ((0.05, 0.10, 0.25, 0.60), Role.SELF, Urgency.PRIORITY),
    ],
)
def test_thresholds(chances: tuple[float, float, float, float], role: Role, expected: Urgency) -> None:
    assert level(parse(*chances), role) is expected


def test_danger_is_shown_only_for_an_emergency() -> None:
    assert policy.assess(hazard=None, parse=parse(0.9, 0.05, 0.03, 0.02)).danger
    assert not policy.assess(hazard=None, parse=parse(0.25, 0.65, 0.05, 0.05)).danger


def test_a_hazard_is_a_floor_that_a_sure_model_cannot_lower() -> None:
    hazard = Hazard(Urgency.EMERGENCY, frozenset({"RISK-NOW"}), ("es.captive",))
    assessment = policy.assess(hazard=hazard, parse=parse(0.0, 0.0, 0.01, 0.99, intent="greet"))
    assert assessment.urgency is Urgency.EMERGENCY
    assert assessment.danger
    assert not assessment.certain
    assert assessment.risks == {"RISK-NOW"}
    assert "hazard:es.captive" in assessment.sources


def test_hazard_words_page_with_the_model_down() -> None:
    assessment = policy.triage("me tienen encerrada", None)
    assert assessment.urgency is Urgency.EMERGENCY
    assert assessment.danger


def test_a_text_that_the_model_cannot_read_gets_the_default() -> None:
    assert level(parse(0.0, 0.0, 0.0, 1.0, readable=False)) is Urgency.URGENT
    assert level(parse(0.0, 0.0, 0.0, 1.0, readable=False), Role.WITNESS) is Urgency.PRIORITY
    assert level(parse(0.9, 0.1, 0.0, 0.0, readable=False)) is Urgency.EMERGENCY


def test_a_missing_urgency_is_unknown_and_not_low() -> None:
    assert level(Parse(intent="greet", intent_confidence=0.99)) is Urgency.URGENT


def test_a_bare_name_of_an_urgency_may_raise_and_not_lower() -> None:
    assert level(Parse("need_help", 0.9, Urgency.EMERGENCY)) is Urgency.EMERGENCY
    assert level(Parse("greet", 0.9, Urgency.INFORMATION)) is Urgency.URGENT


def test_a_risk_flag_raises_what_is_at_least_priority() -> None:
    risks = frozenset({"RISK-CHILD"})
    assert level(parse(0.0, 0.1, 0.8, 0.1, risks=risks)) is Urgency.URGENT
    assert level(parse(0.0, 0.1, 0.8, 0.1)) is Urgency.PRIORITY
    assert level(parse(0.0, 0.0, 0.05, 0.95, risks=risks)) is Urgency.INFORMATION


def asks(parsed: Parse | None, hazard: Hazard | None = None, role: Role = Role.UNKNOWN) -> bool:
    return policy.assess(hazard=hazard, parse=parsed, role=role).ask


@pytest.mark.parametrize("role", Role)
def test_what_may_be_an_emergency_is_urgent_and_asked_about(role: Role) -> None:
    maybe = parse(0.15, 0.05, 0.05, 0.75)
    assert level(maybe, role) is Urgency.URGENT
    assert asks(maybe, role=role)


def test_nobody_is_asked_what_is_already_known() -> None:
    assert not asks(parse(0.6, 0.2, 0.1, 0.1))
    assert not asks(parse(0.02, 0.9, 0.04, 0.04))
    assert not asks(parse(0.15, 0.05, 0.05, 0.75), Hazard(Urgency.EMERGENCY, frozenset(), ("es.x",)))
    assert not asks(None)


chances = st.tuples(*[st.floats(0, 1) for _ in LEVELS]).filter(lambda c: sum(c) > 0.01)
hazards = st.none() | st.builds(
    Hazard, st.sampled_from(Urgency), st.frozensets(st.sampled_from(sorted(RISK_FLAGS))), st.just(("es.x",))
)
roles = st.sampled_from(Role)


def normal(values: tuple[float, ...]) -> list[float]:
    return [value / sum(values) for value in values]


@given(chances, hazards, roles)
def test_a_hazard_never_lowers(values: tuple[float, ...], hazard: Hazard | None, role: Role) -> None:
    parsed = parse(*normal(values))
    assert level(parsed, role, hazard) >= level(parsed, role)
    assert hazard is None or level(parsed, role, hazard) >= hazard.urgency


@given(chances, hazards, roles, st.integers(0, 3), st.integers(0, 3), st.floats(0, 1), st.booleans())
def test_probability_that_moves_up_never_lowers(
    values: tuple[float, ...],
    hazard: Hazard | None,
    role: Role,
    first: int,
    second: int,
    share: float,
    readable: bool,
) -> None:
    before = normal(values)
    higher, lower = sorted((first, second))
    after = list(before)
    moved = share * before[lower]
    after[lower] -= moved
    after[higher] += moved
    assert level(parse(*after, readable=readable), role, hazard) >= level(
        parse(*before, readable=readable), role, hazard
    )


@given(chances, roles, st.frozensets(st.sampled_from(sorted(RISK_FLAGS))))
def test_a_risk_flag_never_lowers(values: tuple[float, ...], role: Role, risks: frozenset[str]) -> None:
    with_flags = parse(*normal(values), risks=risks)
    assert level(with_flags, role) >= level(parse(*normal(values)), role)


@given(chances, hazards, roles)
def test_not_being_readable_never_lowers(values: tuple[float, ...], hazard: Hazard | None, role: Role) -> None:
    assert level(parse(*normal(values), readable=False), role, hazard) >= level(parse(*normal(values)), role, hazard)
