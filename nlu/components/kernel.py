"""Exclusive labels by how close a text is to each example: the head that judges urgency and intent.

A ridge regression with the sum of two kernels, the closeness of the sentence vectors and that of the groups of
letters. It is solved in closed form, so that training is the same to the bit, and five more solutions on held-out
folds, which the calibration needs, cost seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from components.folds import FOLDS, by_meaning
from components.heads import softmax, unit
from components.ngrams import Letters

BLOCK = 256


def closeness(rows: np.ndarray, centres: np.ndarray, gamma: float) -> np.ndarray:
    """The radial kernel of unit rows: 1 where they are the same, falling with their distance."""
    near = np.maximum(np.float32(0), 1 - rows @ centres.T)
    near *= np.float32(-2 * gamma)
    return np.exp(near, out=near)


@dataclass
class Calibration:
    """Scores into probabilities that mean what they say, with a shift of its own for each group (a language)."""

    groups: list[str] = field(default_factory=list)
    weights: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    bias: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def fit(cls, scores: np.ndarray, groups: list[str], truth: np.ndarray) -> Calibration:
        """Learned from scores of examples that the head had not seen."""
        from sklearn.linear_model import LogisticRegression

        known = sorted(set(groups))
        model = LogisticRegression(C=1.0, max_iter=3000, multi_class="multinomial")
        model.fit(_columns(scores, groups, known), truth)
        return cls(known, model.coef_.T, model.intercept_)

    def probabilities(self, scores: np.ndarray, groups: list[str]) -> np.ndarray:
        return softmax(_columns(scores, groups, self.groups) @ self.weights + self.bias)


def _columns(scores: np.ndarray, groups: list[str], known: list[str]) -> np.ndarray:
    belongs = np.array([[group == name for name in known] for group in groups], dtype=float)
    return np.hstack([scores, belongs.reshape(len(scores), len(known))])


@dataclass
class KernelHead:
    """`gamma`: how quickly closeness falls with distance; `letters`: how much groups of letters count beside it."""

    labels: list[str]
    gamma: float
    centres: np.ndarray
    weights: np.ndarray
    letters: Letters
    letter_weights: np.ndarray
    calibration: Calibration = field(default_factory=Calibration)

    def scores(self, rows: np.ndarray, texts: list[str]) -> np.ndarray:
        near = closeness(unit(rows).astype(np.float32), self.centres, self.gamma) @ self.weights
        return np.asarray(near + self.letters.rows(texts) @ self.letter_weights, dtype=float)

    def probabilities(self, rows: np.ndarray, texts: list[str], groups: list[str]) -> np.ndarray:
        """One row for each text, in the order of `labels`. `groups`: the language of each, as it was detected."""
        return self.calibration.probabilities(self.scores(rows, texts), groups)

    @classmethod
    def fit(
        cls,
        rows: np.ndarray,
        texts: list[str],
        groups: list[str],
        answers: list[str],
        order: list[str],
        *,
        gamma: float,
        letters: float,
        ridge: float,
    ) -> KernelHead:
        """Train, and calibrate on folds by meaning. `order`: the labels; `ridge`: how little one example counts."""
        known = [label for label in order if label in set(answers)]
        if len(known) < 3:
            raise ValueError("a KernelHead needs examples of at least three labels")
        truth = np.array([known.index(answer) for answer in answers])
        centres = unit(rows).astype(np.float32)
        groups_of_letters = Letters.fit(texts)
        sparse = groups_of_letters.rows(texts)
        kernel = closeness(centres, centres, gamma)
        _add_products(kernel, sparse, letters)
        # each label counts as much as any other, however many examples it has
        counts = np.bincount(truth, minlength=len(known))
        lightness = ridge * (len(known) * counts / len(truth))[truth]
        wanted = 2 * np.eye(len(known), dtype=np.float32)[truth] - 1

        folds = by_meaning(centres, truth)
        held_out = np.zeros((len(truth), len(known)))
        for number in range(FOLDS):
            train, test = np.flatnonzero(folds != number), np.flatnonzero(folds == number)
            solved = _solve(kernel[np.ix_(train, train)], lightness[train], wanted[train])
            held_out[test] = kernel[np.ix_(test, train)] @ solved
        solved = _solve(kernel, lightness, wanted)
        return cls(
            known,
            gamma,
            centres,
            solved,
            groups_of_letters,
            np.asarray(letters * (sparse.T @ solved), dtype=np.float32),
            Calibration.fit(held_out, groups, truth),
        )

    def save(self, path: Path) -> None:
        np.savez_compressed(
            path,
            labels=np.array(self.labels, dtype=np.str_),
            gamma=self.gamma,
            centres=self.centres,
            weights=self.weights,
            rarity=self.letters.rarity,
            letter_weights=self.letter_weights,
            groups=np.array(self.calibration.groups, dtype=np.str_),
            group_weights=self.calibration.weights,
            group_bias=self.calibration.bias,
        )

    @classmethod
    def load(cls, path: Path) -> KernelHead:
        with np.load(path, allow_pickle=False) as arrays:
            return cls(
                [str(label) for label in arrays["labels"]],
                float(arrays["gamma"]),
                arrays["centres"],
                arrays["weights"],
                Letters(arrays["rarity"]),
                arrays["letter_weights"],
                Calibration([str(name) for name in arrays["groups"]], arrays["group_weights"], arrays["group_bias"]),
            )


def _add_products(kernel: np.ndarray, sparse: csr_matrix, share: float) -> None:
    """Adds `share` times the products of all pairs of rows, a block at a time for memory's sake."""
    turned = sparse.T.tocsc()
    for begin in range(0, len(kernel), BLOCK):
        kernel[begin : begin + BLOCK] += np.float32(share) * (sparse[begin : begin + BLOCK] @ turned).toarray()


def _solve(kernel: np.ndarray, lightness: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Weights of the examples. `kernel` is overwritten when it is a copy; symmetric and positive."""
    from scipy.linalg import cho_factor, cho_solve

    square = kernel.copy()
    square[np.diag_indices(len(square))] += lightness.astype(np.float32)
    return np.asarray(cho_solve(cho_factor(square, overwrite_a=True, check_finite=False), wanted), dtype=np.float32)
