"""The fast encoder gives the library's vectors, and whatever goes wrong with it costs speed and nothing else."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import unicodedata
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import yaml
from components.e5.fast import Fast
from components.e5.tokens import Tokens
from components.e5.weights import Weights, WeightsError
from components.encoder import ALIKE, SWITCH, Encoder, Remembered, Stock
from components.text import fold

PROJECT = Path(__file__).resolve().parents[1]
ODD = [
    "no",
    "?!?!",
    "🆘🆘 ayuda 😭",
    "t e n g o m i e d o",
    "<s> </s> <pad> <unk> ▁▁ x ▁y",
    "ሰላም ᏣᎳᎩ தமிழ் ไทยครับ မြန်မာ",
    "cafe\u0301 ñandu\u0301 ½ ǆ",
    "𝓗𝓮𝓵𝓹 𝖒𝖊",
    "x" * 300,
    "救命" * 200,
]
WEIGHTS = Weights()
TOKENS = Tokens(WEIGHTS.vocabulary)
FAST = Fast(1)
STOCK = Stock(1)


def written() -> list[str]:
    """Every text of the data, in an order of chance that is always the same."""
    texts = []
    for path in sorted((PROJECT / "data").rglob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            examples = group.get("examples", [])
            if isinstance(examples, list):
                texts += [fold(example["text"], 600) for example in examples]
    random.Random(20261123).shuffle(texts)
    return texts


class CountTest(unittest.TestCase):
    """The library tells how many tokens it makes, not which; their vectors below tell that they are the same."""

    def test_as_many_tokens_as_the_library(self) -> None:
        chance = random.Random(7)
        characters = [c for c in map(chr, range(0x20, 0x2FA20)) if unicodedata.category(c)[0] in "LNPSZ"]
        noise = ["".join(chance.choices(characters, k=30)) for _ in range(300)]
        texts = [fold(text, 600) for text in ODD + written()[:1000] + noise]
        count = STOCK._library.token_count
        differ = [text for text in texts if len(TOKENS.split(text)) + 2 != count(text, is_query=True)]
        assert differ == []

    def test_characters_that_the_vocabulary_lacks_are_unknown_one_by_one(self) -> None:
        unknown = WEIGHTS.vocabulary.unknown
        assert TOKENS.split("ᏣᎳᎩ")[-3:] == [unknown] * 3


class VectorsTest(unittest.TestCase):
    def test_they_are_the_librarys(self) -> None:
        texts = [fold(text, 600) for text in ODD] + written()[:240]
        cosines = (FAST.vectors(texts) * STOCK.vectors(texts)).sum(axis=1)
        assert float(cosines.min()) > 0.9997, texts[int(cosines.argmin())]
        assert float(cosines.mean()) > 0.9999

    def test_a_text_longer_than_the_network_reads_is_seen_to_its_end(self) -> None:
        long = " ".join(written()[:40])
        assert len(TOKENS.split(long)) > WEIGHTS.shape.positions
        ends = [f"{long} {end}" for end in ("hola, una pregunta", "me van a matar, vengan ya")]
        rows = FAST.vectors(ends)
        assert float((rows * STOCK.vectors(ends)).sum(axis=1).min()) > 0.9997
        assert float(np.abs(rows[0] - rows[1]).max()) > 1e-4

    def test_neighbours_in_a_batch_change_nothing(self) -> None:
        texts = [*ODD, *written()[:60]]
        together = FAST.vectors(texts)
        alone = np.concatenate([FAST.vectors([text]) for text in texts])
        assert float((together * alone).sum(axis=1).min()) > 0.99999

    def test_twice_is_the_same_to_the_bit(self) -> None:
        texts = written()[:40]
        np.testing.assert_array_equal(FAST.vectors(texts), FAST.vectors(texts))

    def test_other_weights_are_refused(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"E5S1 other weights")
            file.flush()
            with self.assertRaises(WeightsError) as raised:  # noqa: PT027  there is no pytest in Rasa's environment
                Weights(Path(file.name))
        assert "not the weights" in str(raised.exception)


class FallBackTest(unittest.TestCase):
    """Each of these must answer with the library's own vectors and say once that it does."""

    TEXT = "me tienen encerrada en una casa"

    def fallen(self, encoder: Encoder) -> None:
        np.testing.assert_allclose(encoder.encode([self.TEXT]), STOCK.vectors([self.TEXT]), atol=1e-5)
        assert encoder.engine == "stock"

    def test_without_onnx_runtime(self) -> None:
        with mock.patch.dict(sys.modules, {"onnxruntime": None}), self.assertLogs("components.encoder") as logs:
            encoder = Encoder()
            self.fallen(encoder)
        assert len(logs.output) == 1
        assert "onnxruntime" in logs.output[0]

    def test_when_this_processor_calculates_something_else(self) -> None:
        wrong = mock.patch.object(Fast, "vectors", lambda _, texts: STOCK.vectors(texts[::-1]))
        with wrong, self.assertLogs("components.encoder") as logs:
            encoder = Encoder()
        self.fallen(encoder)
        assert len(logs.output) == 1
        assert str(ALIKE) in logs.output[0]

    def test_when_it_fails_while_running_and_without_the_text_in_the_log(self) -> None:
        encoder = Encoder()
        assert encoder.engine == "fast"
        failing = mock.patch.object(Fast, "vectors", side_effect=RuntimeError(f"cannot run on {self.TEXT}"))
        with failing, self.assertLogs("components.encoder") as logs:
            self.fallen(encoder)
            encoder.encode(["otra cosa"])
        assert len(logs.output) == 1
        assert "RuntimeError" in logs.output[0]
        assert self.TEXT not in logs.output[0]

    def test_when_a_vector_is_not_finite(self) -> None:
        encoder = Encoder()
        broken = mock.patch.object(Fast, "vectors", lambda _, texts: np.full((len(texts), 384), np.nan, np.float32))
        with broken, self.assertLogs("components.encoder") as logs:
            self.fallen(encoder)
        assert len(logs.output) == 1

    def test_when_it_is_switched_off_nothing_is_said(self) -> None:
        with mock.patch.dict(os.environ, {SWITCH: "stock"}), self.assertNoLogs("components.encoder"):
            self.fallen(Encoder())

    def test_the_library_never_gets_characters_that_become_many(self) -> None:
        library = mock.Mock()
        library.query.side_effect = lambda texts: np.zeros((len(texts), 384), np.float32)
        with mock.patch.object(STOCK, "_library", library):
            STOCK.vectors(["\ufdfa" * 100])
        (text,) = library.query.call_args.args[0]
        assert "\ufdfa" not in text


class RememberedTest(unittest.TestCase):
    def test_a_text_that_comes_again_is_not_calculated_again(self) -> None:
        encoder = Encoder()
        first = encoder.encode(["hola", "ayuda", "hola"])
        np.testing.assert_array_equal(first[0], first[2])
        with mock.patch.object(Fast, "vectors", side_effect=AssertionError("calculated")):
            np.testing.assert_array_equal(encoder.encode(["ayuda", "hola"]), first[[1, 0]])

    def test_what_a_caller_does_to_its_rows_stays_with_it(self) -> None:
        encoder = Encoder()
        first = encoder.encode(["hola"])
        kept = first.copy()
        first *= 0
        np.testing.assert_array_equal(encoder.encode(["hola"]), kept)

    def test_bounded_and_the_oldest_goes_first(self) -> None:
        remembered = Remembered(2)
        for text in ("a", "b", "a", "c"):
            if remembered.get(remembered.key(text)) is None:
                remembered.put(remembered.key(text), text, np.zeros(3))
        assert len(remembered) == 2
        assert [remembered.get(remembered.key(text)) is not None for text in "abc"] == [True, False, True]

    def test_stories_and_texts_themselves_are_not_kept(self) -> None:
        remembered = Remembered(2)
        story = "me tienen encerrada " * 10
        remembered.put(remembered.key(story), story, np.zeros(3))
        assert len(remembered) == 0
        remembered.put(remembered.key("hola"), "hola", np.zeros(3))
        assert "hola" not in repr(vars(remembered))
        assert remembered.key("hola") != Remembered(2).key("hola")


if __name__ == "__main__":
    unittest.main()
