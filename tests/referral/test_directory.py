"""No number without its country, source and date; two doors, one not the police's; the truth when there is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.conversation.findings import FlowError
from bot.conversation.texts import FACTS, Texts
from bot.referral.directory import FACT_KINDS, Directory, Kind, load
from tests.conversation.assemble import FLOWS, faulty_flows, small_flows

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def shipped() -> Directory:
    return load(FLOWS, Texts.load(FLOWS))


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_shown_line_has_its_country_source_date_and_that_it_is_unverified(
    language: str, shipped: Directory
) -> None:
    state = {"es": "sin verificar", "en": "unverified"}[language]
    for line in shipped.entries:
        shown = shipped.write(line, language)
        assert line.number in shown
        assert shipped.country(line.country, language) in shown
        assert line.source_name in shown
        assert line.source_date in shown
        assert shown.endswith(f"; {state})")


@pytest.mark.parametrize("fact", ["lines_danger", "lines_minor", "lines_all"])
def test_two_doors_are_offered_and_one_is_not_the_police(fact: str, shipped: Directory) -> None:
    doors = shipped.select("PA", FACT_KINDS[fact])
    assert len(doors) >= 2
    assert any(not line.police for line in doors)


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_facts_fit_and_nothing_is_cut_from_those_we_ship(language: str, shipped: Directory) -> None:
    facts = shipped.facts("PA", language)
    assert set(facts) == {*FACT_KINDS, "country"}
    assert set(facts) <= set(FACTS)
    for fact, kinds in FACT_KINDS.items():
        assert len(facts[fact]) <= FACTS[fact]
        assert len(facts[fact].splitlines()) == len(shipped.select("PA", kinds))


def test_in_panama_danger_begins_with_the_police_and_says_that_the_ambulance_records(shipped: Directory) -> None:
    first, second, *_ = shipped.facts("PA", "es")["lines_danger"].splitlines()
    assert "104" in first
    assert "911" in second
    assert "no es anónimo" in second


def test_lines_end_with_a_whole_line(shipped: Directory) -> None:
    short = shipped.lines("PA", [Kind.POLICE, Kind.MEDICAL], "es", longest=90)
    assert re.fullmatch(r"• .*sin verificar\)", short)


def test_a_country_without_lines_gets_a_truthful_sentence(shipped: Directory) -> None:
    assert shipped.lines("FR", list(Kind), "en") == shipped.texts.text("line_none", "en")


def test_a_language_without_names_falls_back_to_the_source(shipped: Directory) -> None:
    assert "Policía Nacional" in shipped.lines("PA", [Kind.POLICE], "ht")


def test_a_verified_line_shows_when(tmp_path: Path) -> None:
    flows = small_flows(tmp_path / "flows")
    path = flows / "directory" / "zz.yml"
    verified = '    confidence: dialled\n    verified_by: "op-1"\n    verified_on: "2026-11-20"\n'
    path.write_text(
        path.read_text(encoding="utf-8").replace("    confidence: read_dated\n", verified), encoding="utf-8"
    )
    shown = load(flows, Texts.load(flows)).lines("ZZ", [Kind.POLICE], "en")
    assert shown == "• Police: 000 (No country; Tests, 2026-01; verified 2026-11-20)"


def test_a_faulty_directory_is_refused(tmp_path: Path) -> None:
    flows = faulty_flows(tmp_path / "flows", "line_without_source")
    with pytest.raises(FlowError, match=r"directory/zz\.yml:4"):
        load(flows, Texts.load(flows))
