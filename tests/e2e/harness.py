"""The real program against a Bot API server on loopback: started as a subprocess, played over HTTP only."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.settings import ROOT
from bot.supervisor import free_port, until_ready
from tests.doubles.bot_api import BotApi, BotDouble

PUBLIC = "71001:amparo-public"
ONCALL = "71002:amparo-oncall"
OPERATOR_CHAT = 990_000_417_553
READY_SECONDS = 180
"""Loading the model takes some seconds on a quiet machine and much longer on a busy one."""


def clean_environment() -> dict[str, str]:
    """Ours, without anything that would configure Amparo."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AMPARO_")}


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


async def command(environment: Mapping[str, str], *words: str, given: str | None = None) -> Finished:
    """Runs `amparo …` to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *words,
        cwd=ROOT,
        env={**clean_environment(), **environment},
        stdin=asyncio.subprocess.PIPE if given is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate(given.encode() if given is not None else None)
    return Finished(process.returncode or 0, out.decode(), err.decode())


@dataclass
class World:
    """A running Amparo with its two bots, as a test sees it."""

    api: BotApi
    data_dir: Path
    environment: dict[str, str]
    process: asyncio.subprocess.Process
    log: Path
    said: list[str] = field(default_factory=list)

    @property
    def people(self) -> BotDouble:
        return self.api.bot(PUBLIC)

    @property
    def oncall(self) -> BotDouble:
        return self.api.bot(ONCALL)

    async def amparo(self, *words: str, given: str | None = None) -> Finished:
        return await command(self.environment, *words, given=given)

    async def ready(self) -> None:
        """Returns when every part answers (again)."""
        port = int(self.environment["AMPARO_WEB__PORT"])
        async with asyncio.timeout(READY_SECONDS):
            assert await until_ready("127.0.0.1", port, asyncio.Event())

    def say(self, chat: int, text: str, **user: Any) -> int:
        """The person writes; what they wrote is remembered as a canary. The newest message before it."""
        before = max((message.id for message in self.people.messages(chat)), default=0)
        if not text.startswith("/"):
            self.said.append(text)
        self.people.say(chat, text, **user)
        return before

    async def press(self, chat: int, wanted: str) -> int:
        """Presses the button with that data in the newest message that shows it."""
        for message in reversed(self.people.messages(chat)):
            found = next((data for data in message.choices if data.endswith(wanted)), None)
            if message.by_bot and found:
                self.people.press(chat, message.id, found)
                return max(m.id for m in self.people.messages(chat))
        raise AssertionError(f"no button {wanted!r} in {[m.choices for m in self.people.messages(chat)]}")


@asynccontextmanager
async def data_directory() -> AsyncIterator[Path]:
    """A short path (sockets have little room), gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="amparo-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


async def ready(process: asyncio.subprocess.Process, log: Path) -> None:
    """Waits for the line `ready`; explains with the end of the log when it does not come."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_SECONDS):
            while line := await process.stdout.readline():
                if line.strip() == b"ready":
                    return
    except TimeoutError:
        pass
    raise AssertionError("not ready; the log ends with:\n" + "\n".join(log.read_text().splitlines()[-20:]))


@asynccontextmanager
async def world(**extra: str) -> AsyncIterator[World]:
    """`amparo up --demo` with both bots on the double, stopped by its own id at the end."""
    async with data_directory() as data_dir, BotApi() as api:
        api.bot(PUBLIC)
        api.bot(ONCALL)
        environment = {
            "AMPARO_DATA_DIR": str(data_dir),
            "AMPARO_TELEGRAM__TOKEN": PUBLIC,
            "AMPARO_TELEGRAM__API_BASE": api.base,
            "AMPARO_ONCALL__TELEGRAM__TOKEN": ONCALL,
            "AMPARO_ONCALL__TELEGRAM__API_BASE": api.base,
            "AMPARO_WEB__PORT": str(free_port("127.0.0.1")),
            **extra,
        }
        log = data_dir / "log.jsonl"
        with log.open("wb") as sink:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "up", "--demo",
                cwd=ROOT,
                env={**clean_environment(), **environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=sink,
            )  # fmt: skip
            try:
                await ready(process, log)
                yield World(api, data_dir, environment, process, log)
            finally:
                if process.returncode is None:
                    process.terminate()
                await process.wait()


def person_chat(seed: int) -> int:
    """A chat id that is a good canary: long, and found nowhere else."""
    return random.Random(seed).randrange(10**14, 10**15)


def descendants(pid: int) -> list[int]:
    """The process and all below it (Linux: /proc)."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            found += descendants(int(child))
    return found
