"""The figures of the evaluation, from plain arrays. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RESAMPLES = 400
SEED = 11
BINS = 10


def recall(called: np.ndarray, truth: np.ndarray) -> float:
    """The share of what is true that was called; NaN when nothing is true."""
    return float(called[truth].mean()) if truth.any() else float("nan")


def precision(called: np.ndarray, truth: np.ndarray) -> float:
    """The share of what was called that is true; NaN when nothing was called."""
    return float(truth[called].mean()) if called.any() else float("nan")


def average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """The area under precision by recall, as steps; NaN when nothing is true. Ties count as one step."""
    if not truth.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(truth[order])
    last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    hits, called = hits[last_of_tie], (np.arange(len(scores)) + 1)[last_of_tie]
    return float((np.diff(hits, prepend=0) * hits / called).sum() / truth.sum())


def calibration_error(scores: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error in bins of equal width: how far a probability is from what happens, on average."""
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    gaps = [
        abs(scores[bins == number].mean() - truth[bins == number].mean()) * (bins == number).mean()
        for number in range(BINS)
        if (bins == number).any()
    ]
    return float(sum(gaps))


def false_alarm_at(scores: np.ndarray, truth: np.ndarray, low: np.ndarray, wanted: float) -> float:
    """The false alarm on `low` at the highest threshold that finds `wanted` of what is true, known afterwards."""
    ordered = np.sort(scores[truth])
    threshold = ordered[int(np.floor((1 - wanted) * len(ordered)))]
    return recall(scores >= threshold, low)


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval."""

    value: float
    least: float
    most: float

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "–"
        return f"{self.value:.3f} ({self.least:.2f}–{self.most:.2f})"


def bootstrap(figure: Callable[[np.ndarray], float], number: int) -> Figure:
    """`figure` of all rows, with the interval over resamples of the rows. It is given the numbers of rows."""
    random = np.random.default_rng(SEED)
    values = [figure(random.integers(0, number, number)) for _ in range(RESAMPLES)]
    known = [value for value in values if not np.isnan(value)]
    if not known:
        return Figure(float("nan"), float("nan"), float("nan"))
    least, most = np.percentile(known, [2.5, 97.5])
    return Figure(figure(np.arange(number)), float(least), float(most))
