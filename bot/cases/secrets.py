"""What one process alone may know: the intake's secrets and the pager's (DESIGN §2, §7).

Neither holds a team or operator key: with these files and the whole store, no tip can be read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.cases.files import KeyringError, one_writer, read_json, write_json
from bot.cases.vault import KeyPair, Locker

KEY_BYTES = 32
_MEND = "it is made at the first start"


@dataclass(frozen=True)
class IntakeSecrets:
    """The pepper behind pseudonyms, the key of sessions and routing, and the key that operators seal replies to.

    The delivery key opens replies on their way to a person, and nothing that a person said.
    """

    pepper: bytes = field(repr=False)
    session_locker: Locker = field(repr=False)
    delivery: KeyPair

    @classmethod
    def load_or_create(cls, path: Path) -> IntakeSecrets:
        """Read the file, or draw its three keys (mode 0600). Raises `KeyringError`."""
        keys = _load_or_create(path, ("pepper", "session", "delivery"))
        return cls(keys["pepper"], Locker(keys["session"]), KeyPair(keys["delivery"]))

    def pseudonym(self, channel: str, address: str) -> str:
        """The name that the store knows a conversation by: 128 bits of HMAC-SHA256, hexadecimal."""
        return self._hmac("pseudonym", channel, address)

    def message_key(self, pseudonym: str, message_id: str) -> str:
        """What a repeated message is recognised by; says nothing of the platform's own number."""
        return self._hmac("message", pseudonym, message_id)

    def derive(self, purpose: str) -> bytes:
        """A further 32-byte secret of this intake, such as a webhook's; the same at every start."""
        return hmac.digest(self.pepper, b"derive\0" + purpose.encode(), hashlib.sha256)

    def _hmac(self, purpose: str, first: str, second: str) -> str:
        # lengths before parts: no two pairs give the same bytes
        parts = (part.encode() for part in (purpose, first, second))
        message = b"".join(len(part).to_bytes(4) + part for part in parts)
        return hmac.digest(self.pepper, message, hashlib.sha256)[:16].hex()


@dataclass(frozen=True)
class PagerSecrets:
    """The key under which the pager keeps its operators' chats in the store."""

    locker: Locker = field(repr=False)

    @classmethod
    def load_or_create(cls, path: Path) -> PagerSecrets:
        """Read the file, or draw its key (mode 0600). Raises `KeyringError`."""
        return cls(Locker(_load_or_create(path, ("key",))["key"]))


def _load_or_create(path: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    if not path.exists():
        with one_writer(path.with_name(f".{path.name}.lock")):
            if not path.exists():  # another process may have been first
                drawn: dict[str, Any] = {name: _to_text(secrets.token_bytes(KEY_BYTES)) for name in names}
                write_json(path, drawn | {"version": 1})
    content = read_json(path, _MEND)
    try:
        keys = {name: base64.b64decode(content[name], validate=True) for name in names}
    except (KeyError, TypeError, binascii.Error):
        raise KeyringError(f"{path}: damaged (needs {', '.join(names)}); put it back from a backup") from None
    for name, key in keys.items():
        if len(key) != KEY_BYTES:
            raise KeyringError(f"{path}: {name}: must have {KEY_BYTES} bytes; put the file back from a backup")
    return keys


def _to_text(data: bytes) -> str:
    return base64.b64encode(data).decode()
