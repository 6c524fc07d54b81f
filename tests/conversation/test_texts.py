"""Texts are rendered in the right language, fall back along the chain, and no value turns a message round."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.conversation.findings import FlowError
from bot.conversation.texts import FACTS, MISSING, Texts
from bot.conversation.turn import Button, Reply
from tests.conversation.assemble import small_flows

pytestmark = pytest.mark.unit

LSI, PDI = "\u2068", "\u2069"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    flows = small_flows(tmp_path / "flows")
    (flows / "languages.yml").write_text(
        "languages:\n  es: {name: Español}\n  en: {name: English, fallback: [es]}\n"
        "  ar: {name: العربية, fallback: [en, es], direction: rtl}\n",
        encoding="utf-8",
    )
    (flows / "texts" / "ar").mkdir()
    (flows / "texts" / "ar" / "a.ftl").write_text("here = هنا { $lines_all } { $word }\n", encoding="utf-8")
    (flows / "texts" / "es" / "a.ftl").write_text(
        "here = aquí { $lines_all } { $word }\nmany = { $n ->\n    [one] una\n   *[other] { $n } cosas\n }\n",
        encoding="utf-8",
    )
    return flows


def test_a_text_falls_back_along_the_chain(small: Path) -> None:
    texts = Texts.load(small)
    assert texts.chain("ar") == ("ar", "en", "es")
    assert texts.chain("") == texts.chain("xx") == ("es",)
    assert texts.text("thanks", "ar") == "Thank you."
    assert texts.text("many", "ar", {"n": 1}) == "una"
    assert texts.text("many", "en", {"n": 2}) == "2 cosas"


def test_a_text_that_is_nowhere_becomes_a_calm_sentence(texts: Texts) -> None:
    assert texts.text("nothing_like_it", "en") == texts.text(MISSING, "en")


def test_a_value_of_the_person_is_isolated_and_cannot_turn_the_message_round(small: Path) -> None:
    texts = Texts.load(small)
    shown = texts.render(Reply("here", {"word": "\u202eabc\u2066"}), "es", {"lines_all": "104"})
    assert shown.text == f"aquí 104 {LSI}abc{PDI}"


def test_facts_are_isolated_line_by_line_in_a_language_from_right_to_left(small: Path) -> None:
    texts = Texts.load(small)
    shown = texts.render(Reply("here", {"word": "x"}), "ar", {"lines_all": "a: 104\nb: 911"})
    assert f"{LSI}a: 104{PDI}\n{LSI}b: 911{PDI}" in shown.text


def test_a_missing_fact_is_survived(texts: Texts) -> None:
    assert "lines_danger" in texts.render(Reply("emergency_again"), "es", {}).text


def test_buttons_keep_their_rows_and_ids(texts: Texts) -> None:
    rows = ((Button("!leave", "button_leave"),), (Button("a.b:yes", "choice_yes"), Button("!help", "button_help")))
    shown = texts.render(Reply("kept", {}, rows), "en", {})
    assert [[(choice.id, choice.label) for choice in row] for row in shown.choices] == [
        [("!leave", "Leave")],
        [("a.b:yes", "Yes"), ("!help", "More options")],
    ]


def test_the_channel_decides_what_is_said_of_it(texts: Texts) -> None:
    said = {
        channel: texts.text("privacy_seen", "es", {"channel": channel}) for channel in ("telegram", "whatsapp", "web")
    }
    assert "Telegram puede ver" in said["telegram"]
    assert "Meta" in said["whatsapp"]
    assert "Telegram" not in said["web"]
    assert "48 horas" in texts.text("erased", "es", {"channel": "telegram"})
    assert "48" not in texts.text("erased", "es", {"channel": "web"})


def test_what_is_no_fluent_is_refused(small: Path) -> None:
    (small / "texts" / "es" / "b.ftl").write_text("= nothing\n")
    with pytest.raises(FlowError, match=r"texts/es/b\.ftl:1"):
        Texts.load(small)


def test_messages_are_short_without_their_facts(texts: Texts) -> None:
    """About 300 characters, so that one can be read at a glance; facts come on top."""
    for language in texts.languages:
        for entry in texts.entries[language].values():
            for variant in entry.variants(texts.entries[language].get):
                bare = variant
                for fact in FACTS:
                    bare = bare.replace(f"{{{fact}}}", "")
                assert len(bare) <= 320, (language, entry.id, len(bare))


def test_nobody_is_asked_why(texts: Texts) -> None:
    for language, words in {"es": ("por qué",), "en": ("why",)}.items():
        for entry in texts.entries[language].values():
            said = " ".join(entry.variants(texts.entries[language].get)).casefold()
            assert not any(word in said for word in words), entry.id


def test_a_question_asks_one_thing(texts: Texts) -> None:
    for language in texts.languages:
        for entry in texts.entries[language].values():
            assert all(variant.count("?") <= 1 for variant in entry.variants(texts.entries[language].get)), entry.id
