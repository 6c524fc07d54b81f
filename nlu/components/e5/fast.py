"""The encoder on ONNX Runtime: the graph, made in memory in a moment, and batches of texts of like length."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from components.e5 import graph
from components.e5.tokens import Tokens
from components.e5.weights import Weights

MOST_TOKENS = 256
"""Of a run: more would not stay in the processor's cache."""
PADDING = 2.0
"""How many times longer than the shortest text of a run the longest may be: the others are padded for attention."""


class Fast:
    """Vectors from ONNX Runtime. Raises ImportError without it, WeightsError, and what it raises itself."""

    def __init__(self, threads: int = 1) -> None:
        import onnxruntime

        self._weights = Weights()
        self._tokens = Tokens(self._weights.vocabulary)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # waiting threads would otherwise burn the processor that the other processes need
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            graph.build(self._weights), options, providers=["CPUExecutionProvider"]
        )

    def vectors(self, texts: list[str]) -> np.ndarray:
        """One row of length 1 for each text. A text longer than the network reads is its windows' weighted mean."""
        width, vocabulary = self._weights.shape.width, self._weights.vocabulary
        room = self._weights.shape.positions - 2
        windows: list[tuple[int, list[int]]] = []
        for number, text in enumerate(texts):
            pieces = self._tokens.split(text)
            for begin in range(0, len(pieces), room):
                part = pieces[begin : begin + room]
                windows.append((number, [vocabulary.begin, *part, vocabulary.end]))
        windows.sort(key=lambda window: len(window[1]))
        sums = np.zeros((len(texts), width), dtype=np.float32)
        for run in _runs([window for _, window in windows]):
            means = self._means([window for _, window in windows[run]])
            for (number, window), mean in zip(windows[run], means, strict=True):
                sums[number] += mean * np.float32(len(window) - 2)
        return sums / np.linalg.norm(sums, axis=1, keepdims=True)

    def _means(self, windows: list[list[int]]) -> np.ndarray:
        """The mean of each window's token vectors."""
        lengths = np.array([len(window) for window in windows])
        ends = lengths.cumsum()
        begins = ends - lengths
        positions = np.arange(ends[-1]) - begins.repeat(lengths)
        column = np.arange(lengths.max())
        real = column < lengths[:, np.newaxis]
        numbers = np.array([number for window in windows for number in window])
        inputs = {
            "tokens": graph.embedded(self._weights, numbers, positions),
            "place": np.where(real, begins[:, np.newaxis] + column, begins[:, np.newaxis]),
            "real": real.astype(np.int32),
            "back": np.flatnonzero(real),
        }
        (rows,) = self._session.run(None, inputs)
        return np.add.reduceat(rows, begins, axis=0) / lengths[:, np.newaxis].astype(np.float32)


def _runs(windows: list[list[int]]) -> Iterator[slice]:
    """Slices of `windows`, which are sorted by length: like lengths together, at most `MOST_TOKENS` in all."""
    begin = total = 0
    for number, window in enumerate(windows):
        if number > begin and (total + len(window) > MOST_TOKENS or len(window) > PADDING * len(windows[begin])):
            yield slice(begin, number)
            begin, total = number, 0
        total += len(window)
    if windows:
        yield slice(begin, len(windows))
