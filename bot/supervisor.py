"""`amparo up`: every process of DESIGN §2 on one machine, each with only the secrets of its trust zone.

A process that dies is started again at once, then with growing pauses; the others go on. Children die with the
supervisor, also when it is killed (on Linux the kernel sees to that).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import aiohttp
import structlog

from bot import demo as demo_team
from bot.cases.files import private_directory
from bot.cases.keys import Keyring
from bot.settings import PREFIX, ROOT, ConfigurationError, Settings
from bot.triage import server as nlu_server

log = structlog.get_logger()

_TELEGRAM = ("AMPARO_TELEGRAM__TOKEN", "AMPARO_TELEGRAM__TOKEN_FILE", "AMPARO_TELEGRAM__WEBHOOK_SECRET",
             "AMPARO_TELEGRAM__WEBHOOK_SECRET_FILE")  # fmt: skip
_ONCALL = ("AMPARO_ONCALL__TELEGRAM__TOKEN", "AMPARO_ONCALL__TELEGRAM__TOKEN_FILE")
_OPERATOR = ("AMPARO_OPERATOR__PASSPHRASE", "AMPARO_OPERATOR__PASSPHRASE_FILE")
_REDIS = ("AMPARO_REDIS__URL", "AMPARO_REDIS__URL_FILE")
FORBIDDEN: Mapping[str, tuple[str, ...]] = {
    "store": _TELEGRAM + _ONCALL + _OPERATOR + _REDIS,
    "nlu": _TELEGRAM + _ONCALL + _OPERATOR + _REDIS,
    "intake": _ONCALL + _OPERATOR,
    "pager": _TELEGRAM + _OPERATOR,
}
"""What each process must not hold (DESIGN §2): taken out of its environment before it starts."""

STOP_SECONDS = 15.0
NLU_PATIENCE = 120.0
"""How long `ready` waits for a model of our own to load; one elsewhere that is down gets `ELSEWHERE_PATIENCE`."""
ELSEWHERE_PATIENCE = 5.0
PORT_SECONDS = 5.0
HEALTHY_SECONDS = 30.0
"""A process that ran this long before dying is started again without a pause."""


def free_port(host: str) -> int:
    """A port that nobody listens on now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    """Linux: the kernel sends SIGTERM when the parent is gone, even after kill -9 (prctl(2), PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def environment(part: str, extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without what `part` must not hold, with `extra`."""
    kept = {name: value for name, value in os.environ.items() if name not in FORBIDDEN[part]}
    return kept | dict(extra)


@dataclass
class Supervisor:
    """Starts `parts` (names that `amparo run` knows) and keeps them running until `stop` is set."""

    parts: tuple[str, ...]
    extra: Mapping[str, str]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    output: TextIO = sys.stderr

    async def run(self) -> None:
        """Runs until `stop`; then ends every child it started, by its own id, the store last."""
        keepers = {part: asyncio.create_task(self._keep(part)) for part in self.parts}
        await asyncio.gather(*keepers.values())

    async def _keep(self, part: str) -> None:
        deaths = 0
        loop = asyncio.get_running_loop()
        while not self.stop.is_set():
            began = loop.time()
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run", part,
                env=environment(part, self.extra),
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=self.output,
                stderr=self.output,
                preexec_fn=_die_with_parent,
                start_new_session=True,
            )  # fmt: skip
            ended = asyncio.create_task(child.wait())
            halted = asyncio.create_task(self.stop.wait())
            await asyncio.wait({ended, halted}, return_when=asyncio.FIRST_COMPLETED)
            halted.cancel()
            if self.stop.is_set():
                await self._end(part, child)
                return
            deaths = 0 if loop.time() - began > HEALTHY_SECONDS else deaths + 1
            log.error("a process ended and is started again", part=part, status=child.returncode, attempt=deaths)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(0.2 * 2 ** min(deaths, 7), 20) if deaths > 1 else 0):
                    await self.stop.wait()

    async def _end(self, part: str, child: asyncio.subprocess.Process) -> None:
        if part == "store":
            # what the others still have to write must find it
            await self._others_gone.wait()
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await child.wait()
        except TimeoutError:
            log.warning("a process did not end in time and is killed", part=part)
            child.kill()
            await child.wait()
        self._left -= part != "store"
        if self._left == 0:
            self._others_gone.set()

    def __post_init__(self) -> None:
        self._left = sum(part != "store" for part in self.parts)
        self._others_gone = asyncio.Event()
        if not self._left:
            self._others_gone.set()


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be started, with what in its environment, and where `/readyz` will answer."""

    parts: tuple[str, ...]
    environment: dict[str, str]
    port: int

    @property
    def patience(self) -> float:
        """Seconds that `ready` waits for the model."""
        return NLU_PATIENCE if "nlu" in self.parts else ELSEWHERE_PATIENCE


def prepare(settings: Settings, *, demo: bool) -> Plan:
    """Checks what can be checked before anything starts. Nothing is started that a URL says is elsewhere.

    Holds the data directory until this process ends. Raises `ConfigurationError`, `KeyringError` or
    `NluUnavailable`: one line each.
    """
    environment = {"AMPARO_DATA_DIR": str(settings.data_dir.resolve())} | _files()
    _hold(settings.data_dir.resolve())
    if demo:
        demo_team.prepare(settings)
        environment |= demo_team.environment(settings)
    Keyring(settings.path(settings.secrets.keyring)).current_epoch()
    own_store = () if settings.redis.url.get_secret_value() else ("store",)
    own_nlu = () if settings.nlu.url else ("nlu",)
    if own_nlu:
        nlu_server.check()
        port = settings.nlu.port or free_port("127.0.0.1")
        environment |= {"AMPARO_NLU__PORT": str(port), "AMPARO_NLU__URL": f"http://127.0.0.1:{port}"}
    web = settings.web.port or free_port(settings.web.host)
    if settings.web.port and not _comes_free(settings.web.host, web):
        raise ConfigurationError(
            f"web.port: {web} is in use on {settings.web.host}; set AMPARO_WEB__PORT to a free one"
        )
    environment["AMPARO_WEB__PORT"] = str(web)
    return Plan((*own_store, *own_nlu, "intake", "pager"), environment, web)


def _files() -> dict[str, str]:
    """Variables that name a file, made absolute: the processes run in another directory than the caller's."""
    return {
        name: str(Path(value).resolve())
        for name, value in os.environ.items()
        if name.startswith(PREFIX) and name.endswith("_FILE") and value
    }


def _hold(data_dir: Path) -> None:
    """One `amparo up` a data directory: a second would end the store of the first with itself.

    The lock is never given back: the system does that when this process ends, however it ends.
    """
    try:
        private_directory(data_dir)
        lock = os.open(data_dir / ".up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"data_dir: {data_dir} cannot be used: {error.strerror}; mend its owner or mode, or set AMPARO_DATA_DIR"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise ConfigurationError(
            f"data_dir: another `amparo up` or `amparo demo` runs on {data_dir}; end it, or set AMPARO_DATA_DIR"
        ) from None


def _comes_free(host: str, port: int) -> bool:
    """Whether the port is free, or becomes so soon: what a killed `amparo up` leaves behind takes a moment to end."""
    began = time.monotonic()
    while _taken(host, port):
        if time.monotonic() - began > PORT_SECONDS:
            return False
        time.sleep(0.1)
    return True


def _taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


async def until_ready(host: str, port: int, stop: asyncio.Event, patience: float = NLU_PATIENCE) -> bool:
    """Waits for `/readyz` to say that every part answers; False when told to stop before that.

    A part that people are served without (the model) is waited for `patience` seconds after the others, not longer.
    """
    loop, served = asyncio.get_running_loop(), 0.0
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    url = f"http://{host}:{port}/readyz"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session:
        while not stop.is_set():
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(url) as answer:
                    if answer.status == 200:
                        served = served or loop.time()
                        if (await answer.json())["status"] == "ready" or loop.time() - served > patience:
                            return True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await stop.wait()
    return False
