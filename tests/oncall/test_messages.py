"""The on-call bot's words: complete in both languages, and without content by construction."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.messages import Urgency
from bot.oncall import messages

pytestmark = pytest.mark.unit

WAIT = r"(\d+ s|\d+ min|\d+ h \d+ min|\d+ d \d+ h)"
ALLOWED = {
    "es": r"(🔴 EMERGENCIA|🟠 URGENTE|🟡 PRIORITARIO|🔵 INFORMACIÓN) · caso [0-9A-Z]{5}\n"
    rf"Espera desde hace {WAIT}\.",
    "en": rf"(🔴 EMERGENCY|🟠 URGENT|🟡 PRIORITY|🔵 INFORMATION) · case [0-9A-Z]{{5}}\nIt has waited for {WAIT}\.",
}
"""All that a page may say."""


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts_with_the_same_values() -> None:
    spanish, english = messages.TEXTS["es"], messages.TEXTS["en"]
    assert {key: fields(text) for key, text in spanish.items()} == {
        key: fields(text) for key, text in english.items()
    }


@given(
    st.sampled_from(["es", "en"]),
    st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=5, max_size=5),
    st.sampled_from(Urgency),
    st.integers(-(10**9), 10**11),
)
def test_a_page_says_how_urgent_which_case_and_how_long_and_nothing_else(
    lang: str, case: str, urgency: Urgency, waited: int
) -> None:
    assert re.fullmatch(ALLOWED[lang], messages.page(lang, case, urgency, waited))


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (-5, "0 s"), (0, "0 s"), (59_999, "59 s"), (60_000, "1 min"), (3_599_999, "59 min"), (3_600_000, "1 h 0 min"),
        (172_799_999, "47 h 59 min"), (172_800_000, "2 d 0 h"),
    ],
)  # fmt: skip
def test_waiting_times(milliseconds: int, expected: str) -> None:
    assert messages.duration("en", milliseconds) == expected


@pytest.mark.parametrize(
    ("telegram", "roster", "expected"),
    [
        ("en-GB", ("es",), "en"), ("es", ("en",), "es"), ("ht", ("ht", "en"), "en"), (None, ("en",), "en"),
        ("zh", ("zh",), "es"), (None, (), "es"),
    ],
)  # fmt: skip
def test_the_operators_language(telegram: str | None, roster: tuple[str, ...], expected: str) -> None:
    assert messages.language(telegram, roster) == expected


def test_the_queue_in_words() -> None:
    counts = {Urgency.EMERGENCY: 1, Urgency.PRIORITY: 3}
    assert messages.queue("en", counts, 61_000) == "4 waiting: 🔴 1 🟡 3. Longest wait: 1 min."
    assert messages.queue("es", {}, 0) == "No espera nadie."


def test_answers_to_buttons_fit_telegram() -> None:
    for texts in messages.TEXTS.values():
        assert all(len(text) <= 200 for key, text in texts.items() if key.endswith("_short"))
    assert len(messages.REFUSAL) <= 200
