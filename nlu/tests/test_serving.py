"""The HTTP side and the batcher, with a model that stands in for Rasa's: order, errors, limits, leaving."""

from __future__ import annotations

import asyncio
import json
import threading
import unittest
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from serve.app import MAX_TEXTS, application
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
            await self.batcher.parse(["x"])
        self.working = asyncio.create_task(self.batcher.run())
        while self.batcher.model is None:  # noqa: ASYNC110  the batcher announces nothing when it is warm
            await asyncio.sleep(0)
        self.model: Any = self.batcher.model

    async def asyncTearDown(self) -> None:
        self.working.cancel()
        await asyncio.gather(self.working, return_exceptions=True)
        self.batcher.close()

    async def one(self, text: str) -> Any:
        (outcome,) = await self.batcher.parse([text])
        return outcome

    async def test_many_at_once_are_answered_in_few_batches_each_with_its_own(self) -> None:
        texts = [str(number) for number in range(100)]
        answers = await asyncio.gather(*(self.one(text) for text in texts))
        assert [answer["text"] for answer in answers] == texts
        assert len(self.model.batches) < 20

    async def test_the_model_is_loaded_and_called_in_one_thread(self) -> None:
        await asyncio.gather(*(self.one(str(number)) for number in range(50)))
        assert len(self.model.threads) == 1
        assert self.model.threads != {threading.current_thread().name}

    async def test_one_text_that_fails_spoils_none_of_the_others(self) -> None:
        with self.assertLogs("serve.batcher", "ERROR") as logged:
            outcomes = await self.batcher.parse(["a", "poison", "b"])
        assert [outcomes[0], outcomes[2]] == [{"text": "a"}, {"text": "b"}]
        assert isinstance(outcomes[1], RuntimeError)
        assert "encerrada" not in str(outcomes[1]) + "".join(logged.output)

    async def test_too_many_waiting_are_refused(self) -> None:
        self.model.go.clear()
        asked = [asyncio.create_task(self.one(str(number))) for number in range(2 * MOST_WAITING)]
        refused, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        assert all(isinstance(task.exception(), Busy) for task in refused)
        self.model.go.set()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        answered = [outcome for outcome in outcomes if isinstance(outcome, dict)]
        assert len(answered) >= MOST_WAITING
        assert len(answered) + sum(isinstance(outcome, Busy) for outcome in outcomes) == len(asked)

    async def test_an_asker_who_left_is_not_answered_and_harms_nobody(self) -> None:
        self.model.go.clear()
        left = asyncio.create_task(self.batcher.parse(["left", "left too"]))
        await asyncio.sleep(0)
        left.cancel()
        await asyncio.gather(left, return_exceptions=True)
        stays = asyncio.create_task(self.one("stays"))
        self.model.go.set()
        assert await stays == {"text": "stays"}
        assert self.model.batches == [["stays"]]

    async def test_a_batch_is_answered_in_order_and_taken_whole_or_not_at_all(self) -> None:
        texts = [str(number) for number in range(MOST_WAITING)]
        assert await self.batcher.parse(texts) == [{"text": text} for text in texts]
        assert await self.batcher.parse([]) == []
        with self.assertRaises(Busy):  # noqa: PT027  there is no pytest in this environment
            await self.batcher.parse([*texts, "one too many"])
        assert self.batcher.waiting == 0


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
        many = json.dumps({"texts": ["x"] * (MAX_TEXTS + 1)}).encode()
        wrong = (b"", b"{", b'{"text": 3}', b'{"message": "x"}', b"[" * 100_000, b"[3]", b'{"texts": "x"}', many)
        for body in wrong:
            response = await self.client.post("/model/parse", data=body)
            assert response.status == 400, body[:20]
            assert (await response.json())["status"] == "failure"

    async def test_a_batch_gets_what_each_would_have_got_alone(self) -> None:
        working = await self.warm()
        for body in ({"texts": ["a", "b", "a"]}, ["a", "b", "a"]):
            response = await self.client.post("/model/parse", json=body)
            assert (response.status, await response.json()) == (200, [{"text": text} for text in "aba"])
        response = await self.client.post("/model/parse", json=[])
        assert (response.status, await response.json()) == (200, [])
        with self.assertLogs("serve.batcher", "ERROR"):
            response = await self.client.post("/model/parse", json=["a", "poison"])
            alone = await self.client.post("/model/parse", json={"text": "poison"})
        first, second = await response.json()
        assert (response.status, first) == (200, {"text": "a"})
        assert (alone.status, await alone.json()) == (500, second)
        assert second["status"] == "failure"
        assert "encerrada" not in str(second)
        working.cancel()

    async def test_the_status_states_what_waits_and_the_memory(self) -> None:
        working = await self.warm()
        told = await (await self.client.get("/status")).json()
        assert (told["status"], told["waiting"]) == ("ready", 0)
        assert 10_000_000 < told["memory"]["resident"] <= told["memory"]["highest"] < 10_000_000_000
        working.cancel()

    async def test_a_full_queue_is_said_at_once(self) -> None:
        working = await self.warm()
        model: Any = self.batcher.model
        model.go.clear()
        asked = [asyncio.create_task(self.client.post("/model/parse", json=["x"] * MAX_TEXTS)) for _ in range(6)]
        done, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            assert (task.result().status, (await task.result().json())["reason"]) == (503, "Busy")
        model.go.set()
        assert {response.status for response in await asyncio.gather(*waiting)} <= {200, 503}
        working.cancel()

    async def warm(self) -> asyncio.Task[None]:
        working = asyncio.create_task(self.batcher.run())
        while self.batcher.model is None:  # noqa: ASYNC110  the batcher announces nothing when it is warm
            await asyncio.sleep(0)
        return working

    async def test_a_body_that_is_too_large_is_refused(self) -> None:
        response = await self.client.post("/model/parse", json={"text": "x" * 300_000})
        assert response.status == 413


if __name__ == "__main__":
    unittest.main()
