"""A model that answers after the turn: the case rises, operators are paged, and the person hears of it in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.cases.store import Store
from bot.conversation.messages import Urgency
from bot.triage.nlu import NluClient
from tests.test_intake import Desk, desk
from tests.triage.test_nlu_client import serving
from tests.triage.test_nlu_read import answer

pytestmark = pytest.mark.store

TEXT = "no sé cómo contarlo, pasa algo en la casa"
EMERGENCY_LINES = "104"
CALM = [
    {"name": "information", "confidence": 0.97},
    {"name": "priority", "confidence": 0.01},
    {"name": "urgent", "confidence": 0.01},
    {"name": "emergency", "confidence": 0.01},
]


@dataclass
class SlowModel:
    """An NLU server with Rasa's contract that answers when it is let go."""

    body: dict[str, Any] = field(default_factory=answer)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((await request.json())["text"])
        await self.go.wait()
        return web.json_response(self.body)


@asynccontextmanager
async def slow_desk(store: Store, directory: Path, model: SlowModel) -> AsyncIterator[Desk]:
    async with serving(model.handle) as url, NluClient(url, timeout=0.1) as nlu, desk(store, directory) as here:
        here.intake.nlu = nlu
        try:
            yield here
        finally:
            model.go.set()


async def let_go(here: Desk, model: SlowModel) -> None:
    """The model answers, and everything that follows has happened."""
    model.go.set()
    async with asyncio.timeout(20):
        await here.intake.late.settled()


async def only(store: Store) -> tuple[Urgency, tuple[str, ...]]:
    (case,) = await store.cases()
    return case.urgency, case.reasons


async def waits(store: Store, count: int) -> list[Urgency]:
    """The urgency of each of the first `count` times that the pager is told of a waiting case."""
    found: list[Urgency] = []
    async with aclosing(store.pages("pager")) as pages:
        async for page in pages:
            await store.ack_page(page)
            found += [page.urgency] if page.kind == "wait" else []
            if len(found) == count:
                break
    return found


def said(here: Desk) -> str:
    return "\n".join(message.text for message in here.terminal.screen.values())


async def test_the_turn_does_not_wait_and_a_late_danger_raises_pages_and_tells(store: Store, tmp_path: Path) -> None:
    model = SlowModel()
    async with slow_desk(store, tmp_path, model) as here:
        await here.say(TEXT)
        assert (await only(store))[0] is Urgency.URGENT
        assert EMERGENCY_LINES not in said(here)
        await let_go(here, model)
        level, reasons = await only(store)
        assert level is Urgency.EMERGENCY
        assert {"RISK-NOW", "late:model:emergency"} <= set(reasons)
        assert await here.shown(EMERGENCY_LINES)
        assert [item.urgency for item in await store.queue()] == [Urgency.EMERGENCY]
        assert await waits(store, 2) == [Urgency.URGENT, Urgency.EMERGENCY]
        assert await here.texts() == [TEXT]
        assert model.asked == [TEXT]


async def test_after_the_emergency_texts_the_conversation_goes_on_in_their_flow(store: Store, tmp_path: Path) -> None:
    model = SlowModel()
    async with slow_desk(store, tmp_path, model) as here:
        await here.say(TEXT)
        await let_go(here, model)
        await here.shown(EMERGENCY_LINES)
        await here.say(choice="emergency.safe:write")
        entries = [entry.body for entry in await here.entries()]
        assert entries[-1]["step"] == "safe"
        assert entries[-1]["choice"] == "write"


async def test_who_has_written_more_since_is_raised_but_not_interrupted(store: Store, tmp_path: Path) -> None:
    model = SlowModel()
    async with slow_desk(store, tmp_path, model) as here:
        await here.say(TEXT)
        await here.say(choice="!lang_es")
        await let_go(here, model)
        assert (await only(store))[0] is Urgency.EMERGENCY
        assert EMERGENCY_LINES not in said(here)


async def test_who_left_is_not_written_to_and_their_case_is_raised(store: Store, tmp_path: Path) -> None:
    model = SlowModel()
    async with slow_desk(store, tmp_path, model) as here:
        await here.say(TEXT)
        await here.say(choice="!leave")
        await let_go(here, model)
        assert (await only(store))[0] is Urgency.EMERGENCY
        assert EMERGENCY_LINES not in said(here)


async def test_who_erased_everything_leaves_nothing_to_raise(store: Store, tmp_path: Path) -> None:
    model = SlowModel()
    async with slow_desk(store, tmp_path, model) as here:
        await here.say(TEXT)
        await here.say(choice="!erase")
        await here.say(choice="!erase_yes")
        await let_go(here, model)
        assert await store.cases() == []
        assert EMERGENCY_LINES not in said(here)


async def test_a_late_answer_never_lowers(store: Store, tmp_path: Path) -> None:
    calm = answer(urgency={"name": "information", "confidence": 0.97, "ranking": CALM}, risks=[])
    model = SlowModel(calm)
    async with slow_desk(store, tmp_path, model) as here:
        await here.say(TEXT)
        before = await only(store)
        await let_go(here, model)
        assert await only(store) == before == (Urgency.URGENT, before[1])


async def test_late_garbage_changes_nothing(store: Store, tmp_path: Path) -> None:
    model = SlowModel({"garbage": True})
    async with slow_desk(store, tmp_path, model) as here:
        await here.say(TEXT)
        before = await only(store)
        await let_go(here, model)
        assert await only(store) == before
        assert await here.texts() == [TEXT]


async def test_the_same_message_again_neither_raises_nor_tells_a_second_time(store: Store, tmp_path: Path) -> None:
    model = SlowModel()
    async with slow_desk(store, tmp_path, model) as here:
        first = await here.say(TEXT)
        await let_go(here, model)
        await here.shown(EMERGENCY_LINES)
        (case,) = await store.cases()
        await here.casework.claim(case.id)
        await here.casework.lower(case.id, Urgency.PRIORITY, "está a salvo")
        model.go.clear()
        shown = said(here)
        await here.intake.handle(first)
        await let_go(here, model)
        assert (await only(store))[0] is Urgency.PRIORITY
        assert said(here) == shown


async def test_who_holds_the_case_keeps_it_and_the_person_hears_that_they_do(store: Store, tmp_path: Path) -> None:
    model = SlowModel()
    async with slow_desk(store, tmp_path, model) as here:
        await here.say(TEXT)
        (case,) = await store.cases()
        await here.casework.claim(case.id)
        await let_go(here, model)
        (case,) = await store.cases()
        assert (case.urgency, case.claimed_by) == (Urgency.EMERGENCY, here.casework.name)
        assert await store.queue() == []


async def test_no_message_of_a_burst_waits_long_and_each_danger_is_found_later(store: Store, tmp_path: Path) -> None:
    model = SlowModel()
    async with slow_desk(store, tmp_path, model) as here:
        people = [replace(here.terminal.inbound(text=TEXT), address=f"person-{number}") for number in range(12)]
        began = time.monotonic()
        await asyncio.gather(*(here.intake.handle(inbound) for inbound in people))
        print(f"\n12 messages with the model frozen: {time.monotonic() - began:.2f} s")
        assert {case.urgency for case in await store.cases()} == {Urgency.URGENT}
        await let_go(here, model)
        cases = await store.cases()
        assert [case.urgency for case in cases] == [Urgency.EMERGENCY] * 12
