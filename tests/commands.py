"""Which commands `amparo` has, for tests of files that name some."""

from __future__ import annotations

from typing import Any

import typer.core
import typer.main

from bot.cli import app


def command_of(arguments: list[str]) -> str:
    """The whole name of the command that `amparo` with these arguments runs. Fails when there is none like that."""
    found: Any = typer.main.get_command(app)
    left, name = list(arguments), "amparo"
    while isinstance(found, typer.core.TyperGroup) and left:
        word = left.pop(0)
        assert word in found.commands, f"amparo {' '.join(arguments)}: no command {word!r}"
        found, name = found.commands[word], f"{name} {word}"
    assert not isinstance(found, typer.core.TyperGroup), f"amparo {' '.join(arguments)}: not a whole command"
    options = {option for parameter in found.params for option in parameter.opts}
    unknown = [word for word in left if word.startswith("-") and word not in options]
    assert not unknown, f"amparo {' '.join(arguments)}: no option {unknown}"
    return name
