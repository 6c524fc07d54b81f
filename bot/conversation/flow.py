"""The flow language as values: what a flow file means once it is read (DESIGN §5). `load` is in `loader.py`.

The words are Rasa CALM's. Ours, and only these: on a flow `role` and `urgency` (of a case opened in it); on a
step `choices`, `accept`, `seal`, `skippable`, `menu`, `indicator`, `risk`, `urgency`, `sensitive_exit`, `moved_to`
and `timeout`; on a choice `indicator`, `risk`, `urgency` and `numbers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from bot.conversation.expression import Condition
from bot.conversation.languages import Language
from bot.conversation.messages import Role, Urgency
from bot.conversation.session import Position
from bot.conversation.words import Words, normalise

END = "END"


class Action(StrEnum):
    """What an `action` step can do; each is an effect of `turn.py` or a flag of the session."""

    OPEN_CASE = "open_case"
    ISSUE_CODE = "issue_code"
    ESCALATE = "escalate"
    SHORT_MODE = "short_mode"
    LONG_MODE = "long_mode"


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a question. Its `id` travels in the button; what it tells the operators is data.

    `numbers`: a number from the first to the second means this choice, as an age does.
    """

    id: str
    indicators: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    urgency: Urgency | None = None
    numbers: tuple[int, int] | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Branch:
    """`if condition then target`; without a condition it is `else`, or the plain `next`."""

    target: str
    condition: Condition | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Rejection:
    """An answer that is not taken: `utter` is said and the question asked again."""

    condition: Condition
    utter: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Timeout:
    """After `after` seconds of silence at the step, the next event finds the person at `then`."""

    after: float
    then: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step, of one kind: `collect`, `utter`, `action`, `set_slots`, `link`, `call`, `noop` or `moved_to`.

    `utter` beside `collect` replaces the text id `utter_ask_<slot>`.
    """

    id: str
    line: int
    collect: str = ""
    utter: str = ""
    action: Action | None = None
    set_slots: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    call: str = ""
    noop: bool = False
    moved_to: str = ""
    next: tuple[Branch, ...] = ()
    options: tuple[Option, ...] = ()
    accept: frozenset[str] = frozenset()
    rejections: tuple[Rejection, ...] = ()
    seal: bool = False
    skippable: bool = False
    menu: bool = False
    sensitive_exit: bool = False
    ask_before_filling: bool = False
    indicators: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    timeout: Timeout | None = None

    @property
    def question(self) -> str:
        """The text id of what a `collect` step asks."""
        return self.utter or f"utter_ask_{self.collect}"

    def option(self, choice: str) -> Option | None:
        """The option with that id."""
        return next((option for option in self.options if option.id == choice), None)


@dataclass(frozen=True, slots=True)
class Trigger:
    """An intent that starts a flow when it is at least this confident."""

    intent: str
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow of steps, in file order. `role` and `urgency` are those of a case that is opened while in it."""

    id: str
    name: str
    description: str
    file: str
    line: int
    steps: Mapping[str, Step]
    first: str
    triggers: tuple[Trigger, ...] = ()
    condition: Condition | None = None
    role: Role = Role.UNKNOWN
    urgency: Urgency | None = None

    def slots(self) -> frozenset[str]:
        """Every slot that the flow asks for."""
        return frozenset(step.collect for step in self.steps.values() if step.collect)


@dataclass(frozen=True, slots=True)
class Flowbook:
    """Every flow, the words that interrupt, and the labels that choices can be answered with. Immutable.

    `labels[normalised label]` are the ids of the texts that read so in some language; `texts` are the ids of all
    texts. `revision` changes with the flow files. The engine itself enters `start`, `menu` and `emergency`.
    """

    flows: Mapping[str, Flow]
    words: Words
    languages: Mapping[str, Language]
    labels: Mapping[str, frozenset[str]]
    texts: frozenset[str]
    slots: frozenset[str]
    revision: str

    start: ClassVar[str] = "start"
    menu: ClassVar[str] = "menu"
    emergency: ClassVar[str] = "emergency"

    def flow(self, name: str) -> Flow | None:
        """The flow called `name`, if there is one."""
        return self.flows.get(name)

    def step(self, position: Position) -> Step | None:
        """The step at `position`, if it still exists."""
        flow = self.flows.get(position.flow)
        return flow.steps.get(position.step) if flow else None

    def plain(self, text: str) -> str:
        """`text` as words and labels are compared."""
        return normalise(text)

    def label(self, text: str) -> frozenset[str]:
        """The ids of the labels that `text` is, in any language."""
        return self.labels.get(normalise(text), frozenset())

    def triggered(self, intent: str, confidence: float) -> Flow | None:
        """The flow that an intent starts, whatever its guard says."""
        for flow in self.flows.values():
            for trigger in flow.triggers:
                if trigger.intent == intent and confidence >= trigger.confidence:
                    return flow
        return None

    def choice_text(self, slot: str, choice: str) -> str:
        """The text id of a choice's label: `choice_<slot>_<id>`, or `choice_<id>` where there is no such text."""
        own = f"choice_{slot}_{choice}"
        return own if own in self.texts else f"choice_{choice}"
