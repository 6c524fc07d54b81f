"""The heads: they learn, say calibrated probabilities, come back from disk the same, and train the same twice."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import numpy as np
from components.folds import by_meaning
from components.heads import FlagsHead, softmax
from components.kernel import Calibration, KernelHead
from components.ngrams import Letters, plain

LABELS = ["emergency", "urgent", "priority", "information"]
WORDS = ["encerrada golpes", "pasaporte deuda", "anuncio raro", "hola gracias"]


def clusters(
    seed: int, each: int = 40, spread: float = 0.6, words: bool = True
) -> tuple[np.ndarray, list[str], list[str]]:
    """Points around four directions that overlap, with texts, and their labels."""
    random = np.random.default_rng(seed)
    middles = np.eye(4, 12)
    rows = np.concatenate([middle + random.normal(0, spread / np.sqrt(12), (each, 12)) for middle in middles])
    texts = [word if words else "igual" for word in WORDS for _ in range(each)]
    return rows * 10, texts, [label for label in LABELS for _ in range(each)]


def fitted(
    rows: np.ndarray, texts: list[str], answers: list[str], groups: list[str] | None = None, letters: float = 0.5
) -> KernelHead:
    return KernelHead.fit(
        rows, texts, groups or ["es"] * len(texts), answers, LABELS, gamma=1.0, letters=letters, ridge=0.3
    )


class KernelHeadTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.head = fitted(*clusters(1))

    def chances(self, rows: np.ndarray, texts: list[str]) -> np.ndarray:
        return self.head.probabilities(rows, texts, ["es"] * len(texts))

    def test_it_learns(self) -> None:
        rows, texts, answers = clusters(2)
        chosen = [LABELS[number] for number in self.chances(rows, texts).argmax(axis=1)]
        assert np.mean([a == b for a, b in zip(chosen, answers, strict=True)]) > 0.9

    def test_words_decide_where_vectors_do_not(self) -> None:
        rows, texts, answers = clusters(3)
        rows = np.ones_like(rows)
        chosen = fitted(rows, texts, answers).probabilities(rows, texts, ["es"] * len(texts)).argmax(axis=1)
        assert [LABELS[number] for number in chosen] == answers

    def test_probabilities_mean_what_they_say(self) -> None:
        rows, texts, answers = clusters(3, each=400, spread=1.6, words=False)
        head = fitted(*clusters(4, each=80, spread=1.6, words=False))
        chances = head.probabilities(rows, texts, ["es"] * len(texts))
        np.testing.assert_allclose(chances.sum(axis=1), 1.0)
        right = chances.argmax(axis=1) == np.array([LABELS.index(answer) for answer in answers])
        assert abs(chances.max(axis=1).mean() - right.mean()) < 0.06

    def test_it_comes_back_from_disk_the_same(self) -> None:
        rows, texts, _ = clusters(5)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "head.npz"
            self.head.save(path)
            again = KernelHead.load(path)
        assert again.labels == LABELS
        groups = ["es", "xx"] * (len(texts) // 2)
        np.testing.assert_allclose(
            again.probabilities(rows, texts, groups), self.head.probabilities(rows, texts, groups), atol=1e-6
        )

    def test_training_twice_gives_the_same_bits(self) -> None:
        again = fitted(*clusters(1))
        for name in ("centres", "weights", "letter_weights"):
            np.testing.assert_array_equal(getattr(again, name), getattr(self.head, name))
        np.testing.assert_array_equal(again.calibration.weights, self.head.calibration.weights)

    def test_the_length_of_a_vector_says_nothing(self) -> None:
        rows, texts, _ = clusters(6)
        np.testing.assert_allclose(self.chances(rows, texts), self.chances(rows * 7, texts), atol=1e-5)


class CalibrationTest(unittest.TestCase):
    def test_what_is_unsure_stays_unsure_and_each_language_has_its_own_shift(self) -> None:
        random = np.random.default_rng(7)
        truth = random.integers(0, 3, 3000)
        groups = ["es" if number % 2 else "hi" for number in range(3000)]
        scores = 8.0 * (np.eye(3)[truth] + random.normal(0, 0.9, (3000, 3)))
        # in one language everything looks less dangerous than it is
        scores[np.array(groups) == "hi", 0] -= 6.0
        chances = Calibration.fit(scores, groups, truth).probabilities(scores, groups)
        for group in ("es", "hi"):
            of_group = np.array(groups) == group
            assert abs(chances[of_group, 0].mean() - (truth[of_group] == 0).mean()) < 0.02
        assert chances.max(axis=1).mean() < softmax(scores).max(axis=1).mean() - 0.05

    def test_a_language_it_never_met_is_judged_all_the_same(self) -> None:
        scores = np.eye(3)[np.arange(30) % 3]
        calibration = Calibration.fit(scores, ["es"] * 30, np.arange(30) % 3)
        assert calibration.probabilities(scores, ["??"] * 30).argmax(axis=1).tolist() == (np.arange(30) % 3).tolist()


class FoldsTest(unittest.TestCase):
    def test_paraphrases_are_on_one_side(self) -> None:
        random = np.random.default_rng(2)
        meanings = np.repeat(random.normal(0, 1, (60, 16)), 8, axis=0)
        rows = meanings + random.normal(0, 0.01, meanings.shape)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        folds = by_meaning(rows, np.repeat(np.arange(60) % 4, 8))
        together = np.mean([len(set(folds[begin : begin + 8])) == 1 for begin in range(0, 480, 8)])
        assert set(folds) == {0, 1, 2, 3, 4}
        assert together > 0.85


class LettersTest(unittest.TestCase):
    def test_accents_capitals_and_signs_make_no_difference(self) -> None:
        assert plain("¡AYÚDENME, están AQUÍ!") == plain("ayudenme estan aqui") == "ayudenme estan aqui"
        assert plain("हमें कमरे में") == "हमें कमरे में"

    def test_a_misspelt_word_is_near_and_rows_have_length_one(self) -> None:
        letters = Letters.fit(["encerrada en casa", "encerrado en casa", "enserrada en casa", "buenos dias"] * 3)
        rows = letters.rows(["encerrada en casa", "enserada en caza", "buenos dias", ""]).toarray()
        assert float(rows[0] @ rows[1]) > 2 * float(rows[0] @ rows[2])
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 1, 1, 0], atol=1e-5)


class FlagsHeadTest(unittest.TestCase):
    def test_flags_may_hold_together_and_rare_ones_are_not_learned(self) -> None:
        random = np.random.default_rng(1)
        rows = random.normal(0, 1, (200, 12)) * 10
        answers = [
            frozenset(flag for flag, holds in (("A", row[0] > 0), ("B", row[1] > 0)) if holds)
            | (frozenset({"RARE"}) if number < 3 else frozenset())
            for number, row in enumerate(rows)
        ]
        head = FlagsHead.fit(rows, answers, at_least=12)
        assert head.labels == ["A", "B"]
        both = head.probabilities(np.array([[30.0, 30.0, *[0.0] * 10]]))[0]
        neither = head.probabilities(np.array([[-30.0, -30.0, *[0.0] * 10]]))[0]
        assert (both > 0.9).all()
        assert (neither < 0.1).all()

    def test_no_flag_at_all_is_no_error(self) -> None:
        head = FlagsHead.fit(np.ones((5, 3)), [frozenset()] * 5, at_least=1)
        assert head.probabilities(np.ones((2, 3))).shape == (2, 0)


class SoftmaxTest(unittest.TestCase):
    def test_large_scores_do_not_overflow(self) -> None:
        np.testing.assert_allclose(softmax(np.array([[1e6, 0.0], [-1e6, -1e6]])), [[1, 0], [0.5, 0.5]])


if __name__ == "__main__":
    unittest.main()
