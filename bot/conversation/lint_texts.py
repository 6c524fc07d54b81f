"""Lint of the texts in every language: missing, extra, unlike each other, too long, promising, or naming a number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bot.conversation.findings import Finding
from bot.conversation.flow import Flow, Flowbook, Step
from bot.conversation.fluent_source import Entry, length
from bot.conversation.languages import SOURCE_LANGUAGE
from bot.conversation.limits import Limits
from bot.conversation.loader import LABELS
from bot.conversation.source import Source, key_line
from bot.conversation.system_texts import ALL, ARGUMENTS
from bot.conversation.texts import FACTS, Texts

PROMISES = "promises.yml"
ACKNOWLEDGED = "acknowledged"
_NUMBER = re.compile(r"\d(?:[ .-]?\d){2,}")
_LONGEST = {**FACTS, "media": 10, "message": 0}


def check_texts(directory: Path, book: Flowbook, texts: Texts, limits: Sequence[Limits]) -> Iterator[Finding]:
    """Everything about the texts."""
    yield from _missing(book, texts)
    yield from _translations(texts)
    yield from _unused(book, texts)
    findings: list[Finding] = []
    promises = read_promises(directory, texts, findings)
    yield from findings
    for language in texts.languages:
        for entry in texts.entries[language].values():
            yield from _entry(entry, texts, limits, promises.get(language, []))
    yield from _ambiguous(book, texts)


def named(book: Flowbook) -> Iterator[tuple[str, Flow, int]]:
    """Every text that a flow names, with where."""
    for flow in book.flows.values():
        for step in flow.steps.values():
            if step.collect:
                yield step.question, flow, step.line
            elif step.utter:
                yield step.utter, flow, step.line
            for option in step.options:
                yield book.choice_text(step.collect, option.id), flow, option.line
            for rejection in step.rejections:
                yield rejection.utter, flow, rejection.line


def _missing(book: Flowbook, texts: Texts) -> Iterator[Finding]:
    have = texts.ids(SOURCE_LANGUAGE)
    for id, flow, line in named(book):
        if id not in have:
            what = f"there is no text {id} in {SOURCE_LANGUAGE}"
            yield Finding(flow.file, line, "unknown-text", what, f"write it under texts/{SOURCE_LANGUAGE}")
    for id in sorted((ALL | {f"language_{language}" for language in texts.languages}) - have):
        what = f"there is no text {id}, which the program itself shows, in {SOURCE_LANGUAGE}"
        yield Finding("languages.yml", 1, "unknown-text", what, f"write it under texts/{SOURCE_LANGUAGE}")


def _translations(texts: Texts) -> Iterator[Finding]:
    source = texts.entries.get(SOURCE_LANGUAGE, {})
    for language in texts.languages:
        if language == SOURCE_LANGUAGE:
            continue
        entries = texts.entries[language]
        for id, entry in source.items():
            if id not in entries:
                what = f"the text {id} is not translated into {language}"
                yield Finding(entry.file, entry.line, "missing-translation", what, f"write it under texts/{language}")
        for id, entry in entries.items():
            if id not in source:
                what = f"the text {id} exists in {language} but not in {SOURCE_LANGUAGE}"
                yield Finding(entry.file, entry.line, "extra-translation", what, "take it out, or write the source")
            elif entry.variables() != source[id].variables():
                ours, theirs = (_names(e.variables()) for e in (entry, source[id]))
                what = f"the text {id} uses {ours} here, but {theirs} in {SOURCE_LANGUAGE}"
                yield Finding(entry.file, entry.line, "variables", what, "use the same variables in every language")


def _names(variables: frozenset[str]) -> str:
    return ", ".join(f"${name}" for name in sorted(variables)) or "no variable"


def _unused(book: Flowbook, texts: Texts) -> Iterator[Finding]:
    used = ALL | {id for id, _, _ in named(book)} | {f"language_{language}" for language in texts.languages}
    used |= {f"choice_{option.id}" for step in _questions(book) for option in step.options}
    for id, entry in texts.entries.get(SOURCE_LANGUAGE, {}).items():
        if id not in used:
            yield Finding(entry.file, entry.line, "unused-text", f"nothing shows the text {id}", "take it out")


def _questions(book: Flowbook) -> Iterator[Step]:
    for flow in book.flows.values():
        yield from (step for step in flow.steps.values() if step.collect)


def read_promises(directory: Path, texts: Texts, findings: list[Finding]) -> Mapping[str, list[re.Pattern[str]]]:
    """The patterns of `promises.yml` by language; every language needs some."""
    source = Source(directory, directory / PROMISES, findings)
    root = source.mapping(source.root, 1, PROMISES, frozenset(("promises",)))
    section = source.mapping(root.get("promises"), 1, "promises")
    found: dict[str, list[re.Pattern[str]]] = {}
    for language, patterns in section.items():
        found[language] = []
        for line, pattern in source.items(patterns, key_line(section, language), f"promises of {language}"):
            try:
                found[language].append(re.compile(str(pattern), re.IGNORECASE))
            except re.error as error:
                source.fault(line, "syntax", f"{pattern!r} is no regular expression: {error}", "mend the pattern")
    for language in texts.languages:
        if not found.get(language):
            what = f"no pattern says what a promise is in {language}"
            source.fault(1, "promise", what, f"add patterns for {language}")
    return found


def _entry(
    entry: Entry, texts: Texts, limits: Sequence[Limits], promises: Sequence[re.Pattern[str]]
) -> Iterator[Finding]:
    for name in sorted(entry.variables() - FACTS.keys() - ARGUMENTS.get(entry.id, frozenset())):
        what = f"the text {entry.id} uses ${name}, which nobody gives it"
        yield Finding(entry.file, entry.line, "unknown-variable", what, f"use one of: {', '.join(sorted(FACTS))}")
    variants = entry.variants(texts.entries[entry.language].get)
    longest = max(length(variant, _LONGEST) for variant in variants)
    label = entry.id.startswith(LABELS)
    for limit in limits:
        allowed = limit.label if label else limit.question
        if longest > allowed:
            what = f"the text {entry.id} can have {longest} characters; {limit.channel} carries {allowed}"
            yield Finding(entry.file, entry.line, "too-long", what, "shorten it")
    for variant in variants:
        if match := _NUMBER.search(variant):
            what = f"the text {entry.id} has the number {match[0]}, without country, source and date"
            yield Finding(entry.file, entry.line, "number-in-text", what, "use a fact of the directory")
        promise = next((found for pattern in promises if (found := pattern.search(variant))), None)
        if promise and ACKNOWLEDGED not in entry.comment.split():
            what = f"the text {entry.id} promises help: {promise[0]!r}"
            mend = f"say what is true before anybody has answered, or mark it # {ACKNOWLEDGED}"
            yield Finding(entry.file, entry.line, "promise", what, mend)


def _ambiguous(book: Flowbook, texts: Texts) -> Iterator[Finding]:
    """A label that is also a command's word, or another choice's label in the same question, cannot be typed."""
    for flow in book.flows.values():
        for step in flow.steps.values():
            for language in texts.languages:
                seen: dict[str, str] = {}
                for option in step.options:
                    id = book.choice_text(step.collect, option.id)
                    word = book.plain(texts.text(id, language))
                    if command := book.words.command(word):
                        what = f"the label of {step.id}:{option.id} in {language} also means the command {command}"
                        yield Finding(flow.file, option.line, "ambiguous-label", what, "write another label")
                    if seen.setdefault(word, option.id) != option.id:
                        what = f"{step.id}:{option.id} and {step.id}:{seen[word]} read the same in {language}"
                        yield Finding(flow.file, option.line, "ambiguous-label", what, "write another label")
