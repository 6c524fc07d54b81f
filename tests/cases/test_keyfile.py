"""An operator's key file: opens with its passphrase and with nothing else."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from bot.cases.keyfile import read_operator_key, write_operator_key
from bot.cases.keys import KeyringError
from bot.cases.vault import KeyPair

pytestmark = pytest.mark.unit

KEY = KeyPair(b"a" * 32)
PASSPHRASE = "correcto caballo batería"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "operators" / "ana.key"
    write_operator_key(path, "ana", KEY, PASSPHRASE)
    return path


def test_the_passphrase_gives_the_key_back(path: Path) -> None:
    assert read_operator_key(path, PASSPHRASE).seed == KEY.seed
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = json.loads(path.read_text(encoding="utf-8"))
    parameters = [content[name] for name in ("kdf", "iterations", "memory_kib", "lanes")]
    assert parameters == ["argon2id", 3, 65536, 4]
    assert KEY.seed not in path.read_bytes()


@pytest.mark.parametrize("wrong", ["", "correcto caballo bateria", PASSPHRASE + " "])
def test_a_wrong_passphrase_is_one_clear_line(path: Path, wrong: str) -> None:
    with pytest.raises(KeyringError) as caught:
        read_operator_key(path, wrong)
    assert str(caught.value) == f"{path}: wrong passphrase (or the file was changed); try again"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"wrapped": "AAAA"}, "wrong passphrase"),
        ({"salt": "*"}, "not an operator's key file"),
        ({"salt": None}, "not an operator's key file"),
        ({"iterations": "many"}, "not an operator's key file"),
        ({"memory_kib": 2**40}, "out of bounds"),
        ({"lanes": 0}, "out of bounds"),
        ({"version": 2}, "newer version"),
        ({"kdf": "scrypt"}, "newer version"),
        ({"name": "bo"}, "wrong passphrase"),
        ({"public": "x"}, "public half"),
    ],
)
def test_a_changed_file_is_refused(path: Path, change: dict[str, Any], what: str) -> None:
    content = json.loads(path.read_text(encoding="utf-8")) | change
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(KeyringError, match=what):
        read_operator_key(path, PASSPHRASE)


def test_a_key_file_is_never_replaced(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(KeyringError, match="there already"):
        write_operator_key(path, "ana", KeyPair.generate(), PASSPHRASE)
    assert path.read_bytes() == before


def test_a_short_passphrase_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="at least 8 characters"):
        write_operator_key(tmp_path / "ana.key", "ana", KEY, "1234567")
    assert not (tmp_path / "ana.key").exists()


def test_a_missing_file_names_the_mend(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="amparo keys operator new NAME"):
        read_operator_key(tmp_path / "nobody.key", PASSPHRASE)
