"""One inference thread, fed with whatever has arrived since it last asked: micro-batches without waiting for any.

The queue is bounded: an answer that comes after its asker has given up is worth nothing, so who would wait too long
is told so at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

Answer = dict[str, Any]

MOST_WAITING = 256
BATCH = 16

log = logging.getLogger(__name__)


class Parser(Protocol):
    """What is run in the inference thread."""

    def parse(self, texts: list[str]) -> list[Answer]: ...


class Busy(Exception):
    """Too many texts are waiting."""


class NotReady(Exception):
    """The model is still loading."""


class Batcher:
    """Loads the model and answers, both in one thread: the encoder slows down once a second one has called it."""

    def __init__(self, load: Callable[[Path], Parser], path: Path) -> None:
        self._load = load
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self._waiting: deque[tuple[str, asyncio.Future[Answer]]] = deque()
        self._arrived = asyncio.Event()
        self.model: Parser | None = None

    async def run(self) -> None:
        """Load, then answer until cancelled. Raises what loading raises."""
        loop = asyncio.get_running_loop()
        self.model = await loop.run_in_executor(self._thread, self._load, self._path)
        while True:
            await self._arrived.wait()
            batch = self._take()
            if batch:
                await self._answer(batch)

    def close(self) -> None:
        """Let the text that is being answered finish, and refuse the others."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        while self._waiting:
            self._waiting.popleft()[1].cancel()

    @property
    def waiting(self) -> int:
        """How many texts have not been begun."""
        return len(self._waiting)

    async def parse(self, texts: list[str]) -> list[Answer | RuntimeError]:
        """What became of each text: its answer, or a `RuntimeError` (without the text) where it failed.

        Raises `NotReady`, and `Busy` when they do not all find room in the queue.
        """
        if self.model is None:
            raise NotReady
        if len(self._waiting) + len(texts) > MOST_WAITING:
            raise Busy
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Answer]] = [loop.create_future() for _ in texts]
        self._waiting.extend(zip(texts, futures, strict=True))
        self._arrived.set()
        try:
            outcomes = await asyncio.gather(*futures, return_exceptions=True)
        finally:
            for future in futures:  # whoever asked may have gone: what has not begun need not
                future.cancel()
        found: list[Answer | RuntimeError] = []
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, RuntimeError):
                raise outcome
            found.append(outcome)
        return found

    def _take(self) -> list[tuple[str, asyncio.Future[Answer]]]:
        batch = []
        while self._waiting and len(batch) < BATCH:
            text, answer = self._waiting.popleft()
            if not answer.done():  # whoever asked has gone
                batch.append((text, answer))
        if not self._waiting:
            self._arrived.clear()
        return batch

    async def _answer(self, batch: list[tuple[str, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._parse([text for text, _ in batch])
        except Exception as error:  # noqa: BLE001  whatever the pipeline raises must not end the service
            if len(batch) > 1:
                # one text spoils it for all: give each its own try
                for one in batch:
                    await self._answer([one])
                return
            # the kind only: an error of the pipeline may carry the text
            log.error("parse failed: %s", type(error).__name__)
            _settle(batch[0][1], RuntimeError(type(error).__name__))
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            _settle(future, answer)

    async def _parse(self, texts: list[str]) -> list[Answer]:
        assert self.model is not None
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.model.parse, texts)


def _settle(future: asyncio.Future[Answer], outcome: Answer | RuntimeError) -> None:
    if future.done():
        return
    if isinstance(outcome, RuntimeError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
