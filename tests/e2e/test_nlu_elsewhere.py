"""A model server elsewhere, dead or talking nonsense: people are served, doubt goes to a human, danger is paged."""

from __future__ import annotations

import itertools
import json

import pytest
from aiohttp import web

from bot import health
from bot.supervisor import free_port
from tests.e2e.harness import OPERATOR_CHAT, person_chat, world

pytestmark = pytest.mark.e2e

NONSENSE = [
    b"<html>not json</html>",
    b'{"intent": 7, "urgency": {"name": "banana", "confidence": "very"}}',
    b'{"urgency": {"name": "information", "confidence": 42, "ranking": [{"name": "information", "confidence": -3}]}}',
    b"[]",
    b"\xff\xfe",
]


def talker() -> web.Application:
    """Answers `POST /model/parse` alone, each time with other nonsense."""
    answers = itertools.cycle(NONSENSE)

    async def nonsense(_request: web.Request) -> web.Response:
        return web.Response(body=next(answers), content_type="application/json")

    app = web.Application()
    app.router.add_post("/model/parse", nonsense)
    return app


@pytest.mark.parametrize("kind", ["dead", "nonsense"])
async def test_people_are_served_without_a_model_that_can_be_believed(kind: str) -> None:
    runner = web.AppRunner(talker())
    await runner.setup()
    port = free_port("127.0.0.1")
    if kind == "nonsense":
        await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with world(AMPARO_NLU__URL=f"http://127.0.0.1:{port}") as running:
            running.oncall.say(OPERATOR_CHAT, "/start demo")
            await running.oncall.expect(OPERATOR_CHAT, lambda message: message.by_bot)
            first = person_chat(81)
            for number in range(len(NONSENSE)):
                sent = running.people.say(first, f"quisiera contar algo {number}")
            await running.people.expect_confirmed(sent.update_id, 30)
            (row,) = (await running.amparo("cases", "list", "--json")).json()
            assert row["urgency"] == "urgent"
            before = max(message.id for message in running.oncall.messages(OPERATOR_CHAT))
            running.people.say(person_chat(82), "me van a matar, tiene un cuchillo")
            await running.people.expect(person_chat(82), "104", 30)
            await running.oncall.expect(OPERATOR_CHAT, lambda m: "claim" in "".join(m.choices), 30, after=before)
    finally:
        await runner.cleanup()


async def test_readyz_tells_a_missing_helper_from_a_missing_part() -> None:
    async def yes() -> bool:
        return True

    async def no() -> bool:
        return False

    for needed, helping, status, word in (
        (yes, yes, 200, "ready"),
        (yes, no, 200, "degraded"),
        (no, yes, 503, "waiting"),
    ):
        found = [route for route in health.routes({"store": needed}, {"nlu": helping}) if route.path == "/readyz"]
        answer = await found[0].handler(None)  # type: ignore[arg-type]  # no request is looked at
        assert isinstance(answer, web.Response)
        assert (answer.status, json.loads(answer.text or "")["status"]) == (status, word)
