"""One bot as Telegram sees it: its chats, messages, updates and files, and the levers that a test pulls.

The person's side (`say`, `press`, `edit`, `photo`…) makes updates; the bot's side (`telegram_methods.py`) makes
messages. Everybody who waits is woken by `Pulse`, so that no test sleeps and looks again.
"""

# ruff: noqa: ASYNC109 - tests name how long they would wait; the answer to a late one is an explanation, not TimeoutError

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.doubles.telegram_rules import ApiError, Json, bad

NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Update kinds that Telegram sends only when `allowed_updates` names them."""


class Pulse:
    """Wakes everybody who waits for something to change."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def beat(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, ready: Callable[[], Any], timeout: float) -> Any:
        """The first true answer of `ready`, asked again at every beat; its last false one after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            event = self._event
            answer = ready()
            if answer:
                return answer
            try:
                # not wait_for: Python 3.11's forgets a cancellation that comes together with the beat
                async with asyncio.timeout(deadline - time.monotonic()):
                    await event.wait()
            except TimeoutError:
                return ready()


class Sent(NamedTuple):
    """What the person did: the update it made and the message it concerns."""

    update_id: int
    message_id: int


class Pressed(NamedTuple):
    """A pressed button: the update, and the query that the bot has to answer."""

    update_id: int
    query_id: str


@dataclass(frozen=True)
class Button:
    text: str
    data: str = ""
    url: str = ""


@dataclass
class Message:
    """A message that can be seen in the chat. `raw` is the object on the wire."""

    id: int
    by_bot: bool
    raw: Json
    edits: int = 0

    @property
    def text(self) -> str:
        return str(self.raw.get("text", self.raw.get("caption", "")))

    @property
    def buttons(self) -> tuple[tuple[Button, ...], ...]:
        rows = self.raw.get("reply_markup", {}).get("inline_keyboard", [])
        return tuple(
            tuple(Button(b["text"], b.get("callback_data", ""), b.get("url", "")) for b in row) for row in rows
        )

    @property
    def choices(self) -> tuple[str, ...]:
        """The data of all its buttons, in reading order."""
        return tuple(button.data for row in self.buttons for button in row if button.data)

    @property
    def protected(self) -> bool:
        return bool(self.raw.get("has_protected_content"))

    def data(self) -> Json:
        """For the control API."""
        return {
            "id": self.id, "by_bot": self.by_bot, "text": self.text, "edits": self.edits, "protected": self.protected,
            "buttons": [[{"text": b.text, "data": b.data, "url": b.url} for b in row] for row in self.buttons],
        }  # fmt: skip


@dataclass
class Chat:
    id: int
    user: Json
    kind: str = "private"
    messages: dict[int, Message] = field(default_factory=dict)
    deleted: list[int] = field(default_factory=list)
    blocked: bool = False

    def data(self) -> Json:
        names: Json = {name: self.user[name] for name in ("first_name", "last_name", "username") if name in self.user}
        return {"id": self.id, "type": self.kind, **names}


@dataclass
class Webhook:
    url: str
    secret: str = ""
    max_connections: int = 40
    last_error: str = ""


class BotDouble:
    """State and scripting surface of one bot. Made by `BotApi.bot(token)`."""

    def __init__(self, token: str, clock: Callable[[], float] = time.time) -> None:
        self.token = token
        self.id = int(token.partition(":")[0])
        self.clock = clock
        self.pulse = Pulse()
        self.chats: dict[int, Chat] = {}
        self.updates: list[Json] = []
        self.confirmed: set[int] = set()
        self.allowed: frozenset[str] | None = None
        self.webhook: Webhook | None = None
        self.files: dict[str, bytes] = {}
        self.calls: list[tuple[str, Json]] = []
        self.answers: dict[str, Json | None] = {}
        self.about: dict[tuple[str, str], Any] = {}
        self.poll_turn = 0
        self._update_ids = itertools.count(1000)
        self._message_ids = itertools.count(1)
        self._file_ids = itertools.count(1)

    @property
    def me(self) -> Json:
        return {
            "id": self.id, "is_bot": True, "first_name": "Loopback", "username": f"loopback{self.id}_bot",
            "can_join_groups": False, "can_read_all_group_messages": False, "supports_inline_queries": False,
            "can_connect_to_business": False, "has_main_web_app": False,
        }  # fmt: skip

    # --- the person's side -------------------------------------------------------------------------------

    def chat(self, chat: int, **user: Any) -> Chat:
        """The chat, which exists from now on. Its person has canaries for names unless the test gives others."""
        if chat not in self.chats:
            names = {"first_name": f"canaryname{chat}", "username": f"canary_user_{chat}", "language_code": "es"}
            self.chats[chat] = Chat(chat, {"id": chat, "is_bot": False, **names})
        self.chats[chat].user.update(user)
        return self.chats[chat]

    def say(self, chat: int, text: str, **user: Any) -> Sent:
        """The person writes `text`."""
        body: Json = {"text": text}
        if text.startswith("/"):
            length = len(text.split(maxsplit=1)[0])
            body["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        return self.write(chat, body, **user)

    def write(self, chat: int, body: Json, **user: Any) -> Sent:
        """The person sends a message with this content (fields of the API's Message)."""
        place = self.chat(chat, **user)
        raw = {**self._head(place), "from": dict(place.user), **body}
        return Sent(self.send_update({"message": raw}), self._keep(place, raw, by_bot=False).id)

    def edit(self, chat: int, message: int, text: str) -> Sent:
        """The person changes a message of theirs."""
        found = self._find(chat, message)
        found.raw = {**found.raw, "text": text, "edit_date": int(self.clock())}
        return Sent(self.send_update({"edited_message": found.raw}), message)

    def photo(self, chat: int, data: bytes, caption: str = "", **user: Any) -> Sent:
        """The person sends a photo, which the bot can fetch in one size."""
        size = {**self._file(data, "photos", "jpg"), "width": 64, "height": 48}
        return self.write(chat, {"photo": [size], **({"caption": caption} if caption else {})}, **user)

    def document(self, chat: int, data: bytes, name: str = "file.pdf", media: str = "application/pdf") -> Sent:
        """The person sends a file."""
        body = {**self._file(data, "documents", "bin"), "file_name": name, "mime_type": media}
        return self.write(chat, {"document": body})

    def voice(self, chat: int, data: bytes, seconds: int = 3) -> Sent:
        """The person sends a voice message."""
        body = {**self._file(data, "voice", "oga"), "duration": seconds, "mime_type": "audio/ogg"}
        return self.write(chat, {"voice": body})

    def location(self, chat: int, latitude: float, longitude: float, **user: Any) -> Sent:
        """The person shares where they are."""
        return self.write(chat, {"location": {"latitude": latitude, "longitude": longitude}}, **user)

    def press(self, chat: int, message: int, data: str, *, foreign: bool = False, by: Json | None = None) -> Pressed:
        """The person presses the button carrying `data` under `message`.

        Raises `LookupError` when that message shows no such button, unless `foreign`: then the data is sent all the
        same, as an old or modified client would.
        """
        place = self.chat(chat)
        found = place.messages.get(message)
        if not foreign and (found is None or data not in found.choices):
            shown = found.choices if found else "no such message"
            raise LookupError(f"message {message} of the chat has no button {data!r}: {shown}")
        query = f"q{self.id}{next(self._file_ids)}"
        self.answers[query] = None
        raw = dict(found.raw) if found else {**self._head(place, message), "date": 0}
        body = {"id": query, "from": by or dict(place.user), "chat_instance": str(chat), "data": data, "message": raw}
        return Pressed(self.send_update({"callback_query": body}), query)

    def send_update(self, raw: Json) -> int:
        """Queue any update (without `update_id`, which is given). Kinds that the bot did not ask for are dropped."""
        update = {"update_id": next(self._update_ids), **{k: v for k, v in raw.items() if k != "update_id"}}
        kinds = update.keys() - {"update_id"}
        wanted = bool(kinds & self.allowed) if self.allowed else not kinds <= NOT_BY_DEFAULT
        if wanted:
            self.updates.append(update)
            self.pulse.beat()
        return int(update["update_id"])

    def block(self, chat: int) -> None:
        """The person blocks the bot: every send answers 403 until `unblock`."""
        self._membership(chat, blocked=True)

    def unblock(self, chat: int) -> None:
        self._membership(chat, blocked=False)

    def age(self, chat: int, message: int, seconds: float) -> None:
        """Make a message that much older (Telegram deletes only what is under 48 hours old)."""
        found = self._find(chat, message)
        found.raw = {**found.raw, "date": int(found.raw["date"] - seconds)}

    # --- what the test sees ------------------------------------------------------------------------------

    def messages(self, chat: int) -> list[Message]:
        """What can be seen in the chat now, both sides, oldest first."""
        return list(self.chats[chat].messages.values()) if chat in self.chats else []

    def deleted(self, chat: int) -> list[int]:
        """Ids of the messages that the bot deleted there, in order."""
        return list(self.chats[chat].deleted) if chat in self.chats else []

    async def expect(
        self, chat: int, wanted: str | Callable[[Message], bool] = "", timeout: float = 10, *, after: int = 0
    ) -> Message:
        """The first visible message of the bot, newer than `after`, that has `wanted` in it (or satisfies it).

        Raises `AssertionError` showing the chat after `timeout` seconds.
        """

        def look() -> Message | None:
            for message in self.messages(chat):
                fits = wanted in message.text if isinstance(wanted, str) else wanted(message)
                if message.by_bot and message.id > after and fits:
                    return message
            return None

        found: Message | None = await self.pulse.until(look, timeout)
        if found is None:
            shown = "\n".join(
                f"  {m.id} {'bot' if m.by_bot else 'person'}: {m.text!r} {m.choices}" for m in self.messages(chat)
            )
            raise AssertionError(f"no such message in the chat after {timeout} s; it shows:\n{shown}")
        return found

    async def expect_gone(self, chat: int, message: int, timeout: float = 10) -> None:
        """Wait until the message is no longer to be seen. Raises `AssertionError`."""
        if not await self.pulse.until(lambda: message not in self.chat(chat).messages, timeout):
            raise AssertionError(f"message {message} is still there after {timeout} s")

    async def expect_answer(self, query: str, timeout: float = 10) -> Json:
        """The bot's answer to a pressed button ({} when silent). Raises `AssertionError`."""
        if not await self.pulse.until(lambda: self.answers.get(query) is not None, timeout):
            raise AssertionError(f"the button was not answered in {timeout} s")
        return self.answers[query] or {}

    async def expect_confirmed(self, update: int, timeout: float = 10) -> None:
        """Wait until the bot acknowledged the update. Raises `AssertionError`."""
        if not await self.pulse.until(lambda: update in self.confirmed, timeout):
            raise AssertionError(f"update {update} was not confirmed in {timeout} s")

    async def expect_call(self, method: str, timeout: float = 10, *, count: int = 1) -> list[Json]:
        """The parameters of the calls of `method`, once there are `count`. Raises `AssertionError`."""
        if not await self.pulse.until(lambda: len(self.called(method)) >= count, timeout):
            raise AssertionError(f"{method} was called {len(self.called(method))} times in {timeout} s, not {count}")
        return self.called(method)

    def called(self, method: str) -> list[Json]:
        """Parameters of every call of `method` so far, refused ones too."""
        return [params for name, params in self.calls if name == method.lower()]

    # --- used by the methods -----------------------------------------------------------------------------

    def confirm_below(self, offset: int) -> None:
        """Updates before `offset` are acknowledged and forgotten."""
        done = {int(update["update_id"]) for update in self.updates if update["update_id"] < offset}
        self.updates = [update for update in self.updates if update["update_id"] >= offset]
        self.confirm(done)

    def confirm(self, done: set[int]) -> None:
        if done:
            self.confirmed |= done
            self.pulse.beat()

    def reachable(self, chat: int) -> Chat:
        """The chat to send to. Raises `ApiError` 400 when unknown, 403 when blocked."""
        place = self.chats.get(chat)
        if place is None:
            raise bad("chat not found")
        if place.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        return place

    def post(self, place: Chat, body: Json) -> Message:
        """The bot's message appears in the chat."""
        sender = {name: self.me[name] for name in ("id", "is_bot", "first_name", "username")}
        message = self._keep(place, {**self._head(place), "from": sender, **body}, by_bot=True)
        self.pulse.beat()
        return message

    def upload(self, data: bytes, folder: str) -> Json:
        return self._file(data, folder, "bin")

    def canaries(self) -> set[str]:
        """Strings that must never be found outside this process: chat ids, names, user names, the token."""
        found = {self.token}
        for chat in self.chats.values():
            found |= {
                str(chat.user[name]) for name in ("id", "first_name", "last_name", "username") if name in chat.user
            }
        return found

    def _head(self, place: Chat, message: int | None = None) -> Json:
        number = next(self._message_ids) if message is None else message
        return {"message_id": number, "date": int(self.clock()), "chat": place.data()}

    def _keep(self, place: Chat, raw: Json, *, by_bot: bool) -> Message:
        message = Message(int(raw["message_id"]), by_bot, raw)
        place.messages[message.id] = message
        return message

    def _find(self, chat: int, message: int) -> Message:
        found = self.chat(chat).messages.get(message)
        if found is None:
            raise LookupError(f"no message {message} in the chat")
        return found

    def _file(self, data: bytes, folder: str, suffix: str) -> Json:
        number = next(self._file_ids)
        path = f"{folder}/file_{number}.{suffix}"
        self.files[path] = data
        return {"file_id": f"F{self.id}-{path}", "file_unique_id": f"U{number}", "file_size": len(data)}

    def _membership(self, chat: int, *, blocked: bool) -> None:
        place = self.chat(chat)
        place.blocked = blocked
        states = ({"status": "member", "user": self.me}, {"status": "kicked", "user": self.me, "until_date": 0})
        old, new = states if blocked else states[::-1]
        change = {"chat": place.data(), "from": place.user, "date": int(self.clock()), "old_chat_member": old}
        self.send_update({"my_chat_member": {**change, "new_chat_member": new}})
