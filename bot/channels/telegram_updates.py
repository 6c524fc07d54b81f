"""A Telegram update, as the Bot API's own JSON, read into an `Inbound`.

Read from the JSON and not from a client library's types, so that an update with a field that no library knows yet
is still a message from a person. https://core.telegram.org/bots/api#update
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.conversation.messages import Attachment, Inbound, MediaKind

Json = Mapping[str, Any]

_MEDIA = (
    ("voice", MediaKind.VOICE),
    ("audio", MediaKind.AUDIO),
    ("video", MediaKind.VIDEO),
    ("video_note", MediaKind.VIDEO),
    ("animation", MediaKind.VIDEO),
    ("document", MediaKind.DOCUMENT),
    ("sticker", MediaKind.OTHER),
    ("contact", MediaKind.OTHER),
    ("poll", MediaKind.OTHER),
    ("dice", MediaKind.OTHER),
    ("story", MediaKind.OTHER),
    ("paid_media", MediaKind.OTHER),
    ("checklist", MediaKind.OTHER),
)


def _object(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _attachment(message: Json) -> Attachment | None:
    place = _object(message.get("location"))
    if place:
        latitude, longitude = place.get("latitude"), place.get("longitude")
        if isinstance(latitude, int | float) and isinstance(longitude, int | float):
            return Attachment(MediaKind.LOCATION, latitude=float(latitude), longitude=float(longitude))
    photos = message.get("photo")
    if isinstance(photos, list) and photos:
        largest = _object(photos[-1])
        return Attachment(
            MediaKind.PHOTO,
            _string(largest.get("file_id")),
            "image/jpeg",
            _number(largest.get("file_size")) or 0,
        )
    for field, kind in _MEDIA:
        if field in message:
            media = _object(message[field])
            return Attachment(
                kind,
                _string(media.get("file_id")),
                _string(media.get("mime_type")),
                _number(media.get("file_size")) or 0,
            )
    return None


def read(update: Json) -> tuple[Inbound, str] | None:
    """The inbound, and the callback id to answer ("" for messages); None for what no person wrote in private.

    Groups and channels are ignored: a bot that answers there would show everybody what it is for.
    """
    callback = _object(update.get("callback_query"))
    edited = "edited_message" in update
    message = _object(callback.get("message") if callback else update.get("edited_message" if edited else "message"))
    chat = _object(message.get("chat"))
    sender = _object((callback or message).get("from"))
    address = _number(chat.get("id")) or (_number(sender.get("id")) if callback else None)
    if address is None or chat.get("type", "private") != "private" or sender.get("is_bot"):
        return None
    common = Inbound(
        channel="telegram",
        address=str(address),
        message_id="",
        at=0.0,
        locale=_string(sender.get("language_code")),
    )
    if callback:
        identity = _string(callback.get("id"))
        return replace(common, message_id=f"c{identity}", choice=_string(callback.get("data"))), identity
    number = _number(message.get("message_id"))
    if number is None:
        return None
    text = _string(message.get("text")) or _string(message.get("caption"))
    attachment = _attachment(message)
    if not text and attachment is None and not _says_something(message):
        return None
    inbound = replace(
        common,
        message_id=f"e{number}.{message.get('edit_date')}" if edited else f"m{number}",
        text=text,
        attachment=attachment,
        edited=edited,
        platform_ref=number,
    )
    return inbound, ""


_SERVICE = frozenset(
    {"message_id", "from", "chat", "date", "edit_date", "message_thread_id", "sender_chat", "via_bot"}
)
_QUIET = frozenset({"pinned_message", "message_auto_delete_timer_changed", "write_access_allowed"})


def _says_something(message: Json) -> bool:
    """An unknown kind of content still deserves an answer; Telegram's own notices do not."""
    rest = set(message) - _SERVICE
    return bool(rest - _QUIET) or "text" in message
