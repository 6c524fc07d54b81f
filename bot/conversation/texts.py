"""What the bot says: Project Fluent files, one folder per language, with a declared chain for what is missing.

Facts (lines, the case code, names) are added when rendering. Variables that a reply brings are wrapped in Unicode
isolates, so that a word of another direction cannot turn the rest of the message round; facts are wrapped line by
line where the language itself runs from right to left.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fluent.runtime import FluentBundle, FluentResource

from bot.conversation.findings import Finding, FlowError
from bot.conversation.fluent_source import Entry, parse
from bot.conversation.languages import SOURCE_LANGUAGE, Language, read_languages
from bot.conversation.messages import Choice, Outbound
from bot.conversation.turn import Reply

FACTS: Final[Mapping[str, int]] = {
    "code": 40,
    "organisation": 60,
    "days": 4,
    "channel": 12,
    "country": 40,
    "lines_danger": 420,
    "lines_minor": 420,
    "lines_crisis": 420,
    "lines_all": 860,
}
"""What every text may use, given by the caller of `render`, each with its greatest length in characters."""

MISSING: Final = "missing_text"
"""The text shown where one is missing in every language of the chain: calm, with the way to a person."""

_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def isolated(value: str) -> str:
    """`value` with each of its lines in an isolate, its own direction marks taken out."""
    bare = "".join(
        character for character in value if character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
    return "\n".join(f"{_ISOLATE}{line}{_END_ISOLATE}" if line.strip() else line for line in bare.split("\n"))


class Texts:
    """Every text in every language. Build with `load`, or `read` to go on in spite of faults."""

    def __init__(self, languages: Mapping[str, Language], entries: Mapping[str, Mapping[str, Entry]]) -> None:
        self.languages = languages
        self.entries = entries
        self._bundles = {language: FluentBundle([language], use_isolating=False) for language in entries}

    @classmethod
    def load(cls, directory: Path) -> Texts:
        """The texts in `directory` (the `flows/` folder). Raises `FlowError` with every fault."""
        findings: list[Finding] = []
        texts = cls.read(directory, findings)
        if findings:
            raise FlowError(findings)
        return texts

    @classmethod
    def read(cls, directory: Path, findings: list[Finding]) -> Texts:
        """As `load`, but what is wrong is added to `findings` and left out."""
        languages = read_languages(directory, findings)
        entries: dict[str, dict[str, Entry]] = {}
        sources: dict[str, list[Path]] = {}
        for language in languages:
            entries[language] = {}
            sources[language] = sorted((directory / "texts" / language).glob("*.ftl"))
            for path in sources[language]:
                for entry in parse(directory, path, language, findings):
                    if first := entries[language].get(entry.id):
                        where = f"{first.file}:{first.line}"
                        what = f"the text {entry.id} is already in {where}"
                        findings.append(Finding(entry.file, entry.line, "duplicate", what, "keep one of them"))
                    else:
                        entries[language][entry.id] = entry
        texts = cls(languages, entries)
        for language, paths in sources.items():
            for path in paths:
                source = path.read_text(encoding="utf-8", errors="replace")
                texts._bundles[language].add_resource(FluentResource(source), allow_overrides=True)
        return texts

    def ids(self, language: str) -> frozenset[str]:
        """The ids of the texts that `language` has itself."""
        return frozenset(self.entries.get(language, ()))

    def chain(self, language: str) -> tuple[str, ...]:
        """`language`, then what it falls back on, ending with the source language."""
        known = self.languages.get(language)
        first = (language, *known.fallback) if known else ()
        return (*first, *(() if SOURCE_LANGUAGE in first else (SOURCE_LANGUAGE,)))

    def text(self, id: str, language: str, values: Mapping[str, str | int] | None = None) -> str:
        """One text alone. Never raises: what is missing in the whole chain becomes `MISSING`, then the id itself."""
        for wanted in (id, MISSING):
            for tongue in self.chain(language):
                bundle = self._bundles.get(tongue)
                if bundle and bundle.has_message(wanted):
                    pattern = bundle.get_message(wanted).value
                    if pattern is not None:
                        return str(bundle.format_pattern(pattern, dict(values or {}))[0])
        return id

    def render(self, reply: Reply, language: str, facts: Mapping[str, str]) -> Outbound:
        """`reply` in `language` ("" is the source language), through the fallback chain. Never raises."""
        known = self.languages.get(language)
        values: dict[str, str | int] = {
            name: isolated(fact) if known and known.rtl else fact for name, fact in facts.items()
        }
        for name, value in reply.args.items():
            values[name] = isolated(value) if isinstance(value, str) else value
        rows = tuple(
            tuple(Choice(button.id, self.text(button.label, language, values)) for button in row)
            for row in reply.buttons
        )
        return Outbound(self.text(reply.text, language, values), rows)
