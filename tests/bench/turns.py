"""How fast is a turn? Run by hand: `.venv/bin/python -m tests.bench.turns`.

Beside a bare aiogram dispatcher that keeps a little state in the same store (`RedisStorage`, no sealing, no case, no
queue), in one run on one Valkey with fsync always. Machines are noisy: only the ratio means something.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from aiogram import Bot, Dispatcher, Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.redis import RedisStorage
from aiogram.types import Message, Update

from bot import service
from bot.cases import embedded
from bot.cases.keys import Keyring
from bot.cases.store import Store
from bot.cases.vault import KeyPair
from bot.conversation.messages import Inbound
from bot.settings import Settings

CHATS, EACH, ROUNDS = 50, 12, 3
TEXT = "me quitaron el pasaporte y me dicen que debo el viaje"


def baseline(storage: RedisStorage) -> Callable[[int, int], Awaitable[None]]:
    """Reads and writes the state of a chat for every update, as an ordinary bot does."""
    router = Router()

    @router.message()
    async def keep(_message: Message, state: FSMContext) -> None:
        known = await state.get_data()
        await state.update_data(count=known.get("count", 0) + 1)
        await state.set_state("waiting")

    dispatcher, bot = Dispatcher(storage=storage), Bot("1:a")
    dispatcher.include_router(router)

    async def feed(chat: int, number: int) -> None:
        said = {"message_id": number, "date": 1, "chat": {"id": chat, "type": "private"}, "text": TEXT,
                "from": {"id": chat, "is_bot": False, "first_name": "x"}}  # fmt: skip
        update = Update.model_validate({"update_id": chat * 1000 + number, "message": said}, context={"bot": bot})
        await dispatcher.feed_update(bot, update)

    return feed


async def rate(feed: Callable[[int, int], Awaitable[None]], first: int) -> float:
    """Turns a second: the chats side by side, each chat's messages one after the other."""

    async def chat(number: int) -> None:
        for turn in range(EACH):
            await feed(number, turn + 1)

    began = time.perf_counter()
    await asyncio.gather(*(chat(first + number) for number in range(CHATS)))
    return CHATS * EACH / (time.perf_counter() - began)


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="amp-") as name:
        directory = Path(name)
        settings = Settings(data_dir=directory)
        server = await embedded.start(directory)
        client = embedded.connect(settings)
        try:
            Keyring(settings.path(settings.secrets.keyring)).enrol(
                "ana", KeyPair.generate().public, datetime.now(UTC)
            )
            store = Store(client)
            await store.prepare()
            intake = service.build_intake(settings, store, None, asyncio.Event())

            async def turn(chat: int, number: int) -> None:
                await intake.handle(Inbound("telegram", str(chat), f"m{number}", 0.0, text=TEXT, platform_ref=number))

            bare = baseline(RedisStorage(client))  # type: ignore[arg-type]  # it takes any redis.asyncio client
            ours, theirs = [], []
            for round_ in range(ROUNDS):
                theirs.append(await rate(bare, 1_000_000 + round_ * CHATS))
                ours.append(await rate(turn, 2_000_000 + round_ * CHATS))
            mine, base = statistics.median(ours), statistics.median(theirs)
            print(f"bare aiogram with RedisStorage: {base:7.0f} updates/s (3 writes each, nothing sealed)")
            print(f"Amparo, a whole sealed turn:    {mine:7.0f} turns/s   ratio {mine / base:.2f}")
        finally:
            await client.aclose()
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
