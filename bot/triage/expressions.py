"""The little language of hazard expressions, and its matcher. It cannot be made slow: there is no unbounded repeat.

An expression is a row of elements separated by spaces, matched against normalised words of one clause:

- `word`, or `a|b|c` for any of these; `mat*` for any word that begins so; `van_a` for words that belong together
- `element?` for one that may be missing (never the first)
- `..` for up to three words in between, `...` for up to six; a negation among them undoes the match
- each Chinese character is a word, as it is in a normalised line: `被关` is `被_关`, and gaps count characters
- before an Arabic word its "and" (و), which is written together with it, may stand: `قال` finds `وقال`
- `~` for up to six words, negations or not: "si no pago me matan"
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

T = TypeVar("T")

GAPS = {"..": 3, "...": 6, "~": 6}
_HAN = r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
_BESIDE_HAN = re.compile(rf"(?<={_HAN})(?=[^\W_])|(?<=[^\W_])(?={_HAN})")
_LETTER = r"(?:[^\W_]|[\u0900-\u0963])"
"""To `re` the vowel signs of Devanagari are no letters."""
_ALTERNATIVE = re.compile(rf"{_LETTER}+(?:_{_LETTER}+)*\*?")
_ARABIC = re.compile("[\u0621-\u064a]")
_AND = "\u0648"


class ExpressionError(ValueError):
    """An expression cannot be read; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that was read: `pattern` is tried at the beginning of a word; gaps are its groups."""

    source: str
    regex: str
    starts: tuple[str, ...]

    @property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when a text first has a word that it begins with: all of them would make a start slow."""
        return _pattern(self.regex)


@cache
def _pattern(regex: str) -> re.Pattern[str]:
    return re.compile(regex)


def compile_expression(source: str) -> Expression:
    """Compile. Raises `ExpressionError` naming the expression and what is wrong with it."""
    elements = source.split()
    if not elements or elements[0] in GAPS or elements[0].endswith("?") or elements[-1] in GAPS:
        raise ExpressionError(f"{source!r}: must begin with a word that is not optional and not end in a gap")
    parts = []
    for element in elements:
        if element in GAPS:
            words = f"(?:[^ .,]+ ){{0,{GAPS[element]}}}?"
            parts.append(words if element == "~" else f"({words})")
            continue
        optional = element.endswith("?")
        alternatives = _alternatives(source, element.removesuffix("?"))
        body = "|".join(_body(alternative) for alternative in alternatives)
        parts.append(f"(?:(?:{body}) )" + "?" * optional)
    first = _alternatives(source, elements[0])
    starts = tuple(dict.fromkeys(a.split("_")[0] if "_" in a else a for a in first))
    return Expression(source, "".join(parts), starts)


def _body(alternative: str) -> str:
    pattern = re.escape(alternative.removesuffix("*")).replace("_", " ")
    if alternative.endswith("*"):
        pattern += f"{_LETTER}*+"
    return f"{_AND}?{pattern}" if _ARABIC.match(alternative) else pattern


def _alternatives(source: str, element: str) -> list[str]:
    alternatives = [_BESIDE_HAN.sub("_", alternative) for alternative in element.split("|")]
    for alternative in alternatives:
        if not _ALTERNATIVE.fullmatch(alternative):
            raise ExpressionError(
                f"{source!r}: {alternative!r} is not a word, a word with a final * or words joined by _"
            )
    return alternatives


class Index(Generic[T]):
    """Many expressions, each with a label, looked up by the word that they begin with."""

    def __init__(self, labelled: Iterable[tuple[Expression, T]]) -> None:
        self._whole: dict[str, list[tuple[Expression, T]]] = {}
        self._begun: dict[str, list[tuple[Expression, T]]] = {}
        for expression, label in labelled:
            for start in expression.starts:
                table = self._begun if start.endswith("*") else self._whole
                table.setdefault(start.removesuffix("*"), []).append((expression, label))
        self._lengths = sorted({len(start) for start in self._begun})

    def matches(self, line: str) -> Iterator[tuple[T, re.Match[str]]]:
        """Every expression that matches somewhere in the normalised `line`, once for each place it begins."""
        place = 1
        while place < len(line):
            end = line.find(" ", place)
            word = line[place:end]
            yield from self._begin(line, place, word)
            if word.startswith(_AND):
                yield from self._begin(line, place + 1, word[1:])
            place = end + 1

    def _begin(self, line: str, place: int, word: str) -> Iterator[tuple[T, re.Match[str]]]:
        yield from self._here(line, place, self._whole.get(word, ()))
        for length in self._lengths:
            if length > len(word):
                break
            yield from self._here(line, place, self._begun.get(word[:length], ()))

    def _here(
        self, line: str, place: int, candidates: Iterable[tuple[Expression, T]]
    ) -> Iterator[tuple[T, re.Match[str]]]:
        for expression, label in candidates:
            match = expression.pattern.match(line, place)
            if match is not None:
                yield label, match
