"""Bot API servers that give less than Telegram's, and updates that nobody can read."""

from __future__ import annotations

import json
from typing import Any

import pytest
import telegram
from telegram.error import TelegramError

from bot.oncall.paging import now
from bot.oncall.wire import Calls, Polls
from tests.oncall.conftest import ANA, CHATS, Team, settings

pytestmark = pytest.mark.store

UNREADABLE: list[dict[str, Any]] = [
    {"message": {"message_id": "x"}},
    {"message": []},
    {"message": {"message_id": 3, "chat": "x", "from": {"id": 5}}},
    {"callback_query": {"id": 5}},
    {"callback_query": {"from": {"id": "y"}, "message": {"date": "z"}}},
    {"my_chat_member": {"chat": 4}},
]


async def test_an_update_that_nobody_can_read_does_not_stop_the_pager(team: Team) -> None:
    await team.on_duty("ana")
    async with team.pager(settings(team.api, [ANA])):
        for update in UNREADABLE:
            team.bot.send_update(update)
        said = team.bot.say(CHATS["ana"], "/who")
        await team.bot.expect(CHATS["ana"], "En turno: ana.")
        await team.bot.expect_confirmed(said.update_id)


async def test_a_method_that_the_server_lacks_stops_neither_pages_nor_duty(team: Team) -> None:
    await team.on_duty("ana")
    missing = [team.api.fault(name, 404, times=10**6) for name in ("deleteMessage", "setMyCommands")]
    async with team.pager(settings(team.api, [ANA], emergency=[{"after": 0}, {"after": 1}], repeat=1)):
        first, second = await team.case(), await team.case()
        shown = await team.paged("ana", first)
        again = await team.paged("ana", first, after=shown.id)
        await team.paged("ana", first, after=again.id)
        await team.paged("ana", second)
        assert "pager" in await team.store.beating(now())
    assert missing[0].times < 10**6


def test_what_an_answer_lacks_is_filled_in() -> None:
    sent = Calls.parse_json_payload(b'{"ok": true, "result": {"message_id": 5}}')["result"]
    assert telegram.Message.de_json(sent, None).message_id == 5
    body = {"message_id": 5, "from": {"id": 7}, "chat": {"id": 7}, "text": "/on"}
    query = {"id": "1", "from": {"id": 7}, "data": "claim:AAAAA", "message": {"message_id": 5, "chat": {"id": 7}}}
    batch = [
        "x",
        None,
        {"no": "number"},
        {"update_id": 1, "message": body},
        {"update_id": 2, "callback_query": query},
    ]
    read = Polls.parse_json_payload(json.dumps({"ok": True, "result": batch}).encode())["result"]
    written, pressed = telegram.Update.de_list(read, None)
    assert written.message is not None
    assert written.message.text == "/on"
    assert pressed.callback_query is not None
    assert pressed.callback_query.data == "claim:AAAAA"


@pytest.mark.parametrize("payload", [b"<html>", b"[]", b"5", b"\xff"])
def test_what_is_no_answer_is_the_librarys_own_error(payload: bytes) -> None:
    for kind in (Calls, Polls):
        with pytest.raises(TelegramError):
            kind.parse_json_payload(payload)
