r"""An envelope: one entry of a case, sealed to its readers and bound to its place (DESIGN §7).

Bytes, in order (numbers big-endian):

    "AMP" | version 1 | header length: 2 | header (JSON, UTF-8)
    recipients: 1 | per recipient: key id 8, data key sealed by HPKE (1,168)
    nonce 12 | AES-256-GCM of (content length: 4 | content | zeros up to the size class)

The HPKE `info` is a label, the header and the key id. The associated data of AES-GCM is everything before the
nonce. So no bit can change, and the header (case, sequence number, direction, kind, epoch) cannot be had with other
content. The data key is used once. Sizes are powers of two from 256 bytes on, so that lengths tell little.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from bot.cases import vault
from bot.cases.vault import KeyPair, NotForThisKey, PublicKey, SealBroken

Direction = Literal["in", "out", "note"]
"""From the person, to the person, or between operators."""

MAGIC = b"AMP\x01"
KEY_ID_BYTES = 8
WRAP_BYTES = KEY_ID_BYTES + 32 + vault.SEALED_OVERHEAD
SMALLEST = 256
BIGGEST_STEP = 65536
"""Above this, sizes are multiples of it: doubling would waste too much."""
LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Binding:
    """Where an envelope belongs. `seq` counts from 0 in each case; `kind` is a word such as `text` or `answer`."""

    case: str
    seq: int
    direction: Direction
    kind: str
    epoch: str

    def to_bytes(self) -> bytes:
        fields = {"c": self.case, "s": self.seq, "d": self.direction, "k": self.kind, "e": self.epoch}
        return json.dumps(fields, separators=(",", ":"), sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, header: bytes) -> Binding:
        try:
            fields = json.loads(header)
            case, seq, direction, kind, epoch = (fields[name] for name in "csdke")
        except (ValueError, KeyError, TypeError, RecursionError):
            raise SealBroken("the envelope's header cannot be read: it was changed or cut") from None
        texts = all(isinstance(text, str) for text in (case, kind, epoch))
        if not texts or type(seq) is not int or seq < 0 or direction not in get_args(Direction):
            raise SealBroken("the envelope's header is not one that is written here")
        return cls(case, seq, direction, kind, epoch)

    def __str__(self) -> str:
        return f"case {self.case} number {self.seq}"


@dataclass(frozen=True, slots=True)
class _Parts:
    header: bytes
    wraps: tuple[tuple[bytes, bytes], ...]
    before_nonce: bytes
    nonce: bytes
    body: bytes


def _take_apart(envelope: bytes) -> _Parts:
    if envelope[:4] != MAGIC:
        raise SealBroken("this is not an envelope, or of a version that is not known here")
    header_end = 6 + int.from_bytes(envelope[4:6])
    wraps_at = header_end + 1
    if len(envelope) < wraps_at:
        raise SealBroken("the envelope is cut short")
    nonce_at = wraps_at + envelope[header_end] * WRAP_BYTES
    body_at = nonce_at + vault.NONCE_BYTES
    if len(envelope) <= body_at:
        raise SealBroken("the envelope is cut short")
    wraps = [envelope[at : at + WRAP_BYTES] for at in range(wraps_at, nonce_at, WRAP_BYTES)]
    return _Parts(
        header=envelope[6:header_end],
        wraps=tuple((wrap[:KEY_ID_BYTES], wrap[KEY_ID_BYTES:]) for wrap in wraps),
        before_nonce=envelope[:nonce_at],
        nonce=envelope[nonce_at:body_at],
        body=envelope[body_at:],
    )


def size_class(length: int) -> int:
    """How many bytes `length` bytes are padded to."""
    if length > BIGGEST_STEP:
        return -(-length // BIGGEST_STEP) * BIGGEST_STEP
    size = SMALLEST
    while size < length:
        size *= 2
    return size


def _info(header: bytes, key_id: bytes) -> bytes:
    return b"amparo envelope 1\0" + header + key_id


def seal(binding: Binding, content: bytes, recipients: Sequence[PublicKey]) -> bytes:
    """The envelope of `content` for `recipients` (1 to 255). Nobody else reads it, not even who sealed it."""
    if not 1 <= len(recipients) <= 255:
        raise ValueError(f"an envelope has 1 to 255 recipients, not {len(recipients)}")
    header = binding.to_bytes()
    data_key = secrets.token_bytes(32)
    envelope = MAGIC + len(header).to_bytes(2) + header + bytes([len(recipients)])
    for public in recipients:
        envelope += public.key_id + vault.hpke_seal(public.handle, data_key, _info(header, public.key_id))
    length = LENGTH_BYTES + len(content)
    padded = len(content).to_bytes(LENGTH_BYTES) + content + bytes(size_class(length) - length)
    nonce = secrets.token_bytes(vault.NONCE_BYTES)
    return envelope + nonce + vault.aead_seal(data_key, nonce, padded, envelope)


def peek(envelope: bytes) -> Binding:
    """What the header says: good for choosing a key, and for nothing else until `unseal` has agreed."""
    return Binding.from_bytes(_take_apart(envelope).header)


def unseal(envelope: bytes, key: KeyPair, *, case: str, seq: int) -> tuple[Binding, bytes]:
    """Binding and content of the envelope that must be number `seq` of `case`.

    Raises `SealBroken` when it is changed, cut, or belongs elsewhere; `NotForThisKey` when `key` is no recipient.
    """
    parts = _take_apart(envelope)
    binding = Binding.from_bytes(parts.header)
    here = f"case {case} number {seq}"
    if (binding.case, binding.seq) != (case, seq):
        raise SealBroken(f"{here}: an envelope of {binding} is in its place: it was moved, replayed or re-ordered")
    data_key = _data_key(parts, key, here)
    padded = vault.aead_open(data_key, parts.nonce, parts.body, parts.before_nonce, here)
    length = int.from_bytes(padded[:LENGTH_BYTES])
    content, padding = padded[LENGTH_BYTES : LENGTH_BYTES + length], padded[LENGTH_BYTES + length :]
    if len(content) != length or padding.count(0) != len(padding):
        raise SealBroken(f"{here}: what is inside was not packed here")
    return binding, content


def _data_key(parts: _Parts, key: KeyPair, here: str) -> bytes:
    for key_id, wrap in parts.wraps:
        if key_id == key.key_id:
            try:
                return vault.hpke_open(key.handle, wrap, _info(parts.header, key_id))
            except SealBroken:
                raise SealBroken(f"{here}: the envelope was changed") from None
    raise NotForThisKey(f"{here}: not sealed to this key; open it with the key of its epoch")


def read_log(case: str, envelopes: Sequence[bytes], key_of: Callable[[str], KeyPair]) -> list[tuple[Binding, bytes]]:
    """All entries of a case in order; `key_of` gives an epoch's key. Any gap or exchange raises `SealBroken`.

    That the last ones were cut off can only be seen by comparing with the case's `seq`, which the caller has.
    """
    opened = []
    for seq, envelope in enumerate(envelopes):
        opened.append(unseal(envelope, key_of(peek(envelope).epoch), case=case, seq=seq))
    return opened
