"""kill -9 of intake, pager and store at random moments: what was confirmed is there, exactly once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from bot import demo
from bot.cases.embedded import connect
from bot.cases.keyfile import read_operator_key
from bot.cases.keys import Keyring
from bot.cases.store import Store
from bot.commands.casework import Casework
from bot.settings import ROOT, BotToken, OnCall, Settings, Telegram
from bot.supervisor import free_port
from tests.doubles.bot_api import BotApi
from tests.e2e.harness import (
    ONCALL,
    OPERATOR_CHAT,
    PUBLIC,
    clean_environment,
    data_directory,
    descendants,
    person_chat,
)

pytestmark = [pytest.mark.chaos, pytest.mark.e2e]

CONVERSATIONS = 200
MESSAGES = 3
KILLS = 12
OUTSTANDING = 25
"""Unconfirmed updates that may pile up before the people wait a little."""


class Keeper:
    """Runs `amparo run PART` again and again, whatever happens to it."""

    def __init__(self, part: str, environment: dict[str, str], log: Path, *extra: str) -> None:
        self.part, self._environment, self._log, self._extra = part, environment, log, extra
        self.deaths = 0
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    async def run(self) -> None:
        while not self._stopping:
            with self._log.open("ab") as sink:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "bot", "run", self.part, *self._extra,
                    cwd=ROOT, env=self._environment, stdin=asyncio.subprocess.DEVNULL, stdout=sink, stderr=sink,
                )  # fmt: skip
            await self._process.wait()

    def kill(self) -> None:
        """kill -9 of the process and of everything it started."""
        if self._process is not None and self._process.returncode is None:
            for pid in descendants(self._process.pid):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self.deaths += 1

    def stop(self) -> None:
        self._stopping = True
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()


@asynccontextmanager
async def kept(*keepers: Keeper) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(keeper.run()) for keeper in keepers]
    try:
        yield
    finally:
        for keeper in keepers:  # the store last
            keeper.stop()
        await asyncio.gather(*tasks)


async def answers(url: str) -> None:
    """Returns when the NLU has its model loaded."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(180):
        while True:
            try:
                async with session.get(url + "/status") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


async def everything_read(settings: Settings) -> list[str]:
    """Every text in every case, opened with the operator's key."""
    ring = Keyring(settings.path(settings.secrets.keyring))
    passphrase = demo.passphrase_file(settings).read_text().strip()
    key = await asyncio.to_thread(read_operator_key, ring.operator_file(demo.OPERATOR), passphrase)
    redis = connect(settings)
    try:
        casework = Casework(Store(redis), ring, demo.OPERATOR, key)
        found = []
        for case in await casework.store.cases():
            _, entries = await casework.read(case.id)
            found += [entry.body["text"] for entry in entries if "text" in entry.body]
        return found
    finally:
        await redis.aclose()


@pytest.mark.parametrize("seed", [20261123])
async def test_every_confirmed_message_is_readable_exactly_once(seed: int) -> None:
    dice = random.Random(seed)
    async with data_directory() as data_dir, BotApi() as api:
        people, oncall = api.bot(PUBLIC), api.bot(ONCALL)
        settings = Settings(
            data_dir=data_dir,
            telegram=Telegram(token=SecretStr(PUBLIC), api_base=api.base),
            oncall=OnCall(telegram=BotToken(token=SecretStr(ONCALL), api_base=api.base)),
        )
        demo.prepare(settings)
        nlu_port = free_port("127.0.0.1")
        environment = {
            **clean_environment(),
            **demo.environment(settings),
            "AMPARO_DATA_DIR": str(data_dir),
            "AMPARO_TELEGRAM__TOKEN": PUBLIC,
            "AMPARO_TELEGRAM__API_BASE": api.base,
            "AMPARO_ONCALL__TELEGRAM__TOKEN": ONCALL,
            "AMPARO_ONCALL__TELEGRAM__API_BASE": api.base,
            "AMPARO_NLU__URL": f"http://127.0.0.1:{nlu_port}",
            "AMPARO_WEB__PORT": str(free_port("127.0.0.1")),
        }
        log = data_dir / "log.jsonl"
        nlu = Keeper("nlu", environment, log, "--port", str(nlu_port))
        victims = [Keeper(part, environment, log) for part in ("intake", "pager", "store")]
        async with kept(nlu, *victims):
            await answers(environment["AMPARO_NLU__URL"])
            oncall.say(OPERATOR_CHAT, "/start demo")
            chats = [person_chat(seed + number) for number in range(CONVERSATIONS)]
            script = [
                (chat, f"mensaje {number}-{turn} canario")
                for turn in range(MESSAGES)
                for number, chat in enumerate(chats)
            ]
            kill_at = set(dice.sample(range(20, len(script)), KILLS))
            turn_of = iter(dice.sample(victims * (KILLS // len(victims)), KILLS))
            sent: dict[int, str] = {}
            for number, (chat, text) in enumerate(script):
                if number in kill_at:
                    next(turn_of).kill()
                sent[people.say(chat, text).update_id] = text
                await people.pulse.until(lambda: len(sent.keys() - people.confirmed) < OUTSTANDING, 120)
            assert await people.pulse.until(lambda: sent.keys() <= people.confirmed, 180), (
                "not everything was confirmed"
            )
            last = people.say(chats[0], "ayuda me van a matar ahora mismo canario final")
            await people.expect_confirmed(last.update_id, 60)
            await oncall.expect(OPERATOR_CHAT, lambda message: "claim" in "".join(message.choices), 60)
            read = Counter(text for text in await everything_read(settings) if "canario" in text)
        expected = Counter([*sent.values(), "ayuda me van a matar ahora mismo canario final"])
        lost = [text for text in expected if text not in read]
        twice = [text for text, times in read.items() if times > 1]
        shown = [message for chat in chats for message in people.messages(chat) if message.by_bot]
        print(
            f"\n{len(expected)} messages in {CONVERSATIONS} conversations; kills: "
            + ", ".join(f"{keeper.part} {keeper.deaths}" for keeper in victims)
            + f"; lost {len(lost)}, twice {len(twice)}; {len(shown)} answers shown"
        )
        assert sum(keeper.deaths for keeper in victims) >= KILLS // 2
        assert (lost, twice) == ([], [])
