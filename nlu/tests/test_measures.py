"""The evaluation's figures against values worked out by hand, and by scikit-learn."""

from __future__ import annotations

import math
import unittest

import numpy as np
from measures import average_precision, bootstrap, calibration_error, false_alarm_at, precision, recall
from sklearn.metrics import average_precision_score

TRUTH = np.array([True, True, True, False, False, False, False, False])
SCORES = np.array([0.9, 0.8, 0.2, 0.85, 0.3, 0.1, 0.1, 0.0])


class MeasuresTest(unittest.TestCase):
    def test_recall_and_precision(self) -> None:
        called = SCORES >= 0.5
        assert recall(called, TRUTH) == precision(called, TRUTH) == 2 / 3
        assert math.isnan(recall(called, np.zeros(8, dtype=bool)))
        assert math.isnan(precision(np.zeros(8, dtype=bool), TRUTH))

    def test_average_precision_is_scikit_learns_also_with_ties(self) -> None:
        random = np.random.default_rng(1)
        for decimals in (1, 6):
            scores, truth = np.round(random.random(500), decimals), random.random(500) < 0.3
            self.assertAlmostEqual(  # noqa: PT009  there is no pytest in this environment
                average_precision(scores, truth), average_precision_score(truth, scores)
            )

    def test_calibration_error(self) -> None:
        half = np.full(100, 0.5)
        assert calibration_error(half, np.arange(100) % 2 == 0) == 0.0
        assert calibration_error(half, np.ones(100, dtype=bool)) == 0.5

    def test_false_alarm_at_a_recall(self) -> None:
        assert false_alarm_at(SCORES, TRUTH, ~TRUTH, 0.97) == 2 / 5
        assert false_alarm_at(SCORES, TRUTH, ~TRUTH, 0.5) == 1 / 5

    def test_an_interval_holds_the_figure_and_narrows_with_more_messages(self) -> None:
        widths = []
        for number in (40, 4000):
            called = np.arange(number) % 4 != 0
            figure = bootstrap(lambda rows, called=called: float(called[rows].mean()), number)
            assert figure.least <= figure.value == 0.75 <= figure.most
            widths.append(figure.most - figure.least)
        assert widths[1] < widths[0] / 5


if __name__ == "__main__":
    unittest.main()
