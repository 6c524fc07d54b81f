"""What operators and strangers can do in the on-call bot."""

from __future__ import annotations

import asyncio
import json

import pytest

from bot.oncall import enrol
from bot.oncall.messages import REFUSAL
from bot.oncall.paging import now
from tests.oncall.conftest import ANA, BEA, CARL, CHATS, TOKEN, Team, settings

pytestmark = pytest.mark.store

STRANGER = 66601


def replies(team: Team, chat: int) -> list[str]:
    return [message.text for message in team.bot.messages(chat) if message.by_bot]


async def test_a_code_enrols_one_chat_once(team: Team) -> None:
    code = await enrol.new_code(team.store, "ana")
    async with team.pager(settings(team.api, [ANA, BEA])):
        team.bot.say(CHATS["ana"], f"/start {code}", language_code="es")
        await team.bot.expect(CHATS["ana"], "Hola, ana.")
        assert await team.store.on_duty() == set()
        team.bot.say(STRANGER, f"/start {code}")
        await team.bot.expect(STRANGER, REFUSAL)
        [menu] = await team.bot.expect_call("setMyCommands")
        assert f'"chat_id": {CHATS["ana"]}' in json.dumps(menu["scope"])
        team.bot.say(CHATS["ana"], "/on")
        await team.bot.expect(CHATS["ana"], "En turno.")
        assert await team.store.on_duty() == {"ana"}


async def test_texts_follow_the_operators_telegram(team: Team) -> None:
    code = await enrol.new_code(team.store, "ana")
    async with team.pager(settings(team.api, [ANA])):
        team.bot.say(CHATS["ana"], f"/start {code}", language_code="en-US")
        await team.bot.expect(CHATS["ana"], "Hello, ana.")
        team.bot.say(CHATS["ana"], "/on")
        await team.bot.expect(CHATS["ana"], "On duty. Nobody is waiting.")
        case = await team.case()
        page = await team.paged("ana", case)
        assert page.text.startswith(f"🔴 EMERGENCY · case {case}\n")


async def test_an_old_code_a_replaced_code_and_a_made_up_code_enrol_nobody(team: Team) -> None:
    expired = await enrol.new_code(team.store, "ana", seconds=10, now=now() - 11_000)
    replaced = await enrol.new_code(team.store, "bea")
    await enrol.new_code(team.store, "bea")
    async with team.pager(settings(team.api, [ANA, BEA])):
        for code in (expired, replaced, "0" * 20, "demo", "x" * 3000):
            sent = team.bot.say(STRANGER, f"/start {code}")
            await team.bot.expect(STRANGER, REFUSAL, after=sent.message_id)
    assert set(replies(team, STRANGER)) == {REFUSAL}
    assert not any(field.startswith("op:") for field in await team.store.roster_all())


async def test_a_code_is_spent_by_exactly_one_of_many(team: Team) -> None:
    code = await enrol.new_code(team.store, "ana")
    found = await asyncio.gather(*(enrol.redeem(team.store, code, ["bea", "ana"]) for _ in range(50)))
    assert sorted(found, key=str) == [None] * 49 + ["ana"]


async def test_strangers_get_one_neutral_refusal_and_nothing_else(team: Team) -> None:
    await team.on_duty("ana")
    async with team.pager(settings(team.api, [ANA])):
        case = await team.case()
        page = await team.paged("ana", case)
        for text in ("/start", "hola", "/queue", "/who", "/on", "/help"):
            team.bot.say(STRANGER, text)
        query = team.bot.press(STRANGER, page.id, f"claim:{case}", foreign=True)
        assert (await team.bot.expect_answer(query.query_id))["text"] == REFUSAL
        last = team.bot.say(STRANGER, "/start wrong")
        await team.bot.expect(STRANGER, REFUSAL, after=last.message_id)
        assert replies(team, STRANGER) == [REFUSAL, REFUSAL]  # the first, and the one for the wrong code
        view = await team.store.case(case)
        assert view is not None
        assert view.claimed_by is None
        assert await team.store.on_duty() == {"ana"}


async def test_the_demo_chat_is_on_duty_at_once_and_only_in_demo_mode(team: Team) -> None:
    async with team.pager(settings(team.api), demo=True):
        case = await team.case()
        team.bot.say(CHATS["demo"], "/start demo")
        await team.bot.expect(CHATS["demo"], "Eres la persona de guardia de la demostración")
        assert await team.store.on_duty() == {"demo"}
        page = await team.paged("demo", case, within=5)
        query = team.bot.press(CHATS["demo"], page.id, f"claim:{case}")
        assert (await team.bot.expect_answer(query.query_id))["text"] == "Es tuyo."


async def test_duty_queue_who_and_help(team: Team) -> None:
    await team.on_duty("ana")
    await team.store.duty_set("carl", True)
    await team.store.duty_set("ana", False)
    chat = CHATS["ana"]
    async with team.pager(settings(team.api, [ANA, CARL])):
        await team.case()

        async def ask(text: str) -> str:
            sent = team.bot.say(chat, text)
            return (await team.bot.expect(chat, lambda m: not m.choices, after=sent.message_id)).text

        assert (await ask("/queue")).startswith("Esperan 1: 🔴 1. La mayor espera: ")
        assert await ask("/who") == "En turno: carl (sin avisos aquí)."
        assert (await ask("/on@loopback2002_bot")).startswith("En turno. Esperan 1")
        assert await ask("/who") == "En turno: ana, carl (sin avisos aquí)."
        assert await ask("/off") == "Fuera de turno."
        await team.store.duty_set("carl", False)
        assert await ask("/who") == "No hay nadie en turno."
        assert "no queda nadie" in await ask("/off")
        assert "/queue" in await ask("qué hago")


@pytest.mark.parametrize("data", ["claim:", "claim:nocase", "pass:ZZZZZZ", "drop:00000", "x", "claim:00000:1"])
async def test_old_and_invented_buttons_do_nothing(team: Team, data: str) -> None:
    await team.on_duty("ana")
    async with team.pager(settings(team.api, [ANA])):
        query = team.bot.press(CHATS["ana"], 4, data, foreign=True)
        assert (await team.bot.expect_answer(query.query_id))["text"] == "Ese botón ya no sirve."


async def test_a_button_of_a_case_that_is_gone_says_so(team: Team) -> None:
    await team.on_duty("ana")
    async with team.pager(settings(team.api, [ANA])):
        for action in ("claim", "pass"):
            query = team.bot.press(CHATS["ana"], 4, f"{action}:00000", foreign=True)
            assert (await team.bot.expect_answer(query.query_id))["text"] == "Ya no espera."


async def test_groups_and_unknown_updates_are_passed_over(team: Team) -> None:
    await team.on_duty("ana")
    group = {"id": -5, "type": "group", "title": "canary group"}
    user = {"id": CHATS["ana"], "is_bot": False, "first_name": "canary"}
    async with team.pager(settings(team.api, [ANA])):
        await team.bot.expect_call("getUpdates")
        team.bot.send_update({"message": {"message_id": 1, "date": 1, "chat": group, "from": user, "text": "/who"}})
        team.bot.send_update({"message": {"message_id": 2, "date": 1, "chat": group, "sender_chat": group}})
        team.bot.updates.append({"update_id": 5000, "something_new": {"a": 1}})
        team.bot.pulse.beat()
        await team.bot.expect_confirmed(5000)
        assert team.bot.called("sendMessage") == []


async def test_a_chat_is_one_operators_only(team: Team) -> None:
    await team.on_duty("ana")
    code = await enrol.new_code(team.store, "bea")
    async with team.pager(settings(team.api, [ANA, BEA])):
        team.bot.say(CHATS["ana"], f"/start {code}")
        await team.bot.expect(CHATS["ana"], "Hola, bea.")
    found = await enrol.Enrolments(team.store, team.secrets.locker, ("ana", "bea")).all()
    assert {name: enrolment.chat for name, enrolment in found.items()} == {"bea": CHATS["ana"]}
    assert await team.store.on_duty() == set()


async def test_who_is_taken_off_the_roster_is_a_stranger(team: Team) -> None:
    await team.on_duty("ana")
    async with team.pager(settings(team.api, [BEA])):
        team.bot.say(CHATS["ana"], "/queue")
        await team.bot.expect(CHATS["ana"], REFUSAL)


async def test_the_store_holds_no_chat_in_clear(team: Team) -> None:
    await team.on_duty("ana")
    async with team.pager(settings(team.api, [ANA])):
        case = await team.case()
        await team.paged("ana", case)
        await team.settled()
        everything = repr(await team.store.roster_all())
        for key in await team.store.client.execute_command("KEYS", "*"):
            everything += repr(key) + repr(await team.store.client.execute_command("DUMP", key))
    for canary in team.api.canaries():
        assert canary not in everything
    assert TOKEN not in everything
