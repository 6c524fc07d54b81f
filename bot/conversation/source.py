"""YAML that remembers its lines: every author's file is read through a `Source`, which gathers the faults.

A reader asks for what it needs ("a mapping with these keys", "an id", "yes or no"); what is not so becomes a
`Finding` with its line, and reading goes on with an empty value, so that one run names every fault of a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from bot.conversation.findings import Finding
from bot.conversation.session import IDENTIFIER


class Source:
    """One YAML file under `directory`. `root` is its mapping, empty when the file cannot be read as one."""

    def __init__(self, directory: Path, path: Path, findings: list[Finding]) -> None:
        self.file = path.relative_to(directory).as_posix()
        self._findings = findings
        self.root = self._read(path)

    def _read(self, path: Path) -> CommentedMap:
        try:
            root = YAML(typ="rt", pure=True).load(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            self.fault(1, "unreadable", "the file is not UTF-8 text", "save it as UTF-8")
            return CommentedMap()
        except OSError as error:
            self.fault(1, "unreadable", f"the file cannot be read: {error.strerror}", "give a readable file")
            return CommentedMap()
        except YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = str(getattr(error, "problem", None) or "not valid YAML").splitlines()[0]
            rule = "duplicate" if "duplicate key" in problem else "syntax"
            self.fault(mark.line + 1 if mark else 1, rule, problem, "mend the YAML there")
            return CommentedMap()
        return self.mapping(root, 1, "the file")

    def fault(self, line: int, rule: str, what: str, mend: str) -> None:
        """Note a fault of this file."""
        self._findings.append(Finding(self.file, line, rule, what, mend))

    def mapping(self, value: Any, line: int, what: str, known: frozenset[str] | None = None) -> CommentedMap:
        """`value` as a mapping; a key that is not in `known` is a fault."""
        if not isinstance(value, CommentedMap):
            self.fault(line, "type", f"{what} must be a mapping (key: value)", "write it as one")
            return CommentedMap()
        if known is not None:
            for key in value:
                if key not in known:
                    names = ", ".join(sorted(known))
                    self.fault(
                        key_line(value, key), "unknown-key", f"{what} has no key {key!r}", f"use one of: {names}"
                    )
        return value

    def items(self, value: Any, line: int, what: str) -> Iterator[tuple[int, Any]]:
        """Each item of a list with its line."""
        if not isinstance(value, CommentedSeq):
            self.fault(line, "type", f"{what} must be a list (- item)", "write it as one")
            return
        for index, item in enumerate(value):
            yield value.lc.item(index)[0] + 1, item

    def get(self, mapping: CommentedMap, key: str, what: str, *, required: bool = True) -> str:
        """The text at `key`; "" and a fault when it is missing or not a text."""
        if key not in mapping:
            if required:
                self.fault(map_line(mapping), "missing-key", f"{what} has no {key!r}", f"add {key}: …")
            return ""
        value = mapping[key]
        if not isinstance(value, str) or not value.strip():
            self.fault(key_line(mapping, key), "type", f"{key!r} of {what} must be a text", "write a text there")
            return ""
        return value.strip()

    def identifier(self, value: Any, line: int, what: str) -> str:
        """`value` as an id; "" and a fault when it cannot be one."""
        if isinstance(value, str) and IDENTIFIER.fullmatch(value):
            return value
        self.fault(
            line, "id", f"{what} is {value!r}, which cannot be an id", "use letters, digits, _ and -, 48 at most"
        )
        return ""

    def flag(self, mapping: CommentedMap, key: str) -> bool:
        """The true or false at `key`, false when absent."""
        value = mapping.get(key, False)
        if not isinstance(value, bool):
            self.fault(key_line(mapping, key), "type", f"{key!r} must be true or false", "write true or false")
            return False
        return value

    def names(self, mapping: CommentedMap, key: str, check: Callable[[str], bool], kind: str) -> tuple[str, ...]:
        """One name or a list of names at `key`, each of which must pass `check`."""
        value = mapping.get(key)
        if value is None:
            return ()
        line = key_line(mapping, key)
        pairs = [(line, value)] if isinstance(value, str) else self.items(value, line, f"{key!r}")
        found = []
        for place, name in pairs:
            if isinstance(name, str) and check(name):
                found.append(name)
            else:
                self.fault(place, f"unknown-{kind}", f"there is no {kind} {name!r}", f"correct the {kind}'s name")
        return tuple(found)


def key_line(mapping: CommentedMap, key: str) -> int:
    """The line of a key, from 1."""
    line: int = mapping.lc.key(key)[0]
    return line + 1


def map_line(mapping: CommentedMap) -> int:
    """The line at which a mapping begins, from 1."""
    line: int | None = mapping.lc.line
    return (line or 0) + 1
