"""The composition root: `intake` is put together here, from every part (DESIGN §3)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from redis.exceptions import RedisError

from bot import health
from bot.cases.keys import Keyring, TeamKeys
from bot.cases.secrets import IntakeSecrets
from bot.cases.store import Store
from bot.channels.channel import Channel
from bot.channels.delivery import Delivery
from bot.conversation.loader import load as load_flows
from bot.conversation.texts import Texts
from bot.intake import Intake, now
from bot.observe import fault, watch
from bot.processes import open_store, stop_on_signals
from bot.referral.directory import load as load_directory
from bot.settings import ROOT, Settings
from bot.triage.nlu import NluClient, answers

if TYPE_CHECKING:
    from bot.channels.telegram import Telegram

log = structlog.get_logger()

WEBHOOK_PATH = "/telegram/webhook"
RETENTION_SECONDS = 3600.0


def build_intake(settings: Settings, store: Store, nlu: NluClient | None, stop: asyncio.Event) -> Intake:
    """Everything a turn needs, but no channel yet. Raises `KeyringError`, `FlowError`: one line each."""
    ring_path = settings.path(settings.secrets.keyring)
    secrets = IntakeSecrets.load_or_create(settings.path(settings.secrets.intake))
    ring = Keyring(ring_path)
    delivery = ring.team().delivery
    if delivery is None or delivery.raw != secrets.delivery.public.raw:
        ring.set_delivery(secrets.delivery.public)
    team = TeamKeys(ring_path)
    team.current_epoch()
    flows = ROOT / "flows"
    texts = Texts.load(flows)
    return Intake(
        settings=settings,
        store=store,
        secrets=secrets,
        team=team,
        book=load_flows(flows),
        texts=texts,
        directory=load_directory(flows, texts),
        nlu=nlu,
        stop=stop,
    )


def attach(intake: Intake, channel: Channel) -> Delivery:
    """Lets `channel` send what the turns put into the outbox."""
    intake.channels[channel.name] = channel
    return Delivery(intake.store, channel, intake.secrets.session_locker, intake.secrets.delivery)


async def run_intake(settings: Settings) -> None:
    """The channels, the turns and the outbox, until a signal."""
    from bot.channels.telegram import Telegram, client  # aiogram takes seconds to import; the others need none of it

    stop = stop_on_signals()
    watch(asyncio.get_running_loop())
    async with AsyncExitStack() as resources:
        store = await open_store(settings, stop, resources)
        nlu = NluClient(settings.nlu.url, settings.nlu.timeout) if settings.nlu.url else None
        if nlu is not None:
            resources.push_async_callback(nlu.close)
        intake = build_intake(settings, store, nlu, stop)
        parts: list[Coroutine[Any, Any, None]] = [intake.watch_duty(), _forget(settings, store, stop)]
        checks: dict[str, Callable[[], Awaitable[bool]]] = {
            "store": lambda: _store_answers(store),
            "pager": lambda: _beats(store, "pager"),
        }
        helpers = {"nlu": lambda: answers(settings.nlu.url)} if settings.nlu.url else {}
        routes = []
        if settings.telegram.configured:
            telegram = Telegram(client(settings.telegram), intake.handle)
            resources.push_async_callback(telegram.close)
            served = asyncio.Event()
            parts += [attach(intake, telegram).run(stop), _serve_telegram(settings, telegram, intake, served)]
            checks["telegram"] = lambda: _is_set(served)
            if settings.telegram.mode == "webhook":
                secret = webhook_secret(settings, intake.secrets)
                routes.append(web.post(WEBHOOK_PATH, telegram.webhook(secret, stop)))
        runner = await health.serve(settings.web.host, settings.web.port, health.routes(checks, helpers), routes)
        resources.push_async_callback(runner.cleanup)
        log.info("intake listens", port=settings.web.port)
        await _together(stop, *parts)


def webhook_secret(settings: Settings, secrets: IntakeSecrets) -> str:
    """The configured `secret_token`, else one that only this intake can compute."""
    given = settings.telegram.webhook_secret.get_secret_value()
    return given or secrets.derive("telegram webhook").hex()


def _public_address(settings: Settings) -> str:
    """Where Telegram finds us; a Bot API server of one's own, on this machine, finds us where we listen."""
    host = f"[{settings.web.host}]" if ":" in settings.web.host else settings.web.host
    return settings.telegram.webhook_url or f"http://{host}:{settings.web.port}"


async def _serve_telegram(settings: Settings, telegram: Telegram, intake: Intake, served: asyncio.Event) -> None:
    stop, attempt = intake.stop, 0
    while not stop.is_set():
        try:
            if settings.telegram.mode == "webhook":
                secret = webhook_secret(settings, intake.secrets)
                await telegram.set_webhook(_public_address(settings) + WEBHOOK_PATH, secret)
                served.set()
                await stop.wait()
            else:
                await telegram.poll(stop, served.set)
        except Exception as error:  # noqa: BLE001 - whatever Telegram says, the other channels and the outbox go on
            attempt += 1
            log.warning("Telegram cannot be served yet", attempt=attempt, **fault(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(min(0.5 * 2 ** min(attempt, 5), 15)):
                    await stop.wait()


async def _forget(settings: Settings, store: Store, stop: asyncio.Event) -> None:
    """Forgets in time: every hour, the cases that nobody has touched for `retention.case_days` (DESIGN §1.9)."""
    while not stop.is_set():
        try:
            forgotten = await store.expire(now(), settings.retention.case_days)
            if forgotten:
                log.info("cases were forgotten after retention", count=len(forgotten))
        except (RedisError, OSError) as error:
            log.warning("retention waits for the store", **fault(error))
        with suppress(TimeoutError):
            async with asyncio.timeout(RETENTION_SECONDS):
                await stop.wait()


async def _store_answers(store: Store) -> bool:
    try:
        await store.beating(0)
    except (RedisError, OSError):
        return False
    return True


async def _beats(store: Store, process: str) -> bool:
    try:
        return process in await store.beating(now())
    except (RedisError, OSError):
        return False


async def _is_set(event: asyncio.Event) -> bool:
    return event.is_set()


async def _together(stop: asyncio.Event, *parts: Coroutine[Any, Any, None]) -> None:
    """Runs the parts until `stop`; a part that fails ends the process, so that it is started afresh."""
    tasks = {asyncio.create_task(part) for part in parts}
    halted = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({halted, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    failed = [task for task in done if task is not halted and task.exception() is not None]
    stop.set()
    await asyncio.wait(tasks, timeout=20)
    for task in tasks:
        task.cancel()
    halted.cancel()
    if failed:
        failed[0].result()
