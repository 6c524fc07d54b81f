"""The client against real HTTP servers that are down, slow, loading, overfull or answer nonsense."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.conversation.messages import Urgency
from bot.triage.nlu import MAX_ANSWER, NluClient
from tests.triage.test_nlu_read import answer

pytestmark = pytest.mark.unit

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CANARY = "canario-7f3a me tienen encerrada"


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_the_text_is_sent_as_rasa_expects_and_the_answer_read() -> None:
    seen: list[object] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.method, request.path, await request.json()))
        return web.json_response(answer())

    async with serving(handler) as url, NluClient(url + "/") as client:
        parse = await client.parse("hola")
    assert parse is not None
    assert parse.urgency is Urgency.EMERGENCY
    assert seen == [("POST", "/model/parse", {"text": "hola"})]


async def test_a_server_that_is_down_gives_none() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with NluClient(f"http://127.0.0.1:{port}") as client:
        assert await client.parse("hola") is None
        assert not await client.ready()


async def test_a_slow_server_is_not_waited_for() -> None:
    released = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await released.wait()
        return web.json_response(answer())

    async with serving(handler) as url, NluClient(url, timeout=0.05) as client:
        assert await client.parse("hola") is None
        released.set()


async def test_no_more_questions_are_under_way_than_places() -> None:
    full, released = asyncio.Event(), asyncio.Event()
    inside = most = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        if inside == 2:
            full.set()
        await released.wait()
        inside -= 1
        return web.json_response(answer())

    async with serving(handler) as url, NluClient(url, timeout=30, concurrency=2) as client:
        asked = [asyncio.create_task(client.parse(str(number))) for number in range(6)]
        await full.wait()
        released.set()
        outcomes = await asyncio.gather(*asked)
    assert None not in outcomes
    assert most == 2


async def test_waiting_for_a_free_place_counts_as_time() -> None:
    first_asks, released = asyncio.Event(), asyncio.Event()
    seen = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((await request.json())["text"])
        first_asks.set()
        await released.wait()
        return web.json_response(answer())

    async with serving(handler) as url, NluClient(url, timeout=30, concurrency=1) as client:
        first = asyncio.create_task(client.parse("first"))
        await first_asks.wait()
        client._timeout = 0.05
        assert await client.parse("second") is None
        assert seen == ["first"]
        released.set()
        assert await first is not None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, b'{"status": "loading"}'),
        (500, b"oops"),
        (200, b"<html>"),
        (200, b"\xff\xfe"),
        (200, b"[]"),
        (200, b'{"intent": 3}'),
        (200, b"[" * 200_000),
        (200, b" " * (MAX_ANSWER + 1)),
        (302, b""),
    ],
    ids=["loading", "error", "html", "bytes", "list", "wrong", "deep", "huge", "redirect"],
)
async def test_nonsense_gives_none(status: int, body: bytes) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    async with serving(handler) as url, NluClient(url) as client:
        assert await client.parse("hola") is None


async def test_after_failures_in_a_row_the_server_is_left_alone_then_probed_once() -> None:
    now = 0.0
    calls = 0
    well = False

    async def handler(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return web.json_response(answer()) if well else web.Response(status=500)

    async with serving(handler) as url, NluClient(url, clock=lambda: now) as client:
        for _ in range(10):
            assert await client.parse("hola") is None
        assert calls == 3
        now, well = 60.0, True
        assert await client.parse("hola") is not None
        assert await client.parse("hola") is not None
        assert calls == 5


async def test_a_cancelled_call_does_not_leave_the_server_unprobed() -> None:
    now = 0.0
    arrived = asyncio.Event()
    hold = False

    async def handler(request: web.Request) -> web.Response:
        arrived.set()
        if hold:
            await asyncio.Event().wait()
        return web.Response(status=500)

    async with serving(handler) as url, NluClient(url, timeout=5, clock=lambda: now) as client:
        for _ in range(3):
            await client.parse("hola")
        now, hold = 60.0, True
        arrived.clear()
        probe = asyncio.create_task(client.parse("hola"))
        await arrived.wait()
        probe.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probe
        hold = False
        arrived.clear()
        await client.parse("hola")
        assert arrived.is_set()


async def test_no_log_line_carries_the_text() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=500, body=await request.read())

    with capture_logs() as lines:
        async with serving(handler) as url, NluClient(url) as client:
            for _ in range(4):
                await client.parse(CANARY)
    assert lines  # the breaker said that it opened
    assert "canario" not in json.dumps(lines)


async def test_readiness_is_the_status_of_the_server() -> None:
    status = 503

    async def handler(request: web.Request) -> web.Response:
        return web.json_response({}, status=status)

    async with serving(handler) as url, NluClient(url) as client:
        assert not await client.ready()
        status = 200
        assert await client.ready()
