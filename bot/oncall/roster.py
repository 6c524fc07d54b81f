"""Whom to page for a case: names from `config.yml`, and who is on duty now. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.oncall.ladder import Who
from bot.settings import Operator, Settings

DEMO = "demo"
"""The operator that a chat becomes with `/start demo`, in demo mode only."""


def speaks(operator: Operator, language: str) -> bool:
    """Regions do not matter: who speaks `es` serves `es-PA`."""
    wanted = _primary(language)
    return bool(wanted) and wanted in map(_primary, operator.languages)


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()


@dataclass(frozen=True)
class Roster:
    """The operators, in the order of `config.yml`."""

    operators: tuple[Operator, ...]

    @classmethod
    def of(cls, settings: Settings, *, demo: bool = False) -> Roster:
        """The configured operators; in demo mode the demo operator too, who speaks every language served."""
        operators = settings.oncall.operators
        if demo and DEMO not in {operator.name for operator in operators}:
            operators = (*operators, Operator(name=DEMO, languages=settings.languages, supervisor=True))
        return cls(operators)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(operator.name for operator in self.operators)

    def get(self, name: str) -> Operator | None:
        return next((operator for operator in self.operators if operator.name == name), None)

    def candidates(
        self,
        language: str,
        who: Who,
        *,
        available: Collection[str],
        passed: Collection[str] = (),
        rested: Collection[str] = (),
    ) -> tuple[str, ...]:
        """The operators to page, none of them missing from `available` (on duty, and can be reached).

        Supervisors are spared by the first rungs while somebody else speaks the language. Where nobody speaks it,
        everybody on duty is asked. Operators in `passed` are left out; when that leaves nobody, those of them in
        `rested` (who passed a while ago) are asked again, because a case may not run out of people. Empty only when
        nobody is available, or all have only just passed.
        """
        present = [operator for operator in self.operators if operator.name in available]
        fresh = [operator for operator in present if operator.name not in passed]
        again = [operator for operator in present if operator.name in rested]
        return _choose(fresh, language, who) or _choose(again, language, who)


def _choose(operators: list[Operator], language: str, who: Who) -> tuple[str, ...]:
    speakers = [operator for operator in operators if speaks(operator, language)]
    first = [operator for operator in speakers if not operator.supervisor]
    if who == "everyone":
        chosen = operators
    elif who == "language_and_supervisors":
        chosen = [operator for operator in operators if operator in speakers or operator.supervisor]
    else:
        chosen = first or speakers
    return tuple(operator.name for operator in chosen or operators)
