"""Words that stand for a command or an answer when they are the whole message (`flows/commands.yml`)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_START = re.compile(r"/start(?:@\w+)?(?:\s+[A-Za-z0-9_-]{1,64})?", re.IGNORECASE)
_SLASH = re.compile(r"/(\w{1,32})(?:@\w+)?")


class Command(StrEnum):
    """The interrupts that work at every step. `CONTINUE` asks the question again; `CRY` is a bare call for help."""

    START = "start"
    MENU = "menu"
    LEAVE = "leave"
    ERASE = "erase"
    LANGUAGE = "language"
    HUMAN = "human"
    BACK = "back"
    SKIP = "skip"
    HELP = "help"
    CONTINUE = "continue"
    CRY = "cry"
    CODE = "code"


_BY_NAME = {command.value: command for command in Command}


def command_named(name: str) -> Command | None:
    """The command with that id."""
    return _BY_NAME.get(name)


BUTTON_ONLY = frozenset((Command.CONTINUE,))
NO_WAY_OUT = frozenset((Command.CODE,))
"""Commands that flows may leave without words: nobody is locked in without them."""


def normalise(text: str) -> str:
    """Letters and digits of any script, without case, accents, punctuation, emoji or invisible characters.

    "¡SALIR!!! 🙏" becomes "salir". Marks that change letters in other scripts go too: this is for comparing a whole
    message with a short list of words, never for storing.
    """
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(
        character if unicodedata.category(character)[0] in "LN" else " "
        for character in decomposed
        if unicodedata.category(character)[0] not in "MC" or character in "\n\r\t"
    )
    return " ".join(kept.split())


def visible(text: str) -> bool:
    """Whether there is anything to see in `text` besides spaces, control and direction characters."""
    return any(unicodedata.category(character)[0] not in "CZ" for character in text)


@dataclass(frozen=True, slots=True)
class Words:
    """`commands` maps a normalised word to its command, `slash` a /command, `answers` a word to a choice id.

    `joins` are the words that go on from an answer: "sí, pero", "yes because".
    """

    commands: Mapping[str, Command]
    slash: Mapping[str, Command]
    answers: Mapping[str, str]
    joins: frozenset[str] = frozenset()

    def command(self, text: str) -> Command | None:
        """The command that the whole of `text` is, if it is one. `/start` may carry one token, others nothing."""
        stripped = text.strip()
        if _START.fullmatch(stripped):
            return Command.START
        if slash := _SLASH.fullmatch(stripped):
            return self.slash.get(normalise(slash[1]))
        return self.commands.get(normalise(text))
