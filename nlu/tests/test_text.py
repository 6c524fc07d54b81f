"""Cleaning and cutting of texts, and what the server does before Rasa sees one."""

from __future__ import annotations

import unittest

from components.text import cap, clean, has_words
from serve.guard import MAX_CHARACTERS, ready


class CleanTest(unittest.TestCase):
    def test_control_characters_surrogates_and_hidden_ones_go(self) -> None:
        assert clean("ayu\x00da\n\tme\u202e \ud83dya\u200b") == "ayu da me ya"

    def test_joiners_that_shape_words_stay(self) -> None:
        assert clean("می\u200cروم") == "می\u200cروم"

    def test_what_is_no_text_is_empty(self) -> None:
        assert [clean(value) for value in (None, 3, "", " \n\x00\ud83d")] == ["", "", "", ""]


class CapTest(unittest.TestCase):
    def test_a_short_text_stays(self) -> None:
        assert cap("hola", 50) == "hola"

    def test_both_ends_of_a_long_text_stay(self) -> None:
        cut = cap("BEGIN" + "x" * 10_000 + "END", 600)
        assert len(cut) == 600
        assert cut.startswith("BEGIN")
        assert cut.endswith("END")


class WordsTest(unittest.TestCase):
    def test_letters_digits_and_pictograms_can_be_read_but_not_punctuation(self) -> None:
        assert [has_words(text) for text in ("a", "७", "救", "👍", "?!…", "")] == [True] * 4 + [False] * 2


class GuardTest(unittest.TestCase):
    def test_a_leading_slash_no_longer_leads(self) -> None:
        for text in ("/start", " /greet{}", "\x00/x", "//"):
            assert not ready(text).startswith("/"), text
            assert "/" in ready(text)

    def test_blank_texts_are_empty_and_long_ones_bounded(self) -> None:
        assert ready("\x00\u200b \n") == ""
        assert len(ready("x" * 100000)) <= MAX_CHARACTERS + 3
