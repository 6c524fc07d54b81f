"""What the Bot API refuses, and how it says so: limits of texts, buttons and parameters, on decoded JSON.

Source: Telegram's Bot API documentation and the limits listed in `models.md`. Lengths are counted in UTF-16 code
units, which is how Telegram's clients count and never less strict than counting characters.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

Json = dict[str, Any]

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
CALLBACK_DATA_BYTES = 64
CALLBACK_ANSWER_LIMIT = 200
BUTTONS_PER_ROW = 8
BUTTONS_PER_KEYBOARD = 100
DELETE_IDS = 100
DELETE_AGE_SECONDS = 48 * 3600

_BUTTON_ACTIONS = {
    "callback_data", "url", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay",
}  # fmt: skip
_HTML_TAGS = {
    "b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "tg-spoiler", "a", "tg-emoji", "code",
    "pre", "blockquote",
}  # fmt: skip


class ApiError(Exception):
    """A refusal: becomes `{"ok": false, "error_code", "description", "parameters"}`."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> Json:
        answer: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            answer["parameters"] = self.parameters
        return answer


def bad(description: str) -> ApiError:
    return ApiError(400, f"Bad Request: {description}")


def utf16(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def decode(name: str, value: Any) -> Any:
    """A parameter as sent by form or JSON: nested objects may arrive as JSON strings."""
    if isinstance(value, str) and name in _NESTED:
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            raise bad(f"can't parse {name} JSON object") from None
    return value


_NESTED = {
    "reply_markup", "allowed_updates", "message_ids", "commands", "scope", "entities", "caption_entities",
    "link_preview_options", "reply_parameters", "menu_button", "rights", "media", "reaction",
}  # fmt: skip


def integer(params: Json, name: str, default: int | None = None) -> int:
    """An integer parameter; forms send digits. Raises `ApiError` when missing or not a number."""
    value = params.get(name)
    if value is None or value == "":
        if default is None:
            raise bad(f"parameter {name} is required" if name != "chat_id" else "chat_id is empty")
        return default
    try:
        return int(value)
    except (TypeError, ValueError):
        raise bad("chat not found" if name == "chat_id" else f"{name} must be an integer") from None


def flag(params: Json, name: str) -> bool:
    """A boolean parameter; forms send words."""
    return str(params.get(name, "")).lower() in {"true", "1", "yes"}


class _Markup(HTMLParser):
    """Telegram's HTML subset: known tags, balanced."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _HTML_TAGS:
            raise bad(f'can\'t parse entities: Unsupported start tag "{tag}"')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise bad("can't parse entities: Unexpected end tag")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def plain(text: str, parse_mode: str) -> str:
    """The text that a reader sees. Raises `ApiError` for HTML that Telegram would not parse."""
    if not parse_mode:
        return text
    if parse_mode.lower() not in {"html", "markdown", "markdownv2"}:
        raise bad("unsupported parse_mode")
    if parse_mode.lower() != "html":
        return text
    if re.search(r"<(?![a-zA-Z/])", text):
        raise bad("can't parse entities: Unsupported start tag")
    markup = _Markup()
    markup.feed(text)
    markup.close()
    if markup.open:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{markup.open[-1]}\"")
    return "".join(markup.text)


def message_text(params: Json) -> str:
    """The text of a message to send or edit. Raises `ApiError` when empty or too long."""
    text = plain(str(params.get("text", "")), str(params.get("parse_mode", "")))
    if not text.strip():
        raise bad("message text is empty")
    if utf16(text) > TEXT_LIMIT:
        raise bad("message is too long")
    return text


def caption(params: Json) -> str:
    text = plain(str(params.get("caption", "")), str(params.get("parse_mode", "")))
    if utf16(text) > CAPTION_LIMIT:
        raise bad("message caption is too long")
    return text


def _inline_button(button: Any) -> None:
    if not isinstance(button, dict):
        raise bad("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    text = button.get("text")
    if not isinstance(text, str):
        raise bad("can't parse inline keyboard button: Can't find field \"text\"")
    if not text.strip():
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    actions = _BUTTON_ACTIONS & button.keys()
    if len(actions) != 1:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "callback_data" in button:
        data = button["callback_data"]
        if not isinstance(data, str) or not 1 <= len(data.encode()) <= CALLBACK_DATA_BYTES:
            raise bad("BUTTON_DATA_INVALID")
    url = button.get("url")
    if url is not None and not re.match(r"(https?|tg)://\S+\Z", str(url)):
        raise bad("BUTTON_URL_INVALID")


def reply_markup(params: Json) -> Json | None:
    """The keyboard to attach, checked. Raises `ApiError` for what Telegram refuses."""
    markup = params.get("reply_markup")
    if markup in (None, "", {}):
        return None
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    if "inline_keyboard" in markup:
        rows = markup["inline_keyboard"]
        if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
            raise bad('can\'t parse inline keyboard: Field "inline_keyboard" must be of type Array of Arrays')
        for row in rows:
            if len(row) > BUTTONS_PER_ROW:
                raise bad("BUTTON_COUNT_INVALID")
            for button in row:
                _inline_button(button)
        if sum(map(len, rows)) > BUTTONS_PER_KEYBOARD:
            raise bad("REPLY_MARKUP_TOO_LONG")
        return {"inline_keyboard": [row for row in rows if row]}
    if "keyboard" in markup:
        for row in markup["keyboard"]:
            for button in row:
                label = button if isinstance(button, str) else button.get("text", "")
                if not str(label).strip():
                    raise bad("can't parse keyboard button: Text must be non-empty")
        return markup
    if markup.keys() & {"remove_keyboard", "force_reply"}:
        return markup
    raise bad("can't parse reply keyboard markup JSON object")
