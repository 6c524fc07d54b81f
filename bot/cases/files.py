"""Files that must never be half written or readable by others: keys and secrets."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700


class KeyringError(Exception):
    """A key, a key ring or a secret cannot be used. The message is one line: file, place, mend."""


def private_directory(path: Path) -> None:
    """Make `path`, and what is missing above it, for their owner alone (`mkdir` gives parents the usual mode)."""
    if path.is_dir():
        return
    private_directory(path.parent)
    path.mkdir(exist_ok=True, mode=PRIVATE_DIRECTORY)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace `path` whole or not at all, on disk when this returns, for its owner's eyes only."""
    private_directory(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1, sort_keys=True)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make a rename or an unlink in `path` survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path, missing: str) -> dict[str, Any]:
    """The object in `path`. Raises `KeyringError`: `missing` is the mend when there is no such file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KeyringError(f"{path}: not there; {missing}") from None
    except OSError as error:
        raise KeyringError(f"{path}: cannot be read: {error.strerror}; mend its owner or mode") from None
    except ValueError:
        raise KeyringError(f"{path}: damaged (not JSON); put it back from a backup") from None
    if not isinstance(content, dict):
        raise KeyringError(f"{path}: damaged (not a JSON object); put it back from a backup")
    return content


@contextmanager
def one_writer(path: Path) -> Iterator[None]:
    """Only one process at a time gets in, by a lock on the file `path`, which a crash releases."""
    private_directory(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
