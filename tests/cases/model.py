"""The store as one would write it on paper: dictionaries and lists. The real one must behave the same."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.conversation.messages import Urgency


@dataclass
class ModelCase:
    """A case, and what operators did with it."""

    urgency: Urgency
    conversation: str
    entries: list[bytes] = field(default_factory=list)
    open: bool = True
    claimed_by: str | None = None
    escalated: bool = False
    since: int | None = None
    waited: int | None = None

    @property
    def wants_operator(self) -> bool:
        return self.urgency >= Urgency.PRIORITY or self.escalated

    def wait(self, now: int) -> None:
        if self.open and not self.claimed_by and self.wants_operator and self.since is None:
            self.since = now


@dataclass
class ModelConversation:
    """A conversation: `linked` is the case it thinks it has."""

    version: int = 0
    session: bytes | None = None
    linked: str | None = None
    routing: bool = False
    leaving: bool = False
    unsent: list[bytes] = field(default_factory=list)


@dataclass
class Model:
    """All of the store that can be seen from outside."""

    conversations: dict[str, ModelConversation] = field(default_factory=dict)
    cases: dict[str, ModelCase] = field(default_factory=dict)

    def conversation(self, pseudonym: str) -> ModelConversation:
        return self.conversations.setdefault(pseudonym, ModelConversation())

    def case_of(self, pseudonym: str) -> str | None:
        linked = self.conversation(pseudonym).linked
        if linked in self.cases and self.cases[linked].conversation == pseudonym:
            return linked
        return None

    def turn(self, pseudonym: str, session: bytes, outbox: list[bytes]) -> ModelConversation:
        person = self.conversation(pseudonym)
        person.version += 1
        person.session, person.routing, person.leaving = session, True, False
        person.unsent += outbox
        return person

    def open_case(self, pseudonym: str, case: str, urgency: Urgency, entry: bytes, now: int) -> None:
        self.cases[case] = ModelCase(urgency, pseudonym, [entry])
        self.conversation(pseudonym).linked = case
        self.cases[case].wait(now)

    def say(self, case: str, entry: bytes, urgency: Urgency | None, escalate: bool, now: int) -> None:
        target = self.cases[case]
        target.entries.append(entry)
        target.open = True
        target.urgency = max(target.urgency, urgency or target.urgency)
        target.escalated = target.escalated or escalate
        target.wait(now)

    def attach(self, pseudonym: str, case: str, now: int) -> None:
        self.cases[case].conversation = pseudonym
        self.conversation(pseudonym).linked = case
        self.cases[case].wait(now)

    def leave(self, pseudonym: str, outbox: list[bytes], *, erase: bool) -> None:
        case = self.case_of(pseudonym)
        person = self.conversation(pseudonym)
        person.version += 1
        person.session, person.linked = None, None
        person.unsent = list(outbox)
        person.leaving, person.routing = bool(outbox), bool(outbox)
        if erase and case:
            del self.cases[case]

    def drain(self, pseudonym: str) -> list[bytes]:
        person = self.conversation(pseudonym)
        sent, person.unsent = person.unsent, []
        if person.leaving and sent:
            person.routing = False
        return sent

    def reachable(self, case: str) -> bool:
        pseudonym = self.cases[case].conversation
        return self.case_of(pseudonym) == case and self.conversation(pseudonym).routing

    def claim(self, case: str, operator: str) -> str:
        target = self.cases[case]
        if not target.open:
            return "closed"
        if target.claimed_by:
            return target.claimed_by
        target.waited, target.since, target.claimed_by = target.since, None, operator
        return operator

    def refusal(self, case: str, operator: str, *, force: bool = False) -> str | None:
        """Why `operator` may not act on the case, or None."""
        target = self.cases[case]
        if not target.open:
            return "Closed"
        if force or target.claimed_by == operator:
            return None
        return "AlreadyClaimed" if target.claimed_by else "NotClaimed"

    def release(self, case: str, now: int) -> None:
        target = self.cases[case]
        target.claimed_by = None
        target.wait(now if target.waited is None else target.waited)

    def lower(self, case: str, entry: bytes, level: Urgency) -> None:
        target = self.cases[case]
        target.entries.append(entry)
        target.urgency = level
        if not target.wants_operator:
            target.since = None

    def close(self, case: str, entry: bytes) -> None:
        target = self.cases[case]
        target.entries.append(entry)
        target.open, target.claimed_by, target.escalated = False, None, False
        target.since, target.waited = None, None

    def queue(self) -> list[tuple[int, int, str]]:
        waiting = [(-case.urgency, case.since, name) for name, case in self.cases.items() if case.since is not None]
        return sorted(waiting)
