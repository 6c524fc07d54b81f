"""The lexical floor: words that mean danger, found inside `intake`, so that it works when the NLU is down. Pure.

The expressions are data, `hazards/<language>.yml`, each with examples that must and must not fire (they are run as
tests). All languages are looked for in every text, for people mix them. What is denied ("no me pegan"), imagined
("qué hago si me encierran"), told of a film or said as an idiom ("me muero de risa") is no hazard; what is long past
is `priority`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError, field_validator

from bot.config_source import ConfigurationError, read_yaml
from bot.config_types import Section
from bot.conversation.messages import RISK_FLAGS, Urgency
from bot.triage.expressions import Expression, ExpressionError, Index, compile_expression
from bot.triage.normalise import normalise

FOLDER = Path(__file__).with_name("hazards")

LONG_PAST = Urgency.PRIORITY
"""The floor for a danger of long ago: somebody should still read it (`domain.md` §4, U3)."""

_NAMED = re.compile(r"<([a-z]+)>")

NEAR = 3
"""Words between a denying phrase ("no creo que") and what it denies, at most."""


@dataclass(frozen=True, slots=True)
class Hazard:
    """What was found: the highest urgency, all risk flags, the ids of the rules (`es.captive`); never the words."""

    urgency: Urgency
    risks: frozenset[str]
    ids: tuple[str, ...]


class Rule(Section):
    """One kind of danger. `third`: about somebody else, so that a film or the news can be what is meant."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]
    urgency: Urgency
    risks: frozenset[str] = frozenset()
    any: Annotated[tuple[str, ...], Field(min_length=1)]
    third: bool = False
    yes: Annotated[tuple[str, ...], Field(min_length=1)]
    no: Annotated[tuple[str, ...], Field(min_length=1)]

    @field_validator("urgency", mode="before")
    @classmethod
    def _level(cls, value: object) -> object:
        return Urgency.parse(value) if isinstance(value, str) else value

    @field_validator("risks")
    @classmethod
    def _known(cls, value: frozenset[str]) -> frozenset[str]:
        if value - RISK_FLAGS:
            raise ValueError(f"unknown risk flag {min(value - RISK_FLAGS)}")
        return value


class Cry(Section):
    """A cry for help that stands alone: nothing but these `words`, and `filler` around them."""

    words: Annotated[tuple[str, ...], Field(min_length=1)]
    filler: tuple[str, ...] = ()
    yes: Annotated[tuple[str, ...], Field(min_length=1)]
    no: Annotated[tuple[str, ...], Field(min_length=1)]


class Language(Section):
    """One language's file."""

    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
    words: Annotated[dict[str, str], Field(description="names for many spellings; `<me>` in an expression")] = {}
    negations: tuple[str, ...]
    adverbs: Annotated[tuple[str, ...], Field(description="words that may stand between a negation and the verb")]
    not_denying: Annotated[tuple[str, ...], Field(description="words after which a negation does not deny: si (no)")]
    denials: Annotated[tuple[str, ...], Field(description="phrases that deny or imagine what follows closely")]
    unreal: Annotated[tuple[str, ...], Field(description="dreams, games, songs: nothing in that sentence counts")]
    fiction: Annotated[tuple[str, ...], Field(description="films, books, news: rules about others do not count")]
    past: Annotated[tuple[str, ...], Field(description="long past: the danger in that sentence is over")]
    idioms: Annotated[tuple[str, ...], Field(description="sayings that only sound like danger")]
    cry: Cry
    rules: tuple[Rule, ...]

    def compile(self, source: str) -> Expression:
        """The expression `source`, in which `<me>` stands for the words of that name. Raises `ExpressionError`."""

        def words(match: re.Match[str]) -> str:
            if match[1] not in self.words:
                raise ExpressionError(f"{source!r}: {match[0]} is none of the names under `words`")
            return self.words[match[1]]

        return compile_expression(_NAMED.sub(words, source))

    def expressions(self) -> Iterator[str]:
        """Every expression of the file."""
        yield from (*self.denials, *self.unreal, *self.fiction, *self.past, *self.idioms)
        for rule in self.rules:
            yield from rule.any


def load(path: Path) -> Language:
    """One file. Raises `ConfigurationError` naming file, place and mend."""
    try:
        language = Language.model_validate(read_yaml(path))
        for source in language.expressions():
            language.compile(source)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{path}: {place}: {first['msg']}") from None
    except ExpressionError as error:
        raise ConfigurationError(f"{path}: {error}") from None
    return language


@cache
def languages() -> tuple[Language, ...]:
    """Every language that is shipped, in the order of their names."""
    return tuple(load(path) for path in sorted(FOLDER.glob("*.yml")))


def _compile(known: Iterable[Language], key: Literal["unreal", "fiction", "past", "idioms"]) -> Index[None]:
    return Index([(one.compile(source), None) for one in known for source in getattr(one, key)])


@dataclass(frozen=True, slots=True)
class _Grammar:
    """How one language says no."""

    negations: frozenset[str]
    adverbs: frozenset[str]
    not_denying: frozenset[str]

    @classmethod
    def of(cls, language: Language) -> _Grammar:
        return cls(frozenset(language.negations), frozenset(language.adverbs), frozenset(language.not_denying))

    def negated(self, line: str, start: int, gaps: tuple[str, ...]) -> bool:
        """A negation right before (adverbs between do not count), or in a gap of the expression."""
        if any(word in self.negations for gap in gaps for word in gap.split()):
            return True
        words = line[max(0, start - 60) : start].split()
        for place in range(len(words) - 1, max(-1, len(words) - 1 - NEAR), -1):
            if words[place] in self.negations:
                return not (place and words[place - 1] in self.not_denying)
            if words[place] not in self.adverbs:
                return False
        return False


class Finder:
    """The expressions of some languages, ready to be looked for.

    What denies counts only for expressions of its own language: Spanish "no" is Portuguese for "in the". Films,
    sayings and words of the past count for all, for people mix languages.
    """

    def __init__(self, known: Iterable[Language]) -> None:
        known = tuple(known)
        self._grammar = {one.language: _Grammar.of(one) for one in known}
        self._denials = Index([(one.compile(source), one.language) for one in known for source in one.denials])
        self._unreal = _compile(known, "unreal")
        self._fiction = _compile(known, "fiction")
        self._past = _compile(known, "past")
        self._idioms = _compile(known, "idioms")
        self._rules = Index(
            [
                (one.compile(source), (one.language, rule))
                for one in known
                for rule in one.rules
                for source in rule.any
            ]
        )
        self._cries = [
            (one.language, frozenset(one.cry.words), frozenset(one.cry.words + one.cry.filler)) for one in known
        ]

    def find(self, text: str) -> Hazard | None:
        """The hazards in `text`, or None. Linear in its length, of which `normalise.MAX_CHARACTERS` count."""
        line = normalise(text)
        found: dict[str, tuple[Urgency, frozenset[str]]] = {}
        for cry in self._cry(line):
            found[cry] = (Urgency.URGENT, frozenset())
        sentences = _Sentences(line)
        idioms = [match.span() for _, match in self._idioms.matches(line)]
        unreal = {sentences.of(match.start()) for _, match in self._unreal.matches(line)}
        fiction = {sentences.of(match.start()) for _, match in self._fiction.matches(line)}
        past = {sentences.of(match.start()) for _, match in self._past.matches(line)}
        denied = [(language, match.end()) for language, match in self._denials.matches(line)]
        for (language, rule), match in self._rules.matches(line):
            start, end = match.span()
            sentence = sentences.of(start)
            if sentence in unreal or (rule.third and sentence in fiction):
                continue
            if any(begin < end and start < stop for begin, stop in idioms):
                continue
            if self._grammar[language].negated(line, start, match.groups()):
                continue
            if _denied(line, start, (end for spoken, end in denied if spoken == language)):
                continue
            urgency, risks = rule.urgency, rule.risks
            if sentence in past:
                urgency, risks = min(urgency, LONG_PAST), risks - {"RISK-NOW", "RISK-MOVE", "RISK-SEX72", "RISK-LAST"}
            name = f"{language}.{rule.id}"
            level, flags = found.get(name, (urgency, frozenset()))
            found[name] = (max(level, urgency), flags | risks)
        if not found:
            return None
        return Hazard(
            urgency=max(level for level, _ in found.values()),
            risks=frozenset[str]().union(*(flags for _, flags in found.values())),
            ids=tuple(sorted(found)),
        )

    def _cry(self, line: str) -> list[str]:
        words = [word for word in line.split() if word not in {".", ","}]
        return [
            f"{language}.cry"
            for language, calls, allowed in self._cries
            if any(word in calls for word in words) and all(word in allowed for word in words)
        ]


def _denied(line: str, start: int, denials: Iterable[int]) -> bool:
    """Whether a denying phrase ends at most `NEAR` words before `start`, in the same clause."""
    for end in denials:
        if end <= start and start - end <= 60:
            between = line[end:start].split()
            if len(between) <= NEAR and not {".", ","} & set(between):
                return True
    return False


class _Sentences:
    """Which sentence a place in a normalised line belongs to."""

    def __init__(self, line: str) -> None:
        self._number = []
        number = 0
        for character in line:
            number += character == "."
            self._number.append(number)

    def of(self, place: int) -> int:
        return self._number[place]


@cache
def _finder() -> Finder:
    return Finder(languages())


def find(text: str) -> Hazard | None:
    """The hazards in `text` in any language that is shipped, or None. Never raises for any text."""
    return _finder().find(text)
