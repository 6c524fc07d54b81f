"""Linear heads on the sentence vector: trained with scikit-learn, kept as plain arrays, run with numpy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

FOLDS = 5
SEED = 20
MOST_ITERATIONS = 2000


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


@dataclass
class SoftmaxHead:
    """Exclusive labels. `temperature` divides the scores so that the probabilities mean what they say."""

    labels: list[str]
    weights: np.ndarray
    bias: np.ndarray
    temperature: float = 1.0

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        return softmax((rows @ self.weights.T + self.bias) / self.temperature)

    @classmethod
    def fit(cls, rows: np.ndarray, answers: list[str], order: list[str]) -> SoftmaxHead:
        """Balanced logistic regression, its temperature chosen on held-out folds. `order`: the labels' order."""
        from sklearn.model_selection import StratifiedKFold

        known = [label for label in order if label in set(answers)]
        truth = np.array([known.index(answer) for answer in answers])
        held_out = np.zeros((len(truth), len(known)))
        for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(rows, truth):
            weights, bias = _regression(rows[train], truth[train])
            held_out[test] = rows[test] @ weights.T + bias
        weights, bias = _regression(rows, truth)
        return cls(known, weights, bias, _temperature(held_out, truth))

    def save(self, path: Path) -> None:
        np.savez(
            path, labels=np.array(self.labels), weights=self.weights, bias=self.bias, temperature=self.temperature
        )

    @classmethod
    def load(cls, path: Path) -> SoftmaxHead:
        with np.load(path, allow_pickle=False) as arrays:
            labels = [str(label) for label in arrays["labels"]]
            return cls(labels, arrays["weights"], arrays["bias"], float(arrays["temperature"]))


def _regression(rows: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=MOST_ITERATIONS, multi_class="multinomial")
    model.fit(rows, truth)
    if len(model.classes_) > 2:
        return model.coef_, model.intercept_
    # two classes come as one row of weights: give each its own
    return np.vstack([-model.coef_ / 2, model.coef_ / 2]), np.concatenate(
        [-model.intercept_ / 2, model.intercept_ / 2]
    )


def _temperature(scores: np.ndarray, truth: np.ndarray) -> float:
    """The one that makes the true answers of the held-out folds most likely."""

    def surprise(temperature: float) -> float:
        chances = softmax(scores / temperature)[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(chances, 1e-12)).mean())

    return float(min(np.geomspace(0.3, 4.0, 80), key=surprise))


@dataclass
class FlagsHead:
    """Labels that may hold together, each with its own yes or no."""

    labels: list[str]
    weights: np.ndarray
    bias: np.ndarray

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        if not self.labels:
            return np.zeros((len(rows), 0))
        return 1.0 / (1.0 + np.exp(-np.clip(rows @ self.weights.T + self.bias, -50, 50)))

    @classmethod
    def fit(cls, rows: np.ndarray, answers: list[frozenset[str]], at_least: int) -> FlagsHead:
        """One logistic regression for each flag that has `at_least` examples."""
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
