"""`amparo cases`: what an operator does. Cases are opened and answered here, with the operator's own key."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.markup import escape
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from bot.cases.code import normal_case_id
from bot.cases.records import CaseView, Status
from bot.cases.vault import SealBroken
from bot.channels.fit import units
from bot.commands import common
from bot.commands.casework import Casework, CaseworkError, Entry
from bot.conversation.messages import Urgency

app = typer.Typer(help="Work on cases: list, claim, read, reply, note, lower, raise, close.", no_args_is_help=True)

Case = Annotated[str, typer.Argument(help="The case id, as pages and lists show it.")]
As = Annotated[str, typer.Option("--as", help="Whose key to use; not needed when there is only one.")]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Words = Annotated[str, typer.Argument(help="The text; - reads it from standard input.")]
MARKS = {Urgency.EMERGENCY: "!!!", Urgency.URGENT: "!!", Urgency.PRIORITY: "!", Urgency.INFORMATION: ""}
LONGEST = 4000
INDENT = 4
NARROW = 72
"""Columns below which the list leaves out what can wait until the case is read."""


def _words(given: str) -> str:
    text = sys.stdin.read().strip() if given == "-" else given.strip()
    if not text:
        common.fail("nothing to write: give the text, or - and the text on standard input")
    if units(text) > LONGEST:
        # counted as Telegram counts: it would refuse the answer after it was said to be sent
        common.fail(
            f"the text has {units(text)} characters (an emoji is two): at most {LONGEST} fit, send it in parts"
        )
    if not text.isprintable() and any("\ud800" <= character <= "\udfff" for character in text):
        common.fail("the text is not UTF-8: send it as UTF-8, or type it")
    return text


def _case(given: str) -> str:
    case = normal_case_id(given)
    if case is None:
        common.fail(f"{given!r} is no case id: it has five letters and digits, as `amparo cases list` shows them")
    return case


def _act(as_: str, work: Callable[[Casework], Awaitable[None]]) -> None:
    config = common.settings()
    name, key = common.unlock(config, as_)

    async def go() -> None:
        async with common.opened(config) as store:
            await work(Casework(store, common.keyring(config), name, key))

    try:
        common.run(go())
    except CaseworkError as error:
        common.fail(str(error))
    except SealBroken as error:
        common.fail(f"an envelope cannot be opened: {error}. Keep the store as it is and tell the administrator")


def _row(case: CaseView) -> dict[str, Any]:
    return {
        "case": case.id,
        "status": case.status.value,
        "urgency": case.urgency.label,
        "role": case.role.value,
        "language": case.language,
        "opened": case.opened,
        "updated": case.updated,
        "waiting_since": case.waiting_since,
        "claimed_by": case.claimed_by,
        "messages": case.seq,
        "reachable": case.reachable,
    }


@app.command("list")
def list_(all_: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False, json: Json = False) -> None:
    """Open cases, the most urgent first, then the longest waiting. Needs no key: it shows no content."""
    config = common.settings()

    async def fetch() -> list[CaseView]:
        async with common.opened(config) as store:
            return await store.cases(None if all_ else Status.OPEN)

    found = sorted(
        common.run(fetch()),
        key=lambda case: (case.claimed_by is not None, -case.urgency, case.waiting_since or case.opened),
    )
    if json:
        common.print_json([_row(case) for case in found])
        return
    common.out.print(_table(found, narrow=common.out.width < NARROW) if found else "No open cases.")


def _table(found: list[CaseView], *, narrow: bool) -> Table:
    """Without a case's id nobody can claim it: on a narrow screen everything else gives way first."""
    # fmt: off
    columns: dict[str, Callable[[CaseView], str]] = {
        "": lambda case: MARKS[case.urgency],
        "case": lambda case: case.id,
        "urgency": lambda case: case.urgency.label,
        "who": lambda case: case.role.value,
        "language": lambda case: case.language,
        "waits": lambda case: common.ago(case.waiting_since) if case.waiting_since and not case.claimed_by else "",
        "held by": lambda case: case.claimed_by or ("" if case.open else "closed"),
        "messages": lambda case: str(case.seq),
    }
    # fmt: on
    shown = [name for name in columns if not (narrow and name in ("who", "language", "messages"))]
    firm = {"": 3, "case": 5, "urgency": 9, "waits": 6}
    wanted = (Column(name, no_wrap=name in firm, min_width=firm.get(name)) for name in shown)
    table = Table(*wanted, box=SIMPLE, padding=(0, 1, 0, 0))
    for case in found:
        table.add_row(*(columns[name](case) for name in shown))
    return table


@app.command()
def claim(case: Case, as_: As = "") -> None:
    """Take a case: its pages stop, and the person is told the truth from now on, that somebody has it."""
    case = _case(case)
    _act(as_, lambda casework: casework.claim(case))
    common.err.print(f"Case {case} is yours.")


@app.command()
def read(case: Case, as_: As = "", json: Json = False) -> None:
    """Open a case and show everything in it, in order."""
    case = _case(case)

    async def show(casework: Casework) -> None:
        view, entries = await casework.read(case)
        if json:
            common.print_json({**_row(view), "reasons": list(view.reasons), "entries": [_plain(e) for e in entries]})
            return
        from bot.commands.wording import Wording  # the flow language is slow to load, and only needed here

        wording = Wording.load(common.settings())
        state = f"held by {view.claimed_by}" if view.claimed_by else ("waits" if view.open else "closed")
        common.out.print(f"[bold]{view.id}[/bold]  {view.urgency.label}  {view.role.value}  {view.language}  {state}")
        if view.reasons:
            common.out.print("why: " + escape(", ".join(view.reasons)), style="dim")
        for entry in entries:
            moment = datetime.fromtimestamp(entry.body["at"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            who = {"in": "person", "out": entry.body.get("by", "operator"), "note": "note"}[entry.direction]
            common.out.print(f"[dim]{entry.seq:>3} {moment}[/dim] [bold]{escape(who)}[/bold]")
            # indented, so that no text can pass for an entry of its own; a `Text`, so that rich changes nothing in it
            common.out.print(Padding(Text(wording.of(entry)), (0, 0, 0, INDENT), expand=False))
        if not view.reachable:
            common.out.print(
                "The person cannot be reached now; they can come back with their case code.", style="dim"
            )

    _act(as_, show)


def _plain(entry: Entry) -> dict[str, Any]:
    return {"seq": entry.seq, "direction": entry.direction, "kind": entry.kind, **entry.body}


@app.command()
def reply(case: Case, text: Words, as_: As = "") -> None:
    """Answer the person. The answer is sealed on the way and kept, sealed, in the case."""
    case, said = _case(case), _words(text)
    _act(as_, lambda casework: casework.reply(case, said))
    common.err.print(f"Sent to the person of case {case}.")


@app.command()
def note(case: Case, text: Words, as_: As = "") -> None:
    """Keep a note for operators; the person never sees it."""
    case, said = _case(case), _words(text)
    _act(as_, lambda casework: casework.note(case, said))
    common.err.print(f"Noted in case {case}.")


@app.command()
def lower(
    case: Case,
    level: Annotated[str, typer.Argument(help="urgent, priority or information.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the case.")],
    as_: As = "",
) -> None:
    """Lower the urgency of a case that you hold. Only people do this, never the machine."""
    case, why, urgency = _case(case), _words(reason), _level(level)
    _act(as_, lambda casework: casework.lower(case, urgency, why))
    common.err.print(f"Case {case} is {urgency.label} now.")


@app.command("raise")
def raise_(
    case: Case,
    level: Annotated[str, typer.Argument(help="emergency, urgent or priority.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the case.")],
    as_: As = "",
) -> None:
    """Raise the urgency of a case that you hold: it waits in that place should you give it back."""
    case, why, urgency = _case(case), _words(reason), _level(level)
    _act(as_, lambda casework: casework.raise_(case, urgency, why))
    common.err.print(f"Case {case} is {urgency.label} now.")


def _level(given: str) -> Urgency:
    try:
        return Urgency.parse(given)
    except ValueError as error:
        common.fail(str(error))


@app.command()
def close(
    case: Case,
    outcome: Annotated[str, typer.Option("--outcome", help="What came of it; kept in the case.")] = "closed",
    as_: As = "",
) -> None:
    """End the work on a case that you hold. It opens again if the person writes."""
    case, said = _case(case), _words(outcome)
    _act(as_, lambda casework: casework.close(case, said))
    common.err.print(f"Case {case} is closed.")
