"""The client of the NLU server: one question, answered in time (`parse`) or pursued afterwards (`hear`).

Rasa's own contract, `POST /model/parse` with `{"text": …}`. Whatever goes wrong there (down, slow, still loading,
answering nonsense) is `None` here: `policy.py` knows what to do without a model. Every field that comes back is
checked (`answer.py`), for a wrong urgency is worse than none. The text is never logged, and kept no longer than
somebody waits for its answer.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
import structlog

from bot.triage.answer import Parse, read
from bot.triage.breaker import Breaker

__all__ = ["MAX_ANSWER", "MAX_CHARACTERS", "NluClient", "Parse", "answers", "read", "shorten"]

MAX_CHARACTERS = 1500
"""A longer text is cut to its first and last part: people begin and end with what matters, and time is short."""
HEAD = 1000
MAX_ANSWER = 256 * 1024
"""Bytes of an answer that are read; more is nonsense."""
LATE_SECONDS = 60.0
"""How long an answer that did not come in time is pursued: a server that was killed is back in less."""
LATE_MOST = 256
"""How many are pursued at once; what is beyond has its default urgency, and a human looks."""
LATE_AT_ONCE = 4
"""How many of those are asked again at once, so that they leave places to who waits for an answer now."""
AGAIN_SECONDS = 1.0

log = structlog.get_logger(__name__)


class _NotNow(Exception):
    """The server loads its model, or has too much to do."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of one question: a parse; or the request that is still under way; or whether to ask again."""

    parse: Parse | None = None
    asking: asyncio.Task[object] | None = None
    again: bool = False


class NluClient:
    """Asks the server at `url`, never longer than `timeout` seconds in all, waiting for a free place included.

    At most `concurrency` questions are under way. After a few failures in a row the server is left alone for some
    seconds and then tried with a single question (`Breaker`). Use as an async context manager, or call `close`.
    """

    def __init__(
        self,
        url: str,
        timeout: float = 1.5,
        *,
        concurrency: int = 16,
        patience: float = LATE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._patience = patience
        self._places = asyncio.Semaphore(concurrency)
        self._second_places = asyncio.Semaphore(LATE_AT_ONCE)
        self._pursuits: set[asyncio.Task[Parse | None]] = set()
        self._breaker = Breaker(clock=clock)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Pursue nothing any more and drop the connections. The client may be used again afterwards."""
        for pursuit in self._pursuits:
            pursuit.cancel()
        await asyncio.gather(*self._pursuits, return_exceptions=True)
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def parse(self, text: str) -> Parse | None:
        """What the model says, or None: down, slow, loading, or nonsense. Never raises for a fault of the server."""
        outcome = await self._in_time(shorten(text))
        if outcome.asking is not None:
            outcome.asking.cancel()
        return outcome.parse

    async def hear(self, text: str) -> Parse | asyncio.Task[Parse | None] | None:
        """What the model says, if in time; else a task that gives it when it comes, or None after `patience`.

        None at once: the answer was nonsense, or too many are pursued. Whoever wants the task no more cancels it.
        """
        short = shorten(text)
        outcome = await self._in_time(short)
        if outcome.parse is not None:
            return outcome.parse
        if len(self._pursuits) >= LATE_MOST:
            if outcome.asking is not None:
                outcome.asking.cancel()
            return None
        if outcome.asking is None and not outcome.again:
            return None
        pursuit = asyncio.create_task(self._pursue(short, outcome))
        self._pursuits.add(pursuit)
        pursuit.add_done_callback(self._pursuits.discard)
        return pursuit

    async def _in_time(self, text: str) -> _Outcome:
        """Ask, and wait no longer than `timeout`. A request that takes longer is left under way."""
        if not self._breaker.allows():
            return _Outcome(again=True)
        asking: asyncio.Task[object] | None = None
        try:
            async with asyncio.timeout(self._timeout), self._places:
                asking = asyncio.create_task(self._ask(text))
                asking.add_done_callback(_looked_at)
                answer = await asyncio.shield(asking)
        except (aiohttp.ClientError, OSError, TimeoutError, _NotNow) as error:
            self._failed("slow" if isinstance(error, TimeoutError) else "unreachable", type(error).__name__)
            slow = asking is not None and not asking.done()
            return _Outcome(asking=asking if slow else None, again=not slow)
        except BaseException:
            if asking is not None:
                asking.cancel()
            self._breaker.abandoned()
            raise
        parse = read(answer)
        if parse is None:
            self._failed("nonsense", "")
            return _Outcome()
        self._breaker.succeeded()
        return _Outcome(parse)

    async def _pursue(self, text: str, outcome: _Outcome) -> Parse | None:
        """Wait for the request under way; where it fails, or there is none, ask again until the time is over."""
        try:
            async with asyncio.timeout(self._patience):
                while True:
                    if outcome.asking is not None:
                        outcome = await _landed(outcome.asking)
                    if not outcome.again:
                        return outcome.parse
                    await asyncio.sleep(AGAIN_SECONDS)
                    async with self._second_places:
                        outcome = await self._in_time(text)
        except TimeoutError:
            return None
        finally:
            if outcome.asking is not None:
                outcome.asking.cancel()

    async def ready(self) -> bool:
        """Whether the server answers and its model is warm."""
        try:
            async with asyncio.timeout(self._timeout), self._http().get(f"{self._url}/status") as response:
                return response.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    def _failed(self, reason: str, kind: str) -> None:
        if self._breaker.failed():
            log.warning("nlu_left_alone", reason=reason, kind=kind, seconds=self._breaker.rest)

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None), trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    async def _ask(self, text: str) -> object:
        async with self._http().post(f"{self._url}/model/parse", json={"text": text}) as response:
            if response.status == 503:
                raise _NotNow
            if response.status != 200:
                return None
            body = bytearray()
            async for chunk in response.content.iter_chunked(65536):
                body += chunk
                if len(body) > MAX_ANSWER:
                    return None
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            return None


def shorten(text: str) -> str:
    """`text` as it may travel: no lone surrogates, at most `MAX_CHARACTERS` (its first and last part)."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    if len(whole) <= MAX_CHARACTERS:
        return whole
    return f"{whole[:HEAD]}\n{whole[-(MAX_CHARACTERS - HEAD - 1) :]}"


def _looked_at(asking: asyncio.Task[object]) -> None:
    """Whoever waited may have gone: then nobody else looks at what went wrong, and there is nothing to do."""
    if not asking.cancelled():
        asking.exception()


async def _landed(asking: asyncio.Task[object]) -> _Outcome:
    """What became of a request that nobody has waited for since it was late."""
    try:
        return _Outcome(read(await asking))
    except (aiohttp.ClientError, OSError, _NotNow):
        return _Outcome(again=True)


async def answers(url: str) -> bool:
    """Whether the NLU server at `url` has its model loaded: Rasa's `GET /status`, asked once, for two seconds."""
    try:
        timeout = aiohttp.ClientTimeout(total=2)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url}/status") as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
