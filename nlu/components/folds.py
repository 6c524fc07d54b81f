"""Folds of the examples by meaning: whatever says the same thing is on one side, in whatever language it is said."""

from __future__ import annotations

import numpy as np

FOLDS = 5
SEED = 20
EXAMPLES_PER_MEANING = 8


def by_meaning(rows: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The fold, 0 to `FOLDS` - 1, of each example.

    Random folds put one of two paraphrases into the part that is learned from and the other into the part that is
    judged, which makes every judgement look better than it will be. So examples whose vectors are close are kept
    together.
    """
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    meanings = max(2 * FOLDS, len(rows) // EXAMPLES_PER_MEANING)
    groups = MiniBatchKMeans(
        min(meanings, len(rows)), random_state=SEED, n_init=1, batch_size=2048, max_iter=20
    ).fit_predict(rows)
    folds = np.zeros(len(rows), dtype=int)
    # so few meanings cannot be divided
    kind = StratifiedGroupKFold if len(set(groups)) >= 2 * FOLDS else StratifiedKFold
    splitter = kind(FOLDS, shuffle=True, random_state=SEED)
    for number, (_, held_out) in enumerate(splitter.split(rows, truth, groups)):
        folds[held_out] = number
    return folds
