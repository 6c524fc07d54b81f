"""Answers that do not come in time are pursued, within bounds, and hold up nobody who waits now."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from bot.conversation.messages import Urgency
from bot.triage import nlu
from bot.triage.nlu import NluClient, Parse
from tests.triage.test_nlu_client import serving
from tests.triage.test_nlu_read import answer

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nlu, "AGAIN_SECONDS", 0.01)


def held(until: asyncio.Event, seen: list[str]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A server that keeps the texts and answers none before `until`."""

    async def handler(request: web.Request) -> web.Response:
        seen.append((await request.json())["text"])
        await until.wait()
        return web.json_response(answer())

    return handler


async def pursued(client: NluClient, text: str = "hola") -> asyncio.Task[Parse | None]:
    heard = await client.hear(text)
    assert isinstance(heard, asyncio.Task)
    return heard


async def test_an_answer_in_time_is_given_at_once() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response(answer())

    async with serving(handler) as url, NluClient(url) as client:
        assert isinstance(await client.hear("hola"), Parse)


async def test_a_slow_answer_is_given_when_it_comes_and_the_server_is_asked_once() -> None:
    released, seen = asyncio.Event(), list[str]()
    async with serving(held(released, seen)) as url, NluClient(url, timeout=0.05) as client:
        later = await pursued(client)
        assert not later.done()
        released.set()
        parse = await later
    assert parse is not None
    assert parse.urgency is Urgency.EMERGENCY
    assert seen == ["hola"]


async def test_what_is_asked_while_the_server_is_left_alone_is_answered_when_it_is_back() -> None:
    released, seen, now = asyncio.Event(), list[str](), 0.0
    async with serving(held(released, seen)) as url, NluClient(url, timeout=0.05, clock=lambda: now) as client:
        first = [await pursued(client, f"text {number}") for number in range(3)]
        unasked = await pursued(client, "not even asked")
        assert "not even asked" not in seen
        released.set()
        assert None not in await asyncio.gather(*first)
        now = 60.0
        parse = await unasked
    assert parse is not None
    assert seen[-1] == "not even asked"


async def test_a_server_that_was_down_or_loading_is_asked_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    loading = 2

    async def handler(request: web.Request) -> web.Response:
        nonlocal loading
        loading -= 1
        return web.json_response({"status": "loading"}, status=503) if loading >= 0 else web.json_response(answer())

    ticks = iter(range(0, 10**6, 10))
    async with NluClient(f"http://127.0.0.1:{port}", clock=lambda: next(ticks)) as client:
        later = await pursued(client)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            assert await later is not None
        finally:
            await runner.cleanup()


async def test_after_its_time_an_answer_is_pursued_no_more() -> None:
    released = asyncio.Event()
    async with serving(held(released, [])) as url, NluClient(url, timeout=0.02, patience=0.1) as client:
        assert await (await pursued(client)) is None
        released.set()


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_nonsense_is_not_asked_for_again(status: int) -> None:
    calls = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return web.Response(status=status, body=b"garbage")

    async with serving(handler) as url, NluClient(url) as client:
        assert await client.hear("hola") is None
    assert calls == 1


async def test_late_nonsense_ends_the_pursuit() -> None:
    released = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await released.wait()
        return web.Response(body=b"garbage")

    async with serving(handler) as url, NluClient(url, timeout=0.02) as client:
        later = await pursued(client)
        released.set()
        assert await later is None


async def test_no_more_are_pursued_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nlu, "LATE_MOST", 2)
    released = asyncio.Event()
    async with serving(held(released, [])) as url, NluClient(url, timeout=0.02) as client:
        two = [await pursued(client), await pursued(client)]
        assert await client.hear("a third") is None
        released.set()
        assert None not in await asyncio.gather(*two)


async def test_the_late_take_no_place_from_those_who_wait_now() -> None:
    released = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        if (await request.json())["text"] == "slow":
            await released.wait()
        return web.json_response(answer())

    async with serving(handler) as url, NluClient(url, timeout=0.2, concurrency=1) as client:
        later = await pursued(client, "slow")
        assert isinstance(await client.hear("quick"), Parse)
        released.set()
        assert await later is not None


async def test_closing_ends_every_pursuit() -> None:
    released = asyncio.Event()
    async with serving(held(released, [])) as url:
        async with NluClient(url, timeout=0.02) as client:
            later = await pursued(client)
        assert later.cancelled()
        released.set()
