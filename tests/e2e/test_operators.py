"""Operators come and go: who can open what, at the command line, with the real key ring and a running store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.harness import Finished, World, person_chat, world

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[World]:
    async with world() as started:
        yield started


async def as_operator(running: World, name: str, *words: str, passphrase: str = "una frase muy larga") -> Finished:
    environment = dict(running.environment)
    running.environment.update(AMPARO_OPERATOR__NAME=name, AMPARO_OPERATOR__PASSPHRASE=passphrase)
    try:
        return await running.amparo(*words)
    finally:
        running.environment.clear()
        running.environment.update(environment)


async def case_of(running: World, chat: int, text: str) -> str:
    known = {row["case"] for row in (await running.amparo("cases", "list", "--json")).json()}
    sent = running.people.say(chat, text)
    await running.people.expect_confirmed(sent.update_id)
    (new,) = {row["case"] for row in (await running.amparo("cases", "list", "--json")).json()} - known
    return str(new)


async def test_a_removed_operator_opens_no_new_case_and_nothing_new_in_an_old_one(running: World) -> None:
    assert (await as_operator(running, "ceiba", "keys", "operator", "new", "ceiba")).code == 0
    chat = person_chat(31)
    old = await case_of(running, chat, "me quitaron el pasaporte")
    read = await as_operator(running, "ceiba", "cases", "read", old)
    assert "me quitaron el pasaporte" in read.out
    assert (await as_operator(running, "ceiba", "cases", "claim", old)).code == 0
    key_file = running.data_dir / "keys" / "team" / "operators" / "ceiba.key"
    stolen, sealed = key_file.read_bytes(), list((running.data_dir / "keys" / "team" / "epochs").glob("*.json"))
    copies = {path: path.read_bytes() for path in sealed}

    assert (await running.amparo("keys", "operator", "remove", "ceiba")).code == 0
    # what they held waits for somebody else
    (row,) = [row for row in (await running.amparo("cases", "list", "--json")).json() if row["case"] == old]
    assert row["claimed_by"] is None
    assert row["waiting_since"]
    # even with copies of everything that was theirs
    key_file.write_bytes(stolen)
    new = await case_of(running, person_chat(32), "otra persona escribe")
    sent = running.people.say(chat, "y ahora me amenazan")
    await running.people.expect_confirmed(sent.update_id)
    for path, content in copies.items():
        path.write_bytes(content)
    for case, text in ((new, "otra persona escribe"), (old, "y ahora me amenazan")):
        refused = await as_operator(running, "ceiba", "cases", "read", case)
        assert refused.code == 1
        assert text not in refused.out
        assert len(refused.err.strip().splitlines()) == 1, refused.err
    taken = await as_operator(running, "ceiba", "cases", "claim", new)
    assert taken.code == 1
    assert "not in the team" in taken.err
    assert "otra persona escribe" in (await running.amparo("cases", "read", new)).out
    assert "no operator" in (await running.amparo("keys", "operator", "remove", "ceiba")).err


async def test_a_wrong_passphrase_is_one_line_with_its_mend(running: World) -> None:
    assert (await as_operator(running, "guayacan", "keys", "operator", "new", "guayacan")).code == 0
    case = await case_of(running, person_chat(33), "alguien escribe")
    refused = await as_operator(running, "guayacan", "cases", "read", case, passphrase="otra cosa distinta")
    assert refused.code == 1
    assert refused.out == ""
    (line,) = refused.err.strip().splitlines()
    assert "passphrase" in line
    assert "otra cosa distinta" not in line


async def test_a_later_operator_reads_new_cases_at_once_and_old_ones_when_let_in(running: World) -> None:
    old = await case_of(running, person_chat(34), "antes de que llegara")
    assert (await as_operator(running, "roble", "keys", "operator", "new", "roble")).code == 0
    new = await case_of(running, person_chat(35), "cuando ya estaba")
    assert "cuando ya estaba" in (await as_operator(running, "roble", "cases", "read", new)).out
    assert (await as_operator(running, "roble", "cases", "read", old)).code == 1
    assert (await running.amparo("keys", "operator", "admit", "roble", "--by", "demo")).code == 0
    assert "antes de que llegara" in (await as_operator(running, "roble", "cases", "read", old)).out


async def test_only_who_holds_a_case_answers_it(running: World) -> None:
    case = await case_of(running, person_chat(36), "quien me lee")
    unclaimed = await running.amparo("cases", "reply", case, "hola")
    assert unclaimed.code == 1
    assert "claim" in unclaimed.err
    assert (await running.amparo("cases", "claim", case)).code == 0
    refused = await as_operator(running, "roble", "cases", "reply", case, "hola")
    assert refused.code == 1
    assert "demo" in refused.err


async def test_a_destroyed_epoch_leaves_nothing_to_read(running: World) -> None:
    case = await case_of(running, person_chat(37), "se olvidará")
    current = (await running.amparo("keys", "epoch", "list", "--json")).json()["current"]
    assert (await running.amparo("keys", "epoch", "new")).code == 0
    assert (await running.amparo("keys", "epoch", "destroy", current, "--yes")).code == 0
    refused = await running.amparo("cases", "read", case)
    assert refused.code == 1
    assert "se olvidará" not in refused.out
    assert "Traceback" not in refused.err


async def test_doctor_says_what_is_in_order(running: World) -> None:
    findings = (await running.amparo("doctor", "--json")).json()
    wrong = [finding for finding in findings if finding["state"] == "wrong"]
    assert wrong == []
    assert {"keys", "store", "nlu", "on call"} <= {finding["part"] for finding in findings}
