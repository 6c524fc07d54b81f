"""`kill -9` of the real store in the middle of the work: what was acknowledged is there, once, and in order."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from bot.cases.embedded import Embedded, connect, start
from bot.cases.records import CaseWrite, Committed, Conflict, Duplicate, Taken, TurnWrite
from bot.cases.store import Store
from bot.conversation.messages import Urgency
from bot.settings import Settings
from tests.cases.people import drain, fresh_id, wake

pytestmark = pytest.mark.store

PEOPLE, KILLS = 12, 5


@pytest.fixture
def data_dir() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="amp-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
async def store(data_dir: Path) -> AsyncIterator[Store]:
    """Connected to the embedded store, whether it is there at the moment or not."""
    client = connect(Settings(data_dir=data_dir))
    yield Store(client)
    await client.aclose()


async def send(store: Store, pseudonym: str, number: int) -> None:
    """Commit message `number`, again and again like a platform that got no answer.

    The entry says which message it was, so that a loss, a repeat or a wrong order would be seen.
    """
    content = f"{pseudonym}/{number}".encode()
    while True:
        try:
            view = await store.read(pseudonym)
            if view.case:
                case = CaseWrite(view.case.id, view.case.seq, entries=(content,))
            else:
                case = CaseWrite(fresh_id(view.shard), 0, opens=True, entries=(content,), urgency=Urgency.EMERGENCY)
            write = TurnWrite(
                pseudonym, view.shard, "telegram", content.decode(), view.version, number, session=content,
                routing=b"r", outbox=(content,), case=case,
            )  # fmt: skip
            result = await store.commit(write)
        except (RedisError, OSError):
            await asyncio.sleep(0.02)  # as a platform does before it delivers again
            continue
        if isinstance(result, Conflict | Taken):
            continue
        assert isinstance(result, Committed | Duplicate)
        return


async def test_everything_acknowledged_survives_kills_of_the_store(data_dir: Path, store: Store) -> None:
    """Everybody goes on talking until the last kill is over, so that each comes in the middle of the work."""
    chance = random.Random(2)
    server: Embedded = await start(data_dir)
    acknowledged: dict[str, int] = {f"person-{n}": 0 for n in range(PEOPLE)}
    enough = asyncio.Event()

    async def talk(pseudonym: str) -> None:
        while not enough.is_set():
            await send(store, pseudonym, acknowledged[pseudonym])
            acknowledged[pseudonym] += 1

    talks = [asyncio.create_task(talk(pseudonym)) for pseudonym in acknowledged]
    for _ in range(KILLS):
        target = sum(acknowledged.values()) + chance.randrange(30, 90)
        while sum(acknowledged.values()) < target:  # noqa: ASYNC110  a kill in the midst, not at an event
            await asyncio.sleep(0.001)
        assert server.process
        before = dict(acknowledged)
        server.process.kill()
        await server.wait()
        server = await start(data_dir)
        for pseudonym, count in before.items():
            view = await store.read(pseudonym)
            entries = await store.entries(view.case.id) if view.case else []
            assert set(entries) >= {f"{pseudonym}/{number}".encode() for number in range(count)}
    enough.set()
    await asyncio.gather(*talks)

    for pseudonym, count in acknowledged.items():
        view = await store.read(pseudonym)
        assert view.case is not None
        expected = [f"{pseudonym}/{number}".encode() for number in range(count)]
        assert await store.entries(view.case.id) == expected
        assert view.case.seq == view.version == count > 0
        assert await drain(store, wake(view)) == expected
    assert {item.urgency for item in await store.queue()} == {Urgency.EMERGENCY}
    assert len(await store.queue()) == PEOPLE
    await server.stop()


async def test_a_commit_whose_answer_was_lost_is_recognised(data_dir: Path, store: Store) -> None:
    """The process dies after the store wrote and before it could acknowledge to the platform."""
    server = await start(data_dir)
    view = await store.read("p")
    case = CaseWrite(fresh_id(view.shard), 0, opens=True, entries=(b"once",))
    write = TurnWrite("p", view.shard, "telegram", "m1", 0, 1, session=b"s", routing=b"r", outbox=(b"o",), case=case)
    await store.commit(write)
    assert server.process
    server.process.kill()
    await server.wait()
    server = await start(data_dir)
    again = await store.read("p")
    repeated = replace(write, expected_version=again.version, case=CaseWrite(case.id, 1, entries=(b"once",)))
    assert await store.commit(repeated) == Duplicate()
    assert await store.entries(case.id) == [b"once"]
    await server.stop()
