"""The main job over HTTP only: `amparo up`, two real bots on a Bot API double, an operator at the command line."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.doubles.bot_api import Message
from tests.e2e.harness import ONCALL, OPERATOR_CHAT, PUBLIC, World, descendants, person_chat, world

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{5}(?:-[0-9A-HJKMNP-TV-Z]{4}){4}-[0-9A-Z*~$=]")
VICTIM, WITNESS, ELSEWHERE, STRANGER = (person_chat(seed) for seed in range(4))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[World]:
    async with world() as started:
        started.oncall.say(OPERATOR_CHAT, "/start demo")
        await started.oncall.expect(OPERATOR_CHAT, lambda message: message.by_bot)
        yield started


def has_button(ending: str) -> Any:
    return lambda message: any(data.endswith(ending) for data in message.choices)


async def page(world: World, after: int) -> Message:
    """The newest page with a claim button."""
    return await world.oncall.expect(
        OPERATOR_CHAT, lambda message: any(data.startswith("claim") for data in message.choices), 30, after=after
    )


async def begin(world: World, chat: int, language: str, safe: str = "yes") -> None:
    world.say(chat, "/start")
    await world.people.expect(chat, has_button(f"!lang_{language}"))
    await world.press(chat, f"!lang_{language}")
    await world.people.expect(chat, has_button(f"start.safe:{safe}"))
    await world.press(chat, f"start.safe:{safe}")
    await world.people.expect(chat, has_button("menu.topic:help"))


async def claimed(world: World, shown: Message) -> str:
    """Claims by the button under the page; the case."""
    data = next(data for data in shown.choices if data.startswith("claim"))
    pressed = world.oncall.press(OPERATOR_CHAT, shown.id, data)
    await world.oncall.expect_answer(pressed.query_id)
    return data.rpartition(":")[2]


async def texts(world: World, case: str) -> list[str]:
    read = (await world.amparo("cases", "read", case, "--json")).json()
    return [entry["text"] for entry in read["entries"] if "text" in entry]


async def test_a_spanish_victim_in_danger_is_paged_claimed_answered_and_closed(running: World) -> None:
    await begin(running, VICTIM, "es")
    began = time.monotonic()
    said = "me tienen encerrada en un cuarto con candado canarioverde y tiene un cuchillo"
    before = running.say(VICTIM, said, first_name="Canarinombre", username="canari_usuario")
    danger = await running.people.expect(VICTIM, "104", after=before)
    assert "Panamá" in danger.text
    told = await running.people.expect(VICTIM, "Todavía nadie ha respondido", after=before)
    shown = await page(running, after=0)
    print(f"\nfrom the message to the page: {time.monotonic() - began:.2f} s")
    case = await claimed(running, shown)
    assert said in await texts(running, case)

    answer = "Te leo. ¿Estás sola ahora? canarioazul"
    running.said.append(answer)
    done = await running.amparo("cases", "reply", case, "-", given=answer)
    assert done.code == 0, done.err
    await running.people.expect(VICTIM, answer, after=told.id)
    second = "si estoy sola, salen a las ocho canariorojo"
    running.say(VICTIM, second)
    await running.people.expect(VICTIM, "persona que atiende tu caso", after=told.id)
    await running.oncall.expect(OPERATOR_CHAT, case, after=shown.id)
    assert (await texts(running, case))[-2:] == [answer, second]

    note = "canarionota: llamar a la línea mañana"
    running.said.append(note)
    assert (await running.amparo("cases", "note", case, note)).code == 0
    assert (await running.amparo("cases", "lower", case, "urgent", "--reason", "canariorazon: a salvo")).code == 0
    running.said.append("canariorazon: a salvo")
    assert (await running.amparo("cases", "close", case, "--outcome", "derivada")).code == 0
    listed = (await running.amparo("cases", "list", "--json")).json()
    assert case not in {row["case"] for row in listed}


async def test_an_english_witness_gets_a_code_and_returns_from_another_chat(running: World) -> None:
    await begin(running, WITNESS, "en")
    await running.press(WITNESS, "menu.topic:tip")
    answers = [
        ("tip.what", "several women are taken every night from a house canaryyellow"),
        ("tip.where", "behind the canarygrey bakery"),
        ("tip.when", None),
        ("tip.who", "five women and two men, canaryblack"),
        ("tip.trace", "white van, plate canaryplate"),
    ]
    for step, words in answers:
        await running.people.expect(WITNESS, has_button(f"{step}:!skip") if words else has_button(f"{step}:week"))
        if words:
            running.say(WITNESS, words)
        else:
            await running.press(WITNESS, f"{step}:week")
    for step, choice in (("tip.children", "unsure"), ("tip.safe", "yes"), ("tip.ask_more", "yes")):
        await running.people.expect(WITNESS, has_button(f"{step}:{choice}"))
        await running.press(WITNESS, f"{step}:{choice}")
    shown = await running.people.expect(WITNESS, lambda message: bool(CODE.search(message.text)))
    found = CODE.search(shown.text)
    assert found
    code = found.group()
    running.said.append(code)
    case = code[:5]
    opened = await texts(running, case)
    assert [words for _, words in answers if words] == [text for text in opened if "canary" in text]

    running.people.say(ELSEWHERE, code, first_name="Canaryother", language_code="en")
    await running.people.expect(ELSEWHERE, has_button("!human"))
    more = "it is me again, they moved the women today canarywhite"
    running.say(ELSEWHERE, more)
    await running.people.expect(
        ELSEWHERE, lambda message: message.by_bot, after=running.people.messages(ELSEWHERE)[-1].id
    )
    assert (await running.amparo("cases", "claim", case)).code == 0
    assert more in await texts(running, case)
    answer = "thank you, are you safe? canarythanks"
    running.said.append(answer)
    assert (await running.amparo("cases", "reply", case, answer)).code == 0
    await running.people.expect(ELSEWHERE, answer)
    assert all(answer not in message.text for message in running.people.messages(WITNESS))


async def test_a_wrong_code_opens_nothing_and_says_nothing_about_cases(running: World) -> None:
    running.people.say(STRANGER, "K7Q2M-0000-0000-0000-0000-0", language_code="en")
    await running.people.expect(STRANGER, lambda message: message.by_bot)
    listed = (await running.amparo("cases", "list", "--all", "--json")).json()
    assert not any(row["messages"] == 0 for row in listed)


async def test_leaving_wipes_both_sides_and_leaves_a_neutral_line(running: World) -> None:
    chat = person_chat(9)
    await begin(running, chat, "es")
    before = running.say(chat, "salir")
    await running.people.expect(chat, lambda message: message.by_bot, after=before)
    left = running.people.messages(chat)
    assert [message.by_bot for message in left] == [True]
    assert not re.search("trata|Amparo|ayuda|caso", left[0].text, re.IGNORECASE)


async def test_nothing_that_identifies_or_quotes_a_person_is_found_anywhere(running: World) -> None:
    """Runs last: after everything above, the canaries are nowhere but in the chats themselves."""
    names = ["Canarinombre", "canari_usuario", "Canaryother"]
    chats = [str(chat) for chat in (VICTIM, WITNESS, ELSEWHERE, STRANGER, OPERATOR_CHAT)]
    pieces = {word for said in running.said for word in re.findall(r"\w*canar\w*", said, re.IGNORECASE)}
    canaries = [*names, *chats, *running.said, *sorted(pieces), f"canaryname{VICTIM}", f"canary_user_{WITNESS}"]
    assert len(pieces) >= 10
    found = list(leaks(running, canaries))
    assert found == []


def leaks(world: World, canaries: list[str]) -> list[str]:
    """Every place where a canary (or a bot token, except in the environment) can be read."""
    found: list[str] = []

    def look(place: str, data: bytes, words: list[str]) -> None:
        for word in words:
            shapes = {word.encode(), json.dumps(word)[1:-1].encode(), word.encode("utf-16-le")}
            found.extend(f"{place}: {word!r}" for shape in shapes if shape in data)

    tokens = [PUBLIC, ONCALL]
    files = [path for path in world.data_dir.rglob("*") if path.is_file()]
    assert any(path.suffix == ".aof" for path in files), "the append-only file must be among what is searched"
    assert world.log in files
    for path in files:
        look(str(path.relative_to(world.data_dir)), path.read_bytes(), canaries + tokens)
    for message in world.oncall.messages(OPERATOR_CHAT):
        if message.by_bot:
            look("page", json.dumps(message.raw.get("reply_markup", {})).encode() + message.text.encode(), canaries)
    processes = descendants(world.process.pid)
    assert len(processes) >= 5
    for pid in processes:
        for name in ("environ", "cmdline"):
            look(f"{pid}/{name}", Path(f"/proc/{pid}/{name}").read_bytes(), canaries)
    return found
