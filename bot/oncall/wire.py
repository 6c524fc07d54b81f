"""What the Bot API answers, made fit for the library before it reads it.

The library takes a batch of updates or nothing, and a sent message only with every field that Telegram documents.
One update that it cannot read would stop the pager for ever, and a message that lacks a field would be sent again
and again. So what is missing and not needed is filled in, and what nobody can read is passed over.
"""

from __future__ import annotations

import json
from typing import Any

import telegram
from telegram.error import TelegramError
from telegram.request import HTTPXRequest


def _answer(payload: bytes) -> dict[str, Any]:
    """The answer's JSON. Unlike the library's own reading it logs nothing. Raises `TelegramError`."""
    try:
        answer = json.loads(payload.decode("utf-8", "replace"))
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise TelegramError("Invalid server response") from None
    return answer


class Calls(HTTPXRequest):
    """Connections for everything but `getUpdates`."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        answer = _answer(payload)
        result = answer.get("result")
        if isinstance(result, dict) and "message_id" in result:
            _complete(result)
        return answer


class Polls(HTTPXRequest):
    """Connections for `getUpdates`."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        answer = _answer(payload)
        result = answer.get("result")
        if isinstance(result, list):
            answer["result"] = [_readable(update) for update in result if _has_number(update)]
        return answer


def _has_number(update: object) -> bool:
    return isinstance(update, dict) and type(update.get("update_id")) is int


def _readable(update: dict[str, Any]) -> dict[str, Any]:
    """The update with what it lacks; what cannot be read even so keeps its number, so that it is acknowledged."""
    query = update.get("callback_query")
    if isinstance(query, dict):
        query.setdefault("chat_instance", "")
        _complete_user(query.get("from"))
        _complete(query.get("message"))
    _complete(update.get("message"))
    try:
        telegram.Update.de_json(update, None)
    except Exception:  # noqa: BLE001 - the library raises whatever its types run into
        return {"update_id": update["update_id"]}
    return update


def _complete(message: object) -> None:
    if isinstance(message, dict):
        message.setdefault("date", 0)
        chat = message.setdefault("chat", {"id": 0})
        if isinstance(chat, dict):
            chat.setdefault("type", "private")
        _complete_user(message.get("from"))


def _complete_user(user: object) -> None:
    if isinstance(user, dict):
        user.setdefault("is_bot", False)
        user.setdefault("first_name", "")
