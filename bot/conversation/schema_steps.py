"""The schema of one step and of the choices of a question."""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml.comments import CommentedMap

from bot.conversation.flow import END, Action, Branch, Option, Rejection, Step, Timeout
from bot.conversation.indicators import INDICATORS
from bot.conversation.messages import RISK_FLAGS, MediaKind
from bot.conversation.schema_fields import condition, urgency
from bot.conversation.session import IDENTIFIER
from bot.conversation.source import Source, key_line

KINDS = ("collect", "action", "set_slots", "link", "call", "noop", "moved_to", "utter")
"""In this order: `utter` beside another kind belongs to that kind."""
COMMON = frozenset(("id", "next"))
ASKING = frozenset(
    (
        "utter", "choices", "accept", "rejections", "seal", "skippable", "menu", "sensitive_exit",
        "ask_before_filling", "indicator", "risk", "timeout",
    )
)  # fmt: skip
KEYS = {
    "collect": COMMON | ASKING | {"collect"},
    "utter": COMMON | {"utter"},
    "action": COMMON | {"action"},
    "set_slots": COMMON | {"set_slots"},
    "link": frozenset(("id", "link")),
    "call": COMMON | {"call"},
    "noop": COMMON | {"noop"},
    "moved_to": frozenset(("id", "moved_to")),
}
ACCEPTED = frozenset(("text", *(kind.value for kind in MediaKind)))
_DURATION = re.compile(r"(\d{1,4})([mhd])")
_SECONDS = {"m": 60, "h": 3600, "d": 86400}


class StepReader:
    """Reads the steps of the flow `flow`; `slots` are all that conditions may ask for."""

    def __init__(self, source: Source, flow: str, slots: frozenset[str]) -> None:
        self._source = source
        self._flow = flow
        self._slots = slots

    def step(self, node: CommentedMap, line: int, following: str) -> Step | None:
        """The step in `node`. `following` is the id of the next one in the file, where it goes without `next`."""
        source = self._source
        if not node:
            return None
        id = source.identifier(node.get("id"), line, f"the id of a step of {self._flow}")
        kinds = [kind for kind in KINDS if kind in node]
        if "utter" in kinds and len(kinds) > 1:
            kinds.remove("utter")
        if len(kinds) != 1:
            what = f"step {self._flow}.{id} is of {len(kinds)} kinds"
            source.fault(line, "step-kind", what, f"give it one of: {', '.join(KINDS)}")
            return None
        if not id:
            return None
        kind = kinds[0]
        source.mapping(node, line, f"a {kind} step", KEYS[kind])
        if kind == "noop" and node["noop"] is not True:
            source.fault(key_line(node, "noop"), "type", "noop must be true", "write noop: true")
        return Step(
            id=id,
            line=line,
            collect=self._name(node, "collect"),
            utter=self._name(node, "utter"),
            action=self._action(node),
            set_slots=self._set_slots(node),
            link=self._name(node, "link"),
            call=self._name(node, "call"),
            noop=kind == "noop",
            moved_to=source.get(node, "moved_to", "it", required=False),
            next=() if kind in ("link", "moved_to") else self._next(node, line, following),
            options=self._options(node),
            accept=frozenset(source.names(node, "accept", ACCEPTED.__contains__, "medium")),
            rejections=self._rejections(node),
            seal=source.flag(node, "seal"),
            skippable=source.flag(node, "skippable"),
            menu=source.flag(node, "menu"),
            sensitive_exit=source.flag(node, "sensitive_exit"),
            ask_before_filling=source.flag(node, "ask_before_filling"),
            indicators=source.names(node, "indicator", INDICATORS.__contains__, "indicator"),
            risks=source.names(node, "risk", RISK_FLAGS.__contains__, "risk"),
            timeout=self._timeout(node),
        )

    def _name(self, node: CommentedMap, key: str) -> str:
        if key not in node:
            return ""
        return self._source.identifier(node[key], key_line(node, key), f"{key!r}")

    def _action(self, node: CommentedMap) -> Action | None:
        if "action" not in node:
            return None
        try:
            return Action(node["action"])
        except ValueError:
            what = f"there is no action {node['action']!r}"
            self._source.fault(key_line(node, "action"), "unknown-action", what, f"use one of: {', '.join(Action)}")
            return None

    def _set_slots(self, node: CommentedMap) -> dict[str, str]:
        if "set_slots" not in node:
            return {}
        values: dict[str, str] = {}
        for line, item in self._source.items(node["set_slots"], key_line(node, "set_slots"), "set_slots"):
            for name, value in self._source.mapping(item, line, "an item of set_slots").items():
                if value == "" or self._source.identifier(value, line, f"the value of {name}"):
                    values[str(name)] = value
        return values

    def _next(self, node: CommentedMap, line: int, following: str) -> tuple[Branch, ...]:
        source = self._source
        if "next" not in node:
            # nothing follows the last step: the linter calls that a dead end
            return (Branch(following, line=line),) if following else ()
        value: Any = node["next"]
        at = key_line(node, "next")
        if isinstance(value, str):
            return (Branch(value, line=at),)
        branches = []
        for place, item in source.items(value, at, "next"):
            entry = source.mapping(item, place, "a branch of next", frozenset(("if", "then", "else")))
            if "if" in entry:
                test = condition(source, entry, "if", self._slots)
                target = source.get(entry, "then", "a branch of next")
                if test and target:
                    branches.append(Branch(target, test, place))
            elif "else" in entry:
                branches.append(Branch(source.get(entry, "else", "a branch of next"), None, place))
            else:
                source.fault(place, "missing-key", "a branch of next has neither if nor else", "add if: and then:")
        return tuple(branches)

    def _options(self, node: CommentedMap) -> tuple[Option, ...]:
        if "choices" not in node:
            return ()
        source = self._source
        options: dict[str, Option] = {}
        known = frozenset(("id", "indicator", "risk", "urgency", "numbers"))
        for line, item in source.items(node["choices"], key_line(node, "choices"), "choices"):
            entry = CommentedMap() if isinstance(item, str) else source.mapping(item, line, "a choice", known)
            id = source.identifier(item if isinstance(item, str) else entry.get("id"), line, "a choice")
            if id in options:
                source.fault(line, "duplicate", f"the choice {id} is already there", "give it another id")
            elif id:
                options[id] = Option(
                    id=id,
                    indicators=source.names(entry, "indicator", INDICATORS.__contains__, "indicator"),
                    risks=source.names(entry, "risk", RISK_FLAGS.__contains__, "risk"),
                    urgency=urgency(source, entry),
                    numbers=self._numbers(entry),
                    line=line,
                )
        return tuple(options.values())

    def _numbers(self, entry: CommentedMap) -> tuple[int, int] | None:
        if "numbers" not in entry:
            return None
        line = key_line(entry, "numbers")
        found = [item for _, item in self._source.items(entry["numbers"], line, "numbers")]
        if len(found) != 2 or not all(isinstance(item, int) and not isinstance(item, bool) for item in found):
            self._source.fault(
                line, "type", "numbers must be the first and the last one", "write for example [1, 17]"
            )
            return None
        return int(found[0]), int(found[1])

    def _rejections(self, node: CommentedMap) -> tuple[Rejection, ...]:
        if "rejections" not in node:
            return ()
        source = self._source
        found = []
        for line, item in source.items(node["rejections"], key_line(node, "rejections"), "rejections"):
            entry = source.mapping(item, line, "a rejection", frozenset(("if", "utter")))
            test = condition(source, entry, "if", self._slots)
            utter = source.get(entry, "utter", "a rejection")
            if test and IDENTIFIER.fullmatch(utter):
                found.append(Rejection(test, utter, line))
        return tuple(found)

    def _timeout(self, node: CommentedMap) -> Timeout | None:
        if "timeout" not in node:
            return None
        source = self._source
        line = key_line(node, "timeout")
        entry = source.mapping(node["timeout"], line, "timeout", frozenset(("after", "then")))
        then = source.get(entry, "then", "timeout")
        after = _DURATION.fullmatch(source.get(entry, "after", "timeout"))
        if not after:
            source.fault(line, "type", "after must be minutes, hours or days", "write for example 30m, 12h or 7d")
            return None
        return Timeout(float(after[1]) * _SECONDS[after[2]], then) if then and then != END else None
