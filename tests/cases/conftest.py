"""The store's tests run twice: on one server, and on a real cluster of one node, which refuses what crosses slots."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import ConnectionError as RedisConnectionError

from bot.cases.embedded import Client, server_binary
from bot.cases.store import Store


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def cluster_port() -> Iterator[int]:
    """A cluster of one node that has all slots."""
    directory = Path(tempfile.mkdtemp(prefix="amp-"))
    port = free_port()
    options = {
        "port": port, "bind": "127.0.0.1", "cluster-enabled": "yes", "cluster-port": free_port(), "dir": directory,
        "save": "", "cluster-announce-ip": "127.0.0.1",
    }  # fmt: skip
    command = [str(server_binary())]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        with SyncRedis(port=port) as client:
            deadline = time.monotonic() + 20
            while _cluster_state(client) != "ok":
                assert server.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)  # between two questions whether it is ready; the deadline bounds it
        yield port
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(directory)


def _cluster_state(client: SyncRedis) -> str:
    """What the node says of itself; gives it the slots the first time it answers."""
    try:
        state: Any = client.cluster("INFO")
        if state["cluster_slots_assigned"] == "0":
            client.cluster("ADDSLOTSRANGE", 0, 16383)
        return str(state["cluster_state"])
    except RedisConnectionError:
        return "down"


@dataclass
class Server:
    """The store's client, and a plain one for looking at what is really there."""

    client: Client
    raw: Redis


@pytest.fixture(params=["server", "cluster"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """An empty server or cluster."""
    client: Client
    if request.param == "server":
        path = str(request.getfixturevalue("valkey_socket"))
        client, raw = Redis(unix_socket_path=path), Redis(unix_socket_path=path)
    else:
        port = request.getfixturevalue("cluster_port")
        client, raw = RedisCluster(host="127.0.0.1", port=port), Redis(port=port)
    await raw.flushall()
    yield Server(client, raw)
    await client.aclose()
    await raw.aclose()


@pytest.fixture
async def store(server: Server) -> Store:
    store = Store(server.client)
    await store.prepare()
    return store


@pytest.fixture
def raw(server: Server) -> Redis:
    return server.raw
