"""A turn as a whole, on a real store: what is kept, what is told, what happens when something fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import intake as intake_module
from bot import service
from bot.cases import embedded
from bot.cases.code import hash_secret, new_code, new_salt, new_secret
from bot.cases.keys import Keyring
from bot.cases.records import CaseView, CaseWrite, Committed, TurnWrite
from bot.cases.store import Store
from bot.cases.vault import KeyPair
from bot.channels.delivery import Delivery
from bot.channels.terminal import Terminal
from bot.commands.casework import Casework, Entry
from bot.conversation.messages import Inbound, Urgency
from bot.conversation.session import Session
from bot.intake import Intake, now, session_context
from bot.settings import Settings

pytestmark = pytest.mark.store

OPERATOR = "ana"


@dataclass
class Desk:
    """An intake with one person on a terminal, and an operator who can read."""

    intake: Intake
    terminal: Terminal
    delivery: Delivery
    casework: Casework

    async def say(self, text: str = "", *, choice: str = "", **more: str) -> Inbound:
        inbound = replace(self.terminal.inbound(text=text, choice=choice), **more)  # type: ignore[arg-type]
        await self.intake.handle(inbound)
        return inbound

    async def entries(self) -> list[Entry]:
        """Everything in the only case, or nothing when there is none."""
        cases = await self.casework.store.cases()
        assert len(cases) <= 1
        return (await self.casework.read(cases[0].id))[1] if cases else []

    async def texts(self) -> list[str]:
        return [entry.body["text"] for entry in await self.entries() if "text" in entry.body]

    async def shown(self, wanted: str) -> str:
        """The first message on the screen with `wanted` in it, once it is there."""
        async with self.terminal.changed, asyncio.timeout(20):
            while True:
                for message in self.terminal.screen.values():
                    if wanted in message.text:
                        return message.text
                await self.terminal.changed.wait()


@asynccontextmanager
async def desk(store: Store, directory: Path) -> AsyncIterator[Desk]:
    settings = Settings(data_dir=directory)
    ring = Keyring(settings.path(settings.secrets.keyring))
    key = KeyPair.generate()
    ring.enrol(OPERATOR, key.public, datetime.now(UTC))
    stop = asyncio.Event()
    built = service.build_intake(settings, store, None, stop)
    terminal = Terminal()
    delivery = service.attach(built, terminal)
    sending = asyncio.create_task(delivery.run(stop))
    try:
        yield Desk(built, terminal, delivery, Casework(store, ring, OPERATOR, key))
    finally:
        stop.set()
        await sending


async def test_what_a_person_says_is_there_for_the_operator_in_order(store: Store, tmp_path: Path) -> None:
    async with desk(store, tmp_path) as here:
        for text in ("hola", "me quitaron el pasaporte", "no sé qué hacer"):
            await here.say(text)
        assert await here.texts() == ["hola", "me quitaron el pasaporte", "no sé qué hacer"]


async def test_a_repeated_message_changes_nothing(store: Store, tmp_path: Path) -> None:
    async with desk(store, tmp_path) as here:
        first = await here.say("me quitaron el pasaporte")
        await here.intake.handle(first)
        assert await here.texts() == ["me quitaron el pasaporte"]


async def test_messages_at_once_from_one_chat_are_all_kept_once(store: Store, tmp_path: Path) -> None:
    async with desk(store, tmp_path) as here:
        await asyncio.gather(*(here.say(f"mensaje {number}") for number in range(12)))
        assert sorted(await here.texts()) == sorted(f"mensaje {number}" for number in range(12))


async def test_two_processes_racing_for_one_conversation_lose_and_repeat_nothing(
    store: Store, tmp_path: Path
) -> None:
    async with desk(store, tmp_path) as here:
        other = replace(here.intake, _order=type(here.intake._order)())
        await asyncio.gather(
            *(
                (here.intake if number % 2 else other).handle(here.terminal.inbound(text=f"mensaje {number}"))
                for number in range(12)
            )
        )
        assert sorted(await here.texts()) == sorted(f"mensaje {number}" for number in range(12))


@pytest.mark.parametrize(
    "text",
    [
        "x" * 4096,
        "nul\0 y control \x1b[31m",
        "\u202eotra dirección\u2069",
        "🆘🆘",
        "sola \ud83d mitad",
        "我被锁在房间里",
    ],
)
async def test_strange_text_is_kept_as_it_came(text: str, store: Store, tmp_path: Path) -> None:
    async with desk(store, tmp_path) as here:
        await here.say(text)
        assert await here.texts() == [text]


async def test_without_the_model_an_unknown_person_is_urgent_and_a_hazard_an_emergency(
    store: Store, tmp_path: Path
) -> None:
    async with desk(store, tmp_path) as here:
        await here.say("necesito contar una cosa")
        (case,) = await store.cases()
        assert case.urgency is Urgency.URGENT
        await here.say("me van a matar, tiene un cuchillo")
        (case,) = await store.cases()
        assert case.urgency is Urgency.EMERGENCY
        assert await here.shown("104")


async def test_the_stored_session_has_no_word_that_was_written(store: Store, tmp_path: Path) -> None:
    async with desk(store, tmp_path) as here:
        await here.say("/start")
        await here.say(choice="!lang_es")
        await here.say("canariosecreto en la calle canariocalle")
        pseudonym = here.intake.secrets.pseudonym("terminal", here.terminal.address)
        view = await store.read(pseudonym)
        assert view.session is not None
        plain = here.intake.secrets.session_locker.unlock(session_context(pseudonym), view.session)
        assert b"canario" not in plain
        assert not Session.loads(plain).fault


async def test_a_fault_in_a_flow_keeps_the_message_and_asks_for_a_human(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a fault in the engine")

    async with desk(store, tmp_path) as here:
        monkeypatch.setattr(intake_module, "step", broken)
        await here.say("me quitaron el pasaporte")
        assert await here.texts() == ["me quitaron el pasaporte"]
        (case,) = await store.cases()
        assert case.urgency is Urgency.URGENT
        assert await store.queue()
        assert await here.shown("Algo falló de nuestro lado")


async def test_an_operators_answer_reaches_the_person_in_order(store: Store, tmp_path: Path) -> None:
    async with desk(store, tmp_path) as here:
        await here.say("me quitaron el pasaporte")
        (case,) = await store.cases()
        await here.casework.claim(case.id)
        for number in range(5):
            await here.casework.reply(case.id, f"respuesta {number}")
        await here.shown("respuesta 4")
        answers = [message.text for message in here.terminal.screen.values() if message.text.startswith("respuesta")]
        assert answers == [f"respuesta {number}" for number in range(5)]
        await here.say("gracias")
        assert [entry.direction for entry in await here.entries()] == ["in", *["out"] * 5, "in"]


async def test_a_code_brings_back_to_the_case_from_another_chat(store: Store, tmp_path: Path) -> None:
    async with desk(store, tmp_path) as here:
        await here.say("/start")
        await here.say(choice="!lang_es")
        await here.say("no me dejan salir")
        await here.say(choice="start.safe:yes")
        await here.say(choice="menu.topic:tip")
        await here.say("vi algo raro")
        for step in ("where", "when", "who", "trace", "children", "safe", "ask_more"):
            await here.say(choice=f"tip.{step}:!skip")
        await here.shown("código")
        code = next(
            word for message in here.terminal.screen.values() for word in message.text.split() if word.count("-") == 5
        )
        first, here.terminal.address = here.terminal.address, "another"
        await here.say(f"hola, mi código es {code.lower()} y sigo aquí")
        await here.say("soy yo otra vez")
        assert (await here.texts())[-2:] == ["hola, mi código es  y sigo aquí", "soy yo otra vez"]
        assert code not in str(await here.entries())
        (case,) = await store.cases()
        await here.casework.claim(case.id)
        await here.casework.reply(case.id, "te leo")
        await here.shown("te leo")
        # the first chat has lost its case to the second: what is written there now is a new one
        here.terminal.address = first
        async with asyncio.timeout(20):
            await here.say("sigo en el primer chat")
        old, new = sorted(await store.cases(), key=lambda found: found.opened)
        assert (old.id, new.seq) == (case.id, 1)


@pytest.mark.parametrize("erased", [False, True])
async def test_a_case_that_changes_while_its_code_is_looked_at_holds_nothing_up(
    erased: bool, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(store, tmp_path) as here:
        await here.say("vi algo raro", locale="es")
        (case,) = await store.cases()
        code = new_secret(case.id)
        salt = new_salt()
        view = await store.read(here.intake.secrets.pseudonym("terminal", here.terminal.address))
        issued = CaseWrite(case.id, case.seq, code=(salt, await hash_secret(code.secret, salt)))
        write = TurnWrite(view.pseudonym, view.shard, "terminal", "issue", view.version, now(), case=issued)
        assert isinstance(await store.commit(write), Committed)
        await here.casework.claim(case.id)
        first = here.terminal.address
        looked = here.intake.store.case

        async def meanwhile(id_: str) -> CaseView | None:
            found = await looked(id_)
            monkeypatch.setattr(here.intake.store, "case", looked)
            if erased:
                await here.intake.handle(replace(here.terminal.inbound("borrar"), address=first))
                await here.intake.handle(replace(here.terminal.inbound(choice="!erase_yes"), address=first))
            else:
                await here.casework.note(id_, "en ese instante")
            return found

        monkeypatch.setattr(here.intake.store, "case", meanwhile)
        here.terminal.address = "another"
        async with asyncio.timeout(20):
            await here.say(code.text)
            await here.shown("Ese código no sirve" if erased else "Qué bueno que volviste")


async def test_guessing_codes_is_stopped(store: Store, tmp_path: Path) -> None:
    async with desk(store, tmp_path) as here:
        limit = here.intake.settings.limits.code_attempts_per_hour
        for _ in range(limit):
            await here.say(new_code(0).text)
        assert await here.shown("Ese código no sirve")
        await here.say(new_code(0).text)
        assert await here.shown("Hubo muchos intentos")
        assert await here.entries() == []


async def test_a_code_with_a_slip_is_said_to_be_wrong_and_kept_nowhere(store: Store, tmp_path: Path) -> None:
    async with desk(store, tmp_path) as here:
        code = new_code(0).text
        slip = code[:8] + ("A" if code[8] != "A" else "B") + code[9:]
        await here.say(slip)
        assert await here.shown("Ese código no sirve")
        assert await here.entries() == []


async def test_when_the_store_is_away_the_person_is_told_and_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "PATIENCE_SECONDS", 0.2)
    directory = tmp_path_factory.mktemp("s")
    server = await embedded.start(directory)
    client = embedded.connect(Settings(data_dir=directory))
    try:
        store = Store(client)
        await store.prepare()
        async with desk(store, directory) as here:
            await here.say("antes")
            assert server.process is not None
            server.process.kill()
            await server.process.wait()
            during = asyncio.create_task(here.say("durante el corte"))
            assert await here.shown("no puedo guardar")
            assert not during.done()
            server = await embedded.start(directory)
            await asyncio.wait_for(during, 30)
            assert await here.texts() == ["antes", "durante el corte"]
    finally:
        await client.aclose()
        await server.stop()
