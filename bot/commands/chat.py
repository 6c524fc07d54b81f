"""`amparo chat`: the same turns as every channel, on this terminal, a line at a time."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from contextlib import AsyncExitStack

from bot import service
from bot.cases.records import Wakeup
from bot.channels.delivery import Delivery
from bot.channels.terminal import Terminal
from bot.commands.plain import plain
from bot.conversation.messages import Choice, Outbound
from bot.intake import Intake
from bot.processes import open_store
from bot.settings import Settings
from bot.triage.nlu import NluClient

WAY = re.compile(r"^!(?!lang_)|:!")
"""Ids of buttons that lead out of a question instead of answering it."""


class TerminalChat:
    """A terminal as a channel: its own intake and outbox in this process, on the common store."""

    def __init__(self, intake: Intake, locale: str) -> None:
        self.terminal = Terminal()
        self.locale = locale
        self._intake = intake
        self._delivery: Delivery = service.attach(intake, self.terminal)

    @classmethod
    async def open(cls, settings: Settings, locale: str, resources: AsyncExitStack) -> TerminalChat:
        """Connects to the store and the NLU. Raises `KeyringError`, `FlowError`, and the store's errors."""
        stop = asyncio.Event()
        store = await open_store(settings, stop, resources)
        nlu = NluClient(settings.nlu.url, settings.nlu.timeout) if settings.nlu.url else None
        if nlu is not None:
            resources.push_async_callback(nlu.close)
        chat = cls(service.build_intake(settings, store, nlu, stop), locale)
        background = [asyncio.create_task(chat._delivery.run(stop)), asyncio.create_task(chat._intake.watch_duty())]

        async def close() -> None:
            stop.set()
            await asyncio.gather(*background, return_exceptions=True)

        resources.push_async_callback(close)
        return chat

    async def say(self, line: str) -> None:
        """What the person typed; a number or a label takes that button of the last message that has any."""
        choice = self._button(line.strip())
        if choice is not None:
            await self._intake.handle(self.terminal.inbound(choice=choice.id, locale=self.locale))
        else:
            await self._intake.handle(self.terminal.inbound(text=line, locale=self.locale))

    def _button(self, line: str) -> Choice | None:
        last = next((sent for sent in reversed(self.terminal.screen.values()) if sent.choices), Outbound(""))
        answers, ways = _sorted(last)
        if line.isdecimal() and 0 < int(line) <= len(answers):
            return answers[int(line) - 1]
        return next((choice for choice in (*answers, *ways) if choice.label.casefold() == line.casefold()), None)

    async def drained(self) -> None:
        """Returns when everything the bot has to say is on the screen."""
        pseudonym = self._intake.secrets.pseudonym(self.terminal.name, self.terminal.address)
        store = self._intake.store
        here = Wakeup((await store.read(pseudonym)).shard, self.terminal.name, "", pseudonym)
        while await store.head(here) is not None:
            async with self.terminal.changed:
                try:
                    async with asyncio.timeout(0.2):
                        await self.terminal.changed.wait()
                except TimeoutError:
                    continue


def shown(outbound: Outbound) -> str:
    """A message as lines of text: answers numbered as on every channel; ways out by their words."""
    answers, ways = _sorted(outbound)
    lines = [plain(outbound.text), *(f"  {number}) {choice.label}" for number, choice in enumerate(answers, 1))]
    if ways:
        lines.append("  " + " · ".join(choice.label for choice in ways))
    return "\n".join(lines)


def _sorted(outbound: Outbound) -> tuple[list[Choice], list[Choice]]:
    """Its buttons: answers to what is asked, and the ways out that are always there."""
    buttons = [choice for row in outbound.choices for choice in row]
    ways = [button for button in buttons if WAY.search(button.id)]
    return [button for button in buttons if button not in ways], ways


async def line_chat(settings: Settings, locale: str) -> None:
    """Reads lines from standard input until its end; prints what the bot says."""
    async with AsyncExitStack() as resources:
        chat = await TerminalChat.open(settings, locale, resources)
        printing = asyncio.create_task(_print(chat.terminal))
        await chat.say("/start")
        await chat.drained()
        lines = _lines()
        while (line := await lines.get()) is not None:
            if line.strip():
                await chat.say(line.rstrip("\n"))
                await chat.drained()
        printing.cancel()


async def _print(terminal: Terminal) -> None:
    seen = 0
    while True:
        async with terminal.changed:
            for number, outbound in terminal.screen.items():
                if number > seen:
                    seen = number
                    print(shown(outbound), end="\n\n", flush=True)  # noqa: T201 - this is the chat
            await terminal.changed.wait()


def _lines() -> asyncio.Queue[str | None]:
    """Lines of standard input, read beside the loop; None at its end. The thread never holds up the exit."""
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(queue.put_nowait, line)
        loop.call_soon_threadsafe(queue.put_nowait, None)

    threading.Thread(target=read, daemon=True, name="stdin").start()
    return queue
