"""A Bot API server on loopback for real clients: aiogram and python-telegram-bot talk to it over HTTP.

    api = BotApi()
    await api.start()                       # api.base is its address
    bot = api.bot("1001:person")            # one of many bots
    bot.say(7, "hola")
    message = await bot.expect(7, "safe")   # wakes when the bot writes
    bot.press(7, message.id, message.choices[0])

In another process: `python -m tests.doubles.bot_api --port 8081`, and `POST /control/…` (see `control.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from tests.doubles import control
from tests.doubles.telegram_methods import call
from tests.doubles.telegram_rules import ApiError, Json, decode
from tests.doubles.telegram_state import BotDouble, Button, Message, Pressed, Sent
from tests.doubles.telegram_webhook import SECRET_HEADER, Delivery

__all__ = ["SECRET_HEADER", "ApiError", "BotApi", "BotDouble", "Button", "Fault", "Message", "Pressed", "Sent"]

MAX_BODY_BYTES = 60 * 1024 * 1024
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")


@dataclass
class Fault:
    """Trouble to be met by the next `times` calls of `method` (`*`: any but getUpdates), for one `chat` or all.

    `status` 0 cuts the connection. `after` carries the call out first, so that only its answer is lost. `delay` waits
    that many seconds before anything. A fault of status 200 with a delay is a slow server.
    """

    method: str
    status: int
    retry_after: int = 0
    times: int = 1
    chat: int | None = None
    token: str = ""
    description: str = ""
    after: bool = False
    delay: float = 0

    def meets(self, token: str, method: str, params: Json) -> bool:
        wanted = self.method.lower()
        return (
            self.times > 0
            and (wanted == method or (wanted == "*" and method != "getupdates"))
            and self.token in {"", token}
            and (self.chat is None or str(self.chat) == str(params.get("chat_id")))
        )

    def error(self) -> ApiError:
        known = {
            403: "Forbidden: bot was blocked by the user",
            429: f"Too Many Requests: retry after {self.retry_after}",
        }
        parameters = {"retry_after": self.retry_after} if self.status == 429 else {}
        return ApiError(
            self.status, self.description or known.get(self.status, "Internal Server Error"), **parameters
        )


class BotApi:
    """The server. `any_token` makes bots of tokens that nobody announced; else those get 401, as on the real one."""

    def __init__(
        self, *, any_token: bool = False, webhook_retry: float = 0.2, clock: Callable[[], float] = time.time
    ) -> None:
        self.base = ""
        self.bots: dict[str, BotDouble] = {}
        self.faults: list[Fault] = []
        self._any_token, self._retry, self._clock = any_token, webhook_retry, clock
        self._runner: web.AppRunner | None = None
        self._client: aiohttp.ClientSession | None = None
        self._deliveries: dict[str, asyncio.Task[None]] = {}

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, on any free port by default; returns the address, which `base` keeps."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        control.add_routes(app, self)
        # a poller that was killed must not hold its long poll: the handler ends with the connection
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0]
        self.base = f"http://{host}:{bound[1]}"
        self._client = aiohttp.ClientSession()
        for bot in self.bots.values():
            self._deliver(bot)
        return self.base

    async def stop(self) -> None:
        """Close everything. The state stays, and `start` with the same port brings the server back."""
        for task in self._deliveries.values():
            task.cancel()
        await asyncio.gather(*self._deliveries.values(), return_exceptions=True)
        self._deliveries.clear()
        if self._client is not None:
            await self._client.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self._client = self._runner = None

    async def __aenter__(self) -> BotApi:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        return int(self.base.rpartition(":")[2])

    def bot(self, token: str) -> BotDouble:
        """The bot of this token (`digits:letters`), known to the server from now on."""
        if not _TOKEN.fullmatch(token):
            raise ValueError(f"{token!r} is no token: use digits, a colon, letters")
        if token not in self.bots:
            self.bots[token] = BotDouble(token, self._clock)
            self._deliver(self.bots[token])
        return self.bots[token]

    def fault(self, method: str, status: int, retry_after: int = 0, times: int = 1, **more: Any) -> Fault:
        """Let the next `times` calls of `method` fail (see `Fault`); returns it, `times` counting down."""
        fault = Fault(method, status, retry_after, times, **more)
        self.faults.append(fault)
        return fault

    def canaries(self) -> set[str]:
        """What must be found nowhere else, of all bots."""
        return set[str]().union(*(bot.canaries() for bot in self.bots.values()))

    def _deliver(self, bot: BotDouble) -> None:
        if self._client is not None and bot.token not in self._deliveries:
            delivery = Delivery(bot, self._client, self._retry)
            self._deliveries[bot.token] = asyncio.create_task(delivery.run())

    def _known(self, token: str) -> BotDouble:
        if not _TOKEN.fullmatch(token):
            raise ApiError(404, "Not Found")
        if token not in self.bots and not self._any_token:
            raise ApiError(401, "Unauthorized")
        return self.bot(token)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        try:
            bot = self._known(request.match_info["token"])
            params = await _params(request)
            bot.calls.append((method, params))
            bot.pulse.beat()
            fault = next((f for f in self.faults if f.meets(bot.token, method, params)), None)
            if fault is not None:
                fault.times -= 1
                await asyncio.sleep(fault.delay)
                if fault.after:
                    await call(bot, method, params)
                if fault.status == 0:
                    return await _cut(request)
                if fault.status != 200:
                    raise fault.error()
            result = await call(bot, method, params)
        except ApiError as error:
            return web.json_response(error.body(), status=error.code)
        return web.json_response({"ok": True, "result": result})

    async def _file(self, request: web.Request) -> web.Response:
        try:
            bot = self._known(request.match_info["token"])
        except ApiError as error:
            return web.json_response(error.body(), status=error.code)
        data = bot.files.get(request.match_info["path"])
        if data is None:
            return web.json_response(ApiError(404, "Not Found").body(), status=404)
        return web.Response(body=data, content_type="application/octet-stream")


async def _cut(request: web.Request) -> web.StreamResponse:
    """End the connection without an answer, as a broken network does."""
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError


async def _params(request: web.Request) -> Json:
    """Parameters of the query, and of a urlencoded, multipart or JSON body."""
    found: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except json.JSONDecodeError:
            raise ApiError(400, "Bad Request: can't parse JSON object") from None
        found.update(body if isinstance(body, dict) else {})
    else:
        for name, value in (await request.post()).items():
            found[name] = value.file.read() if isinstance(value, web.FileField) else value
    return {name: decode(name, value) for name, value in found.items()}


async def _main(port: int, tokens: list[str]) -> None:
    api = BotApi(any_token=not tokens)
    for token in tokens:
        api.bot(token)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await api.start(port=port)
    sys.stdout.write(f"listening on {api.base}\n")
    sys.stdout.flush()
    await stop.wait()
    await api.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A Bot API server on loopback, for tests.")
    parser.add_argument("--port", type=int, default=0, help="0: any free one; the address is printed")
    parser.add_argument(
        "--token", action="append", default=[], help="a bot that exists; none given: any token is one"
    )
    options = parser.parse_args()
    asyncio.run(_main(options.port, options.token))
