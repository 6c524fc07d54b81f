"""`amparo keys`: operators and epochs. Private keys are made and used here, and never sent anywhere (DESIGN §7)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from bot.cases.keyfile import write_operator_key
from bot.cases.keys import KeyringError
from bot.cases.records import Status
from bot.cases.vault import KeyPair
from bot.commands import common
from bot.oncall import enrol
from bot.settings import Settings

app = typer.Typer(help="Operators' keys and the team's epochs.", no_args_is_help=True)
operator = typer.Typer(help="Who can read cases.", no_args_is_help=True)
epoch = typer.Typer(help="The monthly team key that seals what people say.", no_args_is_help=True)
app.add_typer(operator, name="operator")
app.add_typer(epoch, name="epoch")

Name = Annotated[str, typer.Argument(help="A pseudonym: lower case letters, digits, - and _.")]
By = Annotated[str, typer.Option("--by", help="An operator who is in the team already, and lets the new one in.")]
SHORTEST = 12


def _new_passphrase(config: Settings) -> str:
    given = config.operator.passphrase.get_secret_value()
    chosen = given or str(
        typer.prompt("New passphrase (12 characters or more)", hide_input=True, confirmation_prompt=True, err=True)
    )
    if len(chosen) < SHORTEST:
        common.fail(f"the passphrase has {len(chosen)} characters: choose one with at least {SHORTEST}")
    return chosen


@operator.command("new")
def new(name: Name, by: By = "") -> None:
    """Make an operator's key pair under a passphrase and add them to the team.

    The first operator also makes the first epoch and the recovery key, which is shown once: write it down and keep
    it away from computers. A later operator reads new cases at once; with --by also those that are open already.
    """
    config = common.settings()
    ring = common.keyring(config)
    try:
        sponsor = common.unlock(config, by) if by else None
        file = ring.operator_file(name)
        if file.exists():
            common.fail(f"{file}: {name} has a key already; remove the operator first, or choose another name")
        key = KeyPair.generate()
        write_operator_key(file, name, key, _new_passphrase(config))
        enrolled = ring.enrol(name, key.public, datetime.now(UTC), sponsor)
    except KeyringError as error:
        common.fail(str(error))
    common.err.print(f"{name} is an operator; new cases are sealed to epoch {enrolled.epoch}.")
    if name not in {known.name for known in config.oncall.operators}:
        common.err.print(f"To be paged, {name} must also be on the roster: oncall.operators in config.yml.")
    if enrolled.recovery:
        common.err.print("The recovery key, shown this once. Write it on paper and lock it away:")
        typer.echo(enrolled.recovery)


@operator.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Who can read cases."""
    try:
        team = common.keyring(common.settings()).team()
    except KeyringError as error:
        common.fail(str(error))
    if json:
        common.print_json([{"name": known.name, "added": known.added} for known in team.operators])
        return
    table = Table("operator", "since")
    for known in team.operators:
        table.add_row(known.name, known.added)
    common.out.print(table)


@operator.command("admit")
def admit(name: Name, by: By = "") -> None:
    """Let an operator read the epochs from before they joined (needs the key of one who can)."""
    config = common.settings()
    try:
        common.keyring(config).admit(name, common.unlock(config, by))
    except KeyringError as error:
        common.fail(str(error))
    common.err.print(f"{name} can read the earlier epochs too.")


@operator.command("remove")
def remove(name: Name) -> None:
    """Take an operator out: from now on everything is sealed to a new epoch that they cannot open.

    What they could read before, they could have copied; that cannot be undone. The on-call bot forgets them, and the
    cases that they hold wait again. If the store was not running then, do it once more when it runs.
    """
    config = common.settings()
    ring = common.keyring(config)
    try:
        known = ring.team().operator(name) is not None
        if known:
            current = ring.remove(name, datetime.now(UTC))
            common.err.print(f"{name} is out; new cases and messages are sealed to epoch {current}.")
    except KeyringError as error:
        common.fail(str(error))

    async def forget() -> tuple[bool, int]:
        async with common.opened(config) as store:
            enrolled = await enrol.forget(store, name)
            held = [case for case in await store.cases(Status.OPEN) if case.claimed_by == name]
            for case in held:
                await store.release(case.id, name, common.now())
            return enrolled, len(held)

    enrolled, held = common.run(forget())
    if not (known or enrolled or held):
        common.fail(f"no operator {name!r}; `amparo keys operator list` shows them")
    if held:
        common.err.print(f"Cases that {name} held and that wait again: {held}.")


@epoch.command("new")
def new_epoch() -> None:
    """Begin a new epoch: once a month, or at once after a key may have been seen."""
    try:
        made = common.keyring(common.settings()).new_epoch(datetime.now(UTC))
    except KeyringError as error:
        common.fail(str(error))
    common.err.print(f"New cases and messages are sealed to epoch {made}.")


@epoch.command("list")
def list_epochs(json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """The epochs, and which one seals now."""
    try:
        ring = common.keyring(common.settings())
        current, epochs = ring.current_epoch().id, [known.id for known in ring.team().epochs]
    except KeyringError as error:
        common.fail(str(error))
    if json:
        common.print_json({"current": current, "epochs": epochs})
        return
    for known in epochs:
        typer.echo(f"{known}{'  (seals now)' if known == current else ''}")


@epoch.command("destroy")
def destroy(
    epoch_id: Annotated[str, typer.Argument(metavar="EPOCH", help="As `amparo keys epoch list` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget an epoch for good: nothing sealed under it can be opened again, not even from a backup."""
    if not yes:
        typer.confirm(f"Everything sealed under {epoch_id} becomes unreadable for ever. Go on?", abort=True, err=True)
    try:
        common.keyring(common.settings()).destroy_epoch(epoch_id)
    except KeyringError as error:
        common.fail(str(error))
    common.err.print(f"Epoch {epoch_id} is gone.")
