"""Sending to operators' chats: floods are obeyed, faults outlasted, a chat that blocked us is told apart.

Each chat is served one message at a time, the most urgent first, and one slow chat delays no other.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import Enum, auto
from typing import Any

import structlog
import telegram
from telegram.error import BadRequest, Conflict, EndPointNotFound, Forbidden, InvalidToken, RetryAfter, TelegramError

log = structlog.get_logger()

BACKOFF_SECONDS = (0.5, 1, 2, 4, 8, 15, 30)
"""Pauses between attempts while the Bot API cannot be reached; the last one repeats."""

UNHEALTHY_AFTER_SECONDS = 60
"""Without any answer for so long, nobody may be told that operators can be paged."""

Needed = Callable[[], Awaitable[bool]]


class Failed(Enum):
    """Why something was not sent."""

    UNREACHABLE = auto()
    """The chat blocked the bot or is gone: page somebody else."""
    OBSOLETE = auto()
    """It was no longer needed when its turn came."""
    REFUSED = auto()
    """Telegram will never accept it (a fault of ours, or the message it is about is gone)."""


def backoff(attempt: int) -> float:
    """Seconds to pause after attempt number `attempt` (from 0) failed."""
    return BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS) - 1)]


def seconds_of(flood: RetryAfter) -> float:
    """How long Telegram asks to wait."""
    wait = flood.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


class Turns:
    """One at a time, the highest priority first, then who came first."""

    def __init__(self) -> None:
        self.not_before = 0.0
        self._busy = False
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    @property
    def idle(self) -> bool:
        """Nobody has the turn, waits for it, or was told to wait."""
        return not self._busy and not self._waiting and time.monotonic() >= self.not_before

    @asynccontextmanager
    async def turn(self, priority: int) -> AsyncIterator[None]:
        if self._busy:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (-priority, next(self._count), future))
            try:
                await future
            except asyncio.CancelledError:
                if future.done() and not future.cancelled():
                    self._next()  # the turn was ours already: hand it on
                raise
        self._busy = True
        try:
            yield
        finally:
            self._next()

    def _next(self) -> None:
        while self._waiting:
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                future.set_result(None)  # busy goes on: the turn is handed over, not let go
                return
        self._busy = False


class Post:
    """The on-call bot's outgoing side."""

    def __init__(self, bot: telegram.Bot) -> None:
        self._bot = bot
        self._turns: dict[int, Turns] = {}
        self._answered = time.monotonic()
        self._down = True

    @property
    def healthy(self) -> bool:
        """The Bot API answered lately."""
        return not self._down and time.monotonic() - self._answered < UNHEALTHY_AFTER_SECONDS

    def answered(self) -> None:
        """To be called whenever the Bot API has answered as it should."""
        self._answered = time.monotonic()
        self._down = False

    def refused_token(self) -> None:
        """The token is not (any more) a bot's: nothing can be sent until it is put right."""
        self._down = True

    async def send(
        self,
        chat: int,
        text: Callable[[], str],
        markup: telegram.InlineKeyboardMarkup | None = None,
        *,
        priority: int = 0,
        needed: Needed | None = None,
    ) -> int | Failed:
        """Send until it is accepted, however long that takes; returns the message's number.

        Before every attempt `needed` is asked and `text` made anew, so that nothing is sent that has become untrue.
        """

        async def attempt() -> int:
            message = await self._bot.send_message(chat, text(), reply_markup=markup, protect_content=True)
            return message.message_id

        sent: int | Failed = await self._outlast(chat, attempt, priority, needed)
        return sent

    async def edit(self, chat: int, message: int, text: str) -> Failed | None:
        """Put another text there, without buttons. A message that is gone or says so already is no trouble."""
        result: Any = await self._outlast(
            chat, lambda: self._bot.edit_message_text(text, chat_id=chat, message_id=message), 0, None, spare=True
        )
        return result if isinstance(result, Failed) else None

    async def delete(self, chat: int, message: int) -> None:
        """Take a message away, if that is still possible."""
        await self._outlast(chat, lambda: self._bot.delete_message(chat, message), 0, None, spare=True)

    async def answer(self, query: str, text: str) -> None:
        """Answer a pressed button, once: a late answer helps nobody, and the chat shows the outcome anyway."""
        try:
            await self._bot.answer_callback_query(query, text)
        except TelegramError as error:
            log.info("a button was not answered", error=type(error).__name__)
        else:
            self.answered()

    async def _outlast(
        self,
        chat: int,
        attempt: Callable[[], Awaitable[Any]],
        priority: int,
        needed: Needed | None,
        *,
        spare: bool = False,
    ) -> Any:
        """`spare`: it may be left undone where the server knows no such method."""
        turns = self._turns.setdefault(chat, Turns())
        try:
            return await self._attempts(turns, attempt, priority, needed, spare=spare)
        finally:
            if turns.idle:  # chats of strangers are many and come once
                self._turns.pop(chat, None)

    async def _attempts(
        self,
        turns: Turns,
        attempt: Callable[[], Awaitable[Any]],
        priority: int,
        needed: Needed | None,
        *,
        spare: bool,
    ) -> Any:
        failures = 0
        while True:
            async with turns.turn(priority):
                await asyncio.sleep(max(0.0, turns.not_before - time.monotonic()))
                if needed is not None and not await needed():
                    return Failed.OBSOLETE
                try:
                    result = await attempt()
                except RetryAfter as flood:
                    turns.not_before = time.monotonic() + seconds_of(flood)
                    log.warning("Telegram asks to wait", seconds=seconds_of(flood), part="pager")
                    self.answered()
                    continue
                except Forbidden:
                    self.answered()
                    return Failed.UNREACHABLE
                except BadRequest as error:
                    self.answered()
                    # the words are Telegram's and the only way to tell these apart
                    return Failed.UNREACHABLE if "chat not found" in error.message.lower() else Failed.REFUSED
                except (InvalidToken, EndPointNotFound, Conflict) as error:
                    if (
                        spare and self.healthy
                    ):  # updates come, so the token is right: it is the method that is not there
                        return Failed.REFUSED
                    self.refused_token()
                    log.error("the on-call bot's token is refused", error=type(error).__name__)
                except TelegramError as error:
                    log.warning("the Bot API cannot be reached", attempt=failures, error=type(error).__name__)
                else:
                    self.answered()
                    return result
            await asyncio.sleep(backoff(failures))
            failures += 1
