"""Lint of the flows' shape: what is never reached, what never ends, where nobody could get out or reach a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bot.conversation.findings import Finding
from bot.conversation.flow import END, Action, Flow, Flowbook, Step
from bot.conversation.layout import NAVIGATION, SKIP, choice_id
from bot.conversation.limits import Limits
from bot.conversation.messages import Role
from bot.conversation.session import Position
from bot.conversation.source import Source, key_line

LOCK = "steps.lock.yml"


def check_flows(directory: Path, book: Flowbook, limits: Sequence[Limits]) -> Iterator[Finding]:
    """Everything about the flows themselves."""
    yield from _unreached_flows(book)
    for flow in book.flows.values():
        yield from _unreached_steps(flow)
        yield from _dead_ends(flow)
        yield from _ways_out(flow)
        yield from _to_a_human(flow)
        yield from _buttons(flow, limits)
    yield from _lock(directory, book)


def _unreached_flows(book: Flowbook) -> Iterator[Finding]:
    begun = [name for name in (book.start, book.menu, book.emergency) if name in book.flows]
    begun += [flow.id for flow in book.flows.values() if flow.triggers]
    reached: set[str] = set()
    while begun:
        name = begun.pop()
        if name in book.flows and name not in reached:
            reached.add(name)
            begun.extend(step.link or step.call for step in book.flows[name].steps.values() if step.link or step.call)
    for flow in book.flows.values():
        if flow.id not in reached:
            what = f"nothing leads to the flow {flow.id}"
            yield Finding(
                flow.file, flow.line, "unreachable", what, "link to it, give it nlu_trigger, or take it out"
            )


def _targets(step: Step) -> list[str]:
    targets = [branch.target for branch in step.next]
    return [*targets, step.timeout.then] if step.timeout else targets


def _reached(flow: Flow) -> set[str]:
    reached: set[str] = set()
    waiting = [flow.first]
    while waiting:
        name = waiting.pop()
        if name in flow.steps and name not in reached:
            reached.add(name)
            waiting.extend(_targets(flow.steps[name]))
    return reached


def _unreached_steps(flow: Flow) -> Iterator[Finding]:
    reached = _reached(flow)
    for step in flow.steps.values():
        if step.id not in reached and not step.moved_to:
            what = f"nothing leads to the step {flow.id}.{step.id}"
            yield Finding(flow.file, step.line, "unreachable", what, "lead to it, or give it moved_to")
        for branch in step.next[:-1]:
            if branch.condition is None:
                what = f"what comes after else in {flow.id}.{step.id} is never looked at"
                yield Finding(flow.file, branch.line, "unreachable", what, "put else last")


def _dead_ends(flow: Flow) -> Iterator[Finding]:
    ending: set[str] = set()
    grown = True
    while grown:
        grown = False
        for step in flow.steps.values():
            ends = bool(step.link or step.moved_to) or any(
                target == END or target in ending for target in _targets(step)
            )
            if ends and step.id not in ending:
                ending.add(step.id)
                grown = True
    for step in flow.steps.values():
        place = f"{flow.id}.{step.id}"
        if step.link or step.moved_to:
            continue
        if not step.next:
            what = f"nothing follows the step {place}"
            yield Finding(flow.file, step.line, "dead-end", what, "add next: with a step or END")
        elif step.next[-1].condition is not None:
            what = f"the step {place} goes nowhere when none of its conditions is true"
            yield Finding(flow.file, step.next[-1].line, "dead-end", what, "add else: as the last branch")
        elif step.id not in ending:
            what = f"the step {place} can never come to an end"
            yield Finding(flow.file, step.line, "dead-end", what, "lead to END or to another flow from there")
    for step in _silent_circles(flow):
        what = f"the step {flow.id}.{step.id} comes back to itself without asking anything"
        yield Finding(flow.file, step.line, "dead-end", what, "ask something on the way round")


def _silent_circles(flow: Flow) -> Iterator[Step]:
    for step in flow.steps.values():
        seen: set[str] = set()
        waiting = [] if step.collect else _targets(step)
        while waiting:
            name = waiting.pop()
            if name == step.id:
                yield step
                break
            if name in flow.steps and name not in seen:
                seen.add(name)
                # a slot that is filled is not asked again, so that only a question that always asks breaks a circle
                if not (flow.steps[name].collect and flow.steps[name].ask_before_filling):
                    waiting.extend(_targets(flow.steps[name]))


def _ways_out(flow: Flow) -> Iterator[Finding]:
    for step in flow.steps.values():
        if step.collect and not step.skippable and not step.options and "text" not in step.accept:
            what = f"the question {flow.id}.{step.id} can be neither answered in words nor skipped"
            yield Finding(flow.file, step.line, "no-way-out", what, "make it skippable, or give it choices")


def _to_a_human(flow: Flow) -> Iterator[Finding]:
    if flow.role is Role.UNKNOWN:
        return
    reached = [flow.steps[name] for name in _reached(flow)]
    if not any(step.action in (Action.OPEN_CASE, Action.ESCALATE) or step.seal for step in reached):
        what = f"no step of the flow {flow.id} opens a case: no human would ever see it"
        yield Finding(flow.file, flow.line, "no-human", what, "add action: open_case, or seal an answer")


def _buttons(flow: Flow, limits: Sequence[Limits]) -> Iterator[Finding]:
    for step in flow.steps.values():
        if not step.collect:
            continue
        position = Position(flow.id, step.id)
        carried = [(choice_id(position, option.id), option.line) for option in step.options]
        carried.append((choice_id(position, SKIP), step.line))
        for limit in limits:
            for id, line in carried:
                size = len(id.encode())
                if size > limit.choice_id:
                    what = f"the button {id} has {size} bytes; {limit.channel} carries {limit.choice_id}"
                    yield Finding(flow.file, line, "button-size", what, "shorten the ids of flow, step or choice")
            count = len(step.options) + NAVIGATION
            if count > limit.choices:
                what = f"{flow.id}.{step.id} shows {count} buttons; {limit.channel} shows {limit.choices}"
                yield Finding(flow.file, step.line, "button-count", what, "offer fewer choices")


def waits(flow: Flow) -> list[str]:
    """The steps that a stored session can be at: questions, and calls that wait for a flow to end."""
    return [step.id for step in flow.steps.values() if step.collect or step.call]


def _lock(directory: Path, book: Flowbook) -> Iterator[Finding]:
    findings: list[Finding] = []
    source = Source(directory, directory / LOCK, findings)
    root = source.mapping(source.root, 1, LOCK, frozenset(("steps",)))
    published = source.mapping(root.get("steps"), 1, "steps")
    yield from findings
    for name, ids in published.items():
        flow = book.flows.get(name)
        for line, id in source.items(ids, key_line(published, name), f"steps of {name}"):
            if flow is None or id not in flow.steps:
                what = f"the step {name}.{id} was removed, but people may be waiting at it"
                yield Finding(LOCK, line, "removed-step", what, "put it back as {id: …, moved_to: …}")
    yield from _unlocked(book, published)


def _unlocked(book: Flowbook, published: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    for flow in book.flows.values():
        known = published.get(flow.id, ())
        for id in waits(flow):
            if id not in known:
                what = f"the step {flow.id}.{id} is not in {LOCK}"
                yield Finding(flow.file, flow.steps[id].line, "unlocked-step", what, f"add it to {LOCK}")


def write_lock(directory: Path, book: Flowbook) -> None:
    """Add the book's steps to the lock file; what was published once stays published."""
    findings: list[Finding] = []
    path = directory / LOCK
    steps: dict[str, list[str]] = {}
    if path.exists():
        source = Source(directory, path, findings)
        for name, ids in (source.root.get("steps") or {}).items():
            steps[str(name)] = [str(id) for id in ids]
    for flow in book.flows.values():
        known = steps.setdefault(flow.id, [])
        known.extend(id for id in waits(flow) if id not in known)
    lines = [
        "# Steps at which people may be waiting. One that is taken out of a flow needs moved_to there.",
        "steps:",
    ]
    for name, ids in steps.items():
        lines += [f"  {name}:", *(f"    - {id}" for id in ids)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
