"""What every component does to a text before looking at it."""

from __future__ import annotations

import unicodedata

ELLIPSIS = " … "


def clean(text: object) -> str:
    """`text` without control, format and lone surrogate characters, in one line. The encoder stops at a NUL."""
    if not isinstance(text, str):
        return ""
    # joiners shape Persian and Hindi words; other format characters (bidirectional, zero-width) only hide
    kept = (c if unicodedata.category(c) not in {"Cc", "Cf", "Cs"} or c in "\u200c\u200d" else " " for c in text)
    return " ".join("".join(kept).split())


def cap(text: str, most: int) -> str:
    """At most `most` characters: the first two thirds and the last third, for people begin and end with what matters.

    The encoder's time grows with the length; without a cap one message could occupy it for seconds.
    """
    if len(text) <= most:
        return text
    tail = most // 3
    head = most - tail - len(ELLIPSIS)
    return text[:head] + ELLIPSIS + text[-tail:]


def fold(text: object, most: int) -> str:
    """`text` as the encoder may have it: clean, at most `most` characters, in Unicode's compatibility form (NFKC).

    The encoder normalises by itself, but into a buffer that is too small for characters that become many (one of
    them becomes eighteen): it then writes beyond it. What is in that form already does not grow.
    """
    return cap(unicodedata.normalize("NFKC", cap(clean(text), most)), most)


def has_words(text: str) -> bool:
    """Whether there is anything to read: a letter or a digit of any script, or a pictogram."""
    return any(unicodedata.category(c)[0] in "LN" or unicodedata.category(c) == "So" for c in text)
