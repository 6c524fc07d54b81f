"""Webhook delivery: updates are posted with the secret header until the bot answers 2xx.

Updates of one chat are posted one after the other; different chats in parallel, `max_connections` at most.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from tests.doubles.telegram_methods import call
from tests.doubles.telegram_rules import ApiError, Json, decode
from tests.doubles.telegram_state import BotDouble, Webhook

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
SEND_TIMEOUT_SECONDS = 60


class Delivery:
    """Posts a bot's updates for as long as a webhook is set. `retry` is the pause after a failure, in seconds."""

    def __init__(self, bot: BotDouble, client: aiohttp.ClientSession, retry: float = 0.2) -> None:
        self.bot, self.client, self.retry = bot, client, retry
        self._busy: dict[int, asyncio.Task[None]] = {}
        """The task of each chat whose updates are being posted."""

    async def run(self) -> None:
        try:
            while True:
                await self.bot.pulse.until(self._start, 3600)
        finally:
            tasks = list(self._busy.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self) -> bool:
        hook = self.bot.webhook
        if hook is not None:
            for update in self.bot.updates:
                chat = chat_of(update)
                if chat not in self._busy and len(self._busy) < hook.max_connections:
                    self._busy[chat] = asyncio.create_task(self._post(chat, hook, update))
        return False

    async def _post(self, chat: int, hook: Webhook, update: Json) -> None:
        try:
            delivered = False
            while not delivered and hook is self.bot.webhook:
                delivered = await self._once(hook, update)
                await asyncio.sleep(0 if delivered else self.retry)
        finally:
            del self._busy[chat]
            self.bot.pulse.beat()

    async def _once(self, hook: Webhook, update: Json) -> bool:
        headers = {SECRET_HEADER: hook.secret} if hook.secret else {}
        timeout = aiohttp.ClientTimeout(total=SEND_TIMEOUT_SECONDS)
        try:
            async with self.client.post(hook.url, json=update, headers=headers, timeout=timeout) as answer:
                if not 200 <= answer.status < 300:
                    hook.last_error = f"Wrong response from the webhook: {answer.status} {answer.reason}"
                    return False
                reply = await _reply(answer)
        except (aiohttp.ClientError, TimeoutError) as error:
            hook.last_error = f"Connection failed: {type(error).__name__}"
            return False
        self.bot.updates = [kept for kept in self.bot.updates if kept["update_id"] != update["update_id"]]
        self.bot.confirm({int(update["update_id"])})
        if method := reply.pop("method", ""):
            self.bot.calls.append((str(method).lower(), reply))
            try:
                await call(self.bot, str(method), reply)
            except ApiError as error:
                # nobody is told on the real server either: the answer to an answer goes nowhere
                hook.last_error = error.description
        return True


def chat_of(update: Json) -> int:
    """The chat that an update belongs to, 0 when to none."""
    for body in update.values():
        if isinstance(body, dict):
            place: Any = body.get("chat") or body.get("message", {}).get("chat") or {}
            return int(place.get("id", 0))
    return 0


async def _reply(answer: aiohttp.ClientResponse) -> Json:
    """A method call given as the webhook's answer, as JSON or as a form; {} when there is none."""
    if answer.content_type == "application/json":
        body = await answer.json()
        return {k: decode(k, v) for k, v in body.items()} if isinstance(body, dict) else {}
    if answer.content_type.startswith("multipart/"):
        found: Json = {}
        reader = aiohttp.MultipartReader.from_response(answer)
        async for part in reader:
            if isinstance(part, aiohttp.BodyPartReader) and part.name:
                found[part.name] = decode(part.name, await part.text())
        return found
    return {}
