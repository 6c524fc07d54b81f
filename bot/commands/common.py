"""What every command shares: settings, one-line errors, the store, and whose key is used."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer
from redis.exceptions import RedisError
from rich.console import Console

from bot import demo
from bot.cases.embedded import EmbeddedError, connect
from bot.cases.keyfile import read_operator_key
from bot.cases.keys import Keyring, KeyringError
from bot.cases.store import Store
from bot.cases.vault import KeyPair
from bot.commands.plain import plain_json
from bot.conversation.findings import FlowError
from bot.settings import ConfigurationError, Settings, load

Result = TypeVar("Result")
out = Console()
err = Console(stderr=True)

PROBLEMS = (ConfigurationError, KeyringError, EmbeddedError, FlowError)
"""Errors whose text is already one line for a person."""


class State:
    """What the options before the command said."""

    config: Path | None = None
    loaded: Settings | None = None


def settings() -> Settings:
    """The configuration; a mistake in it ends the program with one line."""
    if State.loaded is None:
        try:
            State.loaded = load(State.config)
        except ConfigurationError as error:
            fail(str(error))
    return State.loaded


def fail(message: str, code: int = 1) -> NoReturn:
    """Ends with `code`, having said what is wrong and how to mend it."""
    err.print(message, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(code)


def guarded(work: Callable[[], Result]) -> Result:
    """What `work` returns; a known problem ends the program with its one line."""
    try:
        return work()
    except PROBLEMS as error:
        fail(str(error))


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs `work`; known problems end the program with their one line, never with a traceback."""
    try:
        return asyncio.run(work)
    except PROBLEMS as error:
        fail(str(error))
    except (RedisError, OSError) as error:
        where = "AMPARO_REDIS__URL" if settings().redis.url.get_secret_value() else "its own store"
        fail(
            f"the store does not answer ({where}, {type(error).__name__}): start it with `amparo up`, then try again"
        )
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


@asynccontextmanager
async def opened(config: Settings) -> AsyncIterator[Store]:
    """The store, connected and closed again."""
    client = connect(config)
    try:
        yield Store(client, routing_days=config.retention.routing_days)
    finally:
        await client.aclose()


def keyring(config: Settings) -> Keyring:
    """The team's key ring, where `config` says it is."""
    return Keyring(config.path(config.secrets.keyring))


def operator_name(config: Settings, given: str = "") -> str:
    """Whose key to use: `given`, else the configured one, else the demo operator, else the only one there is."""
    name = given or config.operator.name
    if name:
        return name
    if demo.passphrase_file(config).exists():
        return demo.OPERATOR
    names = sorted(operator.name for operator in keyring(config).team().operators)
    if len(names) == 1:
        return names[0]
    fail(f"whose key? say --as NAME or set AMPARO_OPERATOR__NAME; the team has: {', '.join(names) or 'nobody yet'}")


def passphrase(config: Settings, name: str) -> str:
    """From the settings, else the demo's file, else asked for at the terminal without an echo."""
    given = config.operator.passphrase.get_secret_value()
    if given:
        return given
    stored = demo.passphrase_file(config)
    if name == demo.OPERATOR and stored.exists():
        return stored.read_text(encoding="utf-8").strip()
    return str(typer.prompt(f"Passphrase of {name}", hide_input=True, err=True))


def unlock(config: Settings, given: str = "") -> tuple[str, KeyPair]:
    """The operator and their private key, unwrapped in this process only. Ends with one line when it cannot be."""
    try:
        name = operator_name(config, given)
        ring = keyring(config)
        if ring.team().operator(name) is None:
            fail(f"{name} is not in the team (any more); `amparo keys operator list` shows who is")
        return name, read_operator_key(ring.operator_file(name), passphrase(config, name))
    except KeyringError as error:
        fail(str(error))


def print_json(value: object) -> None:
    """For programs: one JSON document on standard output."""
    typer.echo(plain_json(value))


def now() -> int:
    """Milliseconds of Unix time."""
    return time.time_ns() // 1_000_000


def ago(moment: int) -> str:
    """How long ago, as a person says it."""
    seconds = max(0, now() - moment) // 1000
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def interactive() -> bool:
    """Whether a person sits at a terminal."""
    return os.isatty(0) and os.isatty(1)
