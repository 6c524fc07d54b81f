"""The adapter with aiogram's real client, against the Bot API double."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from bot import health
from bot.channels.channel import Flooded, Refused, Unavailable, Unreachable
from bot.channels.telegram import Telegram, client
from bot.conversation.messages import Choice, Inbound, Outbound
from bot.settings import BotToken
from tests.doubles.bot_api import SECRET_HEADER, BotApi, BotDouble

pytestmark = pytest.mark.unit

TOKEN = "7100:abc"


class Inbox:
    """A handler that keeps what it got, and can be held up or made to fail."""

    def __init__(self) -> None:
        self.got: list[Inbound] = []
        self.failures = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()

    async def __call__(self, inbound: Inbound) -> None:
        self.entered.set()
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the store is away")
        self.got.append(inbound)


@asynccontextmanager
async def adapter(inbox: Inbox) -> AsyncIterator[tuple[Telegram, BotDouble, BotApi]]:
    async with BotApi() as api:
        bot = api.bot(TOKEN)
        telegram = Telegram(client(BotToken(token=SecretStr(TOKEN), api_base=api.base)), inbox)
        try:
            yield telegram, bot, api
        finally:
            await telegram.close()


@asynccontextmanager
async def polling(inbox: Inbox) -> AsyncIterator[tuple[Telegram, BotDouble, BotApi]]:
    async with adapter(inbox) as (telegram, bot, api):
        stop, ready = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(telegram.poll(stop, ready.set))
        await asyncio.wait_for(ready.wait(), 10)
        try:
            yield telegram, bot, api
        finally:
            stop.set()
            inbox.gate.set()
            await task


async def test_an_update_is_confirmed_only_after_it_was_handled() -> None:
    inbox = Inbox()
    inbox.gate.clear()
    async with polling(inbox) as (_, bot, _api):
        sent = bot.say(7, "hola")
        await asyncio.wait_for(inbox.entered.wait(), 10)
        assert sent.update_id not in bot.confirmed
        inbox.gate.set()
        await bot.expect_confirmed(sent.update_id)
        assert [said.text for said in inbox.got] == ["hola"]


async def test_what_could_not_be_stored_is_tried_again_and_not_confirmed_before() -> None:
    inbox = Inbox()
    inbox.failures = 2
    async with polling(inbox) as (_, bot, _api):
        sent = bot.say(7, "hola")
        await bot.expect_confirmed(sent.update_id, timeout=20)
        assert [said.text for said in inbox.got] == ["hola"]


async def test_order_holds_within_a_chat() -> None:
    inbox = Inbox()
    async with polling(inbox) as (_, bot, _api):
        last = 0
        for number in range(30):
            last = bot.say(7 + number % 3, str(number)).update_id
        await bot.expect_confirmed(last)
        by_chat: dict[str, list[int]] = defaultdict(list)
        for said in inbox.got:
            by_chat[said.address].append(int(said.text))
        assert len(inbox.got) == 30
        assert all(numbers == sorted(numbers) for numbers in by_chat.values())


async def test_one_chat_that_cannot_be_stored_silences_no_other() -> None:
    inbox = Inbox()
    stuck, heard = asyncio.Event(), asyncio.Event()

    async def handle(inbound: Inbound) -> None:
        if inbound.address == "7":
            await stuck.wait()
        await inbox(inbound)
        if inbound.text == "after":
            heard.set()

    async with adapter(inbox) as (_, bot, api):
        telegram = Telegram(client(BotToken(token=SecretStr(TOKEN), api_base=api.base)), handle)
        stop = asyncio.Event()
        polling = asyncio.create_task(telegram.poll(stop))
        before = bot.say(8, "before")
        first = bot.say(7, "first")
        await bot.expect_confirmed(before.update_id)
        last = bot.say(8, "after")
        bot.say(7, "second")
        await asyncio.wait_for(heard.wait(), 20)
        assert [said.text for said in inbox.got] == ["before", "after"]
        assert not {first.update_id, last.update_id} & bot.confirmed
        stuck.set()
        await bot.expect_confirmed(last.update_id)
        stop.set()
        await polling
        await telegram.close()
    assert [said.text for said in inbox.got] == ["before", "after", "first", "second"]


async def test_an_update_that_nobody_can_read_does_not_stop_the_next() -> None:
    inbox = Inbox()
    async with polling(inbox) as (_, bot, _api):
        bot.send_update({"message": {"message_id": "not a number", "chat": {"id": "x"}}})
        bot.send_update({"message": {"date": "yesterday", "chat": {"id": 7, "type": "private"}, "message_id": 4,
                                     "from": {"id": 7}, "text": "still read", "entities": "nonsense"}})  # fmt: skip
        sent = bot.say(7, "hola")
        await bot.expect_confirmed(sent.update_id)
        assert [said.text for said in inbox.got] == ["still read", "hola"]


async def test_trouble_with_the_platform_is_sat_out() -> None:
    inbox = Inbox()
    async with polling(inbox) as (_, bot, api):
        api.fault("getUpdates", 429, retry_after=1)
        api.fault("getUpdates", 502, times=2)
        sent = bot.say(7, "hola")
        await bot.expect_confirmed(sent.update_id, timeout=30)
        assert len(inbox.got) == 1


async def test_a_message_arrives_with_its_buttons_and_protected() -> None:
    async with adapter(Inbox()) as (telegram, bot, _api):
        bot.chat(7)
        rows = ((Choice("a.b:yes", "Sí"), Choice("a.b:no", "No")), (Choice("!human", "Una persona"),))
        (ref,) = await telegram.send("7", Outbound("¿Puedes hablar?", rows))
        shown = bot.messages(7)[-1]
        assert shown.id == ref
        assert shown.protected
        assert [[button.data for button in row] for row in shown.buttons] == [["a.b:yes", "a.b:no"], ["!human"]]


@pytest.mark.parametrize(
    ("status", "more", "expected"),
    [
        (429, {"retry_after": 3}, Flooded),
        (403, {}, Unreachable),
        (400, {"description": "Bad Request: chat not found"}, Unreachable),
        (400, {"description": "Bad Request: something about this text"}, Refused),
        (502, {}, Unavailable),
        (0, {}, Unavailable),
    ],
)
async def test_each_refusal_is_told_apart(status: int, more: dict[str, object], expected: type[Exception]) -> None:
    async with adapter(Inbox()) as (telegram, bot, api):
        bot.chat(7)
        api.fault("sendMessage", status, **more)  # type: ignore[arg-type]  # the table mixes the fields' types
        with pytest.raises(expected) as caught:
            await telegram.send("7", Outbound("hola"))
        if isinstance(caught.value, Flooded):
            assert caught.value.seconds == 3


async def test_wiping_takes_hundreds_at_once_and_counts_what_telegram_keeps() -> None:
    async with adapter(Inbox()) as (telegram, bot, _api):
        refs = [bot.say(7, f"m{number}").message_id for number in range(150)]
        bot.age(7, refs[0], 49 * 3600)
        assert await telegram.wipe("7", refs) == 1
        assert [message.id for message in bot.messages(7)] == [refs[0]]


async def test_a_webhook_needs_the_secret_and_answers_only_after_the_store() -> None:
    inbox = Inbox()
    async with adapter(inbox) as (telegram, bot, _api):
        stop = asyncio.Event()
        runner = await health.serve("127.0.0.1", 0, [web.post("/hook", telegram.webhook("s3cret", stop))])
        host, port = runner.addresses[0][:2]
        url = f"http://{host}:{port}/hook"
        try:
            async with aiohttp.ClientSession() as session:
                said = {"message_id": 1, "chat": {"id": 7, "type": "private"}, "from": {"id": 7}, "text": "hola"}
                update = {"update_id": 1, "message": said}
                for headers, status in (({}, 401), ({SECRET_HEADER: "wrong"}, 401)):
                    async with session.post(url, json=update, headers=headers) as answer:
                        assert answer.status == status
                for body in (b"{", b"[]", b"\xff"):
                    async with session.post(url, data=body, headers={SECRET_HEADER: "s3cret"}) as answer:
                        assert answer.status == 400
                assert inbox.got == []
                await telegram.set_webhook(url, "s3cret")
                sent = bot.say(7, "por webhook")
                await bot.expect_confirmed(sent.update_id)
                assert [said.text for said in inbox.got] == ["por webhook"]
        finally:
            await runner.cleanup()
