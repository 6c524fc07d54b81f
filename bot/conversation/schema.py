"""The schema of flow files: from YAML with lines to `Flow` and `Step`, every fault named with its line.

Two passes, because a condition may ask for a slot that another file collects: `read_flows` gathers the flows and
the names of slots, `Draft.finish` builds them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from bot.conversation.expression import FACTS as CONDITION_FACTS
from bot.conversation.flow import Flow, Step, Trigger
from bot.conversation.messages import Role
from bot.conversation.schema_fields import condition, urgency
from bot.conversation.schema_steps import StepReader
from bot.conversation.source import Source, key_line

FLOW_KEYS = frozenset(("name", "description", "nlu_trigger", "if", "role", "urgency", "steps"))
SYMBOL = re.compile(r"[a-z][a-z0-9_]*")


@dataclass
class Draft:
    """Flows whose names and slots are known, not yet built."""

    found: dict[str, tuple[Source, CommentedMap, int]] = field(default_factory=dict)
    slots: set[str] = field(default_factory=set)

    def finish(self) -> dict[str, Flow]:
        """Build every flow; what is wrong is noted in its source."""
        flows: dict[str, Flow] = {}
        for id, (source, node, line) in self.found.items():
            flow = _flow(source, id, node, line, frozenset(self.slots))
            if flow is not None:
                flows[id] = flow
        return flows


def read_flows(source: Source, draft: Draft) -> None:
    """Gather the flows of one file in `draft`."""
    root = source.mapping(source.root, 1, "a flow file", frozenset(("flows", "version")))
    if not root:
        return
    if "flows" not in root:
        source.fault(1, "missing-key", "there is no 'flows'", "begin the file with flows:")
        return
    for id, value in source.mapping(root["flows"], key_line(root, "flows"), "flows").items():
        line = key_line(root["flows"], id)
        if not source.identifier(id, line, "the flow"):
            continue
        if id in draft.found:
            source.fault(line, "duplicate", f"the flow {id} is already in {draft.found[id][0].file}", "rename one")
            continue
        node = source.mapping(value, line, f"flow {id}", FLOW_KEYS)
        draft.found[id] = (source, node, line)
        for step in node.get("steps", ()) if isinstance(node.get("steps"), CommentedSeq) else ():
            if isinstance(step, CommentedMap):
                _gather_slots(source, step, draft)


def _gather_slots(source: Source, step: CommentedMap, draft: Draft) -> None:
    names: list[tuple[Any, int]] = []
    if "collect" in step:
        names.append((step["collect"], key_line(step, "collect")))
    if isinstance(step.get("set_slots"), CommentedSeq):
        for item in step["set_slots"]:
            if isinstance(item, CommentedMap):
                names.extend((name, key_line(item, name)) for name in item)
    for name, line in names:
        if not isinstance(name, str) or not SYMBOL.fullmatch(name) or len(name) > 48:
            source.fault(line, "id", f"{name!r} cannot be a slot", "use lower-case letters, digits and _")
        elif name in CONDITION_FACTS:
            source.fault(line, "duplicate", f"{name!r} is a fact of every condition", "give the slot another name")
        else:
            draft.slots.add(name)


def _flow(source: Source, id: str, node: CommentedMap, line: int, slots: frozenset[str]) -> Flow | None:
    reader = StepReader(source, id, slots)
    steps: dict[str, Step] = {}
    if "steps" not in node:
        source.fault(line, "missing-key", f"flow {id} has no steps", "add steps:")
        return None
    listed = list(source.items(node["steps"], key_line(node, "steps"), "steps"))
    names = [item.get("id") if isinstance(item, CommentedMap) else None for _, item in listed]
    for index, (at, item) in enumerate(listed):
        following = next((name for name in names[index + 1 :] if isinstance(name, str)), "")
        step = reader.step(source.mapping(item, at, f"a step of {id}"), at, following)
        if step is None:
            continue
        if step.id in steps:
            source.fault(at, "duplicate", f"the step {id}.{step.id} is already there", "give it another id")
        else:
            steps[step.id] = step
    first = next((step.id for step in steps.values() if not step.moved_to), "")
    if not first:
        source.fault(line, "missing-key", f"flow {id} has no step", "add a step")
        return None
    return Flow(
        id=id,
        name=source.get(node, "name", f"flow {id}") if node else "",
        description=source.get(node, "description", f"flow {id}") if node else "",
        file=source.file,
        line=line,
        steps=steps,
        first=first,
        triggers=_triggers(source, id, node),
        condition=condition(source, node, "if", slots),
        role=_role(source, node),
        urgency=urgency(source, node),
    )


def _role(source: Source, node: CommentedMap) -> Role:
    if "role" not in node:
        return Role.UNKNOWN
    try:
        return Role(node["role"])
    except ValueError:
        known = ", ".join(role.value for role in Role)
        source.fault(key_line(node, "role"), "unknown-role", f"there is no role {node['role']!r}", f"use {known}")
        return Role.UNKNOWN


def _triggers(source: Source, id: str, node: CommentedMap) -> tuple[Trigger, ...]:
    if "nlu_trigger" not in node:
        return ()
    triggers = []
    for line, item in source.items(node["nlu_trigger"], key_line(node, "nlu_trigger"), "nlu_trigger"):
        entry = source.mapping(item, line, f"a trigger of {id}", frozenset(("intent",)))
        intent = entry.get("intent")
        confidence: Any = 0.0
        if isinstance(intent, CommentedMap):
            confidence = intent.get("confidence_threshold", 0.0)
            intent = intent.get("name")
        if not source.identifier(intent, line, "the intent"):
            continue
        if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
            source.fault(line, "type", "confidence_threshold must be from 0 to 1", "write such a number")
            continue
        triggers.append(Trigger(str(intent), float(confidence)))
    return tuple(triggers)
