"""A person comes back by their case code from another chat, whose data lies in another shard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.cases.records import (
    CaseWrite,
    CommitResult,
    Committed,
    Conflict,
    Done,
    Duplicate,
    NoCase,
    TurnWrite,
    Undeliverable,
)
from bot.cases.store import Store
from tests.cases.people import (
    drain,
    elsewhere,
    fresh_id,
    living_in,
    open_case,
    say,
    snapshot,
    turn,
    turn_of,
    wake,
)  # fmt: skip

pytestmark = pytest.mark.store


async def returning(store: Store, pseudonym: str, case: str, **more: Any) -> TurnWrite:
    view, target = await store.read(pseudonym), await store.case(case)
    assert target is not None
    return turn_of(view, CaseWrite(case, target.seq, attach=True), now=3000, **more)


async def both(store: Store) -> tuple[str, str]:
    """A case, and a chat in another shard that is going to return to it."""
    case = await open_case(store, "first")
    return case, elsewhere(store, store.shard_of("first"), "second")


async def test_in_the_same_shard_the_case_changes_hands(store: Store) -> None:
    case = await open_case(store, "first")
    second = living_in(store, store.shard_of("first"), "second")
    assert await store.commit(await returning(store, second, case)) == Committed(1, 1, waiting=True)
    after = await store.read(second)
    assert after.case is not None
    assert after.case.id == case
    assert (await store.read("first")).case is None
    assert await say(store, second, b"more") == Committed(2, 2, waiting=True)


async def test_from_another_shard_the_conversation_comes_along(store: Store, raw: Redis) -> None:
    case, second = await both(store)
    await turn(store, second)
    old = (await store.read(second)).shard
    assert await store.commit(await returning(store, second, case, outbox=(b"welcome back",))) == Committed(
        2, 1, True
    )
    for reader in (store, Store(store.client)):
        view = await reader.read(second)
        assert (view.shard, view.version, view.session) == (store.shard_of("first"), 2, b"sealed-session")
        assert view.case is not None
        assert (view.case.id, view.case.reachable) == (case, True)
    assert not await raw.exists(f"conv:{{s{old}}}:{second}", f"seen:{{s{old}}}:{second}")
    assert (await store.read("first")).case is None
    assert await drain(store, wake(view)) == [b"welcome back"]
    assert await say(store, second, b"more") == Committed(3, 2, True)


async def test_replies_go_where_the_person_is_now(store: Store) -> None:
    case, second = await both(store)
    await store.commit(await returning(store, second, case))
    await store.claim(case, "ana", 4000)
    reply = {"action": "replied", "by": "ana", "now": 4100, "delivery": b"hello"}
    assert await store.append(case, 1, [b"r"], **reply) == Done(2)  # type: ignore[arg-type]  # plain keywords
    assert await drain(store, wake(await store.read(second))) == [b"hello"]
    assert await drain(store, wake(await store.read("first"))) == []


async def test_the_case_that_was_left_behind_can_no_longer_reach_the_person(store: Store) -> None:
    case, second = await both(store)
    before = await open_case(store, second)
    await store.commit(await returning(store, second, case))
    await store.claim(before, "ana", 4000)
    result = await store.append(before, 1, [b"r"], action="replied", by="ana", now=4100, delivery=b"hello")
    assert result == Undeliverable()
    assert await store.entries(before) == [b"sealed-0"]


async def test_what_was_seen_before_the_move_is_known_after_it(store: Store) -> None:
    case, second = await both(store)
    early = turn_of(await store.read(second))
    await store.commit(early)
    move = await returning(store, second, case)
    await store.commit(move)
    view = await store.read(second)
    for repeat in (early, move):
        again = replace(repeat, shard=view.shard, expected_version=view.version)
        assert await store.commit(again) == Duplicate()


async def test_a_turn_that_still_knows_the_old_place_must_read_again(store: Store, raw: Redis) -> None:
    case, second = await both(store)
    stale = await store.read(second)
    await store.commit(await returning(store, second, case))
    before = await snapshot(raw)
    assert await store.commit(turn_of(stale)) == Conflict()
    assert await store.commit(turn_of(stale, CaseWrite(case, 1, attach=True))) == Conflict()
    assert await snapshot(raw) == before


async def test_what_was_unsent_comes_first_and_once(store: Store) -> None:
    case, second = await both(store)
    await turn(store, second, outbox=(b"1", b"2"))
    await store.commit(await returning(store, second, case, outbox=(b"3",)))
    view = await store.read(second)
    assert await drain(store, wake(view)) == [b"1", b"2", b"3"]
    assert await store.trail(second) == [b"trail-1", b"trail-2", b"trail-3"]


async def test_leaving_after_a_move_drops_what_is_unsent_in_both_places(store: Store) -> None:
    case, second = await both(store)
    await turn(store, second, outbox=(b"1",))
    await store.commit(await returning(store, second, case, outbox=(b"2",)))
    await turn(store, second, leave=True, outbox=(b"bye",))
    assert await drain(store, wake(await store.read(second))) == [b"bye"]


async def test_leaving_after_a_move_still_knows_what_to_wipe_from_before_it(store: Store, raw: Redis) -> None:
    case, second = await both(store)
    await turn(store, second, trail=(b"before",))
    await store.commit(await returning(store, second, case, trail=(b"after",)))
    await turn(store, second, trail=(b"last",), outbox=(b"wipe", b"bye"), leave=True)
    assert await store.trail(second) == [b"before", b"after", b"last"]
    await store.wiped(second)
    await drain(store, wake(await store.read(second)))
    assert await store.trail(second) == []
    assert not [key async for key in raw.scan_iter(f"trail:*{second}")]


async def test_a_person_may_come_and_go_between_cases_of_all_shards(store: Store) -> None:
    cases = {}
    for shard in range(8):
        cases[shard] = await open_case(store, living_in(store, shard, f"opener{shard}"))
    for number, shard in enumerate([3, 5, 0, 3, 7, 1, 5, 3, 0, 6, 2, 4, 3]):
        assert isinstance(
            await store.commit(await returning(store, "traveller", cases[shard], outbox=(b"%d" % number,))), Committed
        )
        for reader in (store, Store(store.client)):
            view = await reader.read("traveller")
            assert view.shard == shard
            assert view.version == number + 1
            assert view.case is not None
            assert view.case.id == cases[shard]
        if number % 3 == 2:
            sent = await drain(store, wake(view))
            assert sorted(sent) == sorted(b"%d" % n for n in range(number - 2, number + 1))


async def test_a_case_that_is_not_there_moves_nobody(store: Store, raw: Redis) -> None:
    _, second = await both(store)
    await turn(store, second)
    before = await snapshot(raw)
    missing = fresh_id(store.shard_of("first"))
    view = await store.read(second)
    assert await store.commit(turn_of(view, CaseWrite(missing, 0, attach=True))) == NoCase()
    assert await snapshot(raw) == before


async def test_a_case_that_changed_meanwhile_moves_nobody(store: Store, raw: Redis) -> None:
    case, second = await both(store)
    write = await returning(store, second, case)
    await say(store, "first", b"more")
    before = await snapshot(raw)
    assert await store.commit(write) == Conflict()
    assert await snapshot(raw) == before


class Crash(Exception):
    """The process ended here."""


async def crash_before(store: Store, script: str, write: TurnWrite, monkeypatch: pytest.MonkeyPatch) -> None:
    run = store.scripts.run

    async def run_until(name: str, keys: Any, args: Any) -> Any:
        if name == script:
            raise Crash
        return await run(name, keys, args)

    with monkeypatch.context() as patch:
        patch.setattr(store.scripts, "run", run_until)
        with pytest.raises(Crash):
            await store.commit(write)


@pytest.mark.parametrize("script", ["look", "commit", "depart"])
async def test_a_crash_anywhere_in_the_move_is_mended_by_the_repeated_message(
    store: Store, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, second = await both(store)
    await turn(store, second, outbox=(b"old",))
    write = await returning(store, second, case, outbox=(b"welcome",))
    write = replace(write, case=replace(write.case, entries=(b"said with the code",)) if write.case else None)
    await crash_before(store, script, write, monkeypatch)

    survivor = Store(store.client)  # another process gets the message again
    view = await survivor.read(second)
    target = await survivor.case(case)
    assert target is not None
    repeated = replace(write, shard=view.shard, expected_version=view.version)
    if repeated.case:
        repeated = replace(repeated, case=replace(repeated.case, expected_seq=target.seq))
    result = await survivor.commit(repeated)
    assert isinstance(result, Duplicate if script == "depart" else Committed)

    view = await survivor.read(second)
    assert view.shard == store.shard_of("first")
    assert view.case is not None
    assert view.case.id == case
    assert await survivor.entries(case) == [b"sealed-0", b"said with the code"], "once"
    assert await drain(survivor, wake(view)) == [b"old", b"welcome"], "once, and in order"


async def test_a_turn_committed_in_the_middle_of_a_move_is_remembered_after_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, second = await both(store)
    await turn(store, second)
    write = await returning(store, second, case)
    between = turn_of(await store.read(second), outbox=(b"between",))
    run = store.scripts.run
    done: list[CommitResult] = []

    async def run_with_a_rival(name: str, keys: Any, args: Any) -> Any:
        if name == "depart" and not done:
            done.append(await Store(store.client).commit(between))
        return await run(name, keys, args)

    monkeypatch.setattr(store.scripts, "run", run_with_a_rival)
    assert await store.commit(write) == Committed(2, 1, True)
    assert done == [Committed(2)]
    view = await store.read(second)
    assert view.case is not None
    assert view.case.id == case
    assert await drain(store, wake(view)) == [b"between"]
    repeat = replace(between, shard=view.shard, expected_version=view.version)
    assert await store.commit(repeat) == Duplicate()
