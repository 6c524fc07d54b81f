"""Fixtures that any test may use: a real Valkey process for the whole run, empty at the start of each test."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from bot.cases.embedded import server_binary
from bot.cases.store import Store


@pytest.fixture(scope="session")
def valkey_socket() -> Iterator[Path]:
    """The socket of a Valkey server of this test run (in memory: durability has its own tests)."""
    directory = Path(tempfile.mkdtemp(prefix="amp-"))  # pytest's own paths can be too long for a socket
    socket = directory / "s"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(directory)]
    log = directory / "log"
    with log.open("wb") as output:
        server = subprocess.Popen([server_binary(), *options], stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_for_answer(socket, server, log)
        yield socket
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(directory)


def _wait_for_answer(socket: Path, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    with SyncRedis(unix_socket_path=str(socket)) as client:
        while True:
            try:
                client.ping()
            except RedisConnectionError:
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.02)  # between two questions whether it is ready; the deadline bounds it
            else:
                return


@pytest.fixture
async def valkey(valkey_socket: Path) -> AsyncIterator[Redis]:
    """A client of an empty server."""
    client = Redis(unix_socket_path=str(valkey_socket))
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def store(valkey: Redis) -> Store:
    """An empty store."""
    store = Store(valkey)
    await store.prepare()
    return store
