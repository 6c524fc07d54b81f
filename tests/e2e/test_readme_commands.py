"""Every command block of README.md, word for word and in order, as somebody runs them who sets Amparo up."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from bot.settings import ROOT
from tests.doubles.bot_api import BotApi
from tests.e2e.harness import ONCALL, OPERATOR_CHAT, PUBLIC, clean_environment, data_directory, person_chat, ready

pytestmark = pytest.mark.e2e

BLOCKS = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
OPERATOR = "ceiba"
NOT_HERE = {"make test"}
"""What is running right now cannot be run within itself."""


class Shell:
    """Runs lines one by one in bash, keeping what `export` sets, as a terminal would."""

    def __init__(self, environment: dict[str, str], home: Path) -> None:
        self.environment = environment
        self._kept = home / "environment"

    async def run(self, line: str) -> str:
        """What the line prints on standard output. Fails when it does not succeed."""
        script = f"set -e\n{line}\nenv -0 > {self._kept}\n"
        shell = await asyncio.create_subprocess_exec(
            "bash", "-c", script, cwd=ROOT, env=self.environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await shell.communicate()
        assert shell.returncode == 0, f"{line}\n{out.decode()}\n{err.decode()}"
        pairs = (item.split("=", 1) for item in self._kept.read_text().split("\0") if "=" in item)
        self.environment = dict(pairs)
        return out.decode()


async def test_every_command_of_the_readme_does_what_it_says() -> None:
    lines = [line for block in BLOCKS for line in block.splitlines() if line.strip()]
    async with data_directory() as home, BotApi() as api:
        people, oncall = api.bot(PUBLIC), api.bot(ONCALL)
        (home / "amparo-telegram-token").write_text(PUBLIC)
        (home / "amparo-oncall-token").write_text(ONCALL)
        (home / "passphrase").write_text("una frase larga y propia")
        config = home / "config.yml"
        shipped = (ROOT / "config.yml").read_text(encoding="utf-8")
        assert "\n  operators: []" in shipped
        config.write_text(shipped.replace("\n  operators: []", f"\n  operators: [{{name: {OPERATOR}}}]"))
        shell = Shell(
            {
                **clean_environment(),
                "HOME": str(home),
                "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv")),
                "AMPARO_CONFIG": str(config),
                "AMPARO_DATA_DIR": str(home / "data"),
                "AMPARO_TELEGRAM__API_BASE": api.base,
                "AMPARO_ONCALL__TELEGRAM__API_BASE": api.base,
                "AMPARO_OPERATOR__PASSPHRASE_FILE": str(home / "passphrase"),
                "AMPARO_WEB__PORT": "0",
            },
            home,
        )
        started: asyncio.subprocess.Process | None = None
        done: dict[str, str] = {}
        try:
            for line in lines:
                if line in NOT_HERE:
                    continue
                if line == "make demo":
                    demo = Shell(shell.environment | {"AMPARO_DATA_DIR": str(home / "demo")}, home)
                    assert "ready" in await demo.run(line)
                    continue
                if line == "amparo doctor":
                    # nothing runs yet: it must say so, each with its mend, and end with 1
                    out = await shell.run(f"{line} > doctor.txt || test $? -eq 1; cat doctor.txt; rm doctor.txt")
                    assert "amparo up" in out
                    continue
                if line == "amparo up":
                    log = home / "log.jsonl"
                    with log.open("wb") as sink:
                        started = await asyncio.create_subprocess_exec(
                            "bash", "-c", f"exec {line}", cwd=ROOT, env=shell.environment,
                            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=sink,
                        )  # fmt: skip
                    await ready(started, log)
                    continue
                if line == "amparo cases list":
                    oncall.say(OPERATOR_CHAT, f"/start {done['amparo oncall code ceiba'].strip()}")
                    await oncall.expect(OPERATOR_CHAT, lambda message: message.by_bot, 30)
                    oncall.say(OPERATOR_CHAT, "/on")
                    chat = person_chat(77)
                    people.say(chat, "me van a matar, tiene un cuchillo", language_code="es")
                    page = await oncall.expect(OPERATOR_CHAT, lambda m: "claim" in "".join(m.choices), 60)
                    data = next(data for data in page.choices if data.startswith("claim"))
                    shell.environment["CASE"] = data.rpartition(":")[2]
                done[line] = await shell.run(line)
            await people.expect(chat, "Te leo. ¿Puedes hablar ahora?")
            assert "me van a matar" in done['amparo cases read "$CASE"']
            assert shell.environment["CASE"] in done["amparo cases list"]
            assert done["amparo keys operator list"].count(OPERATOR) == 1
        finally:
            if started is not None and started.returncode is None:
                started.terminate()
                await started.wait()
