"""From a message to a label: an operator's correction leaves features in the store, no text, and can be listed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web
from redis.asyncio import Redis
from typer.testing import CliRunner

from bot.cases import labels as stored
from bot.cases.store import Store
from bot.cli import app
from bot.commands import common
from bot.commands.casework import CaseworkError
from bot.commands.wording import Wording
from bot.conversation.messages import Urgency
from bot.triage.labels import Label
from bot.triage.nlu import NluClient
from tests.test_intake import desk
from tests.triage.test_nlu_client import serving
from tests.triage.test_nlu_read import answer

pytestmark = pytest.mark.store

TEXT = "canariosecreto no sé cómo contarlo"


async def judge(request: web.Request) -> web.Response:
    return web.json_response(answer())


async def test_lowering_and_raising_keep_features_and_no_word(store: Store, tmp_path: Path, valkey: Redis) -> None:
    async with serving(judge) as url, NluClient(url, timeout=1.5) as nlu, desk(store, tmp_path) as here:
        here.intake.nlu = nlu
        await here.say(TEXT)
        (case,) = await store.cases()
        await here.casework.claim(case.id)
        await here.casework.lower(case.id, Urgency.PRIORITY, "canariomotivo: está a salvo")
        await here.casework.raise_(case.id, Urgency.URGENT, "canariomotivo: volvió a escribir")
        lines = await store.labels()
        first, second = map(Label.loads, lines)
        assert first == Label(
            Urgency.EMERGENCY, Urgency.PRIORITY, Urgency.EMERGENCY, "es", "need_help", (4, 6, 20, 70),
            frozenset({"RISK-NOW"}), (), "line",
        )  # fmt: skip
        assert second is not None
        assert (second.machine, second.operator) == (Urgency.PRIORITY, Urgency.URGENT)
        assert case.id not in str(lines)
        assert "canario" not in str(lines)
        assert here.casework.name not in str(lines)
        (case,) = await store.cases()
        assert case.urgency is Urgency.URGENT
        kinds = [entry.kind for entry in await here.entries()]
        assert kinds == ["text", "lower", "raise"]
        wording = Wording.load(here.intake.settings)
        shown = [wording.of(entry).splitlines()[0] for entry in (await here.entries())[1:]]
        assert [line.partition(":")[0] for line in shown] == ["lowered to priority", "raised to urgent"]


async def test_only_whoever_holds_a_case_may_raise_it_and_nothing_is_kept_of_a_refusal(
    store: Store, tmp_path: Path
) -> None:
    async with desk(store, tmp_path) as here:
        await here.say(TEXT)
        (case,) = await store.cases()
        for level, mend in ((Urgency.EMERGENCY, "claim it first"), (Urgency.URGENT, "nothing to raise")):
            with pytest.raises(CaseworkError, match=mend):
                await here.casework.raise_(case.id, level, "why")
        assert await store.labels() == []
        assert (await store.cases())[0].urgency is Urgency.URGENT


async def test_no_more_labels_are_kept_than_the_bound(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MOST", 3)
    for number in range(5):
        await store.add_label(b"%d" % number)
    assert await store.labels() == [b"2", b"3", b"4"]


async def test_suggest_lists_them_as_a_table_and_for_programs(
    store: Store, valkey_socket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPARO_REDIS__URL", f"unix://{valkey_socket}")
    monkeypatch.setenv("AMPARO_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(common.State, "loaded", None)

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["nlu", "suggest", *words])
        assert done.exit_code == 0, done.output
        return done.output

    assert "No disagreements" in await asyncio.to_thread(run)
    label = Label(Urgency.INFORMATION, Urgency.EMERGENCY, Urgency.INFORMATION, "ht", "greet", (90, 4, 2, 4))
    await store.add_label(label.dumps())
    await store.add_label(b"what no program of ours wrote")
    assert json.loads(await asyncio.to_thread(run, "--json")) == {
        "corrections": 1,
        "disagreements": [
            {
                "language": "ht", "intent": "greet", "hazard": "", "triage": "information",
                "operators": "emergency", "count": 1, "chance": 4,
            }
        ],
    }  # fmt: skip
    shown = await asyncio.to_thread(run)
    assert all(word in shown for word in ("ht", "greet", "emergency", "4 %"))
