"""What an operator sees of a person's words, on a terminal: readable, whole, and harmless."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from bot.cases.records import CaseView, Status
from bot.commands.cases import NARROW, _table
from bot.commands.casework import Entry
from bot.commands.plain import plain, plain_json
from bot.commands.wording import Wording
from bot.conversation.messages import Role, Urgency
from bot.settings import Settings

pytestmark = pytest.mark.unit

ATTACK = "hola\x1b]0;título\x07\x1b[2J\x9b31m\u202eotra\u2069 \ud83d fin\rtapado"


def test_nothing_that_a_terminal_obeys_is_left() -> None:
    shown = plain(ATTACK)
    assert shown == "hola␛]0;título␇␛[2J⟨U+009B⟩31m⟨U+202E⟩otra⟨U+2069⟩ ⟨U+D83D⟩ fin␍tapado"
    shown.encode()  # a terminal can be given it


def test_ordinary_writing_is_left_alone() -> None:
    text = "¿Qué pasó?\n我被锁在房间里 👩🏽‍🦱 ñandú مرحبا"
    assert plain(text) == text
    assert plain("a\r\nb\u2028c") == "a\nb\nc"


def test_json_is_exact_and_harmless() -> None:
    written = plain_json({"text": ATTACK})
    assert json.loads(written) == {"text": ATTACK}
    assert not set(written) & set("\x1b\x07\x9b\u202e\u2069\ud83d\r")
    written.encode()


def test_an_entry_is_written_harmless_and_as_it_was_typed() -> None:
    entry = Entry(0, "in", "text", {"text": ATTACK + " :gun: [bold]no[/bold]"})
    shown = Wording.load(Settings()).of(entry)
    assert "\x1b" not in shown
    Console(file=io.StringIO()).print(shown, markup=False)
    assert shown.endswith(":gun: [bold]no[/bold]")


def test_what_operators_must_know_of_an_entry_stands_beside_it() -> None:
    wording = Wording.load(Settings())
    asked = {"flow": "help", "step": "can_leave", "slot": "can_leave"}
    beside = wording.of(Entry(0, "in", "text", {"text": "me da miedo", **asked}))
    assert beside == "me da miedo   (when asked: ¿Puedes salir del lugar donde estás cuando quieres?)"
    assert "changed" in wording.of(Entry(0, "in", "text", {"text": "x", "edited": True}))
    assert "passed" in wording.of(Entry(0, "in", "answer", {**asked, "choice": "no", "late": True}))


@pytest.mark.parametrize("width", [30, 44, 71, 72, 120])
def test_a_list_on_any_screen_shows_which_cases_wait(width: int) -> None:
    case = CaseView("TG5J8", Status.OPEN, Urgency.EMERGENCY, Role.UNKNOWN, "es", 0, 0, 3, waiting_since=1)
    console = Console(file=io.StringIO(), width=width)
    console.print(_table([case], narrow=width < NARROW))
    written = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert "TG5J8" in written
    assert "!!!" in written
    assert max(map(len, written.splitlines())) <= width
