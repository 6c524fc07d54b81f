"""Pages: who gets them, what they say, and what a claim or a pass does to them."""

from __future__ import annotations

import re

import pytest

from bot.cases.records import Claimed, Done
from bot.conversation.messages import Urgency
from bot.oncall import enrol, paging
from bot.oncall.paging import now
from tests.oncall.conftest import ANA, BEA, CARL, CHATS, SUE, Team, settings, until

pytestmark = pytest.mark.store

PAGE_ES = re.compile(
    r"(🔴 EMERGENCIA|🟠 URGENTE|🟡 PRIORITARIO|🔵 INFORMACIÓN) · caso [0-9A-Z]{5}\nEspera desde hace \d+ (s|min)\."
)


async def test_a_new_case_is_paged_at_once_and_says_nothing_but_that_it_waits(team: Team) -> None:
    await team.on_duty("ana")
    async with team.pager(settings(team.api, [ANA])):
        await team.settled()
        for urgency in (Urgency.EMERGENCY, Urgency.URGENT, Urgency.PRIORITY):
            case = await team.case(urgency)
            page = await team.paged("ana", case, within=3)
            assert PAGE_ES.fullmatch(page.text)
            assert page.choices == (f"claim:{case}", f"pass:{case}")
            assert [[button.text for button in row] for row in page.buttons] == [["Lo tomo", "Paso"]]
            assert page.protected


async def test_information_waits_in_the_list_unless_the_person_asks_for_a_human(team: Team) -> None:
    await team.on_duty("ana")
    async with team.pager(settings(team.api, [ANA])):
        silent = await team.case(Urgency.INFORMATION)
        asked = await team.case(Urgency.INFORMATION, escalate=True)
        await team.paged("ana", asked)
        await team.settled()
        assert team.sent("ana", silent) == 0


async def test_only_those_on_duty_who_speak_the_language_are_paged_first(team: Team) -> None:
    await team.on_duty("ana", "bea", "carl", "sue")
    await team.store.duty_set("bea", False)
    async with team.pager(settings(team.api, [ANA, BEA, CARL, SUE])):
        spanish, english, creole = [await team.case(language=language) for language in ("es-PA", "en", "ht")]
        await team.paged("ana", spanish)
        await team.paged("carl", english)
        for name in ("ana", "carl", "sue"):
            await team.paged(name, creole)
        await team.settled()
        sent = {name: [team.sent(name, case) for case in (spanish, english, creole)] for name in CHATS}
        expected = {"ana": [1, 0, 1], "bea": [0, 0, 0], "carl": [0, 1, 1], "sue": [0, 0, 1], "demo": [0, 0, 0]}
        assert sent == expected


async def test_a_claim_gives_the_case_to_one_and_tells_the_others(team: Team) -> None:
    await team.on_duty("ana", "bea")
    async with team.pager(settings(team.api, [ANA, BEA])):
        case = await team.case()
        hers, other = await team.paged("ana", case), await team.paged("bea", case)
        first = team.bot.press(CHATS["ana"], hers.id, f"claim:{case}")
        assert (await team.bot.expect_answer(first.query_id))["text"] == "Es tuyo."
        await team.bot.expect(CHATS["bea"], f"Caso {case}: ya lo tomó otra persona.")
        await team.bot.expect(CHATS["ana"], f"✅ Caso {case}: es tuyo.")
        late = team.bot.press(CHATS["bea"], other.id, f"claim:{case}", foreign=True)
        assert (await team.bot.expect_answer(late.query_id))["text"] == "Ya lo tomó otra persona."
        await team.settled()
        for name in ("ana", "bea"):
            [shown] = team.pages(name, case)
            assert shown.choices == ()
        view = await team.store.case(case)
        assert view is not None
        assert view.claimed_by == "ana"


async def test_of_two_who_claim_at_once_exactly_one_has_it(team: Team) -> None:
    await team.on_duty("ana", "bea")
    async with team.pager(settings(team.api, [ANA, BEA])):
        for _ in range(5):
            case = await team.case()
            pages = {name: await team.paged(name, case) for name in ("ana", "bea")}
            queries = [team.bot.press(CHATS[name], page.id, f"claim:{case}") for name, page in pages.items()]
            answers = [(await team.bot.expect_answer(query.query_id))["text"] for query in queries]
            assert sorted(answers) == ["Es tuyo.", "Ya lo tomó otra persona."]


async def test_a_claim_made_elsewhere_mends_the_pages_too(team: Team) -> None:
    await team.on_duty("ana", "bea")
    async with team.pager(settings(team.api, [ANA, BEA])):
        case = await team.case()
        await team.paged("ana", case)
        await team.paged("bea", case)
        assert isinstance(await team.store.claim(case, "bea", now()), Claimed)
        await team.bot.expect(CHATS["ana"], "ya lo tomó otra persona")
        await team.bot.expect(CHATS["bea"], "es tuyo")


async def test_who_passes_is_left_in_peace_and_the_next_are_paged_at_once(team: Team) -> None:
    await team.on_duty("ana", "carl")
    async with team.pager(settings(team.api, [ANA, CARL])):
        case = await team.case()
        page = await team.paged("ana", case)
        await team.settled()
        assert team.sent("carl", case) == 0
        passed = team.bot.press(CHATS["ana"], page.id, f"pass:{case}")
        assert (await team.bot.expect_answer(passed.query_id))["text"] == "Has pasado."
        await team.bot.expect(CHATS["ana"], f"Caso {case}: has pasado.")
        await team.paged("carl", case)
        await team.settled()
        assert (team.sent("ana", case), team.sent("carl", case)) == (1, 1)


async def test_the_only_operator_who_passes_is_not_asked_again_within_the_minute(team: Team) -> None:
    await team.on_duty("ana")
    async with team.pager(settings(team.api, [ANA])):
        case = await team.case()
        page = await team.paged("ana", case)
        passed = team.bot.press(CHATS["ana"], page.id, f"pass:{case}")
        await team.bot.expect_answer(passed.query_id)
        await team.bot.expect(CHATS["ana"], "has pasado")
        await team.settled()
        assert team.sent("ana", case) == 1


async def test_the_ladder_climbs_until_a_claim_stops_it(team: Team) -> None:
    await team.on_duty("ana", "carl", "sue")
    rungs = [
        {"after": 0, "who": "language"},
        {"after": 1, "who": "language_and_supervisors"},
        {"after": 2, "who": "everyone"},
    ]
    async with team.pager(settings(team.api, [ANA, CARL, SUE], emergency=rungs, repeat=1)):
        case = await team.case()
        first = await team.paged("ana", case)
        await team.paged("sue", case)
        assert team.sent("carl", case) == 0
        await team.paged("carl", case)
        await team.bot.expect_gone(CHATS["ana"], first.id)  # a later page takes the place of the earlier one
        repeated = await team.paged("ana", case, after=team.pages("ana", case)[-1].id)
        query = team.bot.press(CHATS["ana"], repeated.id, f"claim:{case}")
        await team.bot.expect_answer(query.query_id)
        await team.bot.expect(CHATS["carl"], "ya lo tomó otra persona")
        await team.settled()
        sent = {name: team.sent(name, case) for name in ("ana", "carl", "sue")}
        assert await team.store.due(now() + 3_600_000, {Urgency.EMERGENCY: [0]}, 1) == []
        await team.settled()
        assert {name: team.sent(name, case) for name in sent} == sent
        assert [len(team.pages(name, case)) for name in sent] == [1, 1, 1]


async def test_a_case_that_rises_is_paged_with_its_new_level(team: Team) -> None:
    await team.on_duty("ana")
    async with team.pager(settings(team.api, [ANA])):
        low = await team.case(Urgency.PRIORITY)
        await team.paged("ana", low)
        high = await team.case(Urgency.EMERGENCY)
        assert "EMERGENCIA" in (await team.paged("ana", high)).text


async def test_who_comes_on_duty_is_paged_for_what_waits(team: Team) -> None:
    await team.on_duty("ana")
    await team.store.duty_set("ana", False)
    async with team.pager(settings(team.api, [ANA])):
        case = await team.case()
        await team.settled()
        assert team.sent("ana", case) == 0
        team.bot.say(CHATS["ana"], "/on")
        await team.bot.expect(CHATS["ana"], "En turno. Esperan 1: 🔴 1.")
        await team.paged("ana", case, within=5)


async def test_the_holder_hears_of_new_messages_one_note_at_a_time(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "NOTE_MILLISECONDS", 1000)
    await team.on_duty("ana", "bea")
    async with team.pager(settings(team.api, [ANA, BEA])):
        case = await team.case()
        await team.paged("ana", case)
        assert isinstance(await team.store.claim(case, "ana", now()), Claimed)
        await team.settled()
        await team.another_message(case)
        first = await team.bot.expect(CHATS["ana"], f"Caso {case}: un mensaje nuevo.")
        assert first.choices == ()
        for _ in range(3):
            await team.another_message(case)
        await team.bot.expect(CHATS["ana"], "un mensaje nuevo", after=first.id)
        await team.bot.expect_gone(CHATS["ana"], first.id)
        await team.settled()
        told = [str(call["chat_id"]) for call in team.bot.called("sendMessage") if "mensaje nuevo" in call["text"]]
        assert told == [str(CHATS["ana"])] * 2


@pytest.mark.parametrize("claimed", [False, True])
async def test_a_case_that_is_erased_is_taken_off_the_phones(team: Team, claimed: bool) -> None:
    await team.on_duty("ana", "bea")
    async with team.pager(settings(team.api, [ANA, BEA])):
        case = await team.case()
        page = await team.paged("ana", case)
        await team.paged("bea", case)
        if claimed:
            assert isinstance(await team.store.claim(case, "ana", now()), Claimed)
            await team.bot.expect(CHATS["bea"], "ya lo tomó otra persona")
        await team.settled()
        await team.erase(case)
        if claimed:
            await team.bot.expect(CHATS["ana"], f"Caso {case}: ya no existe.")
        else:
            await team.bot.expect(CHATS["bea"], f"Caso {case}: ya no espera.")
            await team.bot.expect(CHATS["ana"], lambda m: m.id == page.id and not m.choices)
        await team.settled()
        assert not any(case in field for field in await team.store.roster_all())


async def test_the_holder_hears_that_a_reply_could_not_be_delivered(team: Team) -> None:
    await team.on_duty("ana")
    async with team.pager(settings(team.api, [ANA])):
        case = await team.case()
        await team.paged("ana", case)
        await team.store.claim(case, "ana", now())
        view = await team.store.case(case)
        assert view is not None
        reply = await team.store.append(
            case, view.seq, [b"sealed"], action="replied", by="ana", now=now(), delivery=b"sealed"
        )
        assert isinstance(reply, Done)
        await team.undelivered(case)
        await team.bot.expect(CHATS["ana"], f"Caso {case}: una respuesta tuya no se pudo entregar.")


async def test_without_a_token_the_ladder_moves_and_the_pager_counts_as_alive(team: Team) -> None:
    await team.store.duty_set("ana", True)
    async with team.pager(settings(None, [ANA])):
        case = await team.case()
        await until(lambda: _paged_in_store(team, case))
        await until(lambda: _alive(team))
        assert await team.store.on_duty() == {"ana"}


async def _paged_in_store(team: Team, case: str) -> bool:
    found = [await team.store.client.execute_command("XRANGE", f"pages:{{s{n}}}", "-", "+") for n in range(8)]
    return b"'page'" in repr(found).encode() and case in repr(found)


async def _alive(team: Team) -> bool:
    return "pager" in await team.store.beating(now())


async def test_the_pager_shows_life_only_while_the_bot_api_answers(team: Team) -> None:
    team.api.fault("getUpdates", 401, times=1000, token="2002:oncall")
    async with team.pager(settings(team.api, [ANA])):
        await team.bot.expect_call("getUpdates", count=2)
        assert not await _alive(team)
        team.api.faults.clear()
        await until(lambda: _alive(team))


async def test_who_left_the_roster_no_longer_counts_as_on_duty(team: Team) -> None:
    await team.store.duty_set("gone", True)
    await team.on_duty("ana")
    async with team.pager(settings(team.api, [ANA])):
        await team.bot.expect_call("getUpdates")
        await until(lambda: _only_ana(team))


async def _only_ana(team: Team) -> bool:
    return await team.store.on_duty() == {"ana"}


async def test_an_operator_who_was_removed_is_a_stranger_to_the_bot(team: Team) -> None:
    await team.on_duty("ana", "bea")
    spent = await enrol.new_code(team.store, "bea")
    async with team.pager(settings(team.api, [ANA, BEA])):
        case = await team.case()
        page = await team.paged("bea", case)
        assert await enrol.forget(team.store, "bea")
        assert not await enrol.forget(team.store, "bea")
        pressed = team.bot.press(CHATS["bea"], page.id, f"claim:{case}")
        await team.bot.expect_answer(pressed.query_id)
        for words in ("/on", f"/start {spent}"):
            said = team.bot.say(CHATS["bea"], words)
            await team.bot.expect_confirmed(said.update_id)
        view = await team.store.case(case)
        assert view is not None
        assert view.claimed_by is None
        assert await team.store.on_duty() == {"ana"}
