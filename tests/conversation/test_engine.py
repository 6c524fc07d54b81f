"""What the property tests cannot see: moved steps, floods, guesses, rejections, calls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.conversation.answers import match
from bot.conversation.engine import step
from bot.conversation.flow import Flowbook
from bot.conversation.loader import load
from bot.conversation.messages import Assessment, Role, Urgency
from bot.conversation.session import Pace, Place, Position, Session
from bot.conversation.turn import (
    CaseFacts,
    EraseConversation,
    Escalate,
    Event,
    LeaveConversation,
    OpenCase,
    RaiseUrgency,
    Seal,
    Turn,
)
from tests.conversation.assemble import small_flows

pytestmark = pytest.mark.unit

CHOSEN = frozenset(("language_chosen",))
HELP = Session(language="es", flags=CHOSEN, position=Position("help", "documents"), role=Role.SELF, at=1000.0)
CASE = CaseFacts("c")


def said(turn: Turn) -> list[str]:
    return [reply.text for reply in turn.replies]


def text(words: str, urgency: Urgency = Urgency.INFORMATION, **fields: object) -> Event:
    event = Event(at=1001.0, text=words, assessment=Assessment(urgency, danger=urgency is Urgency.EMERGENCY))
    return replace(event, **fields)  # type: ignore[arg-type]  # fields of Event, by name


@pytest.mark.parametrize(
    ("locale", "written", "language"),
    [
        ("es-PA", "", "es"),
        ("en_US", "", "en"),
        ("fr", "en", "en"),
        ("es", "en", "es"),
        ("fr", "ht", "es"),
        ("", "", "es"),
    ],
)
def test_the_language_is_guessed_from_what_is_written_then_from_the_device(
    locale: str, written: str, language: str, book: Flowbook
) -> None:
    event = Event(at=1.0, text="/start", locale=locale, assessment=Assessment(Urgency.URGENT, language=written))
    turn = step(book, Session.new(), event)
    assert turn.session.language == language
    assert turn.replies[0].buttons[0][0].id == f"!lang_{language}"


@pytest.mark.parametrize(
    ("words", "language"),
    [("they do not pay me", "en"), ("perdon me equivoque", "es"), ("我在这里", "en")],
)
def test_a_few_plain_words_do_not_overrule_the_device(words: str, language: str, book: Flowbook) -> None:
    event = Event(at=1.0, text=words, locale="es-PA", assessment=Assessment(Urgency.URGENT, language="en"))
    assert step(book, Session.new(), event).session.language == language


@pytest.mark.parametrize(
    ("answer", "choice", "more"),
    [
        ("sí", "yes", False),
        ("Si!", "yes", False),
        ("YES", "yes", False),
        ("1", "yes", False),
        ("2.", "no", False),
        ("no", "no", False),
        ("No sé", "unsure", False),
        ("Sí, desde ayer", "yes", True),
        ("no sé, creo", "unsure", True),
    ],
)
def test_a_plain_answer_is_understood(answer: str, choice: str, more: bool, book: Flowbook) -> None:
    question = book.flows["help"].steps["documents"]
    found = match(book, question, answer)
    assert found is not None
    assert (found.option.id, found.more) == (choice, more)


@pytest.mark.parametrize(
    "answer", ["no me lo devuelven", "si me voy me matan", "0", "4", "99999999999", "sí no", "👍", ""]
)
def test_what_is_not_plain_is_not_taken_for_an_answer(answer: str, book: Flowbook) -> None:
    assert match(book, book.flows["help"].steps["documents"], answer) is None


def test_words_that_are_no_answer_are_sealed_and_the_question_stands(book: Flowbook) -> None:
    turn = step(book, HELP, text("los guarda el jefe", Urgency.URGENT, case=CASE))
    assert said(turn) == ["kept", "utter_ask_documents"]
    beside = {"flow": "help", "step": "documents", "slot": "documents"}
    assert turn.effects == (Seal("text", {"text": "los guarda el jefe", **beside}), RaiseUrgency(Urgency.URGENT))
    assert turn.session.position == HELP.position


@pytest.mark.parametrize("answer", ["no me lo devuelven", "sí lo tiene el jefe", "Yes boss has it"])
def test_an_answer_in_ones_own_words_is_the_answer_and_nothing_is_read_into_it(answer: str, book: Flowbook) -> None:
    turn = step(book, HELP, text(answer, Urgency.URGENT, case=CASE))
    body = {"flow": "help", "step": "documents", "slot": "documents", "text": answer}
    assert turn.effects == (Seal("answer", body), RaiseUrgency(Urgency.URGENT))
    assert said(turn) == ["utter_ask_debt"]


@pytest.mark.parametrize(
    ("answer", "choice"), [("sí ahora mismo", "yes"), ("yes he is here", "yes"), ("no está aquí", None)]
)
def test_whether_there_is_danger_is_never_passed_by_an_answer_in_words(
    answer: str, choice: str | None, book: Flowbook
) -> None:
    found = match(book, book.flows["help"].steps["danger_now"], answer)
    assert (found.option.id if found else None) == choice
    turn = step(book, replace(HELP, position=Position("help", "danger_now")), text(answer, case=CASE))
    assert said(turn)[-1] == ("utter_ask_emergency_safe" if choice else "utter_ask_danger_now")


def test_a_choice_seals_its_indicator_and_raises_with_its_risk(book: Flowbook) -> None:
    session = replace(HELP, position=Position("help", "can_leave"))
    turn = step(book, session, Event(at=1.0, choice="help.can_leave:no", case=CASE))
    body = {
        "flow": "help", "step": "can_leave", "slot": "can_leave", "choice": "no",
        "indicators": ["CTL-01"], "risks": ["RISK-CAPTIVE"],
    }  # fmt: skip
    assert turn.effects == (
        Seal("answer", body),
        RaiseUrgency(Urgency.URGENT, ("RISK-CAPTIVE", "answer:help.can_leave")),
    )


def flood(book: Flowbook, count: int) -> tuple[Session, list[Turn]]:
    session, turns = replace(HELP, pace=Pace(1000.5, 5)), []
    for number in range(count):
        turn = step(book, session, text(f"mensaje {number} largo", case=CASE), pace=5)
        turns.append(turn)
        session = turn.session
    return session, turns


def test_a_flood_is_kept_whole_and_noticed_once(book: Flowbook) -> None:
    session, turns = flood(book, 9)
    assert [said(turn) for turn in turns] == [["flood"], *[[]] * 8]
    assert all(any(isinstance(effect, Seal) for effect in turn.effects) for turn in turns)
    assert session.position == HELP.position


def test_danger_and_the_ways_out_are_answered_in_a_flood(book: Flowbook) -> None:
    session, _ = flood(book, 9)
    danger = step(book, session, text("me va a matar", Urgency.EMERGENCY, case=CASE), pace=5)
    assert said(danger)[0] == "emergency_lines"
    assert LeaveConversation() in step(book, session, Event(at=1001.0, choice="!leave"), pace=5).effects
    assert Escalate("asked") in step(book, session, text("persona", case=CASE), pace=5).effects
    asked = step(book, session, text("borrar", case=CASE), pace=5)
    assert said(asked) == ["erase_confirm"]
    assert EraseConversation() in step(book, asked.session, text("sí", case=CASE), pace=5).effects


def test_a_button_in_a_flood_is_kept_but_moves_nothing(book: Flowbook) -> None:
    session, _ = flood(book, 9)
    turn = step(book, session, Event(at=1001.0, choice="help.documents:yes", case=CASE), pace=5)
    assert turn.session.position == HELP.position
    assert isinstance(turn.effects[0], Seal)


def test_after_a_minute_the_flood_is_over(book: Flowbook) -> None:
    session, _ = flood(book, 9)
    turn = step(book, session, replace(text("hola", case=CASE), at=1062.0), pace=5)
    assert said(turn) == ["kept", "utter_ask_documents"]


EXTRA = """flows:
  extra:
    name: Extra
    description: Calls, rejections, and a step that moved.
    nlu_trigger:
      - intent: {name: need_help, confidence_threshold: 0.5}
    if: role != "witness"
    role: self
    steps:
      - id: old
        moved_to: menu.topic
      - id: first
        call: sub
        next: again
      - id: again
        collect: twice
        choices: ["yes", "no", unsure]
        rejections:
          - if: twice == "unsure" and sub == "yes"
            utter: thanks
        seal: true
        next: done
      - id: done
        utter: thanks
        next: END
  sub:
    name: Sub
    description: A flow that returns.
    steps:
      - id: ask
        collect: sub
        choices: ["yes", "no"]
        next: END
"""


@pytest.fixture
def small(tmp_path: Path) -> Flowbook:
    flows = small_flows(tmp_path / "flows")
    (flows / "extra.yml").write_text(EXTRA, encoding="utf-8")
    for language in ("es", "en"):
        path = flows / "texts" / language / "extra.ftl"
        path.write_text("utter_ask_twice = T?\nutter_ask_sub = S?\nthanks = G.\n", encoding="utf-8")
    return load(flows)


def test_a_call_returns_to_its_caller_and_a_rejection_asks_again(small: Flowbook) -> None:
    session = Session(language="es", flags=CHOSEN)
    wish = Event(
        at=1.0, text="quiero algo", assessment=Assessment(Urgency.URGENT, intent="need_help", confidence=0.6)
    )
    turn = step(small, session, wish)
    assert said(turn) == ["kept", "utter_ask_sub"]
    assert turn.session.stack == (Position("extra", "first"),)
    turn = step(small, turn.session, Event(at=2.0, choice="sub.ask:yes"))
    assert (said(turn), turn.session.stack) == (["utter_ask_twice"], ())
    turn = step(small, turn.session, Event(at=3.0, choice="extra.again:unsure"))
    assert said(turn) == ["thanks", "utter_ask_twice"]
    assert "twice" not in turn.session.slots
    turn = step(small, turn.session, Event(at=4.0, choice="extra.again:yes"))
    assert (said(turn), turn.session.position) == (["thanks"], None)


@pytest.mark.parametrize(("role", "confidence"), [(Role.WITNESS, 0.9), (Role.SELF, 0.4)])
def test_a_flow_is_not_started_against_its_guard_or_below_its_confidence(
    role: Role, confidence: float, small: Flowbook
) -> None:
    session = Session(language="es", flags=CHOSEN, role=role)
    event = Event(at=1.0, text="x", assessment=Assessment(Urgency.URGENT, intent="need_help", confidence=confidence))
    turn = step(small, session, event)
    assert (said(turn), turn.session.position) == (["kept"], None)


def test_a_session_at_a_removed_step_goes_where_the_step_moved(small: Flowbook) -> None:
    session = Session(
        language="es",
        flags=CHOSEN,
        position=Position("extra", "old"),
        history=(Place(Position("extra", "old")), Place(Position("gone", "gone"))),
        revision="0123",
    )
    turn = step(small, session, Event(at=1.0, choice="!continue"))
    assert said(turn) == ["utter_ask_topic"]
    assert turn.session.history == (Place(Position("menu", "topic")),)
    assert turn.session.revision == small.revision


def test_a_session_at_a_step_that_is_nowhere_goes_to_the_menu(small: Flowbook) -> None:
    session = Session(language="es", flags=CHOSEN, position=Position("gone", "gone"), stack=(Position("gone", "x"),))
    turn = step(small, session, Event(at=1.0, choice="gone.gone:yes"))
    assert said(turn) == ["utter_ask_topic"]


def test_the_revision_changes_with_the_flows_and_with_nothing_else(tmp_path: Path) -> None:
    flows = small_flows(tmp_path / "flows")
    first = load(flows)
    assert load(flows).revision == first.revision
    path = flows / "start.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("One question.", "A question."), encoding="utf-8")
    assert load(flows).revision != first.revision


def test_who_asked_for_help_stays_so_while_telling_of_others(book: Flowbook) -> None:
    session = Session(
        language="es", flags=CHOSEN, role=Role.SELF, position=Position("menu", "topic"), slots={"privacy_told": "yes"}
    )
    turn = step(book, session, Event(at=1.0, choice="menu.topic:tip"))
    assert turn.session.role is Role.SELF
    turn = step(book, turn.session, text("vi algo raro", Urgency.URGENT))
    assert turn.effects[0] == OpenCase(Role.SELF)


def test_a_text_without_any_triage_gets_the_default_of_the_role(book: Flowbook) -> None:
    turn = step(book, Session(language="es", flags=CHOSEN), Event(at=1.0, text="hola"))
    assert RaiseUrgency(Urgency.URGENT, ("default:unknown",)) in turn.effects


def test_a_question_gone_back_to_is_open_again(book: Flowbook) -> None:
    turn = step(book, HELP, Event(at=1001.0, choice="help.documents:yes", case=CASE))
    assert [button.id for row in turn.replies[-1].buttons for button in row].count("!back") == 1
    turn = step(book, turn.session, Event(at=1002.0, choice="!back", case=CASE))
    assert turn.session.position == HELP.position
    assert "documents" not in turn.session.slots
    assert "!back" not in [button.id for row in turn.replies[-1].buttons for button in row]


def test_after_a_long_silence_the_full_emergency_texts_are_shown_again(book: Flowbook) -> None:
    session = replace(HELP, flags=CHOSEN | {"emergency_told"})
    danger = text("me va a matar", Urgency.EMERGENCY, case=CASE)
    assert said(step(book, session, danger))[0] == "emergency_again"
    assert said(step(book, session, replace(danger, at=1000.0 + 7 * 3600)))[0] == "emergency_lines"


@pytest.mark.parametrize(("confidence", "escalated"), [(0.9, True), (0.3, False)])
def test_a_person_asked_for_in_ones_own_words_is_asked_for(
    confidence: float, escalated: bool, book: Flowbook
) -> None:
    asking = Assessment(Urgency.PRIORITY, intent="ask_human", confidence=confidence)
    turn = step(book, HELP, Event(at=1001.0, text="quiero que me atienda alguien", assessment=asking, case=CASE))
    assert (Escalate("asked") in turn.effects) == escalated
    assert isinstance(turn.effects[0], Seal)
    assert turn.session.position == HELP.position
