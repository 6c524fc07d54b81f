"""The texts that the program itself names, beside those that flows name, and the variables that each is given.

Every text may use the facts of `texts.FACTS`. What is listed here must exist in every language; what no flow names
and is not listed here is never shown, and the linter says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.conversation.texts import MISSING
from bot.conversation.words import Command

_LINE: Final = frozenset(("name", "number", "country", "source", "date"))

ENGINE: Final = frozenset(
    (
        "cannot_read", "cannot_skip", "case_code", "case_code_again", "choose_language", "code_none",
        "code_throttled", "code_wrong", "crisis", "cry", "edit_kept", "emergency_again", "emergency_alerted",
        "emergency_claimed", "emergency_nobody", "erase_confirm", "erase_kept", "erased", "flood", "human_claimed",
        "human_nobody", "human_on_duty", "kept", "kept_short", "left", "location_kept", "media_not_kept",
        "nothing_before", "now_speaking", "options", "question_passed", "relayed", "short_mode", "thanked",
        "welcome_back", "welcome_back_claimed", "welcome_back_closed", "with_operator", MISSING,
    )
)  # fmt: skip
"""What the engine says outside the flows."""

BUTTONS: Final = frozenset(
    (
        *(f"button_{command}" for command in Command if command not in (Command.START, Command.CRY)),
        "button_erase_yes",
        "button_erase_no",
    )
)
"""The labels of the buttons that `layout.py` places."""

SERVICE: Final = frozenset(("not_stored", "rescued", "wipe_incomplete"))
"""What the service says by itself: the store is away, a flow has failed, the platform kept part of a wiped chat."""

DIRECTORY: Final = frozenset(("line", "line_hours", "line_verified", "line_verified_hours", "line_none"))
"""How the directory writes a contact line."""

ALL: Final = ENGINE | BUTTONS | SERVICE | DIRECTORY

ARGUMENTS: Final[Mapping[str, frozenset[str]]] = {
    "media_not_kept": frozenset(("media",)),
    "location_kept": frozenset(("media",)),
    "line": _LINE,
    "line_hours": _LINE | {"hours"},
    "line_verified": _LINE | {"verified"},
    "line_verified_hours": _LINE | {"hours", "verified"},
}
"""Variables of single texts, beside the facts."""
