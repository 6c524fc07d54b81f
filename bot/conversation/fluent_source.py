"""Fluent files as syntax: every message with its place, its variables and how long it can become."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fluent.syntax import FluentParser, ast

from bot.conversation.findings import Finding

_NUMBER_LENGTH = 10
_WORD_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """One text of one language. `comment` is what stands above it in the file."""

    id: str
    language: str
    file: str
    line: int
    pattern: ast.Pattern
    comment: str = ""

    def variables(self) -> frozenset[str]:
        """Every variable that the text uses in any variant."""
        return frozenset(_variables(self.pattern))

    def variants(self, lookup: Callable[[str], Entry | None]) -> list[str]:
        """Every form that the text can take, variables shown as `{name}`, references followed once."""
        return _variants(self.pattern, lookup, depth=2)


def parse(directory: Path, path: Path, language: str, findings: list[Finding]) -> Iterator[Entry]:
    """The messages of one `.ftl` file, adding what cannot be read to `findings`."""
    file = path.relative_to(directory).as_posix()
    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        findings.append(Finding(file, 1, "unreadable", "the file is not UTF-8 text", "save it as UTF-8"))
        return
    for entry in FluentParser().parse(source).body:
        if isinstance(entry, ast.BaseComment):
            continue
        start = entry.span.start if entry.span else 0
        if isinstance(entry, ast.Junk):
            reason = entry.annotations[0].message if entry.annotations else "not Fluent"
            line = source.count("\n", 0, start) + 1
            findings.append(Finding(file, line, "syntax", f"this is not Fluent: {reason}", "mend the text there"))
        elif isinstance(entry, ast.Message) and entry.value is not None:
            name_at = entry.id.span.start if entry.id.span else start
            comment = entry.comment.content or "" if entry.comment else ""
            line = source.count("\n", 0, name_at) + 1
            yield Entry(entry.id.name, language, file, line, entry.value, comment)


def length(text: str, longest: Mapping[str, int]) -> int:
    """UTF-16 code units of a variant from `Entry.variants`, each `{name}` at its greatest length."""
    total = len(text.encode("utf-16-le", errors="replace")) // 2
    for name, size in longest.items():
        total += text.count(f"{{{name}}}") * (size - len(name) - 2)
    return total


def _expression(node: ast.Placeable) -> ast.InlineExpression | ast.SelectExpression:
    inner = node.expression
    while isinstance(inner, ast.Placeable):
        inner = inner.expression
    return inner


def _variables(node: ast.Pattern | ast.BaseNode) -> Iterator[str]:
    if isinstance(node, ast.VariableReference):
        yield node.id.name
        return
    for value in vars(node).values():
        children = value if isinstance(value, list) else [value]
        for child in children:
            if isinstance(child, ast.BaseNode):
                yield from _variables(child)


def _variants(pattern: ast.Pattern, lookup: Callable[[str], Entry | None], depth: int) -> list[str]:
    texts = [""]
    for element in pattern.elements:
        if isinstance(element, ast.TextElement):
            parts = [element.value]
        else:
            parts = _placeable(_expression(element), lookup, depth)
        texts = [text + part for text in texts for part in parts]
    return texts


def _placeable(
    node: ast.InlineExpression | ast.SelectExpression, lookup: Callable[[str], Entry | None], depth: int
) -> list[str]:
    if isinstance(node, ast.SelectExpression):
        return [text for variant in node.variants for text in _variants(variant.value, lookup, depth)]
    if isinstance(node, ast.VariableReference):
        return [f"{{{node.id.name}}}"]
    if isinstance(node, ast.StringLiteral):
        return [node.parse()["value"]]
    if isinstance(node, ast.MessageReference) and depth > 0 and (entry := lookup(node.id.name)):
        return _variants(entry.pattern, lookup, depth - 1)
    return ["x" * (_NUMBER_LENGTH if isinstance(node, ast.NumberLiteral) else _WORD_LENGTH)]
