"""Commands count only when they are the whole message, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.flow import Flowbook
from bot.conversation.words import Command, normalise, visible

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text", ["salir", "SALIR", " ¡Sálir!!! 🙏", "s\u200ba\u200bl\u200bi\u200br", "/salir", "/SALIR@bot", "ｅｘｉｔ"]
)
def test_a_command_is_known_in_any_dress(text: str, book: Flowbook) -> None:
    assert book.words.command(text) is Command.LEAVE


@pytest.mark.parametrize(
    "text", ["no puedo salir", "/salir ahora", "salirme", "exit door", "/salirs", "", "/", "/start me pegan mucho"]
)
def test_a_word_within_words_is_no_command(text: str, book: Flowbook) -> None:
    assert book.words.command(text) is None


@pytest.mark.parametrize("text", ["/start", "/start demo", "/start@amparo_bot", "/START x-Y_9", "/empezar"])
def test_start_may_carry_one_token(text: str, book: Flowbook) -> None:
    assert book.words.command(text) is Command.START


def test_a_cry_for_help_is_not_the_help_command(book: Flowbook) -> None:
    assert book.words.command("¡Ayuda!") is Command.CRY
    assert book.words.command("/ayuda") is Command.HELP


@given(st.text())
def test_normalising_is_total_and_twice_is_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize("text", ["", " \t\n", "\u202e\u2066", "\x00\x07", "\ufeff\u200b"])
def test_nothing_to_see(text: str) -> None:
    assert not visible(text)


@pytest.mark.parametrize("text", ["a", "👍", ".", "\u202ea"])
def test_something_to_see(text: str) -> None:
    assert visible(text)
