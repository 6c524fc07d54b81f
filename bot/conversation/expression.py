"""Conditions of flows: parsed, typed and symbol-checked when loaded, evaluated by rule_engine, never `eval`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import rule_engine  # type: ignore[import-untyped]  # ships no types
from rule_engine.errors import EngineError  # type: ignore[import-untyped]  # ships no types

STRINGS = ("language", "channel", "role", "wish")
BOOLEANS = ("on_duty", "has_case", "claimed", "code_issued", "short", "interrupted")
FACTS: frozenset[str] = frozenset((*STRINGS, *BOOLEANS))
"""What a condition may ask besides slots. An empty slot is the empty string."""

Value = str | bool


class Condition:
    """One condition. Equal when its source is equal."""

    __slots__ = ("_rule", "source")

    def __init__(self, source: str, slots: Iterable[str]) -> None:
        """Parse `source`. Raises `ValueError`: the syntax, an unknown symbol, or types that do not fit."""
        types = dict.fromkeys((*STRINGS, *slots), rule_engine.DataType.STRING)
        types |= dict.fromkeys(BOOLEANS, rule_engine.DataType.BOOLEAN)
        self.source = source
        try:
            context = rule_engine.Context(type_resolver=rule_engine.type_resolver_from_dict(types))
            self._rule = rule_engine.Rule(source, context=context)
            self._rule.matches({name: False if name in BOOLEANS else "" for name in types})
        except EngineError as error:
            raise ValueError(error.message or type(error).__name__) from None

    def holds(self, values: Mapping[str, Value]) -> bool:
        """Whether it is true of `values`; a condition that cannot be worked out is not true."""
        try:
            return bool(self._rule.matches(values))
        except EngineError:
            return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"Condition({self.source!r})"
