"""What the heads share, and the one for flags: trained with scikit-learn, kept as plain arrays, run with numpy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

MOST_ITERATIONS = 3000


def features(messages: list[Message]) -> np.ndarray | None:
    """The messages' sentence vectors, or None when the pipeline made none for them."""
    rows = []
    for message in messages:
        _, sentence = message.get_dense_features(TEXT, [])
        if sentence is None:
            return None
        rows.append(np.asarray(sentence.features[-1], dtype=np.float64))
    return np.stack(rows)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Row by row, without overflow."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1; a row of zeros stays."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


@dataclass
class FlagsHead:
    """Labels that may hold together, each with its own yes or no: one logistic regression for each."""

    labels: list[str]
    weights: np.ndarray
    bias: np.ndarray

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        if not self.labels:
            return np.zeros((len(rows), 0))
        return 1.0 / (1.0 + np.exp(-np.clip(rows @ self.weights.T + self.bias, -50, 50)))

    @classmethod
    def fit(cls, rows: np.ndarray, answers: list[frozenset[str]], at_least: int) -> FlagsHead:
        """Train for each flag that has `at_least` examples."""
        from sklearn.linear_model import LogisticRegression

        flags = sorted(frozenset().union(*answers))
        labels = [flag for flag in flags if sum(flag in answer for answer in answers) >= at_least]
        weights, bias = np.zeros((len(labels), rows.shape[1])), np.zeros(len(labels))
        for number, flag in enumerate(labels):
            model = LogisticRegression(C=1.0, max_iter=MOST_ITERATIONS)
            model.fit(rows, np.array([flag in answer for answer in answers]))
            weights[number], bias[number] = model.coef_[0], model.intercept_[0]
        return cls(labels, weights, bias)

    def save(self, path: Path) -> None:
        np.savez(path, labels=np.array(self.labels, dtype=np.str_), weights=self.weights, bias=self.bias)

    @classmethod
    def load(cls, path: Path) -> FlagsHead:
        with np.load(path, allow_pickle=False) as arrays:
            return cls([str(label) for label in arrays["labels"]], arrays["weights"], arrays["bias"])
