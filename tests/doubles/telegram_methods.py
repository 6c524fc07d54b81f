"""The Bot API's methods over a `BotDouble`: what each does, returns and refuses."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from tests.doubles.telegram_rules import (
    CALLBACK_ANSWER_LIMIT,
    DELETE_AGE_SECONDS,
    DELETE_IDS,
    ApiError,
    Json,
    bad,
    caption,
    flag,
    integer,
    message_text,
    reply_markup,
    utf16,
)
from tests.doubles.telegram_state import BotDouble, Chat, Message, Webhook

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)


async def call(bot: BotDouble, method: str, params: Json) -> Any:
    """Carry out `method` (any case). Raises `ApiError` as Telegram would answer."""
    name = method.lower()
    if name in METHODS:
        return await METHODS[name](bot, params)
    if name in ACCEPTED:
        return True
    about = re.fullmatch(r"(set|get|delete)(my\w+|chatmenubutton)", name)
    if about:
        return _about(bot, about[1], about[2], params)
    raise ApiError(404, "Not Found: method not found")


ACCEPTED = frozenset({"logout", "close", "leavechat", "setmessagereaction", "pinchatmessage", "unpinchatmessage"})


def _about(bot: BotDouble, verb: str, what: str, params: Json) -> Any:
    """The bot's own descriptions: set, get and delete its name, commands, menu button…"""
    key = (what, str(params.get("language_code", "")))
    if verb == "set":
        bot.about[key] = {k: v for k, v in params.items() if k != "language_code"}
        return True
    if verb == "delete":
        bot.about.pop(key, None)
        return True
    kept = bot.about.get(key, {})
    if what == "mycommands":
        return kept.get("commands", [])
    if what == "chatmenubutton":
        return kept.get("menu_button", {"type": "default"})
    names = {"myname": "name", "mydescription": "description", "myshortdescription": "short_description"}
    return {names[what]: kept.get(names[what], "")} if what in names else kept


async def get_me(bot: BotDouble, params: Json) -> Json:
    return bot.me


async def get_updates(bot: BotDouble, params: Json) -> list[Json]:
    """Long poll. A newer poll ends an older one with 409, and a webhook forbids polling, as on the real server."""
    if bot.webhook is not None:
        raise ApiError(
            409,
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
        )
    _allow(bot, params)
    offset = integer(params, "offset", 0)
    limit = max(1, min(100, integer(params, "limit", 100)))
    if offset < 0 and bot.updates:
        offset = int(bot.updates[max(0, len(bot.updates) + offset)]["update_id"])
    bot.confirm_below(offset)
    bot.poll_turn += 1
    turn = bot.poll_turn
    bot.pulse.beat()
    await bot.pulse.until(lambda: bot.updates or bot.poll_turn != turn or bot.webhook, integer(params, "timeout", 0))
    if bot.poll_turn != turn:
        raise ApiError(
            409,
            "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
        )
    if bot.webhook is not None:
        raise ApiError(409, "Conflict: terminated by setWebhook request")
    return bot.updates[:limit]


def _allow(bot: BotDouble, params: Json) -> None:
    """`allowed_updates` is remembered until given again; an empty list brings the default back."""
    allowed = params.get("allowed_updates")
    if isinstance(allowed, list):
        bot.allowed = frozenset(map(str, allowed)) or None


async def set_webhook(bot: BotDouble, params: Json) -> bool:
    url = str(params.get("url", ""))
    if not url:
        return await delete_webhook(bot, params)
    # The real server wants https; the double serves loopback, where tests listen in clear.
    if not re.match(r"https?://", url):
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    secret = str(params.get("secret_token", ""))
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise bad("secret token contains unallowed characters")
    _allow(bot, params)
    if flag(params, "drop_pending_updates"):
        bot.updates.clear()
    connections = max(1, min(100, integer(params, "max_connections", 40)))
    bot.webhook = Webhook(url, secret, connections)
    bot.pulse.beat()
    return True


async def delete_webhook(bot: BotDouble, params: Json) -> bool:
    bot.webhook = None
    if flag(params, "drop_pending_updates"):
        bot.updates.clear()
    bot.pulse.beat()
    return True


async def get_webhook_info(bot: BotDouble, params: Json) -> Json:
    hook = bot.webhook or Webhook("")
    info: Json = {"url": hook.url, "has_custom_certificate": False, "pending_update_count": len(bot.updates)}
    if hook.url:
        info["max_connections"] = hook.max_connections
    if hook.last_error:
        info |= {"last_error_date": int(bot.clock()), "last_error_message": hook.last_error}
    if bot.allowed:
        info["allowed_updates"] = sorted(bot.allowed)
    return info


def _place(bot: BotDouble, params: Json) -> Chat:
    return bot.reachable(integer(params, "chat_id"))


def _post(bot: BotDouble, params: Json, body: Json) -> Json:
    place = _place(bot, params)
    markup = reply_markup(params)
    if markup and "inline_keyboard" in markup:
        body["reply_markup"] = markup
    if flag(params, "protect_content"):
        body["has_protected_content"] = True
    return bot.post(place, body).raw


async def send_message(bot: BotDouble, params: Json) -> Json:
    _place(bot, params)
    return _post(bot, params, {"text": message_text(params)})


def _sender(kind: str) -> Callable[[BotDouble, Json], Awaitable[Json]]:
    async def send(bot: BotDouble, params: Json) -> Json:
        """A file, uploaded under any part name (`attach://`), or named by the id of one that is known."""
        _place(bot, params)
        given = params.get(kind)
        if isinstance(given, str) and given.startswith("attach://"):
            given = params.get(given.removeprefix("attach://"))
        if isinstance(given, bytes):
            if not given:
                raise bad("file must be non-empty")
            file = bot.upload(given, kind)
        elif isinstance(given, str) and _path(bot, given) in bot.files:
            file = {"file_id": given, "file_unique_id": given, "file_size": len(bot.files[_path(bot, given)])}
        else:
            raise bad(
                f"there is no {kind} in the request" if not given else "wrong file identifier/HTTP URL specified"
            )
        body: Json = {kind: [{**file, "width": 1, "height": 1}] if kind == "photo" else file}
        text = caption(params)
        return _post(bot, params, body | ({"caption": text} if text else {}))

    return send


def _own(bot: BotDouble, params: Json) -> tuple[Chat, Message]:
    place = _place(bot, params)
    message = place.messages.get(integer(params, "message_id"))
    if message is None:
        raise bad("message to edit not found")
    if not message.by_bot:
        raise bad("message can't be edited")
    return place, message


def _change(bot: BotDouble, message: Message, text: str | None, markup: Json | None) -> Json:
    new = {**message.raw, **({} if text is None else {"text": text})}
    new.pop("reply_markup", None)
    if markup and markup.get("inline_keyboard"):
        new["reply_markup"] = markup
    if new == message.raw:
        raise bad(NOT_MODIFIED)
    message.raw = {**new, "edit_date": int(bot.clock())}
    message.edits += 1
    bot.pulse.beat()
    return message.raw


async def edit_text(bot: BotDouble, params: Json) -> Json:
    _, message = _own(bot, params)
    return _change(bot, message, message_text(params), reply_markup(params))


async def edit_markup(bot: BotDouble, params: Json) -> Json:
    _, message = _own(bot, params)
    return _change(bot, message, None, reply_markup(params))


def _delete(bot: BotDouble, place: Chat, ids: list[int]) -> None:
    if any(bot.clock() - place.messages[number].raw["date"] > DELETE_AGE_SECONDS for number in ids):
        raise bad("message can't be deleted")
    for number in ids:
        del place.messages[number]
        place.deleted.append(number)
    bot.pulse.beat()


async def delete_message(bot: BotDouble, params: Json) -> bool:
    place, number = _place(bot, params), integer(params, "message_id")
    if number not in place.messages:
        raise bad("message to delete not found")
    _delete(bot, place, [number])
    return True


async def delete_messages(bot: BotDouble, params: Json) -> bool:
    """Ids that are not there are skipped; one that is too old refuses them all."""
    place, ids = _place(bot, params), params.get("message_ids")
    if not isinstance(ids, list) or not ids:
        raise bad("message identifiers are not specified")
    if len(ids) > DELETE_IDS:
        raise bad("too many messages to delete")
    numbers = dict.fromkeys(int(number) for number in ids)
    _delete(bot, place, [number for number in numbers if number in place.messages])
    return True


async def answer_callback(bot: BotDouble, params: Json) -> bool:
    query, text = str(params.get("callback_query_id", "")), str(params.get("text", ""))
    if bot.answers.get(query, {}) is not None:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    if utf16(text) > CALLBACK_ANSWER_LIMIT:
        raise bad("MESSAGE_TOO_LONG")
    bot.answers[query] = {"text": text, "show_alert": flag(params, "show_alert")}
    bot.pulse.beat()
    return True


async def chat_action(bot: BotDouble, params: Json) -> bool:
    _place(bot, params)
    if not str(params.get("action", "")):
        raise bad("wrong parameter action in request")
    return True


async def get_chat(bot: BotDouble, params: Json) -> Json:
    gifts = dict.fromkeys(
        ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
    )
    return {
        **_place(bot, params).data(),
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": gifts,
    }


def _path(bot: BotDouble, file_id: str) -> str:
    return file_id.removeprefix(f"F{bot.id}-")


async def get_file(bot: BotDouble, params: Json) -> Json:
    file_id = str(params.get("file_id", ""))
    path = _path(bot, file_id)
    if path not in bot.files:
        raise bad("invalid file_id")
    return {"file_id": file_id, "file_unique_id": path, "file_size": len(bot.files[path]), "file_path": path}


METHODS: dict[str, Callable[[BotDouble, Json], Awaitable[Any]]] = {
    "getme": get_me,
    "getupdates": get_updates,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
    "sendmessage": send_message,
    "senddocument": _sender("document"),
    "sendphoto": _sender("photo"),
    "sendvoice": _sender("voice"),
    "editmessagetext": edit_text,
    "editmessagereplymarkup": edit_markup,
    "deletemessage": delete_message,
    "deletemessages": delete_messages,
    "answercallbackquery": answer_callback,
    "sendchataction": chat_action,
    "getchat": get_chat,
    "getfile": get_file,
}
