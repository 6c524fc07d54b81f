"""Reads `flows/` into a `Flowbook`: files, languages, words, texts' ids, and whether what the flows name exists.

Whether the flows are also *good* (reachable, with a way out, translated, short enough) is `lint.py`'s to say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from bot.conversation.commands import read_words
from bot.conversation.findings import Finding, FlowError
from bot.conversation.flow import END, Flow, Flowbook, Step
from bot.conversation.schema import Draft, read_flows
from bot.conversation.source import Source
from bot.conversation.texts import Texts
from bot.conversation.words import normalise

NOT_FLOWS = frozenset(("languages.yml", "commands.yml", "promises.yml", "steps.lock.yml"))
"""Files of the folder that are not flows."""
LABELS = ("choice_", "button_", "language_")
"""What the ids of labels begin with; a label can be typed instead of pressed."""


def flow_files(directory: Path) -> list[Path]:
    """The flow files of a flows folder."""
    return [path for path in sorted(directory.glob("*.yml")) if path.name not in NOT_FLOWS]


def load(directory: Path) -> Flowbook:
    """The flowbook in `directory` (the `flows/` folder). Raises `FlowError` with every fault found."""
    findings: list[Finding] = []
    book = read(directory, findings)
    if findings:
        raise FlowError(findings)
    return book


def read(directory: Path, findings: list[Finding], texts: Texts | None = None) -> Flowbook:
    """As `load`, but what is wrong is added to `findings` and left out of the book."""
    texts = texts or Texts.read(directory, findings)
    words = read_words(directory, texts.languages, findings)
    paths = flow_files(directory)
    draft = Draft()
    for path in paths:
        read_flows(Source(directory, path, findings), draft)
    flows = draft.finish()
    findings.extend(_check(flows))
    digest = hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in paths)).hexdigest()
    return Flowbook(
        flows=flows,
        words=words,
        languages=texts.languages,
        labels=_labels(texts),
        texts=frozenset().union(*(texts.ids(language) for language in texts.languages)),
        slots=frozenset(draft.slots),
        revision=digest[:16],
    )


def _labels(texts: Texts) -> dict[str, frozenset[str]]:
    """Every label without variables, normalised, with the ids of the texts that read so in some language."""
    labels: dict[str, set[str]] = {}
    for language in texts.languages:
        for id, entry in texts.entries[language].items():
            if id.startswith(LABELS) and not entry.variables():
                word = normalise(texts.text(id, language))
                if word:
                    labels.setdefault(word, set()).add(id)
    for spoken in texts.languages.values():
        for word in spoken.words:
            labels.setdefault(normalise(word), set()).add(f"language_{spoken.id}")
    return {word: frozenset(ids) for word, ids in labels.items()}


def _check(flows: dict[str, Flow]) -> Iterator[Finding]:
    """What a flow names must exist: steps, flows, and the two flows that the engine itself enters."""
    for flow in flows.values():
        for step in flow.steps.values():
            yield from _check_step(flows, flow, step)
    for needed in (Flowbook.start, Flowbook.emergency, Flowbook.menu):
        if needed not in flows:
            yield Finding("start.yml", 1, "unknown-flow", f"there is no flow {needed!r}", f"write the flow {needed}")


def _check_step(flows: dict[str, Flow], flow: Flow, step: Step) -> Iterator[Finding]:
    targets = [(branch.target, branch.line) for branch in step.next]
    if step.timeout:
        targets.append((step.timeout.then, step.line))
    for target, line in targets:
        if target != END and target not in flow.steps:
            what = f"step {flow.id}.{step.id} goes to {target!r}, which is no step of {flow.id}"
            yield Finding(flow.file, line, "unknown-step", what, "name a step of this flow, or END")
        elif target != END and flow.steps[target].moved_to:
            what = f"step {flow.id}.{step.id} goes to {target!r}, which was removed"
            yield Finding(flow.file, line, "unknown-step", what, "go to the step that took its place")
    for other in filter(None, (step.link, step.call)):
        if other not in flows:
            what = f"step {flow.id}.{step.id} goes to the flow {other!r}, which does not exist"
            yield Finding(flow.file, step.line, "unknown-flow", what, "name a flow that exists")
    if step.moved_to:
        name, _, inner = step.moved_to.rpartition(".")
        goal = flows.get(name or flow.id)
        if goal is None or inner not in goal.steps or goal.steps[inner].moved_to:
            what = f"step {flow.id}.{step.id} moved to {step.moved_to!r}, which is no step"
            yield Finding(flow.file, step.line, "unknown-step", what, "name a step that exists, as step or flow.step")
        elif not goal.steps[inner].collect:
            what = f"step {flow.id}.{step.id} moved to {step.moved_to!r}, which asks nothing"
            yield Finding(flow.file, step.line, "unknown-step", what, "name a collect step")
    waits = flow.steps.get(step.timeout.then) if step.timeout else None
    if waits and not waits.collect:
        what = f"the timeout of {flow.id}.{step.id} goes to {waits.id!r}, which asks nothing"
        yield Finding(flow.file, step.line, "unknown-step", what, "name a collect step")
