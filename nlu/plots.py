"""The evaluation's plots as small SVG files: precision by recall for each language, and calibration."""

from __future__ import annotations

from pathlib import Path

import numpy as np

Curves = dict[str, tuple[np.ndarray, np.ndarray]]
"""By language: the probabilities of `emergency`, and whether it is one."""


def draw(curves: Curves, folder: Path) -> list[str]:
    """Writes the files; returns their names."""
    import matplotlib

    matplotlib.use("svg")
    # no date and no random ids: the same figures give the same file
    matplotlib.rcParams["svg.hashsalt"] = "amparo"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4.5))
    for language, (scores, truth) in curves.items():
        order = np.argsort(-scores, kind="stable")
        hits = np.cumsum(truth[order])
        axes.plot(hits / truth.sum(), hits / np.arange(1, len(hits) + 1), label=language, linewidth=1)
    axes.set(xlabel="recall of emergency", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.03))
    axes.legend(fontsize=8)
    figure.savefig(folder / "triage-precision-recall.svg", metadata={"Date": None})
    pyplot.close(figure)

    figure, axes = pyplot.subplots(figsize=(4.5, 4.5))
    scores = np.concatenate([scores for scores, _ in curves.values()])
    truth = np.concatenate([truth for _, truth in curves.values()])
    bins = np.minimum((scores * 10).astype(int), 9)
    filled = [number for number in range(10) if (bins == number).any()]
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    axes.plot(
        [scores[bins == number].mean() for number in filled],
        [truth[bins == number].mean() for number in filled],
        marker="o",
        linewidth=1,
    )
    axes.set(xlabel="probability of emergency as said", ylabel="share that is one", xlim=(0, 1), ylim=(0, 1))
    figure.savefig(folder / "triage-calibration.svg", metadata={"Date": None})
    pyplot.close(figure)
    return ["triage-precision-recall.svg", "triage-calibration.svg"]
