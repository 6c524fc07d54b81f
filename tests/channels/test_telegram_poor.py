"""Bot API servers that give less than Telegram's: fewer fields, fewer methods, refusals without a word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.channels.channel import Handler, Refused
from bot.channels.telegram import Telegram, client
from bot.conversation.messages import Inbound, Outbound
from bot.settings import BotToken

pytestmark = pytest.mark.unit

Answers = dict[str, list[tuple[int, Any]]]
"""By method, what is answered in turn; the last one stays. Every other method is not there."""


@asynccontextmanager
async def served(answers: Answers, handle: Handler | None = None) -> AsyncIterator[Telegram]:
    async def call(request: web.Request) -> web.Response:
        waiting = answers.get(request.match_info["method"], [(404, {"ok": False, "error_code": 404})])
        status, body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return web.json_response(body, status=status)

    async def ignore(_inbound: Inbound) -> None:
        return

    app = web.Application()
    app.router.add_route("*", "/bot{token}/{method}", call)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    telegram = Telegram(client(BotToken(token=SecretStr("7100:abc"), api_base=base)), handle or ignore)
    try:
        yield telegram
    finally:
        await telegram.close()
        await runner.cleanup()


async def test_a_message_that_was_taken_counts_as_sent_whatever_the_answer_lacks() -> None:
    async with served({"sendMessage": [(200, {"ok": True, "result": {"message_id": 5}})]}) as telegram:
        assert list(await telegram.send("7", Outbound("hola"))) == [5]


async def test_a_refusal_without_a_word_is_a_refusal() -> None:
    async with served({"sendMessage": [(400, {"ok": False, "error_code": 400})]}) as telegram:
        with pytest.raises(Refused):
            await telegram.send("7", Outbound("hola"))


async def test_where_nothing_can_be_deleted_wiping_ends_and_says_so() -> None:
    async with served({}) as telegram:
        assert await telegram.wipe("7", [1, 2, 3]) == 3


async def test_what_is_no_update_at_all_does_not_stop_the_others() -> None:
    said = {"message_id": 1, "chat": {"id": 7, "type": "private"}, "from": {"id": 7}, "text": "hola"}
    batch: list[Any] = ["nonsense", None, 5, {"message": said}, {"update_id": 8, "message": said}]
    got: list[str] = []
    stop = asyncio.Event()

    async def keep(inbound: Inbound) -> None:
        got.append(inbound.text)
        stop.set()

    async with served({"getUpdates": [(200, {"ok": True, "result": batch})]}, keep) as telegram, asyncio.timeout(10):
        await telegram.poll(stop)
    assert got == ["hola"]
