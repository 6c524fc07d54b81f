"""The heads: they learn, say calibrated probabilities, come back from disk the same, and train the same twice."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import numpy as np
from components.heads import FlagsHead, KernelHead, softmax

LABELS = ["emergency", "urgent", "priority", "information"]


def clusters(seed: int, each: int = 40, spread: float = 0.6) -> tuple[np.ndarray, list[str]]:
    """Points around four directions that overlap."""
    random = np.random.default_rng(seed)
    middles = np.eye(4, 12)
    rows = np.concatenate([middle + random.normal(0, spread / np.sqrt(12), (each, 12)) for middle in middles])
    return rows * 10, [label for label in LABELS for _ in range(each)]


class KernelHeadTest(unittest.TestCase):
    def setUp(self) -> None:
        rows, answers = clusters(1)
        self.head = KernelHead.fit(rows, answers, LABELS, gamma=1.0, strength=10.0)

    def test_it_learns(self) -> None:
        rows, answers = clusters(2)
        chosen = [LABELS[number] for number in self.head.probabilities(rows).argmax(axis=1)]
        right = np.mean([a == b for a, b in zip(chosen, answers, strict=True)])
        assert right > 0.9

    def test_probabilities_mean_what_they_say(self) -> None:
        rows, answers = clusters(3, each=400, spread=1.6)
        train, trained = clusters(4, each=80, spread=1.6)
        head = KernelHead.fit(train, trained, LABELS, gamma=1.0, strength=10.0)
        chances = head.probabilities(rows)
        np.testing.assert_allclose(chances.sum(axis=1), 1.0)
        right = chances.argmax(axis=1) == np.array([LABELS.index(answer) for answer in answers])
        assert abs(chances.max(axis=1).mean() - right.mean()) < 0.06

    def test_it_comes_back_from_disk_the_same(self) -> None:
        rows, _ = clusters(5)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "head.npz"
            self.head.save(path)
            again = KernelHead.load(path)
        assert again.labels == LABELS
        np.testing.assert_allclose(again.probabilities(rows), self.head.probabilities(rows), atol=1e-4)

    def test_training_twice_gives_the_same_bits(self) -> None:
        rows, answers = clusters(1)
        again = KernelHead.fit(rows, answers, LABELS, gamma=1.0, strength=10.0)
        for name in ("centres", "weights", "bias", "temperature"):
            np.testing.assert_array_equal(getattr(again, name), getattr(self.head, name))

    def test_the_length_of_a_vector_says_nothing(self) -> None:
        rows, _ = clusters(6)
        np.testing.assert_allclose(self.head.probabilities(rows), self.head.probabilities(rows * 7), atol=1e-9)


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
