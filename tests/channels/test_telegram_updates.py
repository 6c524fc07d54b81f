"""An update's JSON, read: everything that a person can do, and everything that is not for us."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram_updates import read
from bot.conversation.messages import Inbound, MediaKind

pytestmark = pytest.mark.unit

CHAT = {"id": 5, "type": "private"}
FROM = {"id": 5, "is_bot": False, "first_name": "x", "language_code": "es-PA"}


def message(**content: Any) -> dict[str, Any]:
    return {"update_id": 1, "message": {"message_id": 9, "date": 1, "chat": CHAT, "from": FROM, **content}}


def inbound(update: dict[str, Any]) -> Inbound:
    found = read(update)
    assert found is not None
    return found[0]


def test_a_text_carries_what_is_needed_to_answer_and_to_recognise_a_repeat() -> None:
    said = inbound(message(text="hola"))
    assert (said.channel, said.address, said.message_id) == ("telegram", "5", "m9")
    assert (said.text, said.locale, said.platform_ref) == ("hola", "es-PA", 9)


def test_the_same_message_in_a_new_update_is_the_same_message() -> None:
    first, again = message(text="hola"), {**message(text="hola"), "update_id": 2}
    assert inbound(first).message_id == inbound(again).message_id


def test_an_edit_is_its_own_message() -> None:
    edit = {"update_id": 2, "edited_message": {**message(text="adiós")["message"], "edit_date": 7}}
    said = inbound(edit)
    assert said.edited
    assert said.message_id == "e9.7"


def test_a_button_brings_its_data_and_the_query_to_answer() -> None:
    found = read(
        {"callback_query": {"id": "77", "from": FROM, "data": "help.x:yes", "message": message()["message"]}}
    )
    assert found is not None
    assert found[0].choice == "help.x:yes"
    assert found[0].message_id == "c77"
    assert found[1] == "77"


def test_a_button_of_a_message_too_old_to_be_shown_still_reaches_its_person() -> None:
    old = {"chat": CHAT, "message_id": 3, "date": 0}
    assert inbound({"callback_query": {"id": "1", "from": FROM, "data": "!human", "message": old}}).address == "5"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"photo": [{"file_id": "s"}, {"file_id": "big", "file_size": 7}]}, MediaKind.PHOTO),
        ({"voice": {"file_id": "v", "mime_type": "audio/ogg"}}, MediaKind.VOICE),
        ({"video_note": {"file_id": "v"}}, MediaKind.VIDEO),
        ({"document": {"file_id": "d"}}, MediaKind.DOCUMENT),
        ({"location": {"latitude": 8.98, "longitude": -79.5}}, MediaKind.LOCATION),
        ({"sticker": {"file_id": "s"}}, MediaKind.OTHER),
    ],
)
def test_media_is_told_by_its_kind(content: dict[str, Any], kind: MediaKind) -> None:
    attachment = inbound(message(**content)).attachment
    assert attachment is not None
    assert attachment.kind is kind


def test_a_caption_is_what_the_person_says() -> None:
    assert inbound(message(photo=[{"file_id": "x"}], caption="mira")).text == "mira"


def test_content_that_nobody_knows_yet_is_still_a_message() -> None:
    assert inbound(message(hologram={"file_id": "x"})).text == ""


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 1},
        {"update_id": 1, "my_chat_member": {"chat": CHAT}},
        {"update_id": 1, "channel_post": {"chat": {"id": -1, "type": "channel"}, "text": "x"}},
        {"message": {"message_id": 1, "chat": {"id": -5, "type": "group"}, "from": FROM, "text": "hola"}},
        {"message": {"message_id": 1, "chat": CHAT, "from": {**FROM, "is_bot": True}, "text": "hola"}},
        message(pinned_message={}),
        {"message": "not an object"},
        {"message": {"chat": CHAT, "text": "no number"}},
        {"callback_query": {}},
    ],
)
def test_what_no_person_wrote_to_us_in_private_is_left_alone(update: dict[str, Any]) -> None:
    assert read(update) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(
    ["chat", "from", "id", "type", "text", "photo", "location", "voice", "data", "message", "message_id", "date"]
)


@given(
    st.sampled_from(["message", "edited_message", "callback_query"]),
    st.dictionaries(fields, json_values | st.dictionaries(fields, json_values, max_size=4), max_size=6),
)
def test_no_shape_of_update_breaks_it(kind: str, body: dict[str, Any]) -> None:
    read({"update_id": 1, kind: body})
