"""An operator's key file: the private half, wrapped under a passphrase, on that operator's machine only."""

from __future__ import annotations

import base64
import binascii
import secrets
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from bot.cases.code import ALPHABET
from bot.cases.files import KeyringError, read_json, write_json
from bot.cases.vault import SEED_BYTES, KeyPair, Locker, SealBroken

VERSION = 1
ITERATIONS, MEMORY_KIB, LANES = 3, 64 * 1024, 4
"""Argon2id as RFC 9106's second recommendation: some 0.2 s here. The file says its own, so that these may rise."""
MOST_MEMORY_KIB = 2 * 1024 * 1024
SHORTEST_PASSPHRASE = 8
RECOVERY_GROUP = 4


def write_operator_key(path: Path, name: str, key: KeyPair, passphrase: str) -> None:
    """Write `key` wrapped under `passphrase` (mode 0600). Raises `KeyringError` if it is too short."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise KeyringError(
            f"{path}: a passphrase needs at least {SHORTEST_PASSPHRASE} characters; five random words are good"
        )
    if path.exists():
        raise KeyringError(f"{path}: there already; move it away first, or whatever was sealed to it is lost")
    salt = secrets.token_bytes(16)
    wrapping = _wrapping_key(passphrase, salt, ITERATIONS, MEMORY_KIB, LANES)
    parameters = {"kdf": "argon2id", "iterations": ITERATIONS, "memory_kib": MEMORY_KIB, "lanes": LANES}
    content: dict[str, Any] = {
        "version": VERSION,
        "name": name,
        "public": key.public.text,
        "salt": base64.b64encode(salt).decode(),
        "wrapped": base64.b64encode(Locker(wrapping).lock(_context(name), key.seed)).decode(),
    }
    write_json(path, content | parameters)


def read_operator_key(path: Path, passphrase: str) -> KeyPair:
    """The key in the file. Raises `KeyringError`, in particular for a wrong passphrase."""
    content = read_json(path, "run `amparo keys operator new NAME`, or name the right file")
    try:
        salt, wrapped = (base64.b64decode(content[part], validate=True) for part in ("salt", "wrapped"))
        iterations, memory, lanes = (int(content[part]) for part in ("iterations", "memory_kib", "lanes"))
        name, public, version = str(content["name"]), str(content["public"]), int(content["version"])
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise KeyringError(f"{path}: not an operator's key file, or damaged; put it back from a backup") from None
    if version != VERSION or content.get("kdf") != "argon2id":
        raise KeyringError(f"{path}: written by a newer version of this program; update the program")
    if not (1 <= iterations <= 100 and 8 * lanes <= memory <= MOST_MEMORY_KIB and 1 <= lanes <= 64):
        raise KeyringError(f"{path}: its Argon2id numbers are out of bounds: damaged; put it back from a backup")
    try:
        seed = Locker(_wrapping_key(passphrase, salt, iterations, memory, lanes)).unlock(_context(name), wrapped)
    except SealBroken:
        raise KeyringError(f"{path}: wrong passphrase (or the file was changed); try again") from None
    key = KeyPair(seed)
    if key.public.text != public:
        raise KeyringError(f"{path}: its public half is not this key's: changed; put it back from a backup")
    return key


def _wrapping_key(passphrase: str, salt: bytes, iterations: int, memory_kib: int, lanes: int) -> bytes:
    kdf = Argon2id(salt=salt, length=32, iterations=iterations, lanes=lanes, memory_cost=memory_kib)
    return kdf.derive(passphrase.encode())


def _context(name: str) -> str:
    return f"operator key {name}"


def recovery_text(key: KeyPair) -> str:
    """A private half to print on paper: 52 Crockford characters and two that check them, in groups of four."""
    number = int.from_bytes(key.seed + key.key_id[:1]) << 6  # 264 bits and six zeros: 54 characters
    symbols = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(54)))
    return "-".join(symbols[at : at + RECOVERY_GROUP] for at in range(0, len(symbols), RECOVERY_GROUP))


def recovery_key(text: str) -> KeyPair:
    """The private half that was printed. Raises `KeyringError` when a character is wrong or missing."""
    symbols = "".join(character for character in text.upper() if character.isalnum())
    symbols = symbols.translate(str.maketrans("OIL", "011"))
    wrong = KeyringError("recovery key: a character is wrong or missing; compare it with the paper, group by group")
    if len(symbols) != 54 or any(symbol not in ALPHABET for symbol in symbols):
        raise wrong
    number = 0
    for symbol in symbols:
        number = number * 32 + ALPHABET.index(symbol)
    if number & 63:
        raise wrong
    data = (number >> 6).to_bytes(SEED_BYTES + 1)
    key = KeyPair(data[:SEED_BYTES])
    if key.key_id[:1] != data[SEED_BYTES:]:
        raise wrong
    return key
