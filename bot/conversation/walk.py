"""One turn while it is being worked out: a session that moves, replies and effects that gather. Used by `engine.py`.

The walk goes from step to step until a question must be asked or nothing is left to do. It is bounded: flows that
go round without asking (which the linter refuses) end at the menu's door instead of never.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from bot.conversation.expression import Value
from bot.conversation.flow import END, Action, Flow, Flowbook, Step
from bot.conversation.layout import after_question, aside, between_flows, language_rows
from bot.conversation.messages import Role, Urgency
from bot.conversation.session import DEPTH, GIVEN, HISTORY, Flag, Place, Position, Session
from bot.conversation.turn import (
    Button,
    Effect,
    Escalate,
    Event,
    IssueCode,
    OpenCase,
    RaiseUrgency,
    Reply,
    Seal,
    Turn,
)

HOPS = 200
"""Steps that one turn may pass without asking anything; the flows need fewer than ten."""

DEFAULT_URGENCY = {Role.SELF: Urgency.URGENT, Role.UNKNOWN: Urgency.URGENT, Role.WITNESS: Urgency.PRIORITY}
"""Of a case opened without any text to assess, by whom it is about (`domain.md` §4, rule a)."""


class Walk:
    """The turn that `event` causes in `session`. Everything is done by methods; `turn` gives the outcome."""

    def __init__(self, book: Flowbook, session: Session, event: Event) -> None:
        self.book = book
        self.session = session
        self.event = event
        self.replies: list[Reply] = []
        self.effects: list[Effect] = []
        self.has_case = event.case is not None and event.case.open
        self.ended = False
        self.claimed = self.has_case and event.case is not None and event.case.claimed

    # --- what the session says ---

    def has(self, flag: Flag) -> bool:
        """Whether the session carries `flag`."""
        return flag in self.session.flags

    def flag(self, flag: Flag, on: bool = True) -> None:
        """Set or clear a flag."""
        flags = self.session.flags | {flag} if on else self.session.flags - {flag}
        self.session = replace(self.session, flags=flags)

    def waiting(self) -> tuple[Position, Step] | None:
        """The question that the person was asked last and has not answered, if any."""
        position = self.session.position
        step = self.book.step(position) if position else None
        return (position, step) if position and step and step.collect else None

    def values(self) -> Mapping[str, Value]:
        """What a condition may ask: every slot, and the facts of `expression.py`."""
        session = self.session
        values: dict[str, Value] = dict.fromkeys(self.book.slots, "")
        values.update({slot: value for slot, value in session.slots.items() if slot in self.book.slots})
        values.update(
            language=session.language,
            channel=self.event.channel,
            role=session.role.value,
            wish=session.wish,
            on_duty=self.event.on_duty,
            has_case=self.has_case,
            claimed=self.claimed,
            code_issued=self.has("code_issued"),
            short=self.has("short"),
            interrupted=bool(session.stack),
        )
        return values

    # --- replies ---

    def say(self, text: str, rows: tuple[tuple[Button, ...], ...] = (), **args: str | int) -> None:
        """Add a reply."""
        self.replies.append(Reply(text, args, rows))

    def ask(self) -> None:
        """Ask (again) what the person is to answer now: a question laid over the flow, the step's, or the menu."""
        if self.session.pending == "erase":
            rows = ((Button("!erase_yes", "button_erase_yes"),), (Button("!erase_no", "button_erase_no"),))
            self.say("erase_confirm", rows)
        elif self.session.pending == "language":
            self.say("choose_language", language_rows(self.book, self.session))
        elif waiting := self.waiting():
            position, step = waiting
            self.say(step.question, after_question(self.book, self.session, position, step))
        elif not self.has("language_chosen"):
            self.session = replace(self.session, pending="language")
            self.ask()
        elif self.has("short"):
            self.say("short_mode")
        else:
            self.session = replace(self.session, position=None, stack=())
            self.enter(self.book.menu)

    def note(self, text: str) -> None:
        """Say something that asks nothing, with a button back to the question that waits, if one does."""
        self.say(text, aside(self.session, self.claimed))

    # --- the case ---

    def open_case(self, default: bool = True) -> None:
        """There is a case from here on, with the flow's urgency or the role's `default`, unless the caller raises."""
        if self.has_case:
            return
        self.has_case = True
        self.effects.append(OpenCase(self.session.role))
        if default:
            flow = self.flow()
            if flow and flow.urgency:
                self.raise_to(flow.urgency, f"flow:{flow.id}")
            else:
                self.raise_to(DEFAULT_URGENCY[self.session.role], f"default:{self.session.role.value}")

    def raise_to(self, level: Urgency, *reasons: str) -> None:
        """Raise the urgency of the case, which there must be."""
        self.effects.append(RaiseUrgency(level, reasons))

    def seal(self, kind: Literal["text", "answer", "attachment"], body: Mapping[str, object]) -> None:
        """Seal something for the operators, opening a case if there is none."""
        self.open_case()
        self.effects.append(Seal(kind, body))

    def seal_text(self, kind: Literal["text", "answer"], body: Mapping[str, object]) -> None:
        """Seal what contains the person's words, and raise by what triage thinks of them."""
        assessment = self.event.assessment
        self.open_case(default=assessment is None)
        self.effects.append(Seal(kind, body))
        if assessment is not None:
            self.raise_to(assessment.urgency, *sorted(assessment.risks), *assessment.sources)

    def flow(self) -> Flow | None:
        """The flow in which the person is."""
        return self.book.flow(self.session.position.flow) if self.session.position else None

    # --- moving ---

    def enter(self, name: str) -> None:
        """Begin a flow afresh: its own answers are forgotten, the stack below is kept."""
        self._begin(name, self.session.stack)
        self.run()

    def interrupt(self, name: str) -> None:
        """Begin a flow on top of what goes on, which is taken up again when it ends."""
        position = self.session.position
        if position is not None:
            self.remember(position)
            self.session = replace(self.session, stack=(*self.session.stack, position)[-DEPTH:])
        self.enter(name)

    def remember(self, position: Position) -> None:
        """Put the question at `position` into the history that `back` goes through."""
        place = Place(position, self.session.stack)
        if self.session.history[-1:] != (place,):
            self.session = replace(self.session, history=(*self.session.history, place)[-HISTORY:])

    def proceed(self) -> None:
        """Leave the current step by its `next` and walk on."""
        waiting = self.session.position
        step = self.book.step(waiting) if waiting else None
        if waiting and step:
            self._leave(waiting, step)
            self.run()

    def run(self) -> None:
        """Walk from the current position to the next question, or to the end of everything."""
        for _ in range(HOPS):
            position = self.session.position
            step = self.book.step(position) if position else None
            if position is None or step is None:
                if not self._return():
                    return
            elif step.collect and self._told(position, step):
                self.flag("told", on=False)
                self.session = replace(self.session, slots={**self.session.slots, step.collect: GIVEN})
                self.remember(position)
                self._leave(position, step)
            elif step.collect and (step.ask_before_filling or step.collect not in self.session.slots):
                self.ask()
                return
            else:
                self._pass(position, step)
        self.session = replace(self.session, position=None, stack=())

    def _told(self, position: Position, step: Step) -> bool:
        """Whether `step` asks for the story that the person has told already: nobody has to tell it twice."""
        flow = self.book.flow(position.flow)
        if flow is None or not flow.triggers or not self.has("told") or "text" not in step.accept:
            return False
        return step is next(one for one in flow.steps.values() if one.collect)

    def _return(self) -> bool:
        """Go back to what waited below; a called flow's caller goes on, an interrupted question is asked again."""
        if not self.session.stack:
            self.session = replace(self.session, position=None)
            return False
        *stack, position = self.session.stack
        self.session = replace(self.session, position=position, stack=tuple(stack))
        step = self.book.step(position)
        if step and step.call:
            self._leave(position, step)
        return True

    def _pass(self, position: Position, step: Step) -> None:
        """Do what a step does that asks nothing."""
        if step.link:
            self._begin(step.link, self.session.stack)
        elif step.call:
            self._begin(step.call, (*self.session.stack, position)[-DEPTH:])
        elif step.moved_to:
            self.session = replace(self.session, position=moved(position, step))
        else:
            if step.set_slots:
                self.session = replace(self.session, slots={**self.session.slots, **step.set_slots})
            if step.action:
                self._act(step.action)
            if step.utter and not step.collect:
                self.say(step.utter)
            self._leave(position, step)

    def _begin(self, name: str, stack: tuple[Position, ...]) -> None:
        flow = self.book.flow(name)
        self.session = replace(self.session, stack=stack)
        if flow is None:
            self.session = replace(self.session, position=None)
            return
        asked = flow.slots()
        role = self.session.role
        self.session = replace(
            self.session,
            position=Position(flow.id, flow.first),
            slots={slot: value for slot, value in self.session.slots.items() if slot not in asked},
            # who said that it is about themselves stays so, whatever else they report
            role=role if flow.role is Role.UNKNOWN or role is Role.SELF else flow.role,
            wish="" if self.session.wish == flow.id else self.session.wish,
        )

    def _leave(self, position: Position, step: Step) -> None:
        values = self.values()
        for branch in step.next:
            if branch.condition is None or branch.condition.holds(values):
                target = None if branch.target == END else Position(position.flow, branch.target)
                self.session = replace(self.session, position=target)
                return
        self.session = replace(self.session, position=None)

    def _act(self, action: Action) -> None:
        if action is Action.OPEN_CASE:
            flow = self.flow()
            if self.has_case and flow and flow.urgency:
                self.raise_to(flow.urgency, f"flow:{flow.id}")
            self.open_case()
        elif action is Action.ISSUE_CODE:
            self.open_case()
            self.effects.append(IssueCode())
            self.flag("code_issued")
        elif action is Action.ESCALATE:
            self.open_case()
            self.effects.append(Escalate("flow"))
        elif action is Action.SHORT_MODE:
            # no follow-ups: what was going on is not taken up again
            self.flag("short")
            self.session = replace(self.session, stack=(), wish="")
        elif action is Action.LONG_MODE:
            self.flag("short", on=False)

    # --- the outcome ---

    def turn(self) -> Turn:
        """The turn. Its last reply always shows a way out."""
        if self.replies and not self.replies[-1].buttons and not self.ended:
            last = self.replies.pop()
            rows = between_flows(self.session, self.claimed)
            self.replies.append(replace(last, buttons=rows))
        return Turn(self.session, tuple(self.replies), tuple(self.effects))


def moved(position: Position, step: Step) -> Position:
    """Where a session that waits at a removed step goes."""
    flow, _, name = step.moved_to.rpartition(".")
    return Position(flow or position.flow, name)
