"""Any sequence of turns and operators' actions leaves the store as the model on paper says."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis.asyncio import Redis, RedisCluster

from bot.cases.code import new_code, shard_of_case
from bot.cases.embedded import Client
from bot.cases.records import (
    CaseWrite,
    Committed,
    Conflict,
    Done,
    Duplicate,
    NoCase,
    Taken,
    TurnWrite,
    Undeliverable,
    View,
)  # fmt: skip
from bot.cases.store import Store
from bot.conversation.messages import Urgency
from tests.cases.model import Model
from tests.cases.people import wake

pytestmark = pytest.mark.store

T = TypeVar("T")

people = st.sampled_from([f"person-{n}" for n in range(4)])
operators = st.sampled_from(["ana", "bo"])
levels = st.sampled_from(list(Urgency))
replies = st.lists(st.just(b"reply"), max_size=2)


class Machine(RuleBasedStateMachine):
    """One store and one model, given the same things to do."""

    def __init__(self, make_client: Any) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.client: Client = self.run(make_client())
        self.store = Store(self.client)
        self.model = Model()
        self.clock = 0
        self.numbers = itertools.count(1)
        self.chance = random.Random(7)
        self.written: list[TurnWrite] = []

    def run(self, action: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(action)

    def teardown(self) -> None:
        self.run(self.client.aclose())
        self.runner.close()

    def now(self) -> int:
        self.clock += 1000
        return self.clock

    def content(self) -> bytes:
        return b"content-%d" % next(self.numbers)

    def write(
        self, view: View, now: int, case: CaseWrite | None = None, outbox: list[bytes] | None = None
    ) -> TurnWrite:
        write = TurnWrite(
            view.pseudonym, view.shard, "telegram", f"m{next(self.numbers)}", view.version, now,
            session=self.content(), routing=b"r", outbox=tuple(outbox or ()), case=case,
        )  # fmt: skip
        self.written.append(write)
        return write

    def numbered(self, outbox: list[bytes]) -> list[bytes]:
        return [self.content() for _ in outbox]

    @initialize(first=levels, second=levels)
    def begin(self, first: Urgency, second: Urgency) -> None:
        self.open_case("person-0", first, [])
        self.open_case("person-1", second, [])

    @rule(person=people, outbox=replies)
    def turn(self, person: str, outbox: list[bytes]) -> None:
        view, items = self.run(self.store.read(person)), self.numbered(outbox)
        write = self.write(view, self.now(), outbox=items)
        assert isinstance(self.run(self.store.commit(write)), Committed)
        self.model.turn(person, write.session or b"", items)

    @rule(person=people, urgency=levels, outbox=replies)
    def open_case(self, person: str, urgency: Urgency, outbox: list[bytes]) -> None:
        view, items, entry, now = self.run(self.store.read(person)), self.numbered(outbox), self.content(), self.now()
        case = new_code(view.shard, self.chance.randbytes).locator
        write = self.write(view, now, CaseWrite(case, 0, opens=True, entries=(entry,), urgency=urgency), items)
        assert isinstance(self.run(self.store.commit(write)), Committed)
        self.model.turn(person, write.session or b"", items)
        self.model.open_case(person, case, urgency, entry, now)

    @rule(person=people, urgency=st.none() | levels, escalate=st.booleans())
    def say(self, person: str, urgency: Urgency | None, escalate: bool) -> None:
        case = self.model.case_of(person)
        if case is None:
            self.open_case(person, urgency or Urgency.INFORMATION, [])
            return
        view, entry, now = self.run(self.store.read(person)), self.content(), self.now()
        assert view.case
        more = CaseWrite(case, view.case.seq, entries=(entry,), urgency=urgency, escalate=escalate)
        write = self.write(view, now, more)
        result = self.run(self.store.commit(write))
        self.model.turn(person, write.session or b"", [])
        self.model.say(case, entry, urgency, escalate, now)
        target = self.model.cases[case]
        assert result == Committed(
            self.model.conversation(person).version, len(target.entries), target.since is not None
        )

    @rule(person=people, data=st.data())
    def attach(self, person: str, data: st.DataObject) -> None:
        if not self.model.cases:
            return
        case = data.draw(st.sampled_from(sorted(self.model.cases)))
        view, now = self.run(self.store.read(person)), self.now()
        write = self.write(view, now, CaseWrite(case, len(self.model.cases[case].entries), attach=True))
        assert isinstance(self.run(self.store.commit(write)), Committed)
        self.model.turn(person, write.session or b"", [])
        self.model.attach(person, case, now)

    @rule(person=people, outbox=replies, erase=st.booleans())
    def leave(self, person: str, outbox: list[bytes], erase: bool) -> None:
        view, items = self.run(self.store.read(person)), self.numbered(outbox)
        write = replace(self.write(view, self.now(), outbox=items), leave=not erase, erase=erase)
        self.written[-1] = write
        assert isinstance(self.run(self.store.commit(write)), Committed)
        self.model.leave(person, items, erase=erase)

    @precondition(lambda self: self.written)
    @rule(data=st.data(), fresh=st.booleans())
    def repeat(self, data: st.DataObject, fresh: bool) -> None:
        """A platform delivers an old update again, to a process that knows the newest state or an old one."""
        write = data.draw(st.sampled_from(self.written[-8:]))
        view = self.run(self.store.read(write.pseudonym))
        if fresh:
            write = replace(write, shard=view.shard, expected_version=view.version)
        result = self.run(self.store.commit(write))
        assert isinstance(result, Duplicate if fresh or write.shard == view.shard else Duplicate | Conflict)

    @rule(person=people, ahead=st.sampled_from([-1, 1, 5]))
    def lose_a_race(self, person: str, ahead: int) -> None:
        view = self.run(self.store.read(person))
        stale = replace(self.write(view, self.now()), expected_version=view.version + ahead)
        self.written.pop()
        assert self.run(self.store.commit(stale)) == Conflict()

    @rule(person=people, data=st.data())
    def draw_a_taken_id(self, person: str, data: st.DataObject) -> None:
        view = self.run(self.store.read(person))
        here = [case for case in sorted(self.model.cases) if shard_of_case(case) == view.shard]
        if not here:
            return
        case = CaseWrite(data.draw(st.sampled_from(here)), 0, opens=True, entries=(b"never",))
        write = self.write(view, self.now(), case)
        self.written.pop()
        assert self.run(self.store.commit(write)) == Taken()

    @rule(person=people, data=st.data())
    def write_to_a_case_of_somebody_else(self, person: str, data: st.DataObject) -> None:
        view = self.run(self.store.read(person))
        others = [case for case in sorted(self.model.cases) if case != self.model.case_of(person)]
        if not others:
            return
        case = data.draw(st.sampled_from(others))
        write = self.write(
            view, self.now(), CaseWrite(case, len(self.model.cases[case].entries), entries=(b"never",))
        )
        self.written.pop()
        assert self.run(self.store.commit(write)) == NoCase()

    @rule(person=people)
    def send_all(self, person: str) -> None:
        view = self.run(self.store.read(person))
        sent = []
        while item := self.run(self.store.head(wake(view))):
            assert self.run(self.store.sent(person, item, None, self.now()))
            sent.append(item.data)
        # in order within each shard that the person lived in, and none twice
        assert sorted(sent) == sorted(self.model.drain(person))

    def some_case(self, data: st.DataObject) -> str | None:
        return data.draw(st.sampled_from(sorted(self.model.cases))) if self.model.cases else None

    @rule(data=st.data(), operator=operators)
    def claim(self, data: st.DataObject, operator: str) -> None:
        case = self.some_case(data)
        if case is None:
            return
        result = self.run(self.store.claim(case, operator, self.now()))
        expected = self.model.claim(case, operator)
        name = {"closed": "Closed", operator: "Claimed"}.get(expected, "AlreadyClaimed")
        assert type(result).__name__ == name

    @rule(data=st.data(), operator=operators)
    def release(self, data: st.DataObject, operator: str) -> None:
        case = self.some_case(data)
        if case is None:
            return
        now = self.now()
        refused = self.model.refusal(case, operator)
        result = self.run(self.store.release(case, operator, now))
        assert type(result).__name__ == (refused or "Done")
        if not refused:
            self.model.release(case, now)

    @rule(data=st.data(), operator=operators)
    def pass_by(self, data: st.DataObject, operator: str) -> None:
        case = self.some_case(data)
        if case is None:
            return
        result = self.run(self.store.pass_(case, operator, self.now()))
        target = self.model.cases[case]
        assert type(result).__name__ == (
            "Closed" if not target.open else "AlreadyClaimed" if target.claimed_by else "Done"
        )

    @rule(data=st.data(), operator=operators, force=st.booleans(), deliver=st.booleans())
    def reply(self, data: st.DataObject, operator: str, force: bool, deliver: bool) -> None:
        case = self.some_case(data)
        if case is None:
            return
        target, entry = self.model.cases[case], self.content()
        refused = self.model.refusal(case, operator, force=force)
        result = self.run(
            self.store.append(
                case, len(target.entries), [entry], action="replied", by=operator, now=self.now(),
                delivery=entry if deliver else None, force=force,
            )
        )  # fmt: skip
        if refused:
            assert type(result).__name__ == refused
        elif deliver and not self.model.reachable(case):
            assert result == Undeliverable()
        else:
            target.entries.append(entry)
            assert result == Done(len(target.entries))
            if deliver:
                self.model.conversation(target.conversation).unsent.append(entry)

    @rule(data=st.data(), operator=operators, level=levels, force=st.booleans())
    def lower(self, data: st.DataObject, operator: str, level: Urgency, force: bool) -> None:
        case = self.some_case(data)
        if case is None or level > self.model.cases[case].urgency:
            return
        entry, refused = self.content(), self.model.refusal(case, operator, force=force)
        seq = len(self.model.cases[case].entries)
        result = self.run(self.store.lower(case, level, seq, [entry], by=operator, now=self.now(), force=force))
        assert type(result).__name__ == (refused or "Done")
        if not refused:
            self.model.lower(case, entry, level)

    @rule(data=st.data(), operator=operators, force=st.booleans())
    def close(self, data: st.DataObject, operator: str, force: bool) -> None:
        case = self.some_case(data)
        if case is None:
            return
        entry, refused = self.content(), self.model.refusal(case, operator, force=force)
        seq = len(self.model.cases[case].entries)
        result = self.run(self.store.close(case, seq, [entry], by=operator, now=self.now(), force=force))
        assert type(result).__name__ == (refused or "Done")
        if not refused:
            self.model.close(case, entry)

    @invariant()
    def the_store_is_as_the_model_says(self) -> None:
        self.run(self.compare())

    async def compare(self) -> None:
        newcomer = Store(self.client)
        for pseudonym, person in self.model.conversations.items():
            view = await self.store.read(pseudonym)
            assert view == await newcomer.read(pseudonym), "what a process remembers changes nothing"
            assert (view.version, view.session) == (person.version, person.session)
            assert (view.case.id if view.case else None) == self.model.case_of(pseudonym)
        for name, case in self.model.cases.items():
            found = await self.store.case(name)
            assert found is not None
            assert (found.open, found.urgency, found.claimed_by) == (case.open, case.urgency, case.claimed_by)
            assert (found.escalated, found.waiting_since) == (case.escalated, case.since)
            assert found.reachable == self.model.reachable(name)
            assert await self.store.entries(name) == case.entries
            assert found.seq == len(case.entries)
        queue = await self.store.queue()
        assert [(-item.urgency, item.waiting_since, item.case) for item in queue] == self.model.queue()
        assert {case.id for case in await self.store.cases()} == set(self.model.cases)


@pytest.mark.parametrize("kind", ["server", "cluster"])
def test_the_store_behaves_as_the_model(kind: str, request: pytest.FixtureRequest) -> None:
    socket: Path = request.getfixturevalue("valkey_socket")
    port: int = request.getfixturevalue("cluster_port")

    async def make_client() -> Client:
        client: Client
        if kind == "server":
            client = Redis(unix_socket_path=str(socket))
        else:
            client = RedisCluster(host="127.0.0.1", port=port)
        await client.flushall()
        return client

    run_state_machine_as_test(
        lambda: Machine(make_client),  # type: ignore[arg-type]  # any callable will do, says its documentation
        settings=settings(
            max_examples=50 if kind == "server" else 8, stateful_step_count=40, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
