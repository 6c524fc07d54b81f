"""A long text in parts, each about as long as the messages that the model learned from."""

from __future__ import annotations

import re
from itertools import pairwise

LONG = 140
"""Characters up to which a text is judged as a whole only; a Chinese character counts as two."""
MOST = 12
WORDS, STEP = 24, 14
_ENDS = re.compile(r"[.!?\u2026\n\u3002\uff01\uff1f\u061f\u06d4\u0964;]+")
_WIDE = re.compile(r"[\u3400-\u9fff]")


def length(text: str) -> int:
    return len(text) + len(_WIDE.findall(text))


def windows(text: str) -> list[str]:
    """Overlapping parts of a long text, at most `MOST`, the first and the last always among them; else none.

    Sentences where there are any; dictated text has none and is cut by words, Chinese by characters.
    """
    if length(text) <= LONG:
        return []
    parts = [piece for sentence in _ENDS.split(text) if sentence.strip() for piece in _pieces(sentence.strip())]
    if len(parts) < 2:
        return []
    # two sentences together: the second often says what the first is about
    paired = [f"{one}. {two}" for one, two in pairwise(parts) if length(one) + length(two) <= LONG]
    found = parts + paired
    if len(found) <= MOST:
        return found
    keep = {round(place * (len(found) - 1) / (MOST - 1)) for place in range(MOST)}
    return [found[place] for place in sorted(keep)]


def _pieces(sentence: str) -> list[str]:
    if length(sentence) <= LONG:
        return [sentence]
    if _WIDE.search(sentence):
        return [sentence[begin : begin + LONG // 3] for begin in range(0, len(sentence), LONG // 4)]
    words = sentence.split()
    return [" ".join(words[begin : begin + WORDS]) for begin in range(0, max(1, len(words) - WORDS + STEP), STEP)]
