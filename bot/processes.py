"""What every process begins and ends with, and the two that need little: the store and the pager."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack

import structlog
from redis.exceptions import RedisError

from bot.cases import embedded
from bot.cases.embedded import EmbeddedError
from bot.cases.secrets import PagerSecrets
from bot.cases.store import Store
from bot.observe import fault, watch
from bot.settings import Settings

log = structlog.get_logger()

PREPARE_SECONDS = 60.0


def stop_on_signals() -> asyncio.Event:
    """Set by SIGTERM and SIGINT: finish what is under way, then end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def open_store(settings: Settings, stop: asyncio.Event, resources: AsyncExitStack) -> Store:
    """The store, prepared; waits while it starts. Raises the last error after a minute, or when told to stop."""
    redis = embedded.connect(settings)
    resources.push_async_callback(redis.aclose)
    store = Store(redis, routing_days=settings.retention.routing_days)
    attempt = 0
    began = asyncio.get_running_loop().time()
    while True:
        try:
            await store.prepare()
        except (RedisError, OSError) as error:
            attempt += 1
            if attempt % 20 == 1:
                log.info("waiting for the store", attempt=attempt, **fault(error))
            if stop.is_set() or asyncio.get_running_loop().time() - began > PREPARE_SECONDS:
                raise
            await asyncio.sleep(0.1)
        else:
            return store


async def run_pager(settings: Settings) -> None:
    """The on-call bot and the ladder, until a signal."""
    from bot.oncall import pager  # as above, for its library

    stop = stop_on_signals()
    watch(asyncio.get_running_loop())
    async with AsyncExitStack() as resources:
        store = await open_store(settings, stop, resources)
        secrets = PagerSecrets.load_or_create(settings.path(settings.secrets.pager))
        await pager.run(settings, store, secrets, demo=settings.demo, stop=stop)


async def run_store(settings: Settings) -> None:
    """Our own Valkey in the data directory, until a signal. Of several such processes one does it, the others wait.

    Raises `EmbeddedError`: one line.
    """
    if settings.redis.url.get_secret_value():
        raise EmbeddedError("AMPARO_REDIS__URL names a store already: take it out to run our own")
    stop = stop_on_signals()
    async with embedded.keeping(settings.data_dir, stop) as ours:
        if ours:
            await _keep_store(settings, stop)


async def _keep_store(settings: Settings, stop: asyncio.Event) -> None:
    server = await embedded.start(settings.data_dir)
    ended = asyncio.create_task(server.wait())
    halted = asyncio.create_task(stop.wait())
    await asyncio.wait({ended, halted}, return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        raise EmbeddedError(f"{settings.data_dir}: the store ended by itself; see its log there")
    if server.process is not None:
        await server.stop()
    else:  # it outlived an earlier `run store` that was killed
        async with AsyncExitStack() as resources:
            redis = embedded.connect(settings)
            resources.push_async_callback(redis.aclose)
            await redis.shutdown()
    await ended
