"""The little language of hazard expressions: what it matches, and what it refuses to compile."""

from __future__ import annotations

import pytest

from bot.triage.expressions import ExpressionError, Index, compile_expression

pytestmark = pytest.mark.unit


def found(expression: str, line: str) -> bool:
    index = Index([(compile_expression(expression), None)])
    return any(True for _ in index.matches(f" {line} "))


@pytest.mark.parametrize(
    ("expression", "line", "expected"),
    [
        ("me matan", "ellos me matan hoy", True),
        ("me matan", "ellos me matanza", False),
        ("me|nos mata|matan", "nos mata", True),
        ("encerrad*", "toy encerradita aqui", True),
        ("encerrad*", "desencerrada", False),
        ("me van_a matar", "me van a matar", True),
        ("me van_a matar", "me van matar", False),
        ("van a? matar", "van matar", True),
        ("me .. encerrada", "me tienen aqui ya encerrada", True),
        ("me .. encerrada", "me uno dos tres cuatro encerrada", False),
        ("me ... encerrada", "me uno dos tres cuatro encerrada", True),
        ("me .. encerrada", "me dijo , encerrada", False),
        ("si ~ matan", "si no pago me matan", True),
        ("被关|锁住", "我 被 关 了", True),
        ("被关|锁住", "门 锁 住 了", True),
        ("被关", "关 被", False),
        ("关 .. 房", "关 在 三 号 房", True),
        ("关 .. 房", "关 在 三 号 的 房", False),
        ("बंद कर*", "मुझे बंद करके गए", True),
        ("बंद", "बंदर", False),
        ("خطفوني", "ضربوني وخطفوني", True),
        ("ضربوني .. رجعوا", "ضربوني ورجعوا", True),
        ("صل", "وصلنا", False),
    ],
)
def test_matching(expression: str, line: str, expected: bool) -> None:
    assert found(expression, line) is expected


@pytest.mark.parametrize(
    "expression", ["", "  ", ".. me", "me ..", "a? me", "me (a|b)", "me **", "a||b", "*", "me ...."]
)
def test_a_malformed_expression_is_refused_by_name(expression: str) -> None:
    with pytest.raises(ExpressionError, match="'"):
        compile_expression(expression)


def test_every_place_and_every_expression_is_reported() -> None:
    index = Index([(compile_expression("me .. van|mat*"), "a"), (compile_expression("mat*"), "b")])
    labels = sorted(label for label, _ in index.matches(" me van . me matan "))
    assert labels == ["a", "a", "b"]
