"""A demo team, so that everything can be tried at once (DESIGN §11). Its passphrase lies beside it."""

from __future__ import annotations

import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from bot.cases.keyfile import write_operator_key
from bot.cases.keys import Keyring
from bot.cases.vault import KeyPair
from bot.settings import Settings

OPERATOR = "demo"


def passphrase_file(settings: Settings) -> Path:
    """Where the demo operator's passphrase lies; its existence is what makes a data directory a demo's."""
    return settings.data_dir / "demo" / "passphrase"


def prepare(settings: Settings) -> None:
    """Makes the demo operator and the first epoch, unless they are there already. Raises `KeyringError`."""
    ring = Keyring(settings.path(settings.secrets.keyring))
    file = passphrase_file(settings)
    if file.exists() and ring.operator_file(OPERATOR).exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    passphrase = secrets.token_urlsafe(18)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
        target.write(passphrase + "\n")
    key = KeyPair.generate()
    write_operator_key(ring.operator_file(OPERATOR), OPERATOR, key, passphrase)
    ring.enrol(OPERATOR, key.public, datetime.now(UTC))


def environment(settings: Settings) -> dict[str, str]:
    """What the processes of a demo get: the flag, and the demo operator on the roster."""
    operators = [operator.model_dump(mode="json") for operator in settings.oncall.operators]
    if OPERATOR not in {operator["name"] for operator in operators}:
        operators.append({"name": OPERATOR, "languages": list(settings.languages), "supervisor": True})
    return {"AMPARO_DEMO": "true", "AMPARO_ONCALL__OPERATORS": json.dumps(operators)}
