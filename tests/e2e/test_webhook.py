"""Webhook mode: Telegram delivers to us, with the secret, and hears 200 only when the turn is on disk."""

from __future__ import annotations

import aiohttp
import pytest

from bot.supervisor import free_port
from tests.e2e.harness import person_chat, world

pytestmark = pytest.mark.e2e


async def test_a_person_is_served_by_webhook() -> None:
    port = free_port("127.0.0.1")
    base = f"http://127.0.0.1:{port}"
    async with world(AMPARO_TELEGRAM__MODE="webhook", AMPARO_WEB__PORT=str(port)) as running:
        chat = person_chat(51)
        sent = running.people.say(chat, "me quitaron el pasaporte")
        await running.people.expect_confirmed(sent.update_id)
        await running.people.expect(chat, lambda message: message.by_bot)
        (row,) = (await running.amparo("cases", "list", "--json")).json()
        read = (await running.amparo("cases", "read", row["case"], "--json")).json()
        assert [entry["text"] for entry in read["entries"]] == ["me quitaron el pasaporte"]
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{base}/telegram/webhook", json={"update_id": 1}) as answer:
                assert answer.status == 401
            async with session.get(f"{base}/healthz") as answer:
                assert answer.status == 200
            async with session.get(f"{base}/readyz") as answer:
                assert (await answer.json())["parts"] == {"store": True, "pager": True, "nlu": True, "telegram": True}
            async with session.get(f"{base}/metrics") as answer:
                assert "amparo_turns_total" in await answer.text()
