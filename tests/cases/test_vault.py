"""The primitive against published vectors, boxes, lockers and keys."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st

from bot.cases.vault import (
    SUITE,
    KeyPair,
    Locker,
    PublicKey,
    SealBroken,
    hpke_open,
    hpke_seal,
    open_sealed,
    seal_to,
)  # fmt: skip

pytestmark = pytest.mark.unit

VECTORS: list[dict[str, str]] = json.loads(
    (Path(__file__).parent / "rfc9180_vectors.json").read_text(encoding="utf-8")
)
AEADS: dict[str, tuple[int, int, Any]] = {
    "AES_128_GCM": (1, 16, AESGCM),
    "AES_256_GCM": (2, 32, AESGCM),
    "CHACHA20_POLY1305": (3, 32, ChaCha20Poly1305),
}
KEM_IDS = {"X25519": 0x0020, "P256": 0x0010, "MLKEM768_X25519": 0x647A}


def vector_ids(vector: dict[str, str]) -> str:
    return vector["source"]


def suite_of(vector: dict[str, str], aead: str = "") -> Suite:
    return Suite(getattr(KEM, vector["kem"]), getattr(KDF, vector["kdf"]), getattr(AEAD, aead or vector["aead"]))


def private_key(vector: dict[str, str]) -> Any:
    secret = bytes.fromhex(vector["skRm"])
    if vector["kem"] == "X25519":
        return x25519.X25519PrivateKey.from_private_bytes(secret)
    if vector["kem"] == "P256":
        return ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1())
    return KeyPair(secret).handle


# RFC 9180's key schedule (base mode, HKDF-SHA256), written from its sections 4 and 5.1 and from nothing of ours.


def labeled_extract(suite_id: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite_id + label + ikm, "sha256")


def labeled_expand(suite_id: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    info = length.to_bytes(2) + b"HPKE-v1" + suite_id + label + info
    block, out = b"", b""
    while len(out) < length:
        block = hmac.digest(prk, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:length]


def shared_secret(vector: dict[str, str]) -> bytes:
    """Decapsulation: DHKEM of RFC 9180 §4.1, or X-Wing of its draft §5.4."""
    enc, secret = bytes.fromhex(vector["enc"]), bytes.fromhex(vector["skRm"])
    if vector["kem"] == "MLKEM768_X25519":
        expanded = hashlib.shake_256(secret).digest(96)
        first = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).decapsulate(enc[:1088])
        key = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
        second = key.exchange(x25519.X25519PublicKey.from_public_bytes(enc[1088:]))
        parts = first + second + enc[1088:] + key.public_key().public_bytes_raw() + b"\\.//^\\"
        return hashlib.sha3_256(parts).digest()
    if vector["kem"] == "P256":
        own = ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1())
        shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), enc))
    else:
        mine = x25519.X25519PrivateKey.from_private_bytes(secret)
        shared = mine.exchange(x25519.X25519PublicKey.from_public_bytes(enc))
    suite_id = b"KEM" + KEM_IDS[vector["kem"]].to_bytes(2)
    prk = labeled_extract(suite_id, b"", b"eae_prk", shared)
    return labeled_expand(suite_id, prk, b"shared_secret", enc + bytes.fromhex(vector["pkRm"]), 32)


def independent_seal(vector: dict[str, str], aead: str, plaintext: bytes, aad: bytes) -> bytes:
    """`plaintext` under the vector's encapsulated key, by the key schedule above."""
    number, key_bytes, cipher = AEADS[aead]
    suite_id = b"HPKE" + KEM_IDS[vector["kem"]].to_bytes(2) + b"\0\1" + number.to_bytes(2)
    context = b"\0" + labeled_extract(suite_id, b"", b"psk_id_hash", b"")
    context += labeled_extract(suite_id, b"", b"info_hash", bytes.fromhex(vector["info"]))
    secret = labeled_extract(suite_id, shared_secret(vector), b"secret", b"")
    key = labeled_expand(suite_id, secret, b"key", context, key_bytes)
    nonce = labeled_expand(suite_id, secret, b"base_nonce", context, 12)
    sealed: bytes = cipher(key).encrypt(nonce, plaintext, aad)
    return sealed


@pytest.mark.parametrize("vector", VECTORS, ids=vector_ids)
def test_the_suites_that_the_primitive_uses_open_the_published_vectors(vector: dict[str, str]) -> None:
    # the vectors have associated data, which the library takes only through this private function
    plaintext = openssl.hpke._decrypt_with_aad(
        suite_of(vector),
        bytes.fromhex(vector["enc"] + vector["ct"]),
        private_key(vector),
        bytes.fromhex(vector["info"]),
        bytes.fromhex(vector["aad"]),
    )
    assert plaintext == bytes.fromhex(vector["pt"])


@pytest.mark.parametrize("aead", AEADS)
@pytest.mark.parametrize("vector", VECTORS, ids=vector_ids)
def test_the_primitive_opens_what_the_key_schedule_makes_of_a_vector_without_associated_data(
    vector: dict[str, str], aead: str
) -> None:
    """The key schedule is first shown right by reproducing the vector's own ciphertext; then our function is used."""
    plaintext, aad = bytes.fromhex(vector["pt"]), bytes.fromhex(vector["aad"])
    assert independent_seal(vector, vector["aead"], plaintext, aad) == bytes.fromhex(vector["ct"])

    blob = bytes.fromhex(vector["enc"]) + independent_seal(vector, aead, plaintext, b"")
    info = bytes.fromhex(vector["info"])
    assert hpke_open(private_key(vector), blob, info, suite_of(vector, aead)) == plaintext
    with pytest.raises(SealBroken):
        hpke_open(private_key(vector), blob, info + b"!", suite_of(vector, aead))


def test_our_suite_opens_what_the_published_x_wing_key_was_sent() -> None:
    vector = VECTORS[-1]
    blob = bytes.fromhex(vector["enc"]) + independent_seal(vector, "AES_256_GCM", b"with our suite", b"")
    key = KeyPair(bytes.fromhex(vector["skRm"]))
    assert hpke_open(key.handle, blob, bytes.fromhex(vector["info"]), SUITE) == b"with our suite"


def test_a_seed_expands_to_the_published_x_wing_public_key() -> None:
    vector = VECTORS[-1]
    public = KeyPair(bytes.fromhex(vector["skRm"])).public
    assert public.raw.hex().startswith(vector["pkRm_begins"])
    assert public.raw.hex().endswith(vector["pkRm_ends"])
    assert public.key_id == hashlib.sha256(public.raw).digest()[:8]


KEY, OTHER = KeyPair(b"k" * 32), KeyPair(b"o" * 32)


def test_a_public_key_survives_its_text_and_a_wrong_one_is_refused() -> None:
    assert PublicKey.parse(KEY.public.text) == KEY.public
    for wrong in ("", "abc", "!" * 1622, KEY.public.text[:-4]):
        with pytest.raises(ValueError, match="public key"):
            PublicKey.parse(wrong)


def test_a_key_never_shows_its_seed() -> None:
    assert "6b6b" not in repr(KEY)
    assert "kkkk" not in repr(KEY)


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_what_is_sealed_opens_only_with_the_right_key_and_info(data: bytes, info: bytes) -> None:
    blob = hpke_seal(KEY.public.handle, data, info)
    assert hpke_open(KEY.handle, blob, info) == data
    with pytest.raises(SealBroken):
        hpke_open(OTHER.handle, blob, info)
    with pytest.raises(SealBroken):
        hpke_open(KEY.handle, blob, info + b"x")


@given(st.binary(max_size=200), st.text(max_size=20))
def test_a_box_is_bound_to_its_reader_and_its_context(data: bytes, context: str) -> None:
    blob = seal_to(KEY.public, context, data)
    assert open_sealed(KEY, context, blob) == data
    for key, where in ((OTHER, context), (KEY, context + "x")):
        with pytest.raises(SealBroken):
            open_sealed(key, where, blob)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_a_locker_opens_only_its_own_untouched_blobs_in_their_context(data: bytes, context: str) -> None:
    locker = Locker(b"1" * 32)
    blob = locker.lock(context, data)
    assert locker.unlock(context, blob) == data
    assert locker.lock(context, data) != blob
    for other, where, changed in (
        (Locker(b"2" * 32), context, blob),
        (locker, context + "x", blob),
        (locker, context, blob[:-1]),
        (locker, context, blob + b"\0"),
        (locker, context, b"\2" + blob[1:]),
        (locker, context, b""),
    ):
        with pytest.raises(SealBroken):
            other.unlock(where, changed)


def test_every_flipped_bit_of_a_locked_blob_is_refused() -> None:
    locker = Locker(b"1" * 32)
    blob = locker.lock("session", b"hello")
    for bit in range(8 * len(blob)):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            locker.unlock("session", bytes(changed))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_of_a_wrong_length_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        KeyPair(bytes(length))
    with pytest.raises(ValueError, match="32 bytes"):
        Locker(bytes(length))
