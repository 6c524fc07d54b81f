"""`amparo nlu`: what operators' corrections say of the model. Needs no key: labels hold no content."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from bot.commands import common
from bot.triage.labels import Disagreement, Label, disagreements

app = typer.Typer(help="What can be learned about triage from operators' corrections.", no_args_is_help=True)


@app.command()
def suggest(json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Where triage and operators disagree, by kind of message: missed danger first. Shows no text: none is kept."""
    config = common.settings()

    async def fetch() -> list[bytes]:
        async with common.opened(config) as store:
            return await store.labels()

    labels = [label for line in common.run(fetch()) if (label := Label.loads(line)) is not None]
    found = disagreements(labels)
    if json:
        common.print_json({"corrections": len(labels), "disagreements": [_row(group) for group in found]})
        return
    if not found:
        common.out.print("No disagreements: no operator has changed what triage said of a text.")
        return
    table = Table("language", "intent", "hazard word", "triage said", "operators say", "times", "model's chance")
    for group in found:
        table.add_row(
            group.language or "?",
            group.intent or "?",
            group.hazard,
            group.model.label,
            group.operator.label,
            str(group.count),
            "" if group.mean is None else f"{group.mean} %",
        )
    common.out.print(table)
    common.out.print(
        f"{len(labels)} corrections are kept. The last column: how likely the model found the operators' level or "
        "more. Add examples like these to nlu/data, or mend the hazard word in bot/triage/hazards.",
        style="dim",
    )


def _row(group: Disagreement) -> dict[str, Any]:
    return {
        "language": group.language,
        "intent": group.intent,
        "hazard": group.hazard,
        "triage": group.model.label,
        "operators": group.operator.label,
        "count": group.count,
        "chance": group.mean,
    }
