"""Fields that flows, steps and choices share in flow files: urgency and conditions."""

from __future__ import annotations

from ruamel.yaml.comments import CommentedMap

from bot.conversation.expression import FACTS as CONDITION_FACTS
from bot.conversation.expression import Condition
from bot.conversation.messages import Urgency
from bot.conversation.source import Source, key_line


def urgency(source: Source, node: CommentedMap) -> Urgency | None:
    """The level at `urgency`, None when absent."""
    if "urgency" not in node:
        return None
    try:
        return Urgency.parse(str(node["urgency"]))
    except ValueError as error:
        what, _, mend = str(error).partition(": ")
        source.fault(key_line(node, "urgency"), "unknown-urgency", what, mend)
        return None


def condition(source: Source, node: CommentedMap, key: str, slots: frozenset[str]) -> Condition | None:
    """The condition at `key`, None when absent or faulty."""
    if key not in node:
        return None
    line = key_line(node, key)
    value = node[key]
    if not isinstance(value, str):
        source.fault(line, "condition", f"the condition {value!r} is not a text", "put it in quotes")
        return None
    try:
        return Condition(value, slots)
    except ValueError as error:
        rule = "unknown-symbol" if "unknown symbol" in str(error) else "condition"
        mend = (
            "use a slot, or one of " + ", ".join(sorted(CONDITION_FACTS)) if rule == "unknown-symbol" else "mend it"
        )
        source.fault(line, rule, f"the condition {value!r} cannot be used: {error}", mend)
        return None
