"""Telegram slow, flooding, forbidding, gone; the pager killed: no page is lost, and none is sent after a claim."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

import aiohttp
import pytest

from bot.cases.records import Claimed
from bot.conversation.messages import Urgency
from bot.oncall import pager
from bot.oncall.paging import now
from tests.doubles.bot_api import BotApi
from tests.oncall.conftest import ANA, BEA, CARL, CHATS, TOKEN, Team, settings, until

pytestmark = pytest.mark.store


async def test_a_flooded_chat_is_waited_for_and_delays_no_other(team: Team) -> None:
    await team.on_duty("ana", "bea")
    flood = team.api.fault("sendMessage", 429, retry_after=2, chat=CHATS["ana"])
    async with team.pager(settings(team.api, [ANA, BEA])):
        case = await team.case()
        await team.paged("bea", case)
        assert team.pages("ana", case) == []
        await team.bot.expect_call("sendMessage", count=2)
        assert flood.times == 0
        await team.paged("ana", case)
        await team.settled()
        assert (team.sent("ana", case), team.sent("bea", case)) == (2, 1)


async def test_an_emergency_overtakes_what_waits_for_a_flooded_chat(team: Team) -> None:
    await team.on_duty("ana")
    team.api.fault("sendMessage", 429, retry_after=2, chat=CHATS["ana"])
    async with team.pager(settings(team.api, [ANA])):
        low = [await team.case(Urgency.PRIORITY) for _ in range(4)]
        await team.bot.expect_call("sendMessage")
        high = await team.case(Urgency.EMERGENCY)
        pages = [await team.paged("ana", case) for case in (high, *low)]
        # at most the one whose turn had begun goes before it
        assert sum(page.id < pages[0].id for page in pages[1:]) <= 1


async def test_nothing_is_sent_late_that_has_become_untrue(team: Team) -> None:
    await team.on_duty("ana", "bea")
    team.api.fault("sendMessage", 429, retry_after=2, chat=CHATS["ana"])
    async with team.pager(settings(team.api, [ANA, BEA])):
        case = await team.case()
        await team.paged("bea", case)
        await team.store.claim(case, "bea", now())
        await team.settled()
        assert (team.sent("ana", case), team.pages("ana", case)) == (1, [])


async def test_an_operator_who_blocked_the_bot_is_off_duty_and_the_next_is_paged_at_once(team: Team) -> None:
    await team.on_duty("ana", "carl")
    team.bot.chats[CHATS["ana"]].blocked = True  # without the update that the bot would be told by
    async with team.pager(settings(team.api, [ANA, CARL])):
        case = await team.case()
        await team.paged("carl", case, within=5)
        assert await team.store.on_duty() == {"carl"}
        team.bot.chats[CHATS["ana"]].blocked = False
        team.bot.say(CHATS["ana"], "/on")
        await team.paged("ana", case, within=5)


async def test_blocking_the_bot_ends_duty_at_once(team: Team) -> None:
    await team.on_duty("ana", "bea")
    async with team.pager(settings(team.api, [ANA, BEA])):
        await team.bot.expect_call("getUpdates")
        team.bot.block(CHATS["ana"])
        await until(lambda: _on_duty(team, "bea"))


async def _on_duty(team: Team, *names: str) -> bool:
    return await team.store.on_duty() == set(names)


@pytest.mark.parametrize("status", [500, 502, 0])
async def test_server_errors_and_cut_connections_are_outlasted(team: Team, status: int) -> None:
    await team.on_duty("ana")
    fault = team.api.fault("sendMessage", status, times=3)
    async with team.pager(settings(team.api, [ANA])):
        case = await team.case()
        await team.paged("ana", case)
        await team.settled()
        assert fault.times == 0
        assert len(team.pages("ana", case)) == 1


async def test_an_unreachable_bot_api_loses_no_page(team: Team) -> None:
    await team.on_duty("ana")
    port = team.api.port
    await team.api.stop()
    async with team.pager(settings(team.api, [ANA])):
        cases = [await team.case() for _ in range(3)]
        await until(lambda: _fired(team, 3))
        assert not any(team.pages("ana", case) for case in cases)
        await team.api.start(port=port)
        for case in cases:
            await team.paged("ana", case, within=20)
        await team.settled()
        assert [len(team.pages("ana", case)) for case in cases] == [1, 1, 1]


async def _fired(team: Team, count: int) -> bool:
    found = [await team.store.client.execute_command("XRANGE", f"pages:{{s{n}}}", "-", "+") for n in range(8)]
    return repr(found).count("b'page'") >= count


async def test_a_killed_pager_loses_no_page_and_repeats_none(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pager, "AGAIN_SECONDS", 0.5)
    await team.on_duty("ana", "bea")
    hanging = team.api.fault("sendMessage", 200, chat=CHATS["ana"], times=1000, delay=600)
    configured = settings(team.api, [ANA, BEA])
    async with team.pager(configured) as running:
        cases = [await team.case() for _ in range(5)]
        for case in cases:
            await team.paged("bea", case)
            await until(partial(_kept, team, case, "bea"))
        running.cancel()  # in the middle: every page of ana's is under way
        await asyncio.gather(running, return_exceptions=True)
    hanging.times = 0
    async with team.pager(configured):
        for case in cases:
            await team.paged("ana", case)
        await team.settled()
        for case in cases:
            assert len(team.pages("bea", case)) == 1
            assert len(team.pages("ana", case)) == 1
            assert team.sent("bea", case) == 1


async def _kept(team: Team, case: str, name: str) -> bool:
    return await team.store.roster_get(f"page:{case}:{name}") is not None


async def test_after_a_restart_a_claim_still_mends_the_old_pages_and_nothing_is_paged_again(team: Team) -> None:
    await team.on_duty("ana", "bea")
    configured = settings(team.api, [ANA, BEA])
    async with team.pager(configured):
        case = await team.case()
        page = await team.paged("ana", case)
        await team.paged("bea", case)
        await team.settled()
    team.bot.press(CHATS["ana"], page.id, f"claim:{case}")  # while no pager runs
    async with team.pager(configured):
        await team.bot.expect(CHATS["bea"], "ya lo tomó otra persona")
        await team.bot.expect(CHATS["ana"], "es tuyo")
        await team.settled()
        assert (team.sent("ana", case), team.sent("bea", case)) == (1, 1)


async def test_a_claim_made_while_no_pager_ran_is_never_paged(team: Team) -> None:
    await team.on_duty("ana")
    case = await team.case()
    await team.store.claim(case, "bea", now())
    async with team.pager(settings(team.api, [ANA, BEA])):
        await team.settled()
        assert team.sent("ana", case) == 0


async def test_a_lost_answer_to_a_press_does_not_stop_the_claim(team: Team) -> None:
    await team.on_duty("ana")
    team.api.fault("answerCallbackQuery", 400, description="Bad Request: query is too old")
    async with team.pager(settings(team.api, [ANA])):
        case = await team.case()
        page = await team.paged("ana", case)
        team.bot.press(CHATS["ana"], page.id, f"claim:{case}")
        await team.bot.expect(CHATS["ana"], "es tuyo")
        view = await team.store.case(case)
        assert view is not None
        assert view.claimed_by == "ana"


async def test_a_webhook_left_behind_does_not_stop_the_polling(team: Team) -> None:
    await team.on_duty("ana")
    team.bot.webhook = None
    async with team.pager(settings(team.api, [ANA])):
        await team.bot.expect_call("getUpdates")
        await _set_webhook(team.api)
        team.bot.say(CHATS["ana"], "/who")
        await team.bot.expect(CHATS["ana"], "En turno: ana.")
        assert team.bot.webhook is None


async def _set_webhook(api: BotApi) -> None:
    async with aiohttp.ClientSession() as http:
        await http.post(f"{api.base}/bot{TOKEN}/setWebhook", json={"url": "http://127.0.0.1:9/nowhere"})


async def test_logs_carry_no_chat_no_name_and_no_token(
    team: Team, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    await team.on_duty("ana", "bea")
    team.bot.chats[CHATS["bea"]].blocked = True
    team.api.fault("sendMessage", 500)
    async with team.pager(settings(team.api, [ANA, BEA])):
        case = await team.case()
        page = await team.paged("ana", case)
        team.bot.say(66601, "canary text")
        query = team.bot.press(CHATS["ana"], page.id, f"claim:{case}")
        await team.bot.expect_answer(query.query_id)
        assert isinstance(await team.store.claim(case, "ana", now()), Claimed)
        await team.settled()
    captured = capfd.readouterr()
    everything = caplog.text + captured.out + captured.err
    assert "the Bot API cannot be reached" in everything
    for canary in {*team.api.canaries(), "canary text", case}:
        assert canary not in everything
