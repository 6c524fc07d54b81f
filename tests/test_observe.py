"""Logs carry no text and no ids of people, however carelessly they are written."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

CARELESS = """
import asyncio, logging, structlog
from bot import observe
observe.configure("test", "debug")
log = structlog.get_logger()
log.info("a turn", text="CANARY me tienen encerrada", chat=5551234, count=3)
log.info("a turn", reason="CANARY +507 6123-4567 \\n second line")
logging.getLogger("aiogram.event").warning("Update from CANARY %s", 5551234)
logging.getLogger("httpx").info("POST https://api/botTOKEN-CANARY/sendMessage")
def inner():
    secret = "CANARY"
    raise ValueError(f"bad text {secret}")
try:
    inner()
except ValueError as error:
    log.error("it failed", **observe.fault(error))
    logging.getLogger("aiohttp").exception("CANARY")
async def forgotten():
    raise RuntimeError("CANARY")
async def main():
    observe.watch(asyncio.get_running_loop())
    task = asyncio.ensure_future(forgotten())
    await asyncio.sleep(0)
    del task
    await asyncio.sleep(0)
asyncio.run(main())
raise KeyError("CANARY")
"""


@pytest.fixture(scope="module")
def written() -> str:
    done = subprocess.run([sys.executable, "-c", CARELESS], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stdout + done.stderr


def test_nothing_that_a_person_is_or_wrote_comes_out(written: str) -> None:
    assert "CANARY" not in written
    assert "5551234" not in written


def test_what_operators_of_the_machine_need_does_come_out(written: str) -> None:
    records = [json.loads(line) for line in written.splitlines()]
    assert {"count": 3, "dropped": 2}.items() <= records[0].items()
    events = {record["event"]: record for record in records}
    assert events["it failed"]["error"] == "ValueError"
    assert events["uncaught"]["error"] == "KeyError"
    assert events["library"]["logger"] == "aiohttp"


def test_levels_below_warning_of_libraries_are_silent() -> None:
    assert logging.getLogger("httpx").getEffectiveLevel() >= logging.WARNING


def test_no_core_file_is_ever_written() -> None:
    program = (
        "import resource; from bot import observe; hard = resource.getrlimit(resource.RLIMIT_CORE)[1]; "
        "resource.setrlimit(resource.RLIMIT_CORE, (hard, hard)); observe.no_core_files(); "
        "print(resource.getrlimit(resource.RLIMIT_CORE) == (0, hard))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
