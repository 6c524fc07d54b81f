"""The HTTP side and the batcher, with a model that stands in for Rasa's: order, errors, limits, leaving."""

from __future__ import annotations

import asyncio
import threading
import unittest
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from serve.app import application
from serve.batcher import MOST_WAITING, Batcher, Busy, NotReady


class Echo:
    """Answers with the text; holds batches back until let go, and remembers them and the thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.batches: list[list[str]] = []
        self.threads = {threading.current_thread().name}
        self.go = threading.Event()
        self.go.set()

    def parse(self, texts: list[str]) -> list[dict[str, Any]]:
        self.threads.add(threading.current_thread().name)
        self.go.wait(10)
        self.batches.append(texts)
        if "poison" in texts:
            raise ValueError("poison me tienen encerrada")
        return [{"text": text} for text in texts]


class BatcherTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.batcher = Batcher(Echo, Path("model"))
        with self.assertRaises(NotReady):  # noqa: PT027  there is no pytest in this environment
            await self.batcher.parse("x")
        self.working = asyncio.create_task(self.batcher.run())
        while self.batcher.model is None:  # noqa: ASYNC110  the batcher announces nothing when it is warm
            await asyncio.sleep(0)
        self.model: Any = self.batcher.model

    async def asyncTearDown(self) -> None:
        self.working.cancel()
        await asyncio.gather(self.working, return_exceptions=True)
        self.batcher.close()

    async def test_many_at_once_are_answered_in_few_batches_each_with_its_own(self) -> None:
        texts = [str(number) for number in range(100)]
        answers = await asyncio.gather(*(self.batcher.parse(text) for text in texts))
        assert [answer["text"] for answer in answers] == texts
        assert len(self.model.batches) < 20

    async def test_the_model_is_loaded_and_called_in_one_thread(self) -> None:
        await asyncio.gather(*(self.batcher.parse(str(number)) for number in range(50)))
        assert len(self.model.threads) == 1
        assert self.model.threads != {threading.current_thread().name}

    async def test_one_text_that_fails_spoils_none_of_the_others(self) -> None:
        with self.assertLogs("serve.batcher", "ERROR") as logged:
            outcomes = await asyncio.gather(
                *(self.batcher.parse(text) for text in ("a", "poison", "b")), return_exceptions=True
            )
        assert [outcomes[0], outcomes[2]] == [{"text": "a"}, {"text": "b"}]
        assert isinstance(outcomes[1], RuntimeError)
        assert "encerrada" not in str(outcomes[1]) + "".join(logged.output)

    async def test_too_many_waiting_are_refused(self) -> None:
        self.model.go.clear()
        asked = [asyncio.create_task(self.batcher.parse(str(number))) for number in range(2 * MOST_WAITING)]
        refused, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        assert all(isinstance(task.exception(), Busy) for task in refused)
        self.model.go.set()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        answered = [outcome for outcome in outcomes if isinstance(outcome, dict)]
        assert len(answered) >= MOST_WAITING
        assert len(answered) + sum(isinstance(outcome, Busy) for outcome in outcomes) == len(asked)

    async def test_an_asker_who_left_is_not_answered_and_harms_nobody(self) -> None:
        self.model.go.clear()
        left = asyncio.create_task(self.batcher.parse("left"))
        await asyncio.sleep(0)
        left.cancel()
        await asyncio.gather(left, return_exceptions=True)
        stays = asyncio.create_task(self.batcher.parse("stays"))
        self.model.go.set()
        assert await stays == {"text": "stays"}


class HttpTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.batcher = Batcher(Echo, Path("model"))
        self.client = TestClient(TestServer(application(self.batcher)))
        await self.client.start_server()

    async def asyncTearDown(self) -> None:
        await self.client.close()
        self.batcher.close()

    async def test_until_the_model_is_warm_every_question_is_answered_with_503(self) -> None:
        for response in (
            await self.client.get("/status"),
            await self.client.post("/model/parse", json={"text": "x"}),
        ):
            assert response.status == 503
            assert await response.json() == {"status": "loading"}
        assert (await self.client.get("/")).status == 200

    async def test_bodies_that_are_no_question_are_refused_in_rasas_form(self) -> None:
        for body in (b"", b"{", b"[]", b'{"text": 3}', b'{"message": "x"}', b"[" * 100_000):
            response = await self.client.post("/model/parse", data=body)
            assert response.status == 400, body[:20]
            assert (await response.json())["status"] == "failure"

    async def test_a_body_that_is_too_large_is_refused(self) -> None:
        response = await self.client.post("/model/parse", json={"text": "x" * 300_000})
        assert response.status == 413


if __name__ == "__main__":
    unittest.main()
