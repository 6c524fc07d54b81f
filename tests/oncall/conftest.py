"""A pager in this process with the real store and the real library, against the Bot API double."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.cases.code import new_code
from bot.cases.records import CaseWrite, Committed, TurnWrite, Wakeup
from bot.cases.secrets import PagerSecrets
from bot.cases.store import Store
from bot.cases.vault import Locker
from bot.conversation.messages import Role, Urgency
from bot.oncall import enrol, pager
from bot.oncall.paging import now
from bot.settings import Settings
from tests.doubles.bot_api import BotApi, BotDouble, Message

TOKEN = "2002:oncall"


def settings(api: BotApi | None, operators: Sequence[dict[str, Any]] = (), **ladder: Any) -> Settings:
    """Settings with this roster and ladder, and with the on-call bot's token when there is an `api`."""
    telegram = {"token": TOKEN, "api_base": api.base} if api else {}
    return Settings.model_validate(
        {"oncall": {"telegram": telegram, "operators": list(operators), "ladder": ladder or {"repeat": 300}}}
    )


ANA = {"name": "ana", "languages": ["es"]}
BEA = {"name": "bea", "languages": ["es", "en"]}
CARL = {"name": "carl", "languages": ["en"]}
SUE = {"name": "sue", "languages": ["en"], "supervisor": True}
CHATS = {"ana": 90001, "bea": 90002, "carl": 90003, "sue": 90004, "demo": 90005}


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Wait for something in the store, which tells nobody when it changes. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 - there is nothing that could set an event
            await asyncio.sleep(0.02)


class Team:
    """The running pager's surroundings, with what a test does most."""

    def __init__(self, api: BotApi, store: Store, secrets: PagerSecrets) -> None:
        self.api, self.store, self.secrets = api, store, secrets
        self.bot: BotDouble = api.bot(TOKEN)
        self._writers: dict[str, str] = {}
        self._pseudonyms = (f"{number:032x}" for number in itertools.count(1))

    @asynccontextmanager
    async def pager(self, configured: Settings, *, demo: bool = False) -> AsyncIterator[asyncio.Task[None]]:
        """The pager, running; a fault that ended it fails the test."""
        stop = asyncio.Event()
        task = asyncio.create_task(pager.run(configured, self.store, self.secrets, demo=demo, stop=stop))
        try:
            yield task
        finally:
            stop.set()
            if not task.cancelled():
                await task

    async def on_duty(self, *names: str) -> None:
        """Enrolled through the store, as the bot itself does it, and on duty."""
        enrolments = enrol.Enrolments(self.store, self.secrets.locker, tuple(CHATS))
        for name in names:
            self.bot.chat(CHATS[name], language_code="es")
            await enrolments.put(enrol.Enrolment(name, CHATS[name], "es"))
            await self.store.duty_set(name, True)

    async def case(
        self, urgency: Urgency = Urgency.EMERGENCY, language: str = "es", *, escalate: bool = False
    ) -> str:
        """A case that a person has just opened."""
        pseudonym = next(self._pseudonyms)
        view = await self.store.read(pseudonym)
        code = new_code(view.shard)
        case = CaseWrite(
            id=code.locator, expected_seq=0, opens=True, role=Role.SELF, language=language, entries=(b"sealed",),
            urgency=urgency, escalate=escalate,
        )  # fmt: skip
        write = TurnWrite(
            pseudonym, view.shard, "telegram", f"m-{pseudonym}", view.version, now(), b"s", b"r", case=case
        )
        assert isinstance(await self.store.commit(write), Committed)
        self._writers[code.locator] = pseudonym
        return code.locator

    async def another_message(self, case: str) -> None:
        """The person of a case writes again."""
        pseudonym = self._writers[case]
        view = await self.store.read(pseudonym)
        assert view.case is not None
        more = CaseWrite(id=case, expected_seq=view.case.seq, entries=(b"more",))
        key = f"m-{pseudonym}-{view.version}"
        write = TurnWrite(pseudonym, view.shard, "telegram", key, view.version, now(), b"s", b"r", case=more)
        assert isinstance(await self.store.commit(write), Committed)

    async def erase(self, case: str) -> None:
        """The person of a case has everything of theirs erased."""
        pseudonym = self._writers[case]
        view = await self.store.read(pseudonym)
        write = TurnWrite(
            pseudonym, view.shard, "telegram", f"m-{pseudonym}-{view.version}", view.version, now(),
            case=CaseWrite(id=case, expected_seq=0), erase=True,
        )  # fmt: skip
        assert isinstance(await self.store.commit(write), Committed)

    async def undelivered(self, case: str) -> None:
        """The next thing to send to the person of a case cannot be delivered."""
        pseudonym = self._writers[case]
        view = await self.store.read(pseudonym)
        item = await self.store.head(Wakeup(view.shard, "telegram", "0-0", pseudonym))
        assert item is not None
        assert await self.store.undeliverable(pseudonym, item, "blocked", now())

    async def paged(self, name: str, case: str, *, after: int = 0, within: float = 10) -> Message:
        """The page about `case` that `name` gets."""
        return await self.bot.expect(
            CHATS[name], lambda m: case in m.text and f"claim:{case}" in m.choices, within, after=after
        )

    def pages(self, name: str, case: str) -> list[Message]:
        """Pages about `case` to be seen in the chat of `name`."""
        return [m for m in self.bot.messages(CHATS[name]) if m.by_bot and case in m.text]

    def sent(self, name: str, case: str) -> int:
        """How many pages about `case` were sent to `name`, refused ones too."""
        calls = self.bot.called("sendMessage")
        return sum(1 for call in calls if str(call["chat_id"]) == str(CHATS[name]) and f"claim:{case}" in str(call))

    async def settled(self) -> None:
        """Wait until no page record is waiting or under way."""

        async def empty() -> bool:
            lengths = [await self.store.client.execute_command("XLEN", f"pages:{{s{n}}}") for n in range(8)]
            return not any(lengths)

        await until(empty)


@pytest.fixture
async def team(store: Store) -> AsyncIterator[Team]:
    async with BotApi() as api:
        yield Team(api, store, PagerSecrets(Locker(b"k" * 32)))
