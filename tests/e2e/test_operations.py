"""How the program is run: twice at once, from elsewhere, killed as a whole, on a directory that cannot be used."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.settings import ROOT
from bot.supervisor import free_port
from tests.doubles.bot_api import BotApi
from tests.e2e.harness import (
    ONCALL,
    OPERATOR_CHAT,
    PUBLIC,
    clean_environment,
    command,
    data_directory,
    descendants,
    ready,
)

pytestmark = pytest.mark.e2e


def environment(data_dir: Path, api: BotApi) -> dict[str, str]:
    """Both bots on the double, and a model that is elsewhere and away: nothing here needs it."""
    api.bot(PUBLIC)
    api.bot(ONCALL)
    return {
        "AMPARO_DATA_DIR": str(data_dir),
        "AMPARO_TELEGRAM__TOKEN": PUBLIC,
        "AMPARO_TELEGRAM__API_BASE": api.base,
        "AMPARO_ONCALL__TELEGRAM__TOKEN": ONCALL,
        "AMPARO_ONCALL__TELEGRAM__API_BASE": api.base,
        "AMPARO_WEB__PORT": str(free_port("127.0.0.1")),
        "AMPARO_NLU__URL": f"http://127.0.0.1:{free_port('127.0.0.1')}",
    }


@asynccontextmanager
async def program(
    *words: str, env: Mapping[str, str], log: Path, cwd: Path = ROOT
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`amparo …`, ended by its own id at the end."""
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *words,
            cwd=cwd,
            env={**clean_environment(), "PYTHONPATH": str(ROOT), **env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=sink,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_a_second_up_on_one_data_directory_is_refused_and_leaves_the_first_alone() -> None:
    async with data_directory() as directory, BotApi() as api:
        env = environment(directory, api)
        log = directory / "log"
        async with program("up", "--demo", env=env, log=log) as first:
            await ready(first, log)
            second = await command({**env, "AMPARO_WEB__PORT": "0"}, "up", "--demo")
            assert second.code == 1
            assert second.out == ""
            assert len(second.err.splitlines()) == 1
            assert "another `amparo up`" in second.err
            for process in descendants(first.pid):
                limits = Path(f"/proc/{process}/limits").read_text().splitlines()
                (cores,) = (line.split() for line in limits if line.startswith("Max core file size"))
                assert cores[4] == "0", process
            assert {path.stat().st_mode & 0o077 for path in directory.iterdir() if path.is_dir()} == {0}
            assert {path.stat().st_mode & 0o077 for path in (directory / "keys").rglob("*")} == {0}
            api.bot(ONCALL).say(OPERATOR_CHAT, "/start demo")
            await api.bot(ONCALL).expect(OPERATOR_CHAT, lambda message: message.by_bot)
        assert first.returncode == 0


async def test_the_program_starts_again_at_once_after_it_was_killed_as_a_whole() -> None:
    async with data_directory() as directory, BotApi() as api:
        env = environment(directory, api)
        log = directory / "log"
        for _ in range(2):
            async with program("up", "--demo", env=env, log=log) as process:
                await ready(process, log)
                process.kill()


async def test_everything_may_be_named_from_where_the_caller_is() -> None:
    async with data_directory() as directory, BotApi() as api:
        env = environment(Path("the data"), api)
        for name in ("AMPARO_TELEGRAM__TOKEN", "AMPARO_ONCALL__TELEGRAM__TOKEN"):
            (directory / name.lower()).write_text(env.pop(name) + "\n")
            env[f"{name}_FILE"] = name.lower()
        log = directory / "log"
        async with program("up", "--demo", env=env, log=log, cwd=directory) as process:
            await ready(process, log)
            api.bot(PUBLIC).say(5, "/start")
            await api.bot(PUBLIC).expect(5, lambda message: message.by_bot)
        assert (directory / "the data" / "store").is_dir()


async def test_a_data_directory_that_cannot_be_used_is_one_line_with_its_mend() -> None:
    async with data_directory() as directory, BotApi() as api:
        (directory / "file").write_text("")
        ended = await command(environment(directory / "file" / "below", api), "up", "--demo")
        assert ended.code == 1
        assert len(ended.err.splitlines()) == 1
        assert "AMPARO_DATA_DIR" in ended.err
        assert [found.name for found in directory.iterdir()] == ["file"]
