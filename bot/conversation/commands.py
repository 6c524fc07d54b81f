"""Reads `flows/commands.yml`: the words for every command, for yes, no and not sure, and what goes on from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap

from bot.conversation.findings import Finding
from bot.conversation.source import Source, key_line
from bot.conversation.words import BUTTON_ONLY, NO_WAY_OUT, Command, Words, normalise

_KEYS = frozenset(("commands", "answers", "joins"))


def read_words(directory: Path, languages: Iterable[str], findings: list[Finding]) -> Words:
    """The words of a flows folder; faults go to `findings`. Every command needs a word in every language."""
    source = Source(directory, directory / "commands.yml", findings)
    root = source.mapping(source.root, 1, "commands.yml", _KEYS)
    spoken = frozenset(languages)
    commands: dict[str, Command] = {}
    slash: dict[str, Command] = {}
    answers: dict[str, str] = {}
    taken: dict[str, str] = {}

    section = _section(source, root, "commands")
    for name, value in section.items():
        line = key_line(section, name)
        if name not in {command.value for command in Command if command not in BUTTON_ONLY}:
            source.fault(line, "unknown-key", f"there is no command {name!r}", "correct the command's name")
            continue
        entry = source.mapping(value, line, f"command {name}", frozenset((*spoken, "slash")))
        for at, word in _words(source, entry, "slash"):
            _claim(source, taken, "/" + word, name, at)
            slash[word] = Command(name)
        for language in sorted(spoken):
            for at, word in _words(source, entry, language):
                _claim(source, taken, word, name, at)
                commands[word] = Command(name)
            if language not in entry:
                what = f"the command {name} has no word in {language}"
                rule = "no-human" if name == Command.HUMAN else "no-way-out"
                source.fault(line, rule, what, f"add {language}: [word, …]")
    for command in Command:
        if command not in BUTTON_ONLY | NO_WAY_OUT and command.value not in section:
            rule = "no-human" if command is Command.HUMAN else "no-way-out"
            source.fault(1, rule, f"the command {command} has no words", f"add {command}: under commands")

    section = _section(source, root, "answers")
    for choice, value in section.items():
        line = key_line(section, choice)
        id = source.identifier(choice, line, "the choice")
        entry = source.mapping(value, line, f"answer {choice}", spoken)
        for language in sorted(spoken):
            for at, word in _words(source, entry, language):
                _claim(source, taken, word, id, at)
                answers[word] = id

    joins: set[str] = set()
    if "joins" in root:
        entry = source.mapping(root["joins"], key_line(root, "joins"), "joins", spoken)
        for language in sorted(spoken):
            joins.update(word for _, word in _words(source, entry, language))
    return Words(commands, slash, answers, frozenset(joins))


def _section(source: Source, root: CommentedMap, key: str) -> CommentedMap:
    if key not in root:
        source.fault(1, "missing-key", f"commands.yml has no {key!r}", f"add {key}:")
        return CommentedMap()
    return source.mapping(root[key], key_line(root, key), key)


def _words(source: Source, entry: CommentedMap, key: str) -> Iterator[tuple[int, str]]:
    if key not in entry:
        return
    value: Any
    for line, value in source.items(entry[key], key_line(entry, key), key):
        word = normalise(value) if isinstance(value, str) else ""
        if word:
            yield line, word
        else:
            source.fault(line, "type", f"{value!r} is not a word", "write a word with letters")


def _claim(source: Source, taken: dict[str, str], word: str, owner: str, line: int) -> None:
    if taken.setdefault(word, owner) != owner:
        what = f"{word!r} already means {taken[word]}"
        source.fault(line, "duplicate", what, "give it one meaning")
