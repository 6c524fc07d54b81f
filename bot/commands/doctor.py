"""`amparo doctor`: what is in order, what is not, and how to mend it."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer
from redis.exceptions import RedisError, ResponseError
from rich.table import Table

from bot.cases.keys import KeyringError
from bot.cases.store import Store
from bot.commands import common
from bot.settings import Settings, unknown_variables
from bot.triage import server as nlu_server
from bot.triage.nlu import answers

State = Literal["ok", "warning", "wrong"]
STYLES: dict[State, str] = {"ok": "green", "warning": "yellow", "wrong": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `what` includes the mend when it is not in order."""

    part: str
    state: State
    what: str


Only = Annotated[
    list[str] | None,
    typer.Option("--only", help="Look at this part alone: configuration, keys, telegram, on call, store or nlu."),
]


def doctor(json: Annotated[bool, typer.Option("--json", help="For programs.")] = False, only: Only = None) -> None:
    """Look at configuration, keys, store, model and bots; ends with 1 when something is wrong."""
    config = common.settings()

    async def collect() -> list[Finding]:
        return [finding async for finding in _look(config) if not only or finding.part in only]

    findings = common.run(collect())
    if json:
        common.print_json([asdict(finding) for finding in findings])
    else:
        table = Table("", "part", "finding", show_lines=False)
        for finding in findings:
            table.add_row(f"[{STYLES[finding.state]}]{finding.state}[/]", finding.part, finding.what)
        common.out.print(table)
    if any(finding.state == "wrong" for finding in findings):
        raise typer.Exit(1)


async def _look(config: Settings) -> AsyncIterator[Finding]:
    yield Finding("configuration", "ok", f"reads well; data in {config.data_dir}")
    for name, meant in unknown_variables().items():
        mend = f"write {meant}" if meant else "unset it"
        yield Finding("configuration", "warning", f"{name} means nothing here: {mend}")
    for finding in (*_keys(config), *_bots(config)):
        yield finding
    async for finding in _store(config):
        yield finding
    yield await _nlu(config)


def _keys(config: Settings) -> list[Finding]:
    found: list[Finding] = []
    ring = common.keyring(config)
    try:
        team, epoch = ring.team(), ring.current_epoch()
    except KeyringError as error:
        return [Finding("keys", "wrong", str(error))]
    names = ", ".join(operator.name for operator in team.operators)
    found.append(Finding("keys", "ok", f"operators: {names}; new cases are sealed to epoch {epoch.id}"))
    month = datetime.now(UTC).strftime("%Y-%m")
    if not epoch.id.startswith(month):
        found.append(
            Finding("keys", "warning", f"the epoch is from another month: run `amparo keys epoch new` ({month})")
        )
    for secret in (config.path(config.secrets.intake), config.path(config.secrets.pager)):
        if secret.exists() and stat.S_IMODE(secret.stat().st_mode) & 0o077:
            found.append(Finding("keys", "wrong", f"{secret} can be read by others: chmod 600 {secret}"))
    return found


def _bots(config: Settings) -> list[Finding]:
    found = []
    if config.telegram.configured:
        found.append(Finding("telegram", "ok", f"public bot by {config.telegram.mode}"))
    else:
        found.append(Finding("telegram", "warning", "no public bot: set AMPARO_TELEGRAM__TOKEN (or …_FILE)"))
    if not config.oncall.telegram.configured:
        what = "no on-call bot, so nobody can be paged: set AMPARO_ONCALL__TELEGRAM__TOKEN"
        found.append(Finding("on call", "warning", what))
    if not config.oncall.operators:
        found.append(
            Finding("on call", "warning", "the roster is empty: name operators in config.yml, oncall.operators")
        )
    return found


async def _store(config: Settings) -> AsyncIterator[Finding]:
    own = not config.redis.url.get_secret_value()
    try:
        async with common.opened(config) as store:
            policy = await fsync_policy(store)
            if policy == "always":
                yield Finding("store", "ok", "answers; every write is on disk before it is confirmed")
            elif policy:
                mend = "CONFIG SET appendonly yes, appendfsync always"
                yield Finding(
                    "store", "wrong", f"answers, but fsync is {policy!r}: accepted messages can be lost; {mend}"
                )
            else:
                yield Finding(
                    "store", "warning", "answers, but does not say how it writes: make sure of fsync always"
                )
            on_duty = await store.on_duty()
            beating = await store.beating(common.now())
    except (RedisError, OSError) as error:
        mend = "start it with `amparo up`" if own else "check AMPARO_REDIS__URL"
        yield Finding("store", "wrong", f"does not answer ({type(error).__name__}): {mend}")
        return
    if "pager" in beating:
        state: State = "ok" if on_duty else "warning"
        who = ", ".join(sorted(on_duty)) or "nobody: people are told so; go on duty with /on in the on-call bot"
        yield Finding("on call", state, f"the pager runs; on duty: {who}")
    else:
        yield Finding("on call", "wrong", "the pager does not run: start it with `amparo up` or `amparo run pager`")


async def fsync_policy(store: Store) -> str:
    """When the server syncs its append-only file; "" when it will not say (hosted stores refuse CONFIG)."""
    try:
        found = await store.client.config_get("append*")
    except ResponseError:
        return ""
    told = {_word(name): _word(value) for name, value in found.items()}
    return told.get("appendfsync", "") if told.get("appendonly") == "yes" else "no append-only file"


def _word(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


async def _nlu(config: Settings) -> Finding:
    if config.nlu.url:
        if await answers(config.nlu.url):
            return Finding("nlu", "ok", "the model answers")
        return Finding("nlu", "wrong", f"nlu.url: {config.nlu.url} does not answer; hazard words still work")
    try:
        nlu_server.check()
    except nlu_server.NluUnavailable as error:
        return Finding("nlu", "wrong", str(error))
    return Finding("nlu", "ok", "environment and trained model are in place")
