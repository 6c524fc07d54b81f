"""The `pager` process: moves the ladder, pages operators over Telegram, hears their claims.

Nothing here is durable, and nothing needs to be: rungs, pages and copies lie in the store. An update of the bot is
acknowledged after its action is in the store, and a page record after its messages were accepted by Telegram. (That
is why the library's `Bot` is used without its `Application`, which acknowledges first.)
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets as randomness
from collections.abc import Callable, Coroutine, Iterable
from contextlib import aclosing
from functools import partial
from typing import Any

import structlog
import telegram
from redis.exceptions import RedisError
from telegram.error import Conflict, EndPointNotFound, InvalidToken, RetryAfter, TelegramError

from bot.cases.records import Page
from bot.cases.secrets import PagerSecrets
from bot.cases.store import Store
from bot.cases.streams import end
from bot.observe import fault
from bot.oncall import ladder
from bot.oncall.copies import Copies
from bot.oncall.desk import Desk
from bot.oncall.enrol import Enrolments
from bot.oncall.paging import Dispatcher, now
from bot.oncall.post import Post, backoff, seconds_of
from bot.oncall.roster import Roster
from bot.oncall.wire import Calls, Polls
from bot.settings import Settings

log = structlog.get_logger()

TICK_SECONDS = 1.0
"""How often the ladder is looked at; a case that begins to wait is looked at at once."""

POLL_SECONDS = 20
BEAT_SECONDS = 5.0
AGAIN_SECONDS = 5.0
"""A page that was taken and not acknowledged (its pager was killed) is taken over after so long."""

UPDATES = ["message", "callback_query", "my_chat_member"]
STORE_AWAY = (RedisError, OSError)


async def run(settings: Settings, store: Store, secrets: PagerSecrets, *, demo: bool, stop: asyncio.Event) -> None:
    """Serve until `stop`. Without a token the ladder moves all the same, and pages wait in the store to be sent.

    Raises whatever unforeseen thing ended a part, so that the process is started afresh.
    """
    for name in ("httpx", "httpcore", "telegram"):
        # they log addresses (with the token) and, on a fault, whole updates; what matters of it we log ourselves
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    roster = Roster.of(settings, demo=demo)
    token = settings.oncall.telegram.token.get_secret_value()
    if not token:
        log.warning("no token for the on-call bot: operators are not paged; set AMPARO_ONCALL__TELEGRAM__TOKEN")
        await _Pager(settings, store, secrets, roster, None, demo=demo).serve(stop)
        return
    # one connection is the long poll's; the others carry messages
    calls, polls = Calls(connection_pool_size=64, pool_timeout=10), Polls(connection_pool_size=2)
    base = settings.oncall.telegram.api_base
    bot = telegram.Bot(token, f"{base}/bot", f"{base}/file/bot", request=calls, get_updates_request=polls)
    try:
        await _Pager(settings, store, secrets, roster, bot, demo=demo).serve(stop)
    finally:
        await asyncio.gather(calls.shutdown(), polls.shutdown())


class _Pager:
    def __init__(
        self, settings: Settings, store: Store, secrets: PagerSecrets, roster: Roster, bot: telegram.Bot | None,
        *, demo: bool,
    ) -> None:  # fmt: skip
        self.store, self.roster, self.bot = store, roster, bot
        self.rungs = settings.oncall.ladder
        self._look = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._taken: set[tuple[int, str]] = set()
        """Records being dealt with: the store gives them again when they take long."""
        self._duty: set[str] = set()
        self.post: Post | None = None
        if bot is not None:
            self.post = Post(bot)
            self.dispatcher = Dispatcher(
                store,
                self.post,
                roster,
                self.rungs,
                Enrolments(store, secrets.locker, roster.names),
                Copies(store, secrets.locker, roster.names),
                self._look.set,
            )
            self.desk = Desk(store, bot, self.post, roster, self.dispatcher, self._later, demo=demo)

    async def serve(self, stop: asyncio.Event) -> None:
        parts = [self._climb()]
        if self.bot is not None:
            parts += [self._read_pages(), self._poll(self.bot)]
        mains = [asyncio.create_task(part) for part in parts]
        halted = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({halted, *mains}, return_when=asyncio.FIRST_COMPLETED)
            for task in mains:
                if task.done():
                    task.result()
        finally:
            ending: list[asyncio.Task[Any]] = [halted, *mains, *self._tasks]
            await end(ending, again=1)

    # --- the ladder --------------------------------------------------------------------------------------

    async def _climb(self) -> None:
        """Every second, and whenever a case begins to wait: fire what is due, see who came on duty, show life."""
        delays, failures = ladder.delays(self.rungs), 0
        await self._forget_strangers()
        while True:
            self._look.clear()
            try:
                while await self.store.due(now(), delays, self.rungs.repeat):
                    pass
                await self._see_duty()
                if self.post is None or self.post.healthy:
                    await self.store.beat("pager", now(), BEAT_SECONDS)
                failures = 0
            except STORE_AWAY as error:
                log.warning("the store is away", attempt=failures, **fault(error))
                failures += 1
            try:
                async with asyncio.timeout(max(TICK_SECONDS, backoff(failures) if failures else 0)):
                    await self._look.wait()
            except TimeoutError:
                continue

    async def _forget_strangers(self) -> None:
        """Nobody who left the roster may count as on duty: people are told that somebody is there."""
        try:
            for name in await self.store.on_duty() - set(self.roster.names):
                await self.store.duty_set(name, False)
        except STORE_AWAY as error:
            log.warning("the store is away", **fault(error))

    async def _see_duty(self) -> None:
        if self.post is None:
            return
        duty = set(await self.dispatcher.available())
        new, self._duty = duty - self._duty, duty
        if new:
            self._later(self._catch_up(new))

    async def _catch_up(self, names: Iterable[str]) -> None:
        await self._outlast(lambda: self.dispatcher.catch_up(names))

    # --- the pages ---------------------------------------------------------------------------------------

    async def _read_pages(self) -> None:
        consumer = f"pager-{os.getpid()}-{randomness.token_hex(4)}"
        failures = 0
        while True:
            try:
                async with aclosing(self.store.pages(consumer, idle=AGAIN_SECONDS)) as pages:
                    async for page in pages:
                        failures = 0
                        if (page.shard, page.id) not in self._taken:
                            self._taken.add((page.shard, page.id))
                            self._later(self._deal_with(page))
            except STORE_AWAY as error:
                log.warning("the store is away", attempt=failures, **fault(error))
            await asyncio.sleep(backoff(failures))
            failures += 1

    async def _deal_with(self, page: Page) -> None:
        """Acknowledged only when done; what fails for reasons unforeseen comes again after a while."""
        try:
            await self._outlast(lambda: self.dispatcher.carry_out(page))
            await self._outlast(lambda: self.store.ack_page(page))
        finally:
            self._taken.discard((page.shard, page.id))

    # --- the bot -----------------------------------------------------------------------------------------

    async def _poll(self, bot: telegram.Bot) -> None:
        assert self.post is not None
        offset, failures, webhook = 0, 0, False
        while True:
            try:
                if webhook:  # one left behind forbids polling: Telegram answered 409
                    webhook = False
                    await bot.delete_webhook()
                # the first answer, and the first after trouble, shows that the bot can be reached: no waiting
                wait = POLL_SECONDS if self.post.healthy and not failures else 0
                updates = await bot.get_updates(offset, timeout=wait, allowed_updates=UPDATES)
            except RetryAfter as flood:
                await asyncio.sleep(seconds_of(flood))
            except (InvalidToken, EndPointNotFound) as error:
                self.post.refused_token()
                log.error("the on-call bot's token is refused; set AMPARO_ONCALL__TELEGRAM__TOKEN", **fault(error))
                await asyncio.sleep(backoff(failures))
                failures += 1
            except TelegramError as error:
                webhook = isinstance(error, Conflict)
                log.warning("the Bot API does not answer", attempt=failures, **fault(error))
                await asyncio.sleep(backoff(failures))
                failures += 1
            else:
                self.post.answered()
                failures = 0
                await self._handle(updates)
                offset = max([offset, *(update.update_id + 1 for update in updates)])

    async def _handle(self, updates: Iterable[telegram.Update]) -> None:
        """All of them: those of one chat in their order, the chats side by side."""
        chats: dict[int, list[telegram.Update]] = {}
        for update in updates:
            chats.setdefault(update.effective_user.id if update.effective_user else 0, []).append(update)
        await asyncio.gather(*(self._handle_in_order(of_one) for of_one in chats.values()))

    async def _handle_in_order(self, updates: list[telegram.Update]) -> None:
        for update in updates:
            try:
                await self._outlast(partial(self.desk.handle, update))
            except Exception as error:  # noqa: BLE001 - one that nothing can be done with must not block those behind
                log.error("an update was passed over", **fault(error))

    # --- tasks -------------------------------------------------------------------------------------------

    async def _outlast(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Again while the store is away; any other fault is logged and ends it."""
        failures = 0
        while True:
            try:
                await work()
            except STORE_AWAY as error:
                log.warning("the store is away", attempt=failures, **fault(error))
                await asyncio.sleep(backoff(failures))
                failures += 1
            else:
                return

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """One page or answer that goes wrong does not end the others."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("something was not done", **fault(error))
