"""Over-long text: pieces that fit, nothing dropped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.fit import split, units

pytestmark = pytest.mark.unit


@given(st.text(max_size=400), st.integers(min_value=2, max_value=60))
def test_every_piece_fits_and_nothing_visible_is_lost(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(0 < units(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_text_that_fits_is_left_alone() -> None:
    assert split("hola", 4) == ["hola"]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("One here. Two here. Three.", ["One here.", "Two here.", "Three."]),
        ("第一句话在这。另一句话。", ["第一句话在这。", "另一句话。"]),
        ("word " * 4, ["word word", "word word "]),
    ],
)
def test_it_breaks_where_a_reader_would(text: str, pieces: list[str]) -> None:
    assert split(text, 10) == pieces


def test_an_emoji_counts_as_telegram_counts_it() -> None:
    assert units("🆘") == 2
    assert split("🆘🆘🆘", 4) == ["🆘🆘", "🆘"]
