"""Telegram by aiogram's client: updates in by long polling or webhook, messages out, chats wiped.

Updates are confirmed to the Bot API (next `getUpdates` offset, or HTTP 200) only after the handler returned, that
is, after the turn is on disk (DESIGN §1.3). aiogram's own dispatcher confirms before it handles, so the loop here
is ours; everything on the wire is aiogram's. Order is kept within a chat; chats run side by side.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, cast

import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import SendMessage, TelegramMethod
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from aiohttp import web

from bot.channels.channel import Flooded, Handler, Refused, Unavailable, Unreachable
from bot.channels.telegram_updates import read
from bot.channels.unconfirmed import Unconfirmed
from bot.conversation.messages import Inbound, Outbound
from bot.observe import fault
from bot.settings import BotToken

log = structlog.get_logger()

KINDS = ["message", "edited_message", "callback_query"]
"""The updates we ask for; anything else would only be thrown away."""
POLL_SECONDS = 25
LOOK_SECONDS = 1.0
"""While something cannot be stored, how often it is looked whether others have written."""
WIPE_BATCH = 100
"""Ids that one `deleteMessages` takes (Bot API)."""
_GONE = ("chat not found", "user is deactivated", "bot was kicked", "peer_id_invalid")


def client(settings: BotToken) -> Bot:
    """aiogram's client for this token and Bot API server; opens no connection yet."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.api_base))
    return Bot(settings.token.get_secret_value(), session=session)


def _translate(error: AiogramError) -> Exception:
    """aiogram's refusals in the words of `channel.py`."""
    if isinstance(error, TelegramRetryAfter):
        return Flooded(error.retry_after)
    if isinstance(error, TelegramForbiddenError):
        return Unreachable("blocked")
    if isinstance(error, TelegramBadRequest | TelegramNotFound) and any(sign in _said(error) for sign in _GONE):
        return Unreachable("gone")
    if isinstance(error, TelegramBadRequest):
        return Refused(type(error).__name__)
    return Unavailable(type(error).__name__)


def _said(error: TelegramAPIError) -> str:
    """Telegram's words for a refusal, in lower case; a server that gives none says nothing."""
    return str(error.message or "").lower()


class RawUpdates(TelegramMethod[list[Any]]):
    """`getUpdates`, with its answer left as JSON: one update that aiogram cannot type must not stop a batch."""

    __returning__ = list[Any]
    __api_method__ = "getUpdates"

    offset: int | None
    timeout: int
    allowed_updates: list[str]


class RawSend(SendMessage):
    """`sendMessage`, with its answer left as JSON: what was taken must not be sent again for a field it lacks."""

    __returning__ = dict[str, Any]


class Telegram:
    """The adapter. `handle` is called with each inbound and returns when it is safely stored."""

    name = "telegram"

    def __init__(self, bot: Bot, handle: Handler) -> None:
        self._bot = bot
        self._handle = handle
        self._asides: set[asyncio.Task[None]] = set()

    # -- out ---------------------------------------------------------------------------------------------------

    async def send(self, address: str, outbound: Outbound) -> Sequence[int]:
        """Sends one message (callers split first). Raises the refusals of `channel.py`."""
        keyboard = [
            [InlineKeyboardButton(text=choice.label, callback_data=choice.id) for choice in row]
            for row in outbound.choices
        ]
        try:
            sent: Any = await self._bot(
                RawSend(
                    chat_id=int(address),
                    text=outbound.text,
                    reply_markup=InlineKeyboardMarkup(inline_keyboard=keyboard) if keyboard else None,
                    protect_content=outbound.protect,
                    link_preview_options=LinkPreviewOptions(is_disabled=True),
                )
            )
        except AiogramError as error:
            raise _translate(error) from None
        number = sent.get("message_id")
        return (number,) if isinstance(number, int) else ()

    async def wipe(self, address: str, refs: Sequence[int]) -> int:
        """`deleteMessages` by hundreds; where Telegram refuses a batch, one by one. How many stayed.

        Telegram deletes messages of both sides in private chats when they are under 48 hours old.
        """
        left = 0
        for start in range(0, len(refs), WIPE_BATCH):
            batch = list(refs[start : start + WIPE_BATCH])
            try:
                await self._bot.delete_messages(int(address), batch)
            except (TelegramBadRequest, TelegramNotFound):  # some too old, or a Bot API server without this method
                left += await self._wipe_singly(address, batch)
            except AiogramError as error:
                raise _translate(error) from None
        return left

    async def _wipe_singly(self, address: str, refs: Sequence[int]) -> int:
        left = 0
        for ref in refs:
            try:
                await self._bot.delete_message(int(address), ref)
            except (TelegramBadRequest, TelegramNotFound):
                left += 1
            except AiogramError as error:
                raise _translate(error) from None
        return left

    def _aside(self, call: Coroutine[Any, Any, object]) -> None:
        """A courtesy to the person (typing, stopping a button's spinner): it may fail, and holds nothing up."""

        async def run() -> None:
            try:
                await call
            except AiogramError as error:
                log.debug("courtesy call refused", **fault(error))

        task = asyncio.create_task(run())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    # -- in ----------------------------------------------------------------------------------------------------

    async def _one(self, inbound: Inbound, callback: str) -> None:
        if inbound.text and not callback:
            self._aside(self._bot.send_chat_action(int(inbound.address), "typing"))
        try:
            await self._handle(inbound)
        finally:
            if callback:
                self._aside(self._bot.answer_callback_query(callback))

    async def _all(self, updates: Sequence[Mapping[str, Any]], stop: asyncio.Event) -> bool:
        """Handles a batch; True when every one of them is stored, False when told to stop before that."""
        chats: dict[str, list[tuple[Inbound, str]]] = defaultdict(list)
        for update in updates:
            found = read(update)
            if found is not None:
                chats[found[0].address].append(found)

        async def chat(waiting: list[tuple[Inbound, str]]) -> bool:
            for inbound, callback in waiting:
                if not await self._until_stored(inbound, callback, stop):
                    return False
            return True

        return all(await asyncio.gather(*(chat(waiting) for waiting in chats.values())))

    async def _until_stored(self, inbound: Inbound, callback: str, stop: asyncio.Event) -> bool:
        """The handler mends what it can; what still fails is tried again, because confirming it would lose it."""
        attempt = 0
        while not stop.is_set():
            try:
                await self._one(inbound, callback)
            except Exception as error:  # noqa: BLE001 - whatever it is, the message is not stored yet
                attempt += 1
                log.error("a message could not be stored yet", attempt=attempt, **fault(error))
                await _pause(min(0.2 * 2**attempt, 10), stop)
            else:
                return True
        return False

    async def poll(self, stop: asyncio.Event, ready: Callable[[], None] = lambda: None) -> None:
        """Long polling until `stop`. Calls `ready` when Telegram has answered for the first time."""
        unconfirmed = Unconfirmed(lambda inbound, callback: self._until_stored(inbound, callback, stop))
        attempt = 0
        announced = False
        while not stop.is_set():
            wait = POLL_SECONDS if announced and not unconfirmed.waiting else 0
            fetch = asyncio.ensure_future(self._fetch(unconfirmed.offset, wait))
            halt = asyncio.ensure_future(stop.wait())
            await asyncio.wait({fetch, halt}, return_when=asyncio.FIRST_COMPLETED)
            halt.cancel()
            if not fetch.done():
                fetch.cancel()
                break
            try:
                updates = fetch.result()
            except AiogramError as error:
                attempt += 1
                log.warning("Telegram does not give updates", attempt=attempt, **fault(error), **_advice(error))
                if isinstance(error, TelegramConflictError):
                    await self._drop_webhook()
                pause = error.retry_after if isinstance(error, TelegramRetryAfter) else min(0.5 * 2**attempt, 15)
                await _pause(pause, stop)
                await unconfirmed.settle(0)
                continue
            attempt = 0
            if not announced:
                announced = True
                ready()
            unconfirmed.take(updates)
            await unconfirmed.settle(LOOK_SECONDS)
        await unconfirmed.settle()
        if unconfirmed.offset is not None:
            await self._confirm(unconfirmed.offset)

    async def _confirm(self, offset: int) -> None:
        """Tells Telegram on the way out what is stored, so that it need not be delivered again."""
        try:
            await self._bot(RawUpdates(offset=offset, timeout=0, allowed_updates=KINDS), request_timeout=5)
        except AiogramError as error:
            log.info("last confirmation not taken; repeats will be recognised", **fault(error))

    async def _fetch(self, offset: int | None, wait: int) -> Sequence[Mapping[str, Any]]:
        """One `getUpdates`; items without an update id are not updates and cannot be confirmed."""
        updates = await self._bot(
            RawUpdates(offset=offset, timeout=wait, allowed_updates=KINDS), request_timeout=wait + 10
        )
        known = [update for update in updates if isinstance(update, dict) and type(update.get("update_id")) is int]
        if updates and not known:
            await asyncio.sleep(LOOK_SECONDS)  # nothing that could be confirmed: it will come at once again
        return known

    # -- webhook -----------------------------------------------------------------------------------------------

    async def set_webhook(self, url: str, secret: str) -> None:
        """Registers the webhook. Raises `Unavailable` when Telegram does not take it."""
        try:
            await self._bot.set_webhook(url, secret_token=secret, allowed_updates=KINDS, max_connections=100)
        except TelegramAPIError as error:
            raise _translate(error) from None

    async def _drop_webhook(self) -> None:
        """Polling and a webhook exclude each other; one left behind by webhook mode is what a 409 often means."""
        try:
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramAPIError as error:
            log.warning("a webhook could not be removed", **fault(error))

    def webhook(self, secret: str, stop: asyncio.Event) -> Callable[[web.Request], Coroutine[Any, Any, web.Response]]:
        """A handler for `POST`: 401 without the secret, 200 only once the turn is on disk, else 503."""

        async def receive(request: web.Request) -> web.Response:
            given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
            if not hmac.compare_digest(given.encode(), secret.encode()):
                return web.Response(status=401)
            try:
                update = await request.json()
            except (ValueError, UnicodeDecodeError):
                return web.Response(status=400)
            if not isinstance(update, dict):
                return web.Response(status=400)
            stored = await self._all([cast(Mapping[str, Any], update)], stop)
            return web.Response(status=200 if stored else 503)

        return receive

    async def close(self) -> None:
        """Waits for courtesies under way and closes the connections."""
        if self._asides:
            await asyncio.wait(self._asides, timeout=2)
        await self._bot.session.close()


def _advice(error: AiogramError) -> dict[str, str]:
    if isinstance(error, TelegramUnauthorizedError | TelegramNotFound):
        return {"reason": "the token is refused: check AMPARO_TELEGRAM__TOKEN"}
    if isinstance(error, TelegramConflictError):
        return {"reason": "another process polls this bot: stop it, or use webhook mode to run several"}
    return {}


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    """Waits, but not past `stop`."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
