"""Whom to page, as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.oncall.ladder import Who
from bot.oncall.roster import DEMO, Roster, speaks
from bot.settings import OnCall, Operator, Settings

pytestmark = pytest.mark.unit

ANA = Operator(name="ana", languages=("es",))
BEA = Operator(name="bea", languages=("es", "en"))
CARL = Operator(name="carl", languages=("en",))
SUE = Operator(name="sue", languages=("en",), supervisor=True)
SOL = Operator(name="sol", languages=("es",), supervisor=True)
ROSTER = Roster((ANA, BEA, CARL, SUE, SOL))
ALL = set(ROSTER.names)


@pytest.mark.parametrize(
    ("language", "who", "available", "passed", "rested", "expected"),
    [
        ("es", "language", ALL, (), (), ("ana", "bea")),
        ("es-PA", "language", ALL, (), (), ("ana", "bea")),
        ("en", "language", ALL, (), (), ("bea", "carl")),
        ("es", "language_and_supervisors", ALL, (), (), ("ana", "bea", "sue", "sol")),
        ("es", "everyone", ALL, (), (), ROSTER.names),
        # off duty or out of reach
        ("es", "language", {"bea", "carl"}, (), (), ("bea",)),
        ("es", "everyone", {"bea", "carl"}, (), (), ("bea", "carl")),
        # a supervisor answers when no other speaker is there
        ("es", "language", {"carl", "sol"}, (), (), ("sol",)),
        # nobody speaks it: everybody
        ("ht", "language", {"ana", "carl"}, (), (), ("ana", "carl")),
        ("ht", "language_and_supervisors", {"ana", "sue"}, (), (), ("sue",)),
        ("", "language", {"ana", "carl"}, (), (), ("ana", "carl")),
        # who passed is left out
        ("es", "language", ALL, ("ana",), (), ("bea",)),
        ("es", "language", ALL, ("ana", "bea"), (), ("sol",)),
        ("es", "language", {"ana", "carl"}, ("ana",), (), ("carl",)),
        ("es", "language", {"ana", "carl"}, ("ana", "carl"), (), ()),
        ("es", "language", {"ana", "carl"}, ("ana", "carl"), ("carl",), ("carl",)),
        ("es", "language", {"ana", "carl"}, ("ana", "carl"), ("ana", "carl"), ("ana",)),
        # nobody at all
        ("es", "everyone", set(), (), (), ()),
        ("es", "everyone", {"stranger"}, (), (), ()),
    ],
)
def test_whom_to_page(
    language: str,
    who: Who,
    available: set[str],
    passed: tuple[str, ...],
    rested: tuple[str, ...],
    expected: tuple[str],
) -> None:
    chosen = ROSTER.candidates(language, who, available=available, passed=passed, rested=rested)
    assert chosen == expected


@given(
    st.sampled_from(["es", "en", "ht", "", "es-PA"]),
    st.sampled_from(["language", "language_and_supervisors", "everyone"]),
    st.sets(st.sampled_from(ROSTER.names)),
    st.sets(st.sampled_from(ROSTER.names)),
)
def test_nobody_absent_is_paged_and_somebody_who_has_not_passed_always_is(
    language: str, who: Who, available: set[str], passed: set[str]
) -> None:
    chosen = set(ROSTER.candidates(language, who, available=available, passed=passed))
    assert chosen <= available - passed
    assert bool(chosen) == bool(available - passed)


@pytest.mark.parametrize(
    ("languages", "language", "expected"),
    [(("es",), "ES_pa", True), (("pt-BR",), "pt", True), (("es",), "en", False), (("es",), "", False)],
)
def test_regions_do_not_matter(languages: tuple[str, ...], language: str, expected: bool) -> None:
    assert speaks(Operator(name="x", languages=languages), language) is expected


def test_the_demo_operator_is_on_the_roster_in_demo_mode_only() -> None:
    plain = Settings(oncall=OnCall(operators=(ANA,)), languages=("es", "en"))
    assert Roster.of(plain).names == ("ana",)
    demo = Roster.of(plain, demo=True)
    assert demo.names == ("ana", DEMO)
    added = demo.get(DEMO)
    assert added is not None
    assert added.languages == ("es", "en")
    named = Settings(oncall=OnCall(operators=(Operator(name=DEMO, languages=("ht",)),)))
    assert Roster.of(named, demo=True).operators == named.oncall.operators
