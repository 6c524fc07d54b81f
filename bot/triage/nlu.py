"""The client of the NLU server: one question, `parse(text)`, answered in time or not at all.

Rasa's own contract, `POST /model/parse` with `{"text": …}`. Whatever goes wrong there (down, slow, still loading,
answering nonsense) is `None` here: `policy.py` knows what to do without a model. Every field that comes back is
checked, for a wrong urgency is worse than none. The text is never logged and never kept.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
import structlog

from bot.conversation.messages import RISK_FLAGS, Urgency
from bot.triage.breaker import Breaker

MAX_CHARACTERS = 1500
"""A longer text is cut to its first and last part: people begin and end with what matters, and time is short."""
HEAD = 1000
MAX_ANSWER = 256 * 1024
"""Bytes of an answer that are read; more is nonsense."""
MAX_ENTITIES = 32

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parse:
    """What the model says of one text. Probabilities are calibrated and sum to 1, or are empty when unusable.

    `urgency` is None when the server gave none: not a low one, an unknown one. `readable` is False when the text is
    in a language (or in no language) that the model was not trained on, so that its judgement means nothing.
    """

    intent: str = ""
    intent_confidence: float = 0.0
    urgency: Urgency | None = None
    urgency_probabilities: Mapping[Urgency, float] = field(default_factory=dict)
    risks: frozenset[str] = frozenset()
    language: str = ""
    readable: bool = True
    entities: tuple[tuple[str, str], ...] = ()

    def at_least(self, level: Urgency) -> float:
        """The probability that the urgency is `level` or higher; 0 when there are no probabilities."""
        return min(1.0, sum(p for known, p in self.urgency_probabilities.items() if known >= level))


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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._places = asyncio.Semaphore(concurrency)
        self._breaker = Breaker(clock=clock)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Drop the connections. The client may be used again afterwards."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def parse(self, text: str) -> Parse | None:
        """What the model says, or None: down, slow, loading, or nonsense. Never raises for a fault of the server."""
        if not self._breaker.allows():
            return None
        try:
            async with asyncio.timeout(self._timeout), self._places:
                answer = await self._ask(shorten(text))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._failed("slow" if isinstance(error, TimeoutError) else "unreachable", type(error).__name__)
            return None
        except BaseException:
            self._breaker.abandoned()
            raise
        parse = read(answer)
        if parse is None:
            self._failed("nonsense", "")
            return None
        self._breaker.succeeded()
        return parse

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


def read(answer: object) -> Parse | None:
    """The server's answer, each field checked; None when it is not an answer at all. Unknown fields are left out."""
    if not isinstance(answer, dict):
        return None
    intent = answer.get("intent")
    if not isinstance(intent, dict):
        return None
    name, confidence = intent.get("name"), _probability(intent.get("confidence"))
    known = isinstance(name, str) and confidence is not None
    probabilities = _urgency_probabilities(answer.get("urgency"))
    risks = answer.get("risks")
    language = answer.get("language")
    return Parse(
        intent=str(name) if known else "",
        intent_confidence=confidence or 0.0 if known else 0.0,
        urgency=_urgency(answer.get("urgency")),
        urgency_probabilities=probabilities,
        risks=frozenset(r for r in risks if isinstance(r, str)) & RISK_FLAGS
        if isinstance(risks, list)
        else frozenset(),
        language=language if isinstance(language, str) and len(language) <= 8 else "",
        readable=answer.get("readable", True) is True,
        entities=_entities(answer.get("entities")),
    )


def _probability(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and -1e-6 <= value <= 1 + 1e-6 else None


def _level(name: object) -> Urgency | None:
    if not isinstance(name, str):
        return None
    try:
        return Urgency.parse(name)
    except ValueError:
        return None


def _urgency(value: object) -> Urgency | None:
    return _level(value.get("name")) if isinstance(value, dict) else None


def _urgency_probabilities(value: object) -> dict[Urgency, float]:
    """All four levels with probabilities that sum to 1, or nothing."""
    ranking = value.get("ranking") if isinstance(value, dict) else None
    if not isinstance(ranking, list):
        return {}
    found: dict[Urgency, float] = {}
    for item in ranking:
        level = _level(item.get("name")) if isinstance(item, dict) else None
        probability = _probability(item.get("confidence")) if isinstance(item, dict) else None
        if level is None or probability is None or level in found:
            return {}
        found[level] = min(1.0, max(0.0, probability))
    whole = len(found) == len(Urgency) and abs(sum(found.values()) - 1) < 0.02
    return found if whole else {}


def _entities(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list):
        return ()
    found = []
    for item in value[:MAX_ENTITIES]:
        if not isinstance(item, dict):
            continue
        kind, what = item.get("entity"), item.get("value")
        if isinstance(kind, str) and isinstance(what, str | int | float) and len(kind) <= 32:
            found.append((kind, str(what)[:200]))
    return tuple(found)


async def answers(url: str) -> bool:
    """Whether the NLU server at `url` has its model loaded: Rasa's `GET /status`, asked once, for two seconds."""
    try:
        timeout = aiohttp.ClientTimeout(total=2)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url}/status") as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
