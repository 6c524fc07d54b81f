"""A turn is written whole or not at all, once, and to the newest state only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.cases.records import CaseWrite, Claimed, Committed, Conflict, Duplicate, NoCase, Status, Taken, View
from bot.cases.store import Store
from bot.conversation.messages import Role, Urgency
from tests.cases.people import (
    drain,
    fresh_id,
    living_in,
    open_case,
    opening,
    pages_until,
    say,
    saying,
    snapshot,
    turn,
    turn_of,
    wake,
)  # fmt: skip

pytestmark = pytest.mark.store


async def test_a_conversation_that_nobody_knows_is_empty(store: Store) -> None:
    assert await store.read("nobody") == View("nobody", store.shard_of("nobody"))


async def test_a_turn_is_read_back_as_it_was_written(store: Store) -> None:
    view = await store.read("p")
    case = opening(view.shard, Urgency.EMERGENCY, b"\0\xff first", b"second", reasons=("RISK-NOW", "RISK-MED"))
    assert await store.commit(turn_of(view, case, now=1234)) == Committed(1, 2, waiting=True)
    after = await store.read("p")
    assert (after.version, after.session, after.shard) == (1, b"sealed-session", view.shard)
    assert after.case is not None
    assert after.case.id == case.id
    assert (after.case.status, after.case.urgency, after.case.role) == (Status.OPEN, Urgency.EMERGENCY, Role.SELF)
    assert (after.case.language, after.case.opened, after.case.last_in) == ("es", 1234, 1234)
    assert after.case.reasons == ("RISK-NOW", "RISK-MED")
    assert after.case.seq == 2
    assert after.case.reachable
    assert after.case == await store.case(case.id)
    assert await store.entries(case.id) == [b"\0\xff first", b"second"]


async def test_a_reader_that_never_saw_the_case_and_one_that_did_see_the_same(store: Store) -> None:
    await open_case(store, "p")
    assert await Store(store.client).read("p") == await store.read("p")


async def test_a_repeat_changes_nothing_at_all(store: Store, raw: Redis) -> None:
    view = await store.read("p")
    write = turn_of(view, opening(view.shard), outbox=(b"reply",), trail=(b"t",))
    assert isinstance(await store.commit(write), Committed)
    before = await snapshot(raw)
    assert await store.commit(write) == Duplicate()
    newest = await store.read("p")
    again = replace(write, expected_version=newest.version, now=99_999, outbox=(b"other",), session=b"other")
    assert await store.commit(again) == Duplicate()
    assert await snapshot(raw) == before


async def test_a_message_id_is_forgotten_after_two_days(store: Store) -> None:
    first = turn_of(await store.read("p"))
    await store.commit(first)
    day = 86_400_000
    await turn(store, "p", now=first.now + day)
    assert await store.commit(replace(first, expected_version=2, now=first.now + day)) == Duplicate()
    await turn(store, "p", now=first.now + 2 * day + 1)
    view = await store.read("p")
    assert isinstance(
        await store.commit(replace(first, expected_version=view.version, now=first.now + 2 * day + 2)), Committed
    )


@pytest.mark.parametrize("version", [0, 2, 99])
async def test_a_turn_on_an_old_session_changes_nothing(store: Store, raw: Redis, version: int) -> None:
    await turn(store, "p")
    before = await snapshot(raw)
    view = await store.read("p")
    assert await store.commit(replace(turn_of(view, opening(view.shard)), expected_version=version)) == Conflict()
    assert await snapshot(raw) == before


async def test_a_turn_on_an_old_case_changes_nothing(store: Store, raw: Redis) -> None:
    """An operator wrote in between: the envelope's number is taken."""
    case = await open_case(store, "p")
    view = await store.read("p")
    await store.claim(case, "ana", 1500)
    await store.append(case, 1, [b"note"], action="noted", by="ana", now=1600)
    before = await snapshot(raw)
    assert await store.commit(turn_of(view, saying(view, b"more"))) == Conflict()
    assert await snapshot(raw) == before
    assert await say(store, "p", b"more") == Committed(2, 3)


async def test_a_case_id_that_is_taken_is_not_used(store: Store, raw: Redis) -> None:
    case = await open_case(store, "p")
    other = living_in(store, (await store.read("p")).shard, "other")
    before = await snapshot(raw)
    view = await store.read(other)
    assert await store.commit(turn_of(view, CaseWrite(case, 0, opens=True, entries=(b"x",)))) == Taken()
    assert await snapshot(raw) == before


async def test_a_case_of_somebody_else_or_of_nobody_is_not_written(store: Store, raw: Redis) -> None:
    case = await open_case(store, "p")
    shard = (await store.read("p")).shard
    other = living_in(store, shard, "other")
    before = await snapshot(raw)
    view = await store.read(other)
    for target in (case, fresh_id(shard)):
        assert await store.commit(turn_of(view, CaseWrite(target, 1, entries=(b"x",)))) == NoCase()
    assert await snapshot(raw) == before


@pytest.mark.parametrize("level", list(Urgency))
@pytest.mark.parametrize("start", list(Urgency))
async def test_urgency_only_rises(store: Store, start: Urgency, level: Urgency) -> None:
    case = await open_case(store, "p", start)
    await say(store, "p", b"more", urgency=level, reasons=("RISK-NOW",))
    view = await store.case(case)
    assert view is not None
    assert view.urgency == max(start, level)
    await say(store, "p", b"more", reasons=("RISK-NOW", "RISK-MED"))
    view = await store.case(case)
    assert view is not None
    assert (view.urgency, view.reasons) == (max(start, level), ("RISK-NOW", "RISK-MED"))


async def test_information_is_listed_and_does_not_wait_until_a_human_is_asked_for(store: Store) -> None:
    case = await open_case(store, "p", Urgency.INFORMATION)
    assert await store.queue() == []
    assert [view.id for view in await store.cases()] == [case]
    assert await say(store, "p", escalate=True, now=3000) == Committed(2, 1, waiting=True)
    assert [(item.case, item.urgency, item.waiting_since) for item in await store.queue()] == [
        (case, Urgency.INFORMATION, 3000)
    ]


async def test_a_message_in_a_waiting_case_keeps_its_place(store: Store) -> None:
    case = await open_case(store, "p", now=1000)
    await say(store, "p", b"more", now=9000)
    assert [(item.case, item.waiting_since) for item in await store.queue()] == [(case, 1000)]
    assert [page.kind for page in await pages_until(store, "wait")] == ["wait"]


async def test_a_message_in_a_claimed_case_tells_its_operator(store: Store) -> None:
    case = await open_case(store, "p")
    assert await store.claim(case, "ana", 1500) == Claimed(case)
    assert await say(store, "p", b"more", urgency=Urgency.EMERGENCY) == Committed(2, 2)
    assert await store.queue() == []
    page = (await pages_until(store, "activity"))[-1]
    assert (page.case, page.by, page.urgency) == (case, "ana", Urgency.EMERGENCY)


async def test_a_closed_case_opens_and_waits_again_when_the_person_writes(store: Store) -> None:
    case = await open_case(store, "p")
    await store.claim(case, "ana", 1500)
    await store.close(case, 1, [], by="ana", now=1600)
    assert await store.queue() == []
    assert (await turn(store, "p")) == Committed(2)
    view = await store.case(case)
    assert view is not None
    assert not view.open, "a turn without anything for the case leaves it closed"
    assert await say(store, "p", b"again", now=9000) == Committed(3, 2, waiting=True)
    view = await store.case(case)
    assert view is not None
    assert view.open
    assert (view.claimed_by, view.waiting_since) == (None, 9000)


async def test_what_a_turn_leaves_out_stays_as_it_was(store: Store) -> None:
    await open_case(store, "p")
    view = await store.read("p")
    await store.commit(turn_of(view, saying(view), routing=None, session=None))
    after = await store.read("p")
    assert after.session is None
    assert after.case is not None
    assert (after.case.role, after.case.language, after.case.reachable) == (Role.SELF, "es", True)


async def test_a_later_turn_may_learn_role_and_language(store: Store) -> None:
    await open_case(store, "p")
    await say(store, "p", role=Role.WITNESS, language="en")
    view = (await store.read("p")).case
    assert view is not None
    assert (view.role, view.language) == (Role.WITNESS, "en")


async def test_leaving_drops_session_link_and_all_that_is_unsent_but_the_last_words(store: Store, raw: Redis) -> None:
    case = await open_case(store, "p")
    await store.claim(case, "ana", 1500)
    await turn(store, "p", outbox=(b"shown no more",))
    await store.append(case, 1, [b"r"], action="replied", by="ana", now=1600, delivery=b"operator's reply")
    await turn(store, "p", leave=True, session=b"ignored", outbox=(b"wipe", b"neutral"), trail=(b"t",))
    view = await store.read("p")
    assert (view.session, view.case) == (None, None)
    left = await store.case(case)
    assert left is not None
    assert not left.reachable
    assert left.open, "the case is the operators' still"
    conv = f"conv:{{s{view.shard}}}:p"
    assert await raw.hget(conv, "routing")
    assert await drain(store, wake(view)) == [b"wipe", b"neutral"]
    assert await raw.hget(conv, "routing") is None
    assert await store.trail("p") == []


async def test_leaving_without_a_word_forgets_routing_at_once(store: Store, raw: Redis) -> None:
    await open_case(store, "p")
    await turn(store, "p", leave=True)
    assert await raw.hget(f"conv:{{s{store.shard_of('p')}}}:p", "routing") is None


async def test_coming_back_after_leaving_begins_anew(store: Store) -> None:
    first = await open_case(store, "p")
    await turn(store, "p", leave=True, outbox=(b"wipe",))
    second = await open_case(store, "p")
    view = await store.read("p")
    assert view.case is not None
    assert view.case.id == second != first
    await drain(store, wake(view))
    view = await store.read("p")
    assert view.case is not None
    assert view.case.reachable, "the old farewell does not take the new routing along"


async def test_erasing_leaves_no_byte_of_the_case_in_the_store(store: Store, raw: Redis) -> None:
    view = await store.read("p")
    case = opening(
        view.shard, Urgency.EMERGENCY, b"CANARY-entry", code=(b"CANARY-salt", b"CANARY-hash"), reasons=("RISK-NOW",)
    )
    await store.commit(turn_of(view, case, session=b"CANARY-session", routing=b"CANARY-route", trail=(b"CANARY-t",)))
    await store.claim(case.id, "ana", 1500)
    await store.append(case.id, 1, [b"CANARY-reply"], action="replied", by="ana", now=1600, delivery=b"CANARY-out")
    everything = await snapshot(raw)
    assert any(b"CANARY" in (value or b"") for value in everything.values())

    assert await turn(store, "p", now=9000, erase=True, outbox=(b"gone",), routing=b"CANARY-r") == Committed(2)
    assert (await store.read("p")).case is None
    assert await store.case(case.id) is None
    assert await store.entries(case.id) == []
    assert await store.code_record(case.id) is None
    assert await store.cases() == []
    view = await store.read("p")
    assert 0 < await raw.pttl(f"conv:{{s{view.shard}}}:p") <= 86_400_000
    assert await drain(store, wake(view)) == [b"gone"]
    for name, value in (await snapshot(raw)).items():
        assert b"CANARY" not in (value or b""), name
        if case.id.encode() in (value or b"") + name:
            assert name.split(b":")[0] in (b"events", b"pages"), name
    page = (await pages_until(store, "gone"))[-1]
    assert (page.case, page.by) == (case.id, "ana")
    events, _ = await store.events({})
    assert [event.action for event in events][-1] == "erased"


async def test_erasing_out_of_the_queue_empties_it(store: Store) -> None:
    await open_case(store, "p", Urgency.EMERGENCY)
    await turn(store, "p", erase=True)
    assert await store.queue() == []
    assert await store.due(10**13, {Urgency.EMERGENCY: (0,)}, 300) == []
    await open_case(store, "p")
    assert len(await store.queue()) == 1


async def test_erasing_spares_a_case_that_somebody_else_has_taken_over(store: Store) -> None:
    case = await open_case(store, "p")
    other = living_in(store, (await store.read("p")).shard, "other")
    view = await store.read(other)
    await store.commit(turn_of(view, CaseWrite(case, 1, attach=True)))
    await turn(store, "p", erase=True)
    assert await store.entries(case) == [b"sealed-0"]


async def test_everything_of_a_conversation_expires_after_the_routing_days(store: Store, raw: Redis) -> None:
    await open_case(store, "p")
    await turn(store, "p", outbox=(b"x",), trail=(b"t",))
    shard, day = store.shard_of("p"), 86_400_000
    for kind, days in (("conv", 7), ("out", 7), ("seen", 2), ("trail", 2)):
        left = await raw.pttl(f"{kind}:{{s{shard}}}:p")
        assert (days - 0.1) * day < left <= days * day, kind


async def test_a_case_whose_conversation_expired_is_unreachable(store: Store, raw: Redis) -> None:
    case = await open_case(store, "p")
    await raw.delete(f"conv:{{s{store.shard_of('p')}}}:p")
    view = await store.case(case)
    assert view is not None
    assert not view.reachable
    assert (await store.read("p")).case is None


async def test_attempts_at_codes_are_counted_by_conversation_and_over_all(store: Store) -> None:
    hour = 3_600_000
    assert [await store.code_attempt("p", 1000, 3, 5) for _ in range(4)] == [True, True, True, False]
    assert [await store.code_attempt("q", 2000, 3, 5) for _ in range(3)] == [True, True, False]
    assert not await store.code_attempt("r", 1000 + hour - 1, 3, 5)
    assert await store.code_attempt("p", 1000 + hour, 3, 5)


async def test_counters_of_attempts_expire(store: Store, raw: Redis) -> None:
    await store.code_attempt("p", 1000, 3, 5)
    for name in await raw.keys("tries*"):
        assert 0 < await raw.pttl(name) <= 3_600_000


async def test_a_code_is_kept_as_salt_and_hash_and_replaced_by_the_next(store: Store) -> None:
    case = await open_case(store, "p")
    assert await store.code_record(case) is None
    await say(store, "p", code=(b"salt", b"hash"))
    assert await store.code_record(case) == (b"salt", b"hash")
    await say(store, "p", code=(b"salt2", b"hash2"))
    assert await store.code_record(case) == (b"salt2", b"hash2")
