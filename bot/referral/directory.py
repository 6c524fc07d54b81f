"""The contact lines of each country: who can be called, read where, when, and whether somebody has checked.

A number is never shown without its country, its source and that source's date, and is marked as unverified until
somebody has dialled it (DESIGN §1.8). A line known only from memory or number plans cannot be in the files at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from ruamel.yaml.comments import CommentedMap

from bot.conversation.findings import Finding, FlowError
from bot.conversation.languages import SOURCE_LANGUAGE
from bot.conversation.source import Source, key_line
from bot.conversation.texts import FACTS, Texts


class Kind(StrEnum):
    """What a line is for."""

    POLICE = "police"
    MEDICAL = "medical"
    WOMEN = "women"
    CRISIS = "crisis"
    CHILDREN = "children"
    TIP = "tip"
    TRAFFICKING = "trafficking"
    RIGHTS = "rights"


FACT_KINDS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "lines_danger": (Kind.POLICE, Kind.MEDICAL, Kind.WOMEN, Kind.TRAFFICKING),
    "lines_minor": (Kind.CHILDREN, Kind.POLICE, Kind.RIGHTS),
    "lines_crisis": (Kind.CRISIS, Kind.MEDICAL),
    "lines_all": (
        Kind.POLICE, Kind.MEDICAL, Kind.WOMEN, Kind.CRISIS, Kind.CHILDREN, Kind.RIGHTS, Kind.TIP, Kind.TRAFFICKING,
    ),
}  # fmt: skip
"""Which kinds each fact of the texts shows, in this order (`domain.md` §1.4)."""

CONFIDENCE: Final = frozenset(("read_official_recent", "read_secondary_recent", "read_dated", "dialled"))
"""How a line is known. Memory and number plans are not among them."""

_DATE = re.compile(r"\d{4}(-\d{2}){0,2}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"\+?\d[\d -]{1,18}\d")
_URL = re.compile(r"https://\S+")
_KEYS = frozenset(
    (
        "id", "kind", "police", "name", "number", "url", "hours", "languages", "source", "source_name",
        "source_date", "confidence", "verified_by", "verified_on",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the directory. `number` is a phone number or a web address; `police`: it leads to the police."""

    id: str
    country: str
    kind: Kind
    name: Mapping[str, str]
    number: str
    source: str
    source_name: str
    source_date: str
    confidence: str
    languages: tuple[str, ...] = ()
    hours: str = ""
    police: bool = False
    verified_by: str = ""
    verified_on: str = ""


@dataclass(frozen=True, slots=True)
class Directory:
    """Every line of every country, and the texts to write them with."""

    countries: Mapping[str, Mapping[str, str]]
    entries: tuple[Line, ...]
    texts: Texts

    def country(self, country: str, language: str) -> str:
        """The country's name in `language`, else in the source language, else its code."""
        names = self.countries.get(country, {})
        return names.get(language) or names.get(SOURCE_LANGUAGE) or country

    def select(self, country: str, kinds: Iterable[Kind]) -> tuple[Line, ...]:
        """The lines of `country` of these kinds, in the order of `kinds`."""
        return tuple(line for kind in kinds for line in self.entries if line.country == country and line.kind is kind)

    def lines(self, country: str, kinds: Iterable[Kind], language: str, longest: int = FACTS["lines_all"]) -> str:
        """The lines as text, at most `longest` characters, ending with whole lines; a truthful sentence if none."""
        written: list[str] = []
        for line in self.select(country, kinds):
            text = self.write(line, language)
            if sum(map(len, written)) + len(written) + len(text) <= longest:
                written.append(text)
        return "\n".join(written) or self.texts.text("line_none", language)

    def write(self, line: Line, language: str) -> str:
        """One line with its country, source, date and whether it was verified."""
        name = "line" + ("_verified" if line.verified_on else "") + ("_hours" if line.hours else "")
        values = {
            "name": line.name.get(language) or line.name[SOURCE_LANGUAGE],
            "number": line.number,
            "hours": line.hours,
            "country": self.country(line.country, language),
            "source": line.source_name,
            "date": line.source_date,
            "verified": line.verified_on,
        }
        return self.texts.text(name, language, values)

    def facts(self, country: str, language: str) -> dict[str, str]:
        """The facts that texts need from the directory: the lines of `FACT_KINDS`, and the country's name."""
        facts = {fact: self.lines(country, kinds, language, FACTS[fact]) for fact, kinds in FACT_KINDS.items()}
        return {"country": self.country(country, language), **facts}


def load(directory: Path, texts: Texts) -> Directory:
    """The directory in `directory` (the `flows/` folder). Raises `FlowError` with every fault."""
    findings: list[Finding] = []
    found = read(directory, texts, findings)
    if findings:
        raise FlowError(findings)
    return found


def check(directory: Path) -> list[Finding]:
    """What is wrong with the directory's files."""
    findings: list[Finding] = []
    read(directory, Texts.read(directory, []), findings)
    return sorted(findings)


def read(directory: Path, texts: Texts, findings: list[Finding]) -> Directory:
    """As `load`, but what is wrong is added to `findings` and left out."""
    countries: dict[str, Mapping[str, str]] = {}
    entries: dict[str, Line] = {}
    for path in sorted((directory / "directory").glob("*.yml")):
        source = Source(directory, path, findings)
        root = source.mapping(source.root, 1, "a directory file", frozenset(("country", "name", "lines")))
        if not root:
            continue
        country = root.get("country")
        if not isinstance(country, str) or not re.fullmatch("[A-Z]{2}", country):
            source.fault(1, "line-country", "the lines have no country", "add country: with two capital letters")
            continue
        countries[country] = _names(source, root, "name", 1)
        here = []
        for at, item in source.items(root.get("lines"), 1, "lines"):
            line = _line(source, source.mapping(item, at, "a line", _KEYS), at, country)
            if line and line.id in entries:
                source.fault(at, "duplicate", f"the line {line.id} is already there", "give it another id")
            elif line:
                entries[line.id] = line
                here.append(line)
        if len(here) < 2 or all(line.police for line in here):
            what = f"{country} offers fewer than two doors, or only the police"
            source.fault(1, "two-doors", what, "add a line that is not the police's")
    return Directory(countries, tuple(entries.values()), texts)


def _names(source: Source, node: CommentedMap, key: str, line: int) -> Mapping[str, str]:
    value: Any = node.get(key)
    names = source.mapping(value, key_line(node, key) if key in node else line, key)
    if names and not isinstance(names.get(SOURCE_LANGUAGE), str):
        source.fault(key_line(node, key), "missing-key", f"{key} has no {SOURCE_LANGUAGE}", "add it")
        return {}
    return {str(language): str(name) for language, name in names.items()}


def _line(source: Source, node: CommentedMap, at: int, country: str) -> Line | None:
    id = source.identifier(node.get("id"), at, "the id of the line")

    def text(key: str, rule: str, pattern: re.Pattern[str] | None, mend: str) -> str:
        value = node.get(key)
        if isinstance(value, str) and value.strip() and (pattern is None or pattern.fullmatch(value)):
            return value
        where = key_line(node, key) if key in node else at
        source.fault(where, rule, f"the line {id} has no {key.replace('_', ' ')} that can be used", mend)
        return ""

    kind = node.get("kind")
    if kind not in list(Kind):
        source.fault(at, "line-kind", f"there is no kind of line {kind!r}", f"use one of: {', '.join(Kind)}")
    key, pattern = ("url", _URL) if "url" in node and "number" not in node else ("number", _NUMBER)
    number = text(key, "line-number", pattern, "give a number in quotes, or a url with https://")
    where_from = text("source", "line-source", None, "say where it was read")
    short = text("source_name", "line-source", None, "give the source's short name, which people see")
    date = text("source_date", "line-date", _DATE, "give the source's date as year, year-month or year-month-day")
    confidence = node.get("confidence")
    if confidence not in CONFIDENCE:
        what = f"the line {id} is known by {confidence!r}"
        source.fault(at, "line-confidence", what, f"use one of: {', '.join(sorted(CONFIDENCE))}")
    by, on = node.get("verified_by") or "", node.get("verified_on") or ""
    if bool(by) != bool(on) or (on and not _DAY.fullmatch(str(on))):
        source.fault(
            at, "line-date", f"the line {id} is verified by {by!r} on {on!r}", "give both, as year-month-day"
        )
        on = ""
    names = _names(source, node, "name", at)
    if not (id and kind in list(Kind) and number and where_from and short and date and names):
        return None
    return Line(
        id=id,
        country=country,
        kind=Kind(kind),
        name=names,
        number=number,
        source=where_from,
        source_name=short,
        source_date=date,
        confidence=str(confidence),
        languages=source.names(node, "languages", lambda name: bool(re.fullmatch("[a-z]{2,3}", name)), "language"),
        hours=source.get(node, "hours", id, required=False),
        police=source.flag(node, "police"),
        verified_by=str(by),
        verified_on=str(on),
    )
