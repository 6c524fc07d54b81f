"""Rasa's contract as our server keeps it, with every text that has tripped Rasa or the encoder before."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from bot.conversation.messages import RISK_FLAGS, Role, Urgency
from bot.triage import policy, server
from bot.triage.nlu import NluClient, read
from tests.nlu.conftest import Served, start, wait_until_warm

pytestmark = pytest.mark.nlu

LEVELS = {"emergency", "urgent", "priority", "information"}


def sound(answer: dict[str, Any]) -> None:
    """All fields are there and mean something."""
    assert set(answer) >= {"text", "intent", "intent_ranking", "entities", "urgency", "risks", "language", "readable"}
    assert set(answer["intent"]) >= {"name", "confidence"}
    ranking = answer["urgency"]["ranking"]
    assert {item["name"] for item in ranking} == LEVELS
    assert sum(item["confidence"] for item in ranking) == pytest.approx(1, abs=1e-6)
    assert ranking == sorted(ranking, key=lambda item: -item["confidence"])
    assert (answer["urgency"]["name"], answer["urgency"]["confidence"]) == (
        ranking[0]["name"],
        ranking[0]["confidence"],
    )
    assert set(answer["risks"]) <= RISK_FLAGS


@pytest.mark.parametrize(
    "text",
    [
        "me tienen encerrada en un cuarto y me van a matar",
        "me esta pegando ahora mismo ayuda por favor",
        "he is pointing a gun at me",
        "they locked me in a house and i cant get out please help",
        "mi vecino tiene a una muchacha encerrada y la esta golpeando ahora",
        "they are beating a girl in the next apartment right now",
    ],
)
def test_danger_is_an_emergency(nlu: Served, text: str) -> None:
    answer = nlu.parse(text)
    sound(answer)
    assert answer["urgency"]["name"] == "emergency"
    assert answer["intent"]["name"] in {"need_help", "report_tip"}


@pytest.mark.parametrize(
    ("text", "intent", "language"),
    [
        ("hola buenas tardes", "greet", ""),
        ("qué es la trata de personas y cómo funciona este chat", "ask_information", "es"),
        ("how does this chat work and who reads what i write", "ask_information", "en"),
        ("quiero hablar con una persona por favor", "ask_human", "es"),
        ("muchas gracias por la información", "thanks", "es"),
        ("me ofrecieron un trabajo de mesera en otro país con todo pago, es seguro?", "offer_check", "es"),
    ],
)
def test_everyday_texts_are_no_emergency_and_their_intent_is_known(
    nlu: Served, text: str, intent: str, language: str
) -> None:
    answer = nlu.parse(text)
    sound(answer)
    assert answer["intent"]["name"] == intent
    assert answer["urgency"]["name"] != "emergency"
    if language:
        assert answer["language"] == language


def test_the_text_is_echoed_as_it_came(nlu: Served) -> None:
    for text in ("  Me Tienen\n encerrada ", "/start", "\ud83d", "\x00"):
        assert nlu.parse(text)["text"] == text


def test_a_leading_slash_does_not_hide_a_danger(nlu: Served) -> None:
    for text in ("/start me tienen encerrada y me van a matar", "/ me tienen encerrada y me van a matar"):
        answer = nlu.parse(text)
        sound(answer)
        assert answer["urgency"]["name"] == "emergency"


def test_a_nul_does_not_hide_what_follows(nlu: Served) -> None:
    answer = nlu.parse("hola\x00 me tienen encerrada en un cuarto y me van a matar")
    sound(answer)
    assert answer["urgency"]["name"] == "emergency"


@pytest.mark.parametrize("text", ["", "   ", "\x00\x01\x02", "\ud83d", "\u200b\u202e", "\n\n"])
def test_a_text_without_content_has_no_urgency_rather_than_a_low_one(nlu: Served, text: str) -> None:
    answer = nlu.parse(text)
    assert answer["urgency"] == {"name": None, "confidence": 0.0, "ranking": []}
    assert answer["readable"] is False
    parse = read(answer)
    assert parse is not None
    assert policy.assess(hazard=None, parse=parse).urgency is Urgency.URGENT


ODD = ["?!…", "x" * 16_000, "me tienen " * 1600, "\ud83d hola", "😂" * 500, "ﷺ" * 4000, "/" * 300, "\u0301" * 900]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_and_long_texts_are_answered(nlu: Served, text: str) -> None:
    sound(nlu.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "m3 t13n3n 3nc3rr4d4",
        "th3y l0ck3d m3 1n",
        "h e l p  m e  they will kill me",
        "mе tienen еncerrada",
        "me t\u200bienen en\u200bcerrada",
        "MEEEE TIENEEEN ENCERRADAAAA",
        "ＭＥ ＶＡＮ Ａ ＭＡＴＡＲ",
    ],
)
def test_evasive_spelling_does_not_hide_a_danger(nlu: Served, text: str) -> None:
    """Model and hazard words together: either alone misses some."""
    answer = nlu.parse(text)
    sound(answer)
    assert policy.triage(text, read(answer)).danger


@pytest.mark.parametrize("place", ["first", "last"])
def test_danger_at_either_end_of_a_text_that_is_too_long_is_seen(nlu: Served, place: str) -> None:
    story, danger = "le cuento mi historia de la semana pasada. " * 250, "me van a matar, tiene una pistola"
    answer = nlu.parse(f"{danger}. {story}" if place == "first" else f"{story} {danger}")
    parse = read(answer)
    assert parse is not None
    assert policy.assess(hazard=None, parse=parse).urgency >= Urgency.URGENT


def test_a_batch_gets_what_each_text_gets_alone(nlu: Served) -> None:
    texts = ["hola", "/start me van a matar", "", "\ud83d", "x\x00y", "hola", "救命"]
    for body in (texts, {"texts": texts}):
        response = httpx.post(f"{nlu.url}/model/parse", content=json.dumps(body), timeout=30)
        assert response.status_code == 200
        answers = response.json()
        assert [answer["text"] for answer in answers] == texts
        for text, answer in zip(texts, answers, strict=True):
            alone = nlu.parse(text)
            assert answer["urgency"]["name"] == alone["urgency"]["name"]
            assert answer["urgency"]["confidence"] == pytest.approx(alone["urgency"]["confidence"], abs=0.02)


async def test_frozen_and_thawed_it_answers_who_still_waits_and_not_those_who_left(tmp_path: Path) -> None:
    served = start(tmp_path / "output")
    try:
        wait_until_warm(served)
        async with NluClient(served.url, timeout=0.3) as hasty, NluClient(served.url, timeout=30) as patient:
            os.kill(served.process.pid, signal.SIGSTOP)
            left = [asyncio.create_task(hasty.parse(f"texto {number} " * 100)) for number in range(16)]
            stays = asyncio.create_task(patient.parse("me tienen encerrada y me van a matar"))
            assert await asyncio.gather(*left) == [None] * 16
            os.kill(served.process.pid, signal.SIGCONT)
            parse = await stays
        assert parse is not None
        assert parse.urgency is Urgency.EMERGENCY
    finally:
        served.process.send_signal(signal.SIGCONT)
        served.process.terminate()
        served.process.communicate(timeout=20)


def test_the_memory_is_stated_and_bounded(nlu: Served) -> None:
    memory = httpx.get(f"{nlu.url}/status", timeout=10).json()["memory"]
    assert 100e6 < memory["resident"] <= memory["highest"] < 1.5e9


def test_a_language_that_was_not_taught_is_said_to_be_unreadable(nlu: Served) -> None:
    assert nlu.parse("ich weiß nicht was ich heute abend noch machen soll")["readable"] is False
    assert nlu.parse("no sé qué hacer esta noche, no tengo dónde dormir")["readable"] is True


def test_entities_carry_their_place_in_the_text(nlu: Served) -> None:
    text = "la placa es AB1234 y el telefono 6534-2546"
    found = {item["entity"]: text[item["start"] : item["end"]] for item in nlu.parse(text)["entities"]}
    assert found == {"plate": "AB1234", "phone": "6534-2546"}
    text = "  /\x00 llama al\n\n 6534-2546 "
    (phone,) = nlu.parse(text)["entities"]
    assert text[phone["start"] : phone["end"]] == "6534-2546"


async def test_many_at_once_get_each_their_own_answer(nlu: Served) -> None:
    texts = [f"{number} {word}" for number in range(20) for word in ("me van a matar", "hola", "gracias por todo")]
    async with aiohttp.ClientSession() as session:

        async def ask(text: str) -> Any:
            async with session.post(f"{nlu.url}/model/parse", json={"text": text}) as response:
                return await response.json()

        together = await asyncio.gather(*(ask(text) for text in texts))
    for text, answer in zip(texts, together, strict=True):
        assert answer["text"] == text
        sound(answer)
    for text, answer in list(zip(texts, together, strict=True))[:6]:
        alone = nlu.parse(text)
        assert alone["urgency"]["name"] == answer["urgency"]["name"]
        assert alone["urgency"]["confidence"] == pytest.approx(answer["urgency"]["confidence"], abs=0.02)


async def test_our_client_reads_the_answer(nlu: Served) -> None:
    async with NluClient(nlu.url, timeout=20) as client:
        assert await client.ready()
        parse = await client.parse("me tienen encerrada en una casa y me van a matar")
    assert parse is not None
    assert parse.urgency is Urgency.EMERGENCY
    assert parse.at_least(Urgency.EMERGENCY) > policy.DANGER[Role.UNKNOWN]
    assert parse.readable
    assert policy.assess(hazard=None, parse=parse).danger


def test_wrong_requests_are_refused_in_rasas_form(nlu: Served) -> None:
    for body in (b"", b"{", b'{"message": "x"}'):
        response = httpx.post(f"{nlu.url}/model/parse", content=body, timeout=10)
        assert response.status_code == 400
        assert response.json()["status"] == "failure"
    assert httpx.get(f"{nlu.url}/", timeout=10).status_code == 200
    assert httpx.get(f"{nlu.url}/status", timeout=10).json()["status"] == "ready"


def test_no_text_reaches_any_output_and_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    served = start(tmp_path / "output")
    try:
        loading = httpx.post(f"{served.url}/model/parse", json={"text": "canario-91c2"}, timeout=10)
        assert (loading.status_code, loading.json()) == (503, {"status": "loading"})
        wait_until_warm(served)
        for ending in (" me tienen encerrada", "x" * 9000, "\x00", "\ud83d"):
            served.parse(f"canario-91c2{ending}")
            served.parse(f"/canario-91c2{ending}")
        httpx.post(f"{served.url}/model/parse", content=b'{"text": "canario-91c2', timeout=10)
    finally:
        served.process.send_signal(signal.SIGTERM)
        rest, _ = served.process.communicate(timeout=20)
    assert served.process.returncode == 0
    assert "canario" not in rest + served.output.read_text()


def test_sigterm_while_loading_does_not_wait_for_the_model(tmp_path: Path) -> None:
    served = start(tmp_path / "output")
    served.process.send_signal(signal.SIGTERM)
    served.process.communicate(timeout=20)
    assert served.process.returncode == 0


def test_what_prevents_serving_is_said_in_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "amparo.tar.gz"
    broken.write_bytes(b"no archive")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for command, told in (
            (server.command(port=0, model=broken), "cannot be loaded"),
            (server.command(port=port), f"cannot listen on 127.0.0.1:{port}"),
            ([*server.command(port=0)[:-1], str(tmp_path / "none.tar.gz")], "no such model"),
        ):
            ended = subprocess.run(
                command, cwd=server.PROJECT, env=server.environment(), capture_output=True, text=True, timeout=120
            )
            assert ended.returncode == 1
            last = ended.stderr.strip().splitlines()[-1]
            assert told in last
            assert "Traceback" not in ended.stderr, json.dumps(ended.stderr[-500:])
