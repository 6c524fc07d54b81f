"""`amparo flows`: for those who write flows: find faults, draw them, play transcripts.

The flow language is imported when a command runs: no other command of `amparo` should wait for it.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bot.channels.limits import ALL
from bot.commands import common
from bot.settings import ROOT

app = typer.Typer(help="Write flows: find faults, draw them, play transcripts.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--flows", help="The flows folder.", file_okay=False, exists=True)]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
FLOWS = ROOT / "flows"
TRANSCRIPTS = ROOT / "tests" / "conversations"


@app.command("lint")
def lint(flows: Folder = FLOWS, json: Json = False) -> None:
    """Refuse what would leave somebody stuck, misled or unheard: each fault with file, line and mend."""
    from bot.conversation.lint import lint as find_faults
    from bot.referral.directory import check as check_directory

    found = sorted({*find_faults(flows, common.settings().languages, ALL), *check_directory(flows)})
    if json:
        common.print_json([asdict(finding) for finding in found])
    else:
        for finding in found:
            typer.echo(finding)
        common.err.print(f"{len(found)} faults" if found else "no faults")
    if found:
        raise typer.Exit(1)


@app.command("graph")
def graph(
    flow: Annotated[str, typer.Argument(help="A flow; without one, how all of them lead to each other.")] = "",
    flows: Folder = FLOWS,
) -> None:
    """Draw a flow as a Mermaid diagram, on standard output."""
    from bot.conversation import graph as graphs
    from bot.conversation.loader import load

    book = common.guarded(lambda: load(flows))
    if flow and flow not in book.flows:
        common.fail(f"there is no flow {flow!r}; there are: {', '.join(sorted(book.flows))}")
    typer.echo(graphs.mermaid(book, flow) if flow else graphs.overview(book), nl=False)


@app.command("test")
def play_transcripts(
    flows: Folder = FLOWS,
    transcripts: Annotated[Path, typer.Option(help="The folder of transcripts.", exists=True)] = TRANSCRIPTS,
) -> None:
    """Play every transcript in every language it is written for."""
    from bot.conversation.loader import load
    from bot.conversation.texts import Texts
    from bot.conversation.transcripts import run as play

    results = common.guarded(lambda: play(transcripts, load(flows), Texts.load(flows)))
    failed = [result for result in results if result.failures]
    for result in failed:
        for failure in result.failures:
            typer.echo(failure)
    common.err.print(f"{len(results) - len(failed)} transcripts as written, {len(failed)} not")
    if failed:
        raise typer.Exit(1)


@app.command("lock")
def lock(flows: Folder = FLOWS) -> None:
    """Publish the steps as they are: from now on, taking one out needs `moved_to` for those who wait there."""
    from bot.conversation.lint_flows import write_lock
    from bot.conversation.loader import load

    common.guarded(lambda: write_lock(flows, load(flows)))
    common.err.print("The steps are published; commit the lock file.")
