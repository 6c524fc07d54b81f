"""Parts that freeze, fall silent or refuse, while people write: nothing is lost, danger is paged."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from bot.conversation.messages import Urgency
from bot.triage.hazards import find
from tests.e2e.harness import OPERATOR_CHAT, World, descendants, person_chat, world

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[World]:
    async with world() as started:
        started.oncall.say(OPERATOR_CHAT, "/start demo")
        await started.oncall.expect(OPERATOR_CHAT, lambda message: message.by_bot)
        yield started


def process(running: World, word: bytes) -> int:
    """The child whose command line has `word` in it."""
    (found,) = [
        pid
        for pid in descendants(running.process.pid)
        if word in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        or word.decode() == Path(f"/proc/{pid}/exe").readlink().name
    ]
    return found


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stopped, not dead: connections stay open and nobody answers."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def texts(running: World) -> list[str]:
    found = []
    for row in (await running.amparo("cases", "list", "--json")).json():
        read = (await running.amparo("cases", "read", row["case"], "--json")).json()
        found += [entry["text"] for entry in read["entries"] if "text" in entry]
    return found


def pages(running: World) -> int:
    return max((message.id for message in running.oncall.messages(OPERATOR_CHAT)), default=0)


async def test_with_the_model_frozen_danger_is_paged_and_the_person_answered(running: World) -> None:
    before, chat = pages(running), person_chat(61)
    with frozen(process(running, b"serve")):
        began = time.monotonic()
        running.people.say(chat, "me van a matar, tiene un cuchillo")
        await running.people.expect(chat, "104", 30)
        print(f"\nmodel frozen: answered after {time.monotonic() - began:.2f} s")
        await running.oncall.expect(OPERATOR_CHAT, lambda m: "claim" in "".join(m.choices), 30, after=before)
        quiet = person_chat(62)
        running.people.say(quiet, "quisiera preguntar una cosa")
        await running.people.expect(quiet, lambda message: message.by_bot, 30)
    assert {"me van a matar, tiene un cuchillo", "quisiera preguntar una cosa"} <= set(await texts(running))


UNNAMED = (
    "el encargado ya afiló el machete y dice que esta noche me toca a mí",
    "me metieron al maletero de un carro y vamos por la carretera",
    "he keeps me chained to the bed and he is back in an hour",
    "oigo que están tumbando la puerta del baño donde estoy metida",
    "they are taking me across the border tonight against my will",
    "me amarraron los pies y se fueron, dijeron que vuelven por mis riñones",
)
"""Danger in words of which, as long as the lists are finite, some hold no hazard word."""


async def test_a_danger_that_only_the_model_sees_is_paged_when_it_thaws(running: World) -> None:
    unnamed = [text for text in UNNAMED if (found := find(text)) is None or found.urgency < Urgency.EMERGENCY]
    assert unnamed, "the hazard words know all of these now: add others"
    before = pages(running)
    with frozen(process(running, b"serve")):
        for number, text in enumerate(unnamed):
            running.people.say(person_chat(70 + number), text)
        for number in range(len(unnamed)):
            await running.people.expect(person_chat(70 + number), lambda message: message.by_bot, 30)
        levels = {row["case"]: row["urgency"] for row in (await running.amparo("cases", "list", "--json")).json()}
    await running.oncall.expect(OPERATOR_CHAT, lambda m: "claim" in "".join(m.choices), 30, after=before)
    async with asyncio.timeout(60):
        while True:
            rows = (await running.amparo("cases", "list", "--json")).json()
            if [row for row in rows if row["urgency"] == "emergency" and levels.get(row["case"]) == "urgent"]:
                break


async def test_a_killed_model_comes_back_by_itself(running: World) -> None:
    os.kill(process(running, b"serve"), signal.SIGKILL)
    chat = person_chat(63)
    sent = running.people.say(chat, "me encerraron con llave, ayuda")
    await running.people.expect_confirmed(sent.update_id, 30)
    await running.ready()
    assert process(running, b"serve")


async def test_with_the_store_frozen_the_person_is_told_and_nothing_is_lost(running: World) -> None:
    chat = person_chat(64)
    with frozen(process(running, b"valkey-server")):
        sent = running.people.say(chat, "escribo mientras no hay almacén", language_code="es")
        told = await running.people.expect(chat, "no puedo guardar", 60)
        assert "104" in told.text
        assert sent.update_id not in running.people.confirmed
    await running.people.expect_confirmed(sent.update_id, 60)
    assert (await texts(running)).count("escribo mientras no hay almacén") == 1


async def test_a_flooding_platform_and_a_blocking_person_hold_nobody_else_up(running: World) -> None:
    slow, gone, other = person_chat(65), person_chat(66), person_chat(67)
    running.api.fault("sendMessage", 429, retry_after=2, times=2, chat=slow)
    running.people.say(gone, "hola")
    running.people.block(gone)
    running.people.say(slow, "hola")
    running.people.say(other, "hola")
    await running.people.expect(other, lambda message: message.by_bot, 30)
    await running.people.expect(slow, lambda message: message.by_bot, 30)
    running.people.unblock(gone)


async def test_a_flood_from_one_chat_is_kept_whole_and_answered_sparingly(running: World) -> None:
    chat = person_chat(68)
    for number in range(60):
        last = running.people.say(chat, f"inundación {number}")
    await running.people.expect_confirmed(last.update_id, 120)
    kept = [text for text in await texts(running) if text.startswith("inundación")]
    assert kept == [f"inundación {number}" for number in range(60)]
    answers = [message for message in running.people.messages(chat) if message.by_bot]
    assert len(answers) < 60
