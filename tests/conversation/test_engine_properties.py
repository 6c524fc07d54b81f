"""Whatever anybody does, in whatever order: the engine answers, keeps every word, and shows the way out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from bot.conversation.engine import step
from bot.conversation.flow import Flowbook
from bot.conversation.layout import choice_id
from bot.conversation.loader import load
from bot.conversation.messages import Assessment, MediaKind, Role, Urgency
from bot.conversation.session import FLAGS, Pace, Place, Position, Session
from bot.conversation.texts import FACTS, MISSING, Texts
from bot.conversation.turn import (
    AttachCase,
    CaseFacts,
    EraseConversation,
    Event,
    LeaveConversation,
    OpenCase,
    RaiseUrgency,
    Redemption,
    Seal,
    Turn,
)
from tests.conversation.assemble import FLOWS

pytestmark = pytest.mark.unit

BOOK = load(FLOWS)
TEXTS = Texts.load(FLOWS)
CANARY = "zyxcanary"
INTENTS = ["", "ask_human", "need_help", "report_tip", "offer_check", "ask_information", "greet", "nonsense"]
BUTTONS = sorted(
    choice_id(Position(flow.id, step.id), option)
    for flow in BOOK.flows.values()
    for step in flow.steps.values()
    if step.collect
    for option in [*(option.id for option in step.options), "!skip", "zzz"]
)
GLOBALS = [
    "!leave", "!erase", "!erase_yes", "!erase_no", "!language", "!lang_es", "!lang_en", "!lang_xx", "!human", "!back",
    "!skip", "!help", "!menu", "!continue", "!start", "!", "!nothing", "", ":", ".:", "a.b:c", "💥" * 16,
]  # fmt: skip
WORDS = sorted({*BOOK.words.commands, *BOOK.words.answers, *(f"/{word}" for word in BOOK.words.slash)})
ASSESSMENTS = st.builds(
    lambda urgency, intent, language, risk: Assessment(
        urgency=urgency,
        danger=urgency is Urgency.EMERGENCY,
        intent=intent,
        confidence=0.9,
        language=language,
        risks=frozenset([risk]) if risk else frozenset(),
        sources=("model:urgent",),
    ),
    st.sampled_from(Urgency),
    st.sampled_from(INTENTS),
    st.sampled_from(["es", "en", "ht", ""]),
    st.sampled_from(["", "RISK-NOW", "RISK-CHILD"]),
)
FREE_TEXT = st.one_of(
    st.text(max_size=60).map(lambda text: f"{text} {CANARY}"),
    st.sampled_from(
        ["a" * 4096, "\u202e\u2066 me tienen", "👍", "...", "no puedo salir", "sí, y me pegan", "/ayuda ya no puedo"]
    ),
)


def played(book: Flowbook, session: Session, event: Event) -> Turn:
    """A step taken twice from the stored form: the same both times."""
    loaded = Session.loads(session.dumps())
    assert loaded.fault == ""
    turn = step(book, loaded.session, event)
    again = step(book, Session.loads(session.dumps()).session, event)
    assert turn.session.dumps() == again.session.dumps()
    assert (turn.replies, turn.effects) == (again.replies, again.effects)
    assert Session.loads(turn.session.dumps()).session == turn.session
    return turn


class Conversation(RuleBasedStateMachine):
    """One person, one case, operators who come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session.new()
        self.case: CaseFacts | None = None
        self.at = 1000.0
        self.locale = ""
        self.on_duty = False
        self.turn = Turn(self.session)

    @initialize(locale=st.sampled_from(["", "es-PA", "en", "en_US", "ht-HT", "💥"]), on_duty=st.booleans())
    def begin(self, locale: str, on_duty: bool) -> None:
        self.locale, self.on_duty = locale, on_duty

    def _event(self, **fields: object) -> Event:
        base = Event(at=self.at, locale=self.locale, on_duty=self.on_duty, case=self.case, channel="telegram")
        return replace(base, **fields)  # type: ignore[arg-type]  # fields of Event, by name

    def _go(self, **fields: object) -> Turn:
        event = self._event(**fields)
        before = self.case
        turn = played(BOOK, self.session, event)
        self._check(turn, event, before)
        self.turn, self.session = turn, turn.session
        for effect in turn.effects:
            if isinstance(effect, OpenCase):
                self.case = CaseFacts("c1")
            elif isinstance(effect, AttachCase):
                self.case = CaseFacts(effect.case_id)
            elif isinstance(effect, LeaveConversation | EraseConversation):
                self.case = None
        return turn

    def _check(self, turn: Turn, event: Event, case: CaseFacts | None) -> None:
        ended = any(isinstance(effect, LeaveConversation | EraseConversation) for effect in turn.effects)
        assert CANARY.encode() not in turn.session.dumps()
        assert len(turn.session.dumps()) < 8192
        assert CANARY not in repr(turn.replies)

        position = turn.session.position
        waiting = BOOK.step(position) if position else None
        assert position is None or (waiting is not None and waiting.collect)
        assert turn.session.language in BOOK.languages

        has_case = case is not None and case.open
        for effect in turn.effects:
            has_case = has_case or isinstance(effect, OpenCase | AttachCase)
            if isinstance(effect, Seal):
                assert has_case
                json.dumps(effect.body)
            if isinstance(effect, RaiseUrgency):
                assert has_case
                assert not any(CANARY in reason for reason in effect.reasons)

        facts = dict.fromkeys(FACTS, "")
        for reply in turn.replies:
            assert reply.text in BOOK.texts
            assert reply.text != MISSING
            rendered = TEXTS.render(reply, turn.session.language, facts)
            for row in rendered.choices:
                for choice in row:
                    assert choice.label
                    assert len(choice.id.encode()) <= 64
        if turn.replies and not ended:
            ids = {button.id for row in turn.replies[-1].buttons for button in row}
            assert ids & {"!leave", "!erase_no"}
        if ended:
            assert [reply.text for reply in turn.replies] in (["left"], ["erased"])
            assert turn.session == Session(
                language=turn.session.language, pace=turn.session.pace, revision=BOOK.revision, at=turn.session.at
            )
        else:
            way_out = step(
                BOOK,
                turn.session,
                replace(event, text="SALIR!", choice="", media=None, edited=False, redemption=None),
            )
            assert LeaveConversation() in way_out.effects
            assert [reply.text for reply in way_out.replies] == ["left"]

    @rule(text=FREE_TEXT, assessment=ASSESSMENTS)
    def say(self, text: str, assessment: Assessment) -> None:
        turn = self._go(text=text, assessment=assessment)
        sealed = [
            effect.body for effect in turn.effects if isinstance(effect, Seal) and effect.body.get("text") == text
        ]
        assert len(sealed) == 1
        assert RaiseUrgency(assessment.urgency, (*sorted(assessment.risks), *assessment.sources)) in turn.effects
        if assessment.danger:
            assert any(reply.text.startswith("emergency_") for reply in turn.replies)

    @rule(text=FREE_TEXT, assessment=ASSESSMENTS)
    def edit(self, text: str, assessment: Assessment) -> None:
        turn = self._go(text=text, edited=True, assessment=assessment)
        assert Seal("text", {"text": text, "edited": True}) in turn.effects

    @rule(word=st.sampled_from(WORDS), assessment=st.one_of(st.none(), ASSESSMENTS))
    def say_a_word(self, word: str, assessment: Assessment | None) -> None:
        self._go(text=word, assessment=assessment)

    @rule(label=st.sampled_from(sorted(BOOK.labels)), assessment=ASSESSMENTS)
    def say_a_label(self, label: str, assessment: Assessment) -> None:
        self._go(text=label, assessment=assessment)

    @rule(number=st.integers(min_value=0, max_value=12))
    def say_a_number(self, number: int) -> None:
        self._go(text=str(number), assessment=Assessment(Urgency.INFORMATION))

    @rule(choice=st.sampled_from(GLOBALS))
    def press_what_always_works(self, choice: str) -> None:
        self._go(choice=choice)

    @rule(choice=st.sampled_from(BUTTONS))
    def press_anything(self, choice: str) -> None:
        self._go(choice=choice)

    @rule(data=st.data())
    def press_what_is_shown(self, data: st.DataObject) -> None:
        shown = [button.id for reply in self.turn.replies for row in reply.buttons for button in row]
        if shown:
            self._go(choice=data.draw(st.sampled_from(shown)))

    @rule(media=st.sampled_from(MediaKind), caption=st.sampled_from(["", f"mira {CANARY}", "salir"]))
    def send(self, media: MediaKind, caption: str) -> None:
        turn = self._go(media=media, text=caption, assessment=Assessment(Urgency.URGENT) if caption else None)
        assert any(isinstance(effect, Seal) and effect.kind == "attachment" for effect in turn.effects)
        if CANARY in caption:
            assert any(isinstance(effect, Seal) and effect.body.get("text") == caption for effect in turn.effects)

    @rule(text=st.sampled_from(["", " ", "\u202e", "\x00\x07", "\u2066\u2069"]))
    def send_nothing(self, text: str) -> None:
        turn = self._go(text=text)
        assert not any(isinstance(effect, Seal) for effect in turn.effects)

    @rule(outcome=st.sampled_from(["accepted", "wrong", "throttled"]), claimed=st.booleans(), is_open=st.booleans())
    def send_a_code(self, outcome: str, claimed: bool, is_open: bool) -> None:
        case = CaseFacts("c2", open=is_open, claimed=claimed) if outcome == "accepted" else None
        turn = self._go(redemption=Redemption(outcome, case))  # type: ignore[arg-type]  # one of the three literals
        assert (AttachCase("c2") in turn.effects) == (outcome == "accepted")

    @rule(claimed=st.booleans(), is_open=st.booleans())
    def an_operator_acts(self, claimed: bool, is_open: bool) -> None:
        if self.case:
            self.case = replace(self.case, claimed=claimed, open=is_open)

    @rule(seconds=st.sampled_from([0.0, 1.0, 20.0, 61.0, 3600.0, 90000.0, -5.0]))
    def time_passes(self, seconds: float) -> None:
        self.at += seconds


TestConversation = Conversation.TestCase
TestConversation.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

POSITIONS = st.one_of(
    st.sampled_from(
        [Position(flow.id, name) for flow in BOOK.flows.values() for name in flow.steps]
        + [Position("gone", "gone"), Position("help", "gone")]
    )
)
SESSIONS = st.builds(
    Session,
    language=st.sampled_from(["", "es", "en", "xx"]),
    role=st.sampled_from(Role),
    position=st.one_of(st.none(), POSITIONS),
    stack=st.lists(POSITIONS, max_size=8).map(tuple),
    history=st.lists(st.builds(Place, POSITIONS, st.lists(POSITIONS, max_size=3).map(tuple)), max_size=5).map(tuple),
    slots=st.dictionaries(
        st.sampled_from([*sorted(BOOK.slots), "gone"]), st.sampled_from(["yes", "no", "given", "skipped", "zzz"])
    ),
    flags=st.frozensets(st.sampled_from(sorted(FLAGS))),
    pending=st.sampled_from(["", "language", "erase"]),
    wish=st.sampled_from(["", "help", "gone"]),
    pace=st.builds(Pace, st.floats(0, 100), st.integers(0, 50), st.booleans()),
    revision=st.sampled_from(["", "0" * 16, BOOK.revision]),
    at=st.floats(0, 1e9),
)
EVENTS = st.builds(
    Event,
    at=st.floats(),
    channel=st.text(max_size=5),
    text=st.one_of(st.text(max_size=20), st.sampled_from(WORDS)),
    choice=st.sampled_from(["", *GLOBALS, *BUTTONS]),
    media=st.one_of(st.none(), st.sampled_from(MediaKind)),
    edited=st.booleans(),
    locale=st.text(max_size=5),
    assessment=st.one_of(st.none(), ASSESSMENTS),
    case=st.one_of(st.none(), st.builds(CaseFacts, st.just("c"), st.booleans(), st.booleans())),
    on_duty=st.booleans(),
    redemption=st.one_of(
        st.none(), st.builds(Redemption, st.sampled_from(["accepted", "wrong"]), st.just(CaseFacts("d")))
    ),
)


@settings(max_examples=600, deadline=None)
@given(SESSIONS, EVENTS)
def test_any_session_and_any_event_give_a_turn_with_a_way_out(session: Session, event: Event) -> None:
    turn = played(BOOK, session, event)
    assert played(
        BOOK, turn.session, replace(event, text="salir", choice="", redemption=None, media=None, edited=False)
    ).effects == (LeaveConversation(),)
