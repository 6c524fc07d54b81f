"""`amparo demo`: everything running, a chat with the bot on the left, what an operator sees on the right."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from typing import ClassVar

from rich.markup import escape
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Footer, Input, Static

from bot import demo, supervisor
from bot.cases.keyfile import read_operator_key
from bot.cases.keys import KeyringError
from bot.cases.records import CaseView, Status
from bot.cases.vault import SealBroken
from bot.commands import common
from bot.commands.casework import Casework, CaseworkError, Entry
from bot.commands.chat import TerminalChat, line_chat, shown
from bot.commands.plain import plain
from bot.commands.wording import Wording
from bot.observe import configure
from bot.settings import Settings, load

REFRESH_SECONDS = 0.5


class DemoScreen(App[None]):
    """Two panes. Left: the person. Right: the operator `demo`, whose first answer claims the case."""

    TITLE = "Amparo"
    CSS = """
    Horizontal { height: 1fr; }
    Vertical { width: 1fr; border: round $primary; padding: 0 1; }
    VerticalScroll { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "quit", "Quit", key_display="^c", priority=True),
        Binding("tab", "focus_next", "Other side", priority=True),
    ]
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, chat: TerminalChat, casework: Casework, wording: Wording) -> None:
        super().__init__()
        self._chat = chat
        self._casework = casework
        self._wording = wording
        self._said: list[tuple[int, str]] = []
        self._case: str | None = None
        self._desk = ""

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical() as person:
                person.border_title = "A person writes"
                with VerticalScroll(id="chat", can_focus=False):
                    yield Static("", id="talk")
                yield Input(placeholder="Write, or a button's number", id="person")
            with Vertical() as operator:
                operator.border_title = "The operator sees"
                with VerticalScroll(id="desk", can_focus=False):
                    yield Static("", id="case")
                yield Input(placeholder="Answer (this claims the case)", id="operator")
        yield Footer()

    async def on_mount(self) -> None:
        self.query_one("#person", Input).focus()
        for pane in ("#chat", "#desk"):
            self.query_one(pane, VerticalScroll).anchor()  # the newest stays in sight, in a window of any size
        self.set_interval(REFRESH_SECONDS, self._refresh_case)
        self.run_worker(self._follow_chat())
        await self._chat.say("/start")

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        line, event.input.value = event.value.strip(), ""
        if not line:
            return
        if event.input.id == "person":
            self._said.append((max(self._chat.terminal.screen, default=0), line))
            self.run_worker(self._chat.say(line))
        else:
            self.run_worker(self._answer(line))

    async def _answer(self, line: str) -> None:
        if self._case is None:
            self.notify("No case yet: nobody has written.")
            return
        try:
            await self._casework.claim(self._case)
            await self._casework.reply(self._case, line)
        except CaseworkError as error:
            self.notify(str(error), severity="warning")

    async def _follow_chat(self) -> None:
        terminal = self._chat.terminal
        while True:
            async with terminal.changed:
                parts: list[str] = []
                for number, outbound in terminal.screen.items():
                    parts.append(f"[bold cyan]Amparo[/]\n{escape(shown(outbound))}")
                    parts += [f"[bold]You[/]\n{escape(plain(line))}" for after, line in self._said if after == number]
                self.query_one("#talk", Static).update("\n\n".join(parts))
                await terminal.changed.wait()

    async def _refresh_case(self) -> None:
        try:
            cases = await self._casework.store.cases(Status.OPEN)
            lines = [_headline(case) for case in sorted(cases, key=lambda case: (-case.urgency, case.opened))]
            self._case = max(cases, key=lambda case: case.updated).id if cases else None
            if self._case:
                view, entries = await self._casework.read(self._case)
                lines += ["", f"[bold]Case {view.id}[/], opened with the operator's key:"]
                lines += [
                    f"\n[dim]{entry.seq}[/] [bold]{_who(entry)}[/]\n{escape(self._wording.of(entry))}"
                    for entry in entries
                ]
        except (OSError, SealBroken, KeyringError, CaseworkError) as error:
            lines = [escape(f"{type(error).__name__}: {error}")]
        shown = "\n".join(lines) or "No cases yet."
        if shown != self._desk:
            self._desk = shown
            self.query_one("#case", Static).update(shown)


def _who(entry: Entry) -> str:
    return {"in": "person", "note": "note"}.get(entry.direction, escape(str(entry.body.get("by", "operator"))))


def _headline(case: CaseView) -> str:
    style = {4: "bold red", 3: "yellow", 2: "white", 1: "dim"}[case.urgency]
    state = f"held by {case.claimed_by}" if case.claimed_by else "waits"
    return f"[{style}]{case.urgency.label:<12}[/] {case.id}  {case.role.value:<8} {case.language:<3} {state}"


async def run_demo(settings: Settings) -> None:
    """Starts everything with a demo team; a screen where there is one, lines of text where there is not."""
    stop = asyncio.Event()
    if settings.web.port and not os.environ.get("AMPARO_WEB__PORT"):
        os.environ["AMPARO_WEB__PORT"] = "0"  # a demo takes any free port; nobody has to free 8080 for it
        settings = load(common.State.config)
    plan = supervisor.prepare(settings, demo=True)
    os.environ |= plan.environment
    settings = load(common.State.config)
    configure("demo", "error")
    log_path = settings.data_dir / "demo" / "log.jsonl"
    with log_path.open("a", encoding="utf-8") as log_file:
        keeper = supervisor.Supervisor(plan.parts, plan.environment, stop, output=log_file)
        running = asyncio.create_task(keeper.run())
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        try:
            common.err.print(f"Starting {', '.join(plan.parts)} (log: {log_path})…")
            if await supervisor.until_ready(settings.web.host, plan.port, stop, plan.patience):
                common.out.print("ready")
                await _talk(settings, stop)
        finally:
            stop.set()
            await running


async def _talk(settings: Settings, stop: asyncio.Event) -> None:
    async with AsyncExitStack() as resources:
        store = await resources.enter_async_context(common.opened(settings))
        if not settings.oncall.telegram.configured:
            await store.duty_set(demo.OPERATOR, True)
        if not common.interactive():
            await line_chat(settings, settings.languages[0])
            if settings.telegram.configured:
                common.err.print("Standard input has ended; Telegram is served until this process is stopped.")
                await stop.wait()
            return
        ring = common.keyring(settings)
        key = read_operator_key(ring.operator_file(demo.OPERATOR), common.passphrase(settings, demo.OPERATOR))
        chat = await TerminalChat.open(settings, settings.languages[0], resources)
        casework = Casework(store, ring, demo.OPERATOR, key)
        await DemoScreen(chat, casework, Wording.load(settings)).run_async()
