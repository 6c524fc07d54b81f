"""`amparo …` = `python -m bot …`: the commands of DESIGN §11.

Commands import what they need when they run: a process must be back within a second after it was killed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot import observe, processes
from bot.commands import cases, common, directory, flows, keys, nlu, oncall
from bot.commands.doctor import doctor
from bot.settings import Settings
from bot.triage import server as nlu_server

app = typer.Typer(
    name="amparo",
    help="An anonymous tip line and victim-help chatbot for human trafficking in Panama and its region.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
runs = typer.Typer(help="Run one process; `amparo up` runs all of them.", no_args_is_help=True)
app.add_typer(runs, name="run")
app.add_typer(keys.app, name="keys")
app.add_typer(cases.app, name="cases")
app.add_typer(oncall.app, name="oncall")
app.add_typer(nlu.app, name="nlu")
app.add_typer(flows.app, name="flows")
app.add_typer(directory.app, name="directory")
app.command()(doctor)


@app.callback()
def options(
    config: Annotated[
        Path | None, typer.Option("--config", help="Path of config.yml.", envvar="AMPARO_CONFIG")
    ] = None,
) -> None:
    common.State.config = config
    common.State.loaded = None
    if config is not None:
        os.environ["AMPARO_CONFIG"] = str(config.resolve())


def _begin(process: str) -> Settings:
    settings = common.settings()
    observe.configure(process, settings.log_level)
    return settings


@runs.command("intake")
def run_intake() -> None:
    """Serve the people's channels: conversations, sealing, sending."""
    from bot import service

    common.run(service.run_intake(_begin("intake")))


@runs.command("pager")
def run_pager() -> None:
    """Serve the on-call bot: pages, claims, the ladder."""
    common.run(processes.run_pager(_begin("pager")))


@runs.command("store")
def run_store() -> None:
    """Run our own Valkey in the data directory (append-only file, fsync always)."""
    common.run(processes.run_store(_begin("store")))


@runs.command("nlu")
def run_nlu(
    port: Annotated[int | None, typer.Option("--port", help="Where to listen; 0 takes any free port.")] = None,
    host: Annotated[str, typer.Option("--host", help="Loopback unless a private network needs it.")] = "127.0.0.1",
) -> None:
    """Run the Rasa model: answers POST /model/parse. Keeps and logs nothing."""
    settings = common.settings()
    try:
        command = nlu_server.command(host, settings.nlu.port if port is None else port)
    except nlu_server.NluUnavailable as error:
        common.fail(str(error))
    os.chdir(nlu_server.PROJECT)
    os.execve(command[0], command, nlu_server.environment())  # the process becomes the server


@app.command()
def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="Add a demo team with its keys; never where real people write.")
    ] = False,
) -> None:
    """Run every process on this machine; prints one line, ready, when every part answers."""
    settings = _begin("up")
    common.run(_up(settings, demo))


async def _up(settings: Settings, demo: bool) -> None:
    from bot import supervisor as supervising

    stop = processes.stop_on_signals()
    plan = supervising.prepare(settings, demo=demo)
    supervisor = supervising.Supervisor(plan.parts, plan.environment, stop)
    running = asyncio.create_task(supervisor.run())
    if await supervising.until_ready(settings.web.host, plan.port, stop, plan.patience):
        print("ready", flush=True)  # noqa: T201 - the line that DESIGN §11 promises
    await running


@app.command()
def demo() -> None:
    """Try everything in this terminal: a chat with the bot beside what an operator sees."""
    from bot.commands.demo_screen import run_demo

    common.run(run_demo(common.settings()))


@app.command()
def chat(
    language: Annotated[str, typer.Option("--language", help="As a phone would say it, e.g. es or en.")] = "",
) -> None:
    """Talk to the bot in this terminal; the store must be running (`amparo up`)."""
    from bot.commands.chat import line_chat

    settings = _begin("chat")
    common.run(line_chat(settings, language))


def main() -> None:
    """The entry point. Known mistakes end with one line and a code that is not 0."""
    observe.no_core_files()
    sys.exit(app(prog_name="amparo"))


if __name__ == "__main__":
    main()
