"""The team's key ring: operators, and the team keys of each epoch (DESIGN §7).

A directory:

- `team.json`: public halves only (operators, epochs, the recovery key, intake's delivery key);
- `epochs/<id>.json`: an epoch's private half, sealed to every operator of that time and to the recovery key;
- `operators/<name>.key`: key files of operators who work on this machine (`keyfile.py`).

New epochs need no private key at all, so a removed operator is shut out at once. `intake` uses `TeamKeys`, which
reads `team.json` and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.cases.files import KeyringError, one_writer, read_json, sync_directory, write_json
from bot.cases.keyfile import read_operator_key, recovery_key, recovery_text, write_operator_key
from bot.cases.vault import KeyPair, PublicKey, SealBroken, open_sealed, seal_to

__all__ = [
    "RECOVERY", "Enrolment", "Epoch", "Keyring", "KeyringError", "OperatorRecord", "Team", "TeamKeys",
    "read_operator_key", "recovery_key", "write_operator_key",
]  # fmt: skip

VERSION = 1
RECOVERY = "recovery"
"""The name under which the offline recovery key opens epochs; no operator may have it."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_EPOCH = re.compile(r"\d{4}-\d{2}(\.\d+)?")
_MEND_EMPTY = "run `amparo keys operator new NAME`"


@dataclass(frozen=True, slots=True)
class OperatorRecord:
    """An operator's public half. `added` is ISO 8601."""

    name: str
    public: PublicKey
    added: str


@dataclass(frozen=True, slots=True)
class Epoch:
    """A time with its own team key. What is sealed under it dies with its private half."""

    id: str
    public: PublicKey
    created: str


@dataclass(frozen=True, slots=True)
class Team:
    """Everything public. The last epoch is the current one. `version` grows with every change."""

    operators: tuple[OperatorRecord, ...]
    epochs: tuple[Epoch, ...]
    recovery: PublicKey
    delivery: PublicKey | None
    version: int

    @property
    def current(self) -> Epoch:
        return self.epochs[-1]

    def operator(self, name: str) -> OperatorRecord | None:
        return next((operator for operator in self.operators if operator.name == name), None)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What enrolling did. `recovery` is set for the very first operator: print it, it is stored nowhere."""

    epoch: str
    recovery: str | None = None


def _team_from(path: Path) -> Team:
    content = read_json(path, _MEND_EMPTY)
    if content.get("format") != VERSION:
        raise KeyringError(f"{path}: written by another version of this program; update the program")
    try:
        delivery = content["delivery"]
        team = Team(
            operators=tuple(
                OperatorRecord(name, PublicKey.parse(operator["public"]), operator["added"])
                for name, operator in content["operators"].items()
            ),
            epochs=tuple(
                Epoch(epoch["id"], PublicKey.parse(epoch["public"]), epoch["created"]) for epoch in content["epochs"]
            ),
            recovery=PublicKey.parse(content["recovery"]),
            delivery=PublicKey.parse(delivery) if delivery else None,
            version=int(content["version"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise KeyringError(f"{path}: damaged (not a key ring); put it back from a backup") from None
    if not team.epochs:
        raise KeyringError(f"{path}: damaged (it has no epoch); put it back from a backup")
    return team


def _team_to(team: Team) -> dict[str, Any]:
    return {
        "format": VERSION,
        "version": team.version,
        "operators": {o.name: {"public": o.public.text, "added": o.added} for o in team.operators},
        "epochs": [{"id": e.id, "public": e.public.text, "created": e.created} for e in team.epochs],
        "recovery": team.recovery.text,
        "delivery": team.delivery.text if team.delivery else "",
    }


def _context(epoch: str, name: str) -> str:
    return f"epoch {epoch} for {name}"


class Keyring:
    """The key ring in a directory. Changes are whole or not at all, on disk, and one at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._team_file = path / "team.json"

    @property
    def exists(self) -> bool:
        return self._team_file.exists()

    def operator_file(self, name: str) -> Path:
        """Where `name`'s key file lies on this machine. Raises `KeyringError` for what cannot be a name."""
        return self.path / "operators" / f"{_checked(name)}.key"

    def team(self) -> Team:
        """Raises `KeyringError`, in particular when there is no key ring yet."""
        return _team_from(self._team_file)

    def current_epoch(self) -> Epoch:
        return self.team().current

    def enrol(self, name: str, public: PublicKey, now: datetime, by: tuple[str, KeyPair] | None = None) -> Enrolment:
        """Add an operator and begin a new epoch, so that they read new cases at once.

        The first one makes the key ring and the recovery key. With `by` (an operator's name and key) the new one is
        also admitted to the earlier epochs that `by` can open; without, older cases stay closed to them.
        """
        added = OperatorRecord(_checked(name), public, _iso(now))
        with self._writing():
            if not self.exists:
                recovery = KeyPair.generate()
                team = Team((added,), (), recovery.public, None, 0)
                self._save(self._with_epoch(team, now))
                return Enrolment(self.current_epoch().id, recovery_text(recovery))
            team = self.team()
            if team.operator(name):
                raise KeyringError(f"{self._team_file}: {name!r} is enrolled already; choose another name")
            if by:
                self._admit(added, by)
            team = self._with_epoch(replace(team, operators=(*team.operators, added)), now)
            self._save(team)
            return Enrolment(team.current.id)

    def admit(self, name: str, by: tuple[str, KeyPair]) -> int:
        """Give `name` the earlier epochs that `by` can open; how many were new to them."""
        with self._writing():
            team = self.team()
            operator = team.operator(name)
            if operator is None:
                raise self._unknown(name)
            return self._admit(operator, by)

    def remove(self, name: str, now: datetime) -> str:
        """Take an operator out and begin a new epoch at once; its id.

        Cases and messages from now on are closed to them, even with a copy of all that they had.
        """
        with self._writing():
            team = self.team()
            if team.operator(name) is None:
                raise self._unknown(name)
            rest = tuple(operator for operator in team.operators if operator.name != name)
            # first the new epoch: if this is cut short, the operator is out, and doing it again finishes it
            team = self._with_epoch(replace(team, operators=rest), now)
            self._save(team)
            for epoch in self._sealed_epochs():
                content = self._read_epoch(epoch)
                if content["sealed"].pop(name, None):
                    write_json(self._epoch_file(epoch), content)
            return team.current.id

    def new_epoch(self, now: datetime) -> str:
        """Begin the next epoch; its id: `2026-11`, and `2026-11.2` within the month."""
        with self._writing():
            team = self._with_epoch(self.team(), now)
            self._save(team)
            return team.current.id

    def destroy_epoch(self, epoch: str) -> None:
        """Forget an epoch's private half: what was sealed under it is lost for everybody. Not the current one."""
        with self._writing():
            if epoch == self.current_epoch().id:
                raise KeyringError(f"epoch {epoch}: in use; begin a new one first (`amparo keys epoch new`)")
            file = self._epoch_file(epoch)
            if not file.exists():
                raise KeyringError(f"{file}: not there; the epoch is destroyed already or never was")
            file.unlink()
            sync_directory(file.parent)

    def set_delivery(self, public: PublicKey) -> None:
        """Name the key that operators seal replies to: intake's."""
        with self._writing():
            team = self.team()
            if team.delivery != public:
                self._save(replace(team, delivery=public))

    def open_epoch(self, epoch: str, name: str, key: KeyPair) -> KeyPair:
        """The epoch's team key, for the operator `name` (or `RECOVERY`). Raises `KeyringError` if closed to them."""
        file = self._epoch_file(epoch)
        sealed = self._read_epoch(epoch)["sealed"].get(name)
        if sealed is None:
            raise KeyringError(f"{file}: closed to {name}; ask another operator to run `amparo keys operator admit`")
        try:
            return KeyPair(open_sealed(key, _context(epoch, name), base64.b64decode(sealed, validate=True)))
        except (SealBroken, binascii.Error, ValueError):
            raise KeyringError(f"{file}: does not open with {name}'s key: another key, or damaged") from None

    def _admit(self, operator: OperatorRecord, by: tuple[str, KeyPair]) -> int:
        name, key = by
        admitted = 0
        for epoch in self._sealed_epochs():
            content = self._read_epoch(epoch)
            if operator.name in content["sealed"] or name not in content["sealed"]:
                continue
            private = self.open_epoch(epoch, name, key)
            content["sealed"][operator.name] = _seal_epoch(private, epoch, operator.name, operator.public)
            write_json(self._epoch_file(epoch), content)
            admitted += 1
        return admitted

    def _with_epoch(self, team: Team, now: datetime) -> Team:
        """`team` with one more epoch, whose private half is sealed and written, and then forgotten here."""
        month = now.astimezone(UTC).strftime("%Y-%m")
        earlier = [epoch for epoch in (*(e.id for e in team.epochs), *self._sealed_epochs()) if epoch[:7] == month]
        numbers = [int(epoch[8:] or 1) for epoch in earlier]
        epoch = f"{month}.{max(numbers) + 1}" if numbers else month
        private = KeyPair.generate()
        readers = [(o.name, o.public) for o in team.operators] + [(RECOVERY, team.recovery)]
        sealed = {name: _seal_epoch(private, epoch, name, public) for name, public in readers}
        write_json(
            self._epoch_file(epoch),
            {"format": VERSION, "epoch": epoch, "public": private.public.text, "sealed": sealed},
        )
        return replace(team, epochs=(*team.epochs, Epoch(epoch, private.public, _iso(now))))

    def _save(self, team: Team) -> None:
        write_json(self._team_file, _team_to(replace(team, version=team.version + 1)))

    def _epoch_file(self, epoch: str) -> Path:
        if not _EPOCH.fullmatch(epoch):
            raise KeyringError(f"{epoch!r} is not an epoch's name, such as 2026-11")
        return self.path / "epochs" / f"{epoch}.json"

    def _sealed_epochs(self) -> list[str]:
        return sorted(file.stem for file in (self.path / "epochs").glob("*.json") if _EPOCH.fullmatch(file.stem))

    def _read_epoch(self, epoch: str) -> dict[str, Any]:
        file = self._epoch_file(epoch)
        content = read_json(file, "the epoch was destroyed after retention, or its file is on another machine")
        if content.get("format") != VERSION or not isinstance(content.get("sealed"), dict):
            raise KeyringError(f"{file}: damaged (not an epoch's file); put it back from a backup")
        return content

    def _unknown(self, name: str) -> KeyringError:
        return KeyringError(f"{self._team_file}: no operator {name!r}; `amparo keys operator list` shows them")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with one_writer(self.path / ".lock"):
            yield


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name) or name == RECOVERY:
        raise KeyringError(f"operator {name!r}: use a–z, 0–9, - and _, at most 32, beginning with a letter")
    return name


def _iso(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds")


def _seal_epoch(private: KeyPair, epoch: str, name: str, public: PublicKey) -> str:
    return base64.b64encode(seal_to(public, _context(epoch, name), private.seed)).decode()


class TeamKeys:
    """The public halves, for `intake`: read again whenever `team.json` was replaced (one `stat` per call)."""

    def __init__(self, path: Path) -> None:
        self._file = path / "team.json"
        self._stamp: tuple[int, int, int] | None = None
        self._team: Team | None = None

    def team(self) -> Team:
        """Raises `KeyringError` when there is no key ring, or it cannot be read."""
        try:
            stat = self._file.stat()
        except OSError:
            stat = None
        stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size) if stat else None
        if self._team is None or stamp != self._stamp:
            self._team = _team_from(self._file)
            self._stamp = stamp
        return self._team

    def current_epoch(self) -> Epoch:
        return self.team().current

    @property
    def delivery(self) -> PublicKey | None:
        return self.team().delivery
