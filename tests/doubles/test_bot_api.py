"""The double against the two real libraries: what they send it understands, what it answers they understand."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

os.environ["PTB_TIMEDELTA"] = "1"  # before the import: the library decides then what `retry_after` is

import aiogram
import aiohttp
import pytest
import telegram
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup
from aiohttp import web
from telegram.error import Forbidden, NetworkError, RetryAfter

from tests.doubles.bot_api import SECRET_HEADER, BotApi, BotDouble

pytestmark = pytest.mark.unit

TOKEN = "1001:one"
CHAT = 70001


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi(webhook_retry=0.01) as server:
        yield server


@pytest.fixture
async def double(api: BotApi) -> BotDouble:
    return api.bot(TOKEN)


@pytest.fixture
async def aio(api: BotApi, double: BotDouble) -> AsyncIterator[aiogram.Bot]:
    bot = aiogram.Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(api.base)))
    yield bot
    await bot.session.close()


@pytest.fixture
async def ptb(api: BotApi, double: BotDouble) -> AsyncIterator[telegram.Bot]:
    async with telegram.Bot(TOKEN, base_url=f"{api.base}/bot", base_file_url=f"{api.base}/file/bot") as bot:
        yield bot


def keyboard(data: str | None = None, text: str = "Yes", url: str | None = None) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text=text, callback_data=data, url=url)]])


async def test_aiogram_holds_a_conversation(aio: aiogram.Bot, double: BotDouble) -> None:
    said = double.say(CHAT, "hola", language_code="en")
    [update] = await aio.get_updates()
    assert update.message is not None
    assert update.message.from_user is not None
    assert (update.message.text, update.message.from_user.language_code) == ("hola", "en")
    sent = await aio.send_message(
        CHAT, "<b>hola</b> &amp; más", parse_mode="HTML", reply_markup=keyboard("yes"), protect_content=True
    )
    shown = await double.expect(CHAT, "hola & más")
    assert (shown.id, shown.choices, shown.protected) == (sent.message_id, ("yes",), True)
    assert shown.id > said.message_id

    pressed = double.press(CHAT, shown.id, "yes")
    [update] = await aio.get_updates(offset=said.update_id + 1)
    assert double.confirmed == {said.update_id}
    assert update.callback_query is not None
    assert update.callback_query.data == "yes"
    await aio.answer_callback_query(update.callback_query.id, "ok", show_alert=True)
    assert await double.expect_answer(pressed.query_id) == {"text": "ok", "show_alert": True}
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await aio.answer_callback_query(update.callback_query.id)

    await aio.edit_message_text("otra", chat_id=CHAT, message_id=shown.id)
    assert [(m.text, m.choices) for m in double.messages(CHAT)] == [("hola", ()), ("otra", ())]
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await aio.edit_message_text("otra", chat_id=CHAT, message_id=shown.id)
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await aio.edit_message_text("otra", chat_id=CHAT, message_id=said.message_id)


async def test_python_telegram_bot_holds_a_conversation(ptb: telegram.Bot, double: BotDouble) -> None:
    said = double.say(CHAT, "/start demo")
    [update] = await ptb.get_updates()
    assert update.message is not None
    assert update.message.entities[0].type == "bot_command"
    markup = telegram.InlineKeyboardMarkup([[telegram.InlineKeyboardButton("Sí", callback_data="sí")]])
    await ptb.send_message(CHAT, "hola", reply_markup=markup)
    shown = await double.expect(CHAT, lambda m: bool(m.choices), after=said.message_id)
    double.press(CHAT, shown.id, "sí")
    [update] = await ptb.get_updates(offset=said.update_id + 1)
    assert update.callback_query is not None
    await update.callback_query.answer()
    await update.callback_query.edit_message_reply_markup(None)
    assert shown.choices == ()
    assert (await ptb.get_chat(CHAT)).username == f"canary_user_{CHAT}"


async def test_files_travel_both_ways(aio: aiogram.Bot, ptb: telegram.Bot, double: BotDouble) -> None:
    photo = bytes(range(256)) * 9
    double.photo(CHAT, photo, caption="mira")
    double.location(CHAT, 8.98, -79.52)
    double.voice(CHAT, b"ogg")
    [update, place, voice] = await aio.get_updates()
    assert update.message is not None
    assert update.message.photo is not None
    assert update.message.caption == "mira"
    fetched = await aio.download(update.message.photo[-1], io.BytesIO())
    assert fetched is not None
    assert fetched.read() == photo
    assert place.message is not None
    assert place.message.location is not None
    assert place.message.location.latitude == 8.98
    assert voice.message is not None
    assert voice.message.voice is not None
    assert bytes(await (await ptb.get_file(voice.message.voice.file_id)).download_as_bytearray()) == b"ogg"

    sent = await aio.send_document(CHAT, BufferedInputFile(b"%PDF", "a.pdf"), caption="aquí")
    assert sent.document is not None
    again = await ptb.send_document(CHAT, sent.document.file_id)
    assert again.document is not None
    assert [m.text for m in double.messages(CHAT) if m.by_bot] == ["aquí", ""]


async def test_messages_of_both_sides_are_deleted_until_they_are_48_hours_old(
    aio: aiogram.Bot, double: BotDouble
) -> None:
    said = double.say(CHAT, "uno").message_id
    sent = (await aio.send_message(CHAT, "dos")).message_id
    old = double.say(CHAT, "tres").message_id
    double.age(CHAT, old, 48 * 3600 + 60)
    with pytest.raises(TelegramBadRequest, match="can't be deleted"):
        await aio.delete_messages(CHAT, [said, sent, old])
    with pytest.raises(TelegramBadRequest, match="can't be deleted"):
        await aio.delete_message(CHAT, old)
    await aio.delete_messages(CHAT, [said, sent, 999])
    assert double.deleted(CHAT) == [said, sent]
    assert [m.id for m in double.messages(CHAT)] == [old]
    with pytest.raises(TelegramBadRequest, match="too many"):
        await aio.delete_messages(CHAT, list(range(1, 102)))
    with pytest.raises(TelegramBadRequest, match="not found"):
        await aio.delete_message(CHAT, said)


@pytest.mark.parametrize(
    ("text", "markup", "reason"),
    [
        ("", None, "text is empty"),
        (" \n ", None, "text is empty"),
        ("x" * 4097, None, "too long"),
        ("😀" * 2049, None, "too long"),
        ("<p>x</p>", None, "can't parse entities"),
        ("<b>x", None, "can't parse entities"),
        ("x", keyboard("ñ" * 33), "BUTTON_DATA_INVALID"),
        ("x", keyboard(""), "BUTTON_DATA_INVALID"),
        ("x", keyboard("d", " "), "can't parse inline keyboard"),
        ("x", keyboard(text="t", url="tel:104"), "BUTTON_URL_INVALID"),
        ("x", keyboard(text="t"), "can't parse inline keyboard"),
    ],
)  # fmt: skip
async def test_what_telegram_refuses_is_refused(
    aio: aiogram.Bot, double: BotDouble, text: str, markup: InlineKeyboardMarkup | None, reason: str
) -> None:
    double.chat(CHAT)
    with pytest.raises(TelegramBadRequest, match=reason):
        await aio.send_message(CHAT, text, reply_markup=markup, parse_mode="HTML")
    assert double.messages(CHAT) == []


async def test_the_limits_themselves_are_allowed(aio: aiogram.Bot, double: BotDouble) -> None:
    double.chat(CHAT)
    await aio.send_message(CHAT, "x" * 4096, reply_markup=keyboard("d" * 64))
    assert double.messages(CHAT)[0].choices == ("d" * 64,)


async def test_unknown_and_blocking_chats(aio: aiogram.Bot, ptb: telegram.Bot, double: BotDouble) -> None:
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await aio.send_message(CHAT, "x")
    double.chat(CHAT)
    double.block(CHAT)
    with pytest.raises(TelegramForbiddenError):
        await aio.send_message(CHAT, "x")
    with pytest.raises(Forbidden):
        await ptb.send_chat_action(CHAT, "typing")
    double.unblock(CHAT)
    await ptb.send_chat_action(CHAT, "typing")
    kinds = [update.event_type for update in await aio.get_updates()]
    assert kinds == ["my_chat_member", "my_chat_member"]


async def test_scripted_trouble(api: BotApi, aio: aiogram.Bot, ptb: telegram.Bot, double: BotDouble) -> None:
    double.chat(CHAT)
    api.fault("sendMessage", 429, retry_after=7)
    with pytest.raises(TelegramRetryAfter) as flood:
        await aio.send_message(CHAT, "x")
    assert flood.value.retry_after == 7
    api.fault("sendMessage", 429, retry_after=3, chat=CHAT)
    with pytest.raises(RetryAfter) as waiting:
        await ptb.send_message(CHAT, "x")
    assert waiting.value._retry_after.total_seconds() == 3  # the public name gives one of two types
    api.fault("sendMessage", 502)
    with pytest.raises(NetworkError):
        await ptb.send_message(CHAT, "x")
    api.fault("sendMessage", 0, after=True)
    with pytest.raises(NetworkError):
        await ptb.send_message(CHAT, "carried out, answer lost")
    api.fault("sendMessage", 429, chat=CHAT + 1)
    await ptb.send_message(CHAT, "ok")
    assert [m.text for m in double.messages(CHAT)] == ["carried out, answer lost", "ok"]
    assert len(double.called("sendMessage")) == 5


async def test_updates_come_again_until_the_offset_confirms_them(aio: aiogram.Bot, double: BotDouble) -> None:
    first, second = double.say(CHAT, "a"), double.say(CHAT, "b")
    assert [u.update_id for u in await aio.get_updates(limit=1)] == [first.update_id]
    assert [u.update_id for u in await aio.get_updates()] == [first.update_id, second.update_id]
    assert double.confirmed == set()
    assert await aio.get_updates(offset=second.update_id + 1) == []
    await double.expect_confirmed(second.update_id)
    assert double.confirmed == {first.update_id, second.update_id}


async def test_a_long_poll_wakes_at_once(aio: aiogram.Bot, double: BotDouble) -> None:
    poll = asyncio.create_task(aio.get_updates(timeout=30))
    await double.expect_call("getUpdates")
    double.say(CHAT, "hola")
    assert len(await asyncio.wait_for(poll, 5)) == 1


async def test_a_second_poller_ends_the_first_with_a_conflict(aio: aiogram.Bot, double: BotDouble) -> None:
    older = asyncio.create_task(aio.get_updates(timeout=30))
    await double.expect_call("getUpdates")
    newer = asyncio.create_task(aio.get_updates(timeout=30))
    with pytest.raises(TelegramConflictError):
        await asyncio.wait_for(older, 5)
    double.say(CHAT, "hola")
    assert len(await asyncio.wait_for(newer, 5)) == 1


async def test_allowed_updates_are_remembered(aio: aiogram.Bot, double: BotDouble) -> None:
    await aio.get_updates(allowed_updates=["edited_message"])
    said = double.say(CHAT, "a")
    double.edit(CHAT, said.message_id, "b")
    [update] = await aio.get_updates()
    assert update.edited_message is not None
    assert update.edited_message.text == "b"


async def test_webhook_delivery_repeats_until_200_and_keeps_the_order_of_a_chat(
    api: BotApi, aio: aiogram.Bot, double: BotDouble
) -> None:
    seen: list[tuple[str, int]] = []
    statuses = [500, 503]

    async def hook(request: web.Request) -> web.Response:
        update = await request.json()
        if statuses:
            return web.Response(status=statuses.pop())
        seen.append((request.headers.get(SECRET_HEADER, ""), update["update_id"]))
        if update["message"]["text"] == "c":
            return web.json_response({"method": "sendMessage", "chat_id": CHAT, "text": "by answer"})
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        waiting = double.say(CHAT, "a")
        await aio.set_webhook(f"http://127.0.0.1:{runner.addresses[0][1]}/hook", secret_token="s3cret")
        said = [waiting, double.say(CHAT, "b"), double.say(CHAT, "c")]
        await double.expect(CHAT, "by answer")
        assert seen == [("s3cret", sent.update_id) for sent in said]
        assert double.confirmed == {sent.update_id for sent in said}
        assert "50" in ((await aio.get_webhook_info()).last_error_message or "")
        with pytest.raises(TelegramConflictError, match="webhook is active"):
            await aio.get_updates()
        await aio.delete_webhook()
        double.say(CHAT, "d")
        assert len(await aio.get_updates()) == 1
    finally:
        await runner.cleanup()


async def test_strange_tokens_are_refused(api: BotApi, aio: aiogram.Bot) -> None:
    stranger = aiogram.Bot("1002:unknown", session=aio.session)
    with pytest.raises(TelegramUnauthorizedError):
        await stranger.get_me()


async def test_descriptions_and_commands_are_kept(aio: aiogram.Bot, double: BotDouble) -> None:
    await aio.set_my_commands([aiogram.types.BotCommand(command="help", description="Help")])
    assert [c.command for c in await aio.get_my_commands()] == ["help"]
    await aio.delete_my_commands()
    assert await aio.get_my_commands() == []
    await aio.set_my_name("Info")
    assert (await aio.get_my_name()).name == "Info"
    assert await aio.log_out()


async def test_buttons_that_are_not_shown_cannot_be_pressed(aio: aiogram.Bot, double: BotDouble) -> None:
    double.chat(CHAT)
    sent = await aio.send_message(CHAT, "x", reply_markup=keyboard("yes"))
    with pytest.raises(LookupError, match="no button"):
        double.press(CHAT, sent.message_id, "no")
    double.press(CHAT, 999, "old", foreign=True)
    [update] = await aio.get_updates()
    assert update.callback_query is not None
    assert update.callback_query.data == "old"


async def test_waiting_in_vain_shows_the_chat(double: BotDouble) -> None:
    double.say(CHAT, "nobody answers")
    with pytest.raises(AssertionError, match="nobody answers"):
        await double.expect(CHAT, "anything", timeout=0.01)


async def test_the_state_outlives_a_restart_of_the_server(api: BotApi, aio: aiogram.Bot, double: BotDouble) -> None:
    double.say(CHAT, "a")
    port = api.port
    await api.stop()
    await api.start(port=port)
    assert len(await aio.get_updates()) == 1


async def test_another_process_scripts_it_over_http() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.doubles.bot_api", "--port", "0",
        stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdout is not None
    base = (await process.stdout.readline()).decode().split()[-1]
    try:
        async with aiohttp.ClientSession(base) as http:

            async def control(path: str, **body: object) -> dict[str, object]:
                async with http.post(f"/control/{path}", json=body) as answer:
                    found: dict[str, object] = await answer.json()
                    return found | {"status": answer.status}

            said = await control(f"{TOKEN}/say", chat=CHAT, text="hola", user={"language_code": "ht"})
            async with http.get(f"/bot{TOKEN}/getUpdates") as answer:
                [update] = (await answer.json())["result"]
            assert update["update_id"] == said["update_id"]
            waiting = asyncio.create_task(control(f"{TOKEN}/expect", chat=CHAT, text="ok", timeout=5))
            markup = {"inline_keyboard": [[{"text": "t", "callback_data": "d"}]]}
            body = {"chat_id": CHAT, "text": "ok", "reply_markup": markup}
            await http.post(f"/bot{TOKEN}/sendMessage", json=body)
            shown = await waiting
            assert (shown["text"], shown["status"]) == ("ok", 200)
            pressed = await control(f"{TOKEN}/press", chat=CHAT, message=shown["id"], data="d")
            assert pressed["query_id"]
            assert (await control(f"{TOKEN}/press", chat=CHAT, message=shown["id"], data="x"))["status"] == 400
            assert (await control(f"{TOKEN}/expect", chat=CHAT, text="never", timeout=0.01))["status"] == 408
            await control("fault", method="sendMessage", status=429, retry_after=2)
            async with http.post(f"/bot{TOKEN}/sendMessage", json=body) as refused:
                assert (await refused.json())["parameters"] == {"retry_after": 2}
            confirmed = await control(f"{TOKEN}/confirmed")
            assert confirmed["pending"] == [said["update_id"], pressed["update_id"]]
            assert f"canaryname{CHAT}" in str(await control("canaries"))
    finally:
        process.terminate()
        assert await process.wait() == 0
