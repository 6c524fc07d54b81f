"""`amparo directory`: the contact lines that people are shown, and who has dialled them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from ruamel.yaml import YAML

from bot.commands import common
from bot.conversation.texts import Texts
from bot.referral.directory import Line, load
from bot.settings import ROOT

app = typer.Typer(help="Contact lines: which are stale, and signing one that was dialled.", no_args_is_help=True)
FLOWS = ROOT / "flows"
FRESH_DAYS = 90
"""A line must be dialled again after this long (`domain.md` §9.1)."""


def _lines() -> tuple[Line, ...]:
    return common.guarded(lambda: load(FLOWS, Texts.load(FLOWS)).entries)


def _stale(line: Line, today: date) -> str:
    if not line.verified_on:
        return "never dialled"
    days = (today - date.fromisoformat(line.verified_on)).days
    return f"dialled {days} days ago" if days > FRESH_DAYS else ""


@app.command()
def check(
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="End with 1 when a line is stale.")] = False,
) -> None:
    """List the lines that nobody has dialled in the last 90 days."""
    today = datetime.now(UTC).date()
    stale = [(line, why) for line in _lines() if (why := _stale(line, today))]
    if json:
        common.print_json([{"id": line.id, "country": line.country, "why": why} for line, why in stale])
    elif stale:
        table = Table("line", "country", "number", "source, date", "why")
        for line, why in stale:
            table.add_row(line.id, line.country, line.number, f"{line.source_name}, {line.source_date}", why)
        common.out.print(table)
        common.err.print("Dial each from a Panamanian phone, then: amparo directory verify LINE --by NAME")
    else:
        common.out.print("Every line was dialled in the last 90 days.")
    if stale and strict:
        raise typer.Exit(1)


@app.command()
def verify(
    line: Annotated[str, typer.Argument(help="The line's id, as `amparo directory check` shows it.")],
    by: Annotated[str, typer.Option("--by", help="Who dialled it: a pseudonym or initials.")],
) -> None:
    """Sign a line that was dialled today: it is shown as verified from now on."""
    if line not in {known.id for known in _lines()}:
        common.fail(f"there is no line {line!r}: `amparo directory check` lists them")
    for path in sorted((FLOWS / "directory").glob("*.yml")):
        if _sign(path, line, by, datetime.now(UTC).date()):
            common.err.print(f"{line} is signed by {by} in {path.relative_to(ROOT)}; commit that file.")
            return


def _sign(path: Path, wanted: str, by: str, today: date) -> bool:
    """Writes the signature into the file, leaving its comments and order alone. False: the line is not there."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    content = yaml.load(path.read_text(encoding="utf-8"))
    for line in content["lines"]:
        if line["id"] == wanted:
            line["verified_by"], line["verified_on"] = by, today.isoformat()
            draft = path.with_suffix(".yml.draft")
            with draft.open("w", encoding="utf-8") as file:
                yaml.dump(content, file)
            draft.replace(path)
            return True
    return False
