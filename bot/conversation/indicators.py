"""The indicators' ids (`domain.md` §3): the only ones that a flow may name."""

from __future__ import annotations

from typing import Final

_GROUPS: Final = {"REC": 4, "MOV": 3, "CTL": 5, "WRK": 7, "DEB": 2, "DOC": 2, "VIO": 4, "MIN": 3}

INDICATORS: Final = frozenset(
    f"{group}-{number:02}" for group, count in _GROUPS.items() for number in range(1, count + 1)
)
"""Thirty signs of trafficking, from ILO, UNODC and what is known of Panama. Answers are coded with them."""
