"""`flows/languages.yml`: the languages, their own names, direction, and what a missing text falls back on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.conversation.findings import Finding
from bot.conversation.source import Source, key_line
from bot.conversation.words import normalise

SOURCE_LANGUAGE = "es"
"""The language that texts are first written in; what every fallback chain ends with."""
_KEYS = frozenset(("name", "fallback", "direction", "words"))


@dataclass(frozen=True, slots=True)
class Language:
    """A language that the bot speaks. `name` is its own name for itself; `fallback` is tried in order.

    `words` ask for it when they are the whole message: its name in other languages, "in English, please".
    """

    id: str
    name: str
    fallback: tuple[str, ...] = ()
    rtl: bool = False
    words: tuple[str, ...] = ()
    line: int = 0


def read_languages(directory: Path, findings: list[Finding]) -> Mapping[str, Language]:
    """The languages of a flows folder in the order of the file, adding what is wrong to `findings`."""
    source = Source(directory, directory / "languages.yml", findings)
    root = source.mapping(source.root, 1, "languages.yml", frozenset(("languages",)))
    if "languages" not in root:
        source.fault(1, "missing-key", "there is no 'languages'", "list the languages there")
        return {}
    listed = source.mapping(root["languages"], key_line(root, "languages"), "languages")
    found: dict[str, Language] = {}
    for key, value in listed.items():
        line = key_line(listed, key)
        id = source.identifier(key, line, "the language")
        entry = source.mapping(value, line, f"language {key}", _KEYS)
        fallback = source.names(entry, "fallback", (listed.keys() - {key}).__contains__, "language")
        direction = source.get(entry, "direction", "it", required=False) or "ltr"
        if direction not in ("ltr", "rtl"):
            source.fault(key_line(entry, "direction"), "type", "direction must be ltr or rtl", "write ltr or rtl")
        if id:
            words = source.names(entry, "words", lambda word: bool(normalise(word)), "word")
            name = source.get(entry, "name", f"language {key}")
            found[id] = Language(id, name, fallback, direction == "rtl", words, line)
    if SOURCE_LANGUAGE not in found:
        source.fault(1, "missing-key", f"the source language {SOURCE_LANGUAGE} is not listed", "list it")
    return found
