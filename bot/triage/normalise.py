"""Text as hazard expressions see it: one way of spelling for the many ways in which people (and evaders) type.

Lower case without accents; invisible and bidirectional characters gone; look-alike letters, leetspeak, stretched and
spaced-out words undone. The result is a line of words separated by single spaces in which `.` ends a sentence
and `,` a clause. Each step reads the text once, so that time grows with its length and no faster.
"""

from __future__ import annotations

import re
import unicodedata

MAX_CHARACTERS = 4096
"""More than any channel delivers in one message; the first and the last half of a longer text are read."""

_CYRILLIC_AND_GREEK = str.maketrans("аеорсухіјѕԁαορνικτευ", "aeopcyxijsdaopvikteu")
_LEET = str.maketrans("013457@$", "oieastas")
_CLAUSE = frozenset(',;:()[]{}"«»“”–—/|')
_SENTENCE = frozenset(".!?¡¿…\n\r。！？؟।")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_TRAILING = re.compile(r"([aiu])\1\b")
_SPELT = re.compile(r"(?<!\w)(?:[^\W\d_][ .\-_*·]){2,}[^\W\d_](?!\w)")
_SEPARATORS = re.compile(r"[ .\-_*·]")
_MIXED = re.compile(r"\w*[@$\d]\w*[@$\w]*")
_COUNTED = re.compile(r"\d\d[a-z]{2,}")
"""A number written together with its unit: 14anos."""
_SIGNS = {"🆘": " sos "}


def normalise(text: str) -> str:
    """`text` in its plain form, beginning and ending with a space. Never raises; linear in the length."""
    if len(text) > MAX_CHARACTERS:
        half = MAX_CHARACTERS // 2
        text = f"{text[:half]}\n{text[-half:]}"
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    # one character may become eighteen
    plain = unicodedata.normalize("NFKD", text).casefold()[: 2 * MAX_CHARACTERS]
    letters = "".join(_character(c) for c in plain)
    letters = _SPELT.sub(lambda match: _SEPARATORS.sub("", match[0]), letters)
    words = " ".join(_word(word) for word in letters.split(" ") if word)
    words = _TRAILING.sub(r"\1", _STRETCHED.sub(r"\1", words))
    marked = "".join(_boundary(c) for c in words)
    return f" {' '.join(marked.split())} "


def _character(c: str) -> str:
    if "\u0300" <= c <= "\u036f":
        return ""  # an accent, split off by NFKD; marks of other scripts are letters and stay
    category = unicodedata.category(c)
    if category in {"Cf", "Cs"}:
        return ""  # zero-width, bidirectional, lone surrogates
    if c in "\n\r":
        return " \n "
    if category in {"Cc", "Zs", "Zl", "Zp"}:
        return " "
    if c in "'’‘`´":
        return ""  # can't, ’cause
    return c


def _word(word: str) -> str:
    """Look-alikes and leetspeak undone, only in words that mix them with Latin letters (`104` stays a number)."""
    if word.isascii() and word.isalpha():
        return word
    if _COUNTED.fullmatch(word):
        return f"{word[:2]} {word[2:]}"
    if any("a" <= c <= "z" for c in word):
        word = word.translate(_CYRILLIC_AND_GREEK)
        return _MIXED.sub(lambda match: match[0].translate(_LEET) if _mostly_letters(match[0]) else match[0], word)
    return word


def _mostly_letters(word: str) -> bool:
    letters = sum(c.isalpha() for c in word)
    return letters >= 1 and letters * 2 >= len(word) - 1


def _boundary(c: str) -> str:
    if c in _SENTENCE:
        return " . "
    if c in _CLAUSE:
        return " , "
    return c if c.isalnum() or c == " " or unicodedata.category(c).startswith("M") else " "
