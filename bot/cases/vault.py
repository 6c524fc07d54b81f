"""Sealing (DESIGN §7): the only module that touches HPKE and AES-GCM.

Three things, all from `cryptography`, nothing hand-made:

- `hpke_seal` / `hpke_open`: RFC 9180 base mode, single shot. Our suite is MLKEM768_X25519 (X-Wing), HKDF-SHA256,
  AES-256-GCM, which browsers open with `@hpke/core` and its X-Wing module.
- `Locker`: AES-256-GCM under a key of one process, for what that process alone may read back.
- `seal_to` / `open_sealed`: a box for one public key.

Envelopes, which are what a case consists of, are built on these in `envelope.py`.

HPKE base mode says nothing about who sealed: whoever has the public half can. What the envelopes guarantee is that
nobody without a private half reads them, and that none can be changed or put elsewhere without being noticed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)  # fmt: skip

SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
"""What everything here is sealed with."""

MLKEM_PUBLIC_BYTES = 1184
PUBLIC_BYTES = MLKEM_PUBLIC_BYTES + 32
SEED_BYTES = 32
SEALED_OVERHEAD = KEM.MLKEM768_X25519.enc_length() + 16
"""Bytes that `hpke_seal` adds under `SUITE`: the encapsulated key and the tag."""

NONCE_BYTES = 12
LOCKER_VERSION = b"\x01"


class SealBroken(Exception):
    """What was sealed cannot be trusted: changed, cut, moved, or not for this key; the message says what is known."""


class NotForThisKey(SealBroken):
    """The envelope was not sealed to this key at all."""


@dataclass(frozen=True)
class PublicKey:
    """The public half: ML-KEM-768's 1184 bytes, then X25519's 32, as the X-Wing draft has it."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != PUBLIC_BYTES:
            raise ValueError(f"a public key has {PUBLIC_BYTES} bytes, but this has {len(self.raw)}")

    @cached_property
    def key_id(self) -> bytes:
        """8 bytes that name this key in envelopes."""
        return hashlib.sha256(self.raw).digest()[:8]

    @cached_property
    def text(self) -> str:
        """Base64url without padding, for files."""
        return base64.urlsafe_b64encode(self.raw).rstrip(b"=").decode()

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """The key that `text` was. Raises `ValueError` when it is none."""
        try:
            return cls(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        except binascii.Error as error:
            raise ValueError(f"not a public key: {error}") from None

    @cached_property
    def handle(self) -> MLKEM768X25519PublicKey:
        """The library's object."""
        return MLKEM768X25519PublicKey(
            mlkem.MLKEM768PublicKey.from_public_bytes(self.raw[:MLKEM_PUBLIC_BYTES]),
            x25519.X25519PublicKey.from_public_bytes(self.raw[MLKEM_PUBLIC_BYTES:]),
        )


class KeyPair:
    """Both halves, kept as X-Wing's 32-byte seed, which is also what files and browsers hold."""

    __slots__ = ("handle", "public", "seed")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a key's seed has {SEED_BYTES} bytes, but this has {len(seed)}")
        expanded = hashlib.shake_256(seed).digest(96)
        first = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        second = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
        self.seed = seed
        self.handle = MLKEM768X25519PrivateKey(first, second)
        self.public = PublicKey(first.public_key().public_bytes_raw() + second.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> KeyPair:
        return cls(secrets.token_bytes(SEED_BYTES))

    @property
    def key_id(self) -> bytes:
        return self.public.key_id

    def __repr__(self) -> str:  # a seed must never reach a log or a traceback
        return f"KeyPair({self.key_id.hex()})"


def hpke_seal(public: MLKEM768X25519PublicKey, plaintext: bytes, info: bytes, suite: Suite = SUITE) -> bytes:
    """RFC 9180 base mode: encapsulated key, then ciphertext. `info` must be the same when opening."""
    return suite.encrypt(plaintext, public, info)


def hpke_open(private: MLKEM768X25519PrivateKey, blob: bytes, info: bytes, suite: Suite = SUITE) -> bytes:
    """What `hpke_seal` was given. Raises `SealBroken` for any other key, info or byte."""
    try:
        return suite.decrypt(blob, private, info)
    except InvalidTag:
        raise SealBroken("it was sealed to another key, for another purpose, or was changed") from None


def seal_to(public: PublicKey, context: str, data: bytes) -> bytes:
    """A box that only `public`'s other half opens, and only where the same `context` is expected."""
    return hpke_seal(public.handle, data, _box_info(context, public))


def open_sealed(key: KeyPair, context: str, blob: bytes) -> bytes:
    """What `seal_to` was given. Raises `SealBroken`."""
    return hpke_open(key.handle, blob, _box_info(context, key.public))


def _box_info(context: str, public: PublicKey) -> bytes:
    return b"amparo box 1\0" + public.key_id + context.encode()


def aead_seal(key: bytes, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
    """AES-256-GCM; `key` must be fresh, or `nonce` never used with it before."""
    return AESGCM(key).encrypt(nonce, plaintext, associated)


def aead_open(key: bytes, nonce: bytes, ciphertext: bytes, associated: bytes, what: str) -> bytes:
    """What `aead_seal` was given. Raises `SealBroken`, naming `what`."""
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, associated)
    except InvalidTag:
        raise SealBroken(f"{what}: the envelope was changed") from None


class Locker:
    """AES-256-GCM under one 32-byte key. `context` says what a blob is and where it belongs, and is authenticated.

    Nonces are random: a key is good for some 2^32 blobs (NIST SP 800-38D §8.3).
    """

    __slots__ = ("_aead",)

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError(f"a locker's key has 32 bytes, but this has {len(key)}")
        self._aead = AESGCM(key)

    def lock(self, context: str, data: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return LOCKER_VERSION + nonce + self._aead.encrypt(nonce, data, _locker_aad(context))

    def unlock(self, context: str, blob: bytes) -> bytes:
        """What `lock` was given. Raises `SealBroken` for another key, another context or any changed byte."""
        if blob[:1] != LOCKER_VERSION or len(blob) < 1 + NONCE_BYTES + 16:
            raise SealBroken(f"{context}: not something that was locked here, or cut short")
        nonce, ciphertext = blob[1 : 1 + NONCE_BYTES], blob[1 + NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, ciphertext, _locker_aad(context))
        except InvalidTag:
            raise SealBroken(f"{context}: locked with another key, for another purpose, or changed") from None


def _locker_aad(context: str) -> bytes:
    return b"amparo locker 1\0" + context.encode()
