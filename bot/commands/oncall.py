"""`amparo oncall`: enrol operators in the on-call bot, and see who is on duty."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.commands import common
from bot.oncall import enrol

app = typer.Typer(help="Who is paged: enrolment codes and duty.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="An operator on the roster (oncall.operators in config.yml).")]


def _known(name: str) -> None:
    roster = {operator.name for operator in common.settings().oncall.operators}
    if name not in roster:
        known = ", ".join(sorted(roster)) or "nobody yet"
        common.fail(f"{name} is not on the roster: add them to oncall.operators in config.yml (it has: {known})")


@app.command()
def code(name: Name) -> None:
    """Make a one-time code: the operator sends `/start CODE` to the on-call bot within an hour."""
    _known(name)
    config = common.settings()

    async def make() -> str:
        async with common.opened(config) as store:
            return await enrol.new_code(store, name)

    typer.echo(common.run(make()))


@app.command()
def on(name: Name) -> None:
    """Put an operator on duty."""
    _duty(name, on=True)


@app.command()
def off(name: Name) -> None:
    """Take an operator off duty."""
    _duty(name, on=False)


def _duty(name: str, *, on: bool) -> None:
    _known(name)
    config = common.settings()

    async def change() -> None:
        async with common.opened(config) as store:
            await store.duty_set(name, on)

    common.run(change())
    common.err.print(f"{name} is {'on' if on else 'off'} duty.")


@app.command()
def who() -> None:
    """Who is on duty now."""
    config = common.settings()

    async def ask() -> set[str]:
        async with common.opened(config) as store:
            return await store.on_duty()

    on_duty = common.run(ask())
    typer.echo("\n".join(sorted(on_duty)) or "nobody")
