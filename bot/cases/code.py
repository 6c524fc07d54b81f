"""Case ids and case codes (DESIGN §7): what brings a person back to a case from any channel.

A case id is also the public *locator*: five Crockford base32 characters, of which the first says the shard. A case
code is the locator, 80 secret bits and Crockford's check symbol (mod 37): `K7Q2M-4F3R-09TB-ZC6N-H8WD-K`.

Two rules are ours. Every code has at least two of the digits 2–9 and two letters, so that hardly any ordinary text
looks like one; and none ends in `*~$=`, so that every code can be dictated and travels in a deep link. Drawing again
until both hold costs the secret about a quarter of a bit.

The secret is stored nowhere: only its Argon2id hash, with a salt of its own for each case.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from bot.cases.records import SHARDS

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK_ALPHABET = ALPHABET + "*~$=U"
LOCATOR_CHARACTERS = 5
SECRET_CHARACTERS = 16
SECRET_BYTES = 10
GROUPS = (5, 4, 4, 4, 4)
SALT_BYTES = 16

_VALUE = {character: value for value, character in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_CHECK_VALUE = {character: value for value, character in enumerate(CHECK_ALPHABET)} | {"O": 0, "I": 1, "L": 1}

_SYMBOL = "[0-9A-TV-Za-tv-z]"
_SEPARATOR = r"[\s\-_.\u2010-\u2015]"
_GAP = _SEPARATOR + "{0,3}"
_CHECK = r"[0-9A-Za-z*~$=]"
_BEFORE = r"(?<![^\W_])(?<![/:=@.&?])"  # not inside a word (an underscore may come before), nor inside an address
_AFTER = r"(?![\w*~$=@/])"
_GROUPED = re.compile(
    _BEFORE + "(" + _GAP.join(f"{_SYMBOL}{{{size}}}" for size in GROUPS) + _GAP + _CHECK + ")" + _AFTER
)
_SPELLED = re.compile(_BEFORE + f"((?:{_SYMBOL} ){{21}}{_CHECK})" + _AFTER)
_NEARLY = re.compile(_BEFORE + r"([0-9A-Za-z]{4,6}(?:-[0-9A-Za-z]{3,5}){3,4}(?:-[0-9A-Za-z*~$=]{0,2})?)" + _AFTER)

_ARGON2_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="case-code")


@dataclass(frozen=True, slots=True)
class Code:
    """A case code. `locator` is the case's id; `secret` (10 bytes) never goes into a log or the store."""

    locator: str
    secret: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """As it is shown: grouped by hyphens, with its check symbol."""
        symbols = self.locator + _encode(int.from_bytes(self.secret), SECRET_CHARACTERS)
        groups, at = [], 0
        for size in GROUPS:
            groups.append(symbols[at : at + size])
            at += size
        return "-".join([*groups, _check_symbol(symbols)])


def _encode(value: int, characters: int) -> str:
    return "".join(ALPHABET[value >> 5 * place & 31] for place in reversed(range(characters)))


def _check_symbol(symbols: str) -> str:
    value = 0
    for symbol in symbols:
        value = value * 32 + _VALUE[symbol]
    return CHECK_ALPHABET[value % 37]


def new_code(shard: int, entropy: Callable[[int], bytes] = secrets.token_bytes) -> Code:
    """A fresh case id in `shard` with a fresh secret. The id may be taken: the store says so."""
    if not 0 <= shard < SHARDS:
        raise ValueError(f"there are {SHARDS} shards, so {shard} is none")
    value = int.from_bytes(entropy(4)) >> 7
    first = (value >> 20) // SHARDS * SHARDS + shard
    return new_secret(ALPHABET[first] + _encode(value, LOCATOR_CHARACTERS - 1), entropy)


def new_secret(locator: str, entropy: Callable[[int], bytes] = secrets.token_bytes) -> Code:
    """Another code for the case `locator`; the old one stops being good once the new hash is stored."""
    while True:
        code = Code(locator, entropy(SECRET_BYTES))
        if _distinctive(code.text) and code.text[-1] not in "*~$=":
            return code


def shard_of_case(case: str) -> int:
    """The shard that a case id names. Raises `ValueError` for what cannot be a case id."""
    if len(case) != LOCATOR_CHARACTERS or any(character not in ALPHABET for character in case):
        raise ValueError(f"{case!r} is not a case id: five of {ALPHABET}")
    return _VALUE[case[0]] % SHARDS


def normal_case_id(text: str) -> str | None:
    """The case id that somebody typed (any case, O for 0, I and L for 1), or None."""
    symbols = text.strip().upper()
    if len(symbols) != LOCATOR_CHARACTERS or any(symbol not in _VALUE for symbol in symbols):
        return None
    return "".join(ALPHABET[_VALUE[symbol]] for symbol in symbols)


def find(text: str) -> Code | None:
    """The case code in `text`, however it was typed: any case, other or no separators, O for 0, I or L for 1.

    A code is only what has its form, its digits and letters, and the right check symbol.
    """
    found = take(text)
    return found[0] if found else None


def take(text: str) -> tuple[Code, str] | None:
    """The case code in `text`, and the text without it: what stood around the code was said, and must be kept."""
    for symbols, (start, end) in _candidates(text):
        code = _read(symbols)
        if code:
            return code, text[:start] + text[end:]
    return None


def looks_like_code(text: str) -> bool:
    """There is no code in `text`, but something that was probably meant as one: a symbol is wrong or missing."""
    if find(text):
        return False
    return any(_distinctive(symbols) for symbols, _ in _candidates(text)) or any(
        _distinctive(match.group(1)) and 19 <= sum(map(str.isalnum, match.group(1))) <= 24
        for match in _NEARLY.finditer(text)
    )


def _candidates(text: str) -> list[tuple[str, tuple[int, int]]]:
    """What has the form of a code, without its separators, and where it stands."""
    found = []
    for pattern in (_GROUPED, _SPELLED):
        for match in pattern.finditer(text):
            if not match.group(1)[:-1].isalnum() or _one_case(match.group(1)):
                symbols = re.sub(_SEPARATOR, "", match.group(1)[:-1]).upper()
                found.append((symbols + match.group(1)[-1].upper(), match.span(1)))
    return found


def _one_case(text: str) -> bool:
    """All upper, all lower, or as phones begin a sentence: random identifiers, unbroken as they are, mix both."""
    return text.upper() == text or text[1:].lower() == text[1:]


def _distinctive(text: str) -> bool:
    upper = text[:-1].upper()
    digits = sum(character in "23456789" for character in upper)
    letters = sum(character in ALPHABET[10:] for character in upper)
    return digits >= 2 and letters >= 2


def _read(symbols: str) -> Code | None:
    body, check = symbols[:-1], symbols[-1]
    if not _distinctive(symbols):
        return None
    plain = "".join(ALPHABET[_VALUE[symbol]] for symbol in body)
    if CHECK_ALPHABET.index(_check_symbol(plain)) != _CHECK_VALUE[check]:
        return None
    secret = 0
    for symbol in plain[LOCATOR_CHARACTERS:]:
        secret = secret * 32 + _VALUE[symbol]
    return Code(plain[:LOCATOR_CHARACTERS], secret.to_bytes(SECRET_BYTES))


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def _derive(secret: bytes, salt: bytes) -> bytes:
    return Argon2id(salt=salt, length=32, iterations=2, lanes=1, memory_cost=19 * 1024).derive(secret)


async def hash_secret(secret: bytes, salt: bytes) -> bytes:
    """Argon2id (t=2, 19 MiB, p=1: OWASP's minimum) of a code's secret, on one of two threads kept for it."""
    return await asyncio.get_running_loop().run_in_executor(_ARGON2_THREADS, _derive, secret, salt)


async def verify(secret: bytes, salt: bytes, expected: bytes) -> bool:
    """Is it the secret whose hash is `expected`? Takes the same time either way."""
    return hmac.compare_digest(await hash_secret(secret, salt), expected)
