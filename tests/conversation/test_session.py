"""A session is read back as it was written; what cannot be read becomes a fresh one, never an error."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.messages import Role
from bot.conversation.session import Pace, Place, Position, Session

pytestmark = pytest.mark.unit

FULL = Session(
    language="es",
    role=Role.SELF,
    position=Position("help", "debt"),
    stack=(Position("menu", "topic"),),
    history=(Place(Position("help", "hurt"), (Position("menu", "topic"),)),),
    slots={"safe": "yes", "place": "given"},
    flags=frozenset(("short", "code_issued")),
    pending="erase",
    wish="tip",
    pace=Pace(1000.0, 3, True),
    revision="0123456789abcdef",
    at=1234.5,
)


def test_what_is_written_is_read_back() -> None:
    loaded = Session.loads(FULL.dumps())
    assert loaded.session == FULL
    assert loaded.fault == ""


def test_no_bytes_are_a_first_contact() -> None:
    assert Session.loads(b"") == Session.loads(Session.new().dumps())
    assert Session.loads(b"").fault == ""


def test_a_newer_version_gives_a_fresh_session_and_says_so() -> None:
    raw = {**json.loads(FULL.dumps()), "v": 2}
    loaded = Session.loads(json.dumps(raw).encode())
    assert (loaded.session, loaded.fault) == (Session.new(), "future")


@pytest.mark.parametrize("missing", sorted(json.loads(FULL.dumps())))
def test_a_missing_part_gives_a_fresh_session_and_says_so(missing: str) -> None:
    raw = json.loads(FULL.dumps())
    del raw[missing]
    loaded = Session.loads(json.dumps(raw).encode())
    assert (loaded.session, loaded.fault) == (Session.new(), "unreadable")


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("slots", {"place": "behind the blue house"}),
        ("slots", [1]),
        ("position", ["help"]),
        ("position", "help.debt"),
        ("history", [[]]),
        ("history", 7),
        ("pending", "maybe"),
        ("role", "boss"),
        ("pace", [1, 2]),
        ("pace", ["a", 2, False]),
        ("at", True),
        ("at", 1e300),
        ("v", 0),
        ("v", "1"),
        ("revision", 3),
        ("language", "español de Panamá"),
    ],
)
def test_a_part_that_cannot_be_gives_a_fresh_session(part: str, value: object) -> None:
    raw = {**json.loads(FULL.dumps()), part: value}
    assert Session.loads(json.dumps(raw).encode()).fault == "unreadable"


@given(st.one_of(st.binary(), st.text().map(str.encode), st.just(b"[" * 100_000)))
def test_any_bytes_are_survived(data: bytes) -> None:
    loaded = Session.loads(data)
    assert loaded.session == Session.new()


@given(st.integers(0, len(FULL.dumps()) - 1), st.integers(1, 255))
def test_a_changed_byte_is_survived(place: int, change: int) -> None:
    data = bytearray(FULL.dumps())
    data[place] ^= change
    Session.loads(bytes(data))


def test_a_minute_is_counted_and_a_clock_that_jumps_back_begins_again() -> None:
    pace = Pace().tick(100.0).tick(130.0).tick(159.0)
    assert pace == Pace(100.0, 3)
    assert pace.tick(160.0) == Pace(160.0, 1)
    assert pace.tick(90.0) == Pace(90.0, 1)
