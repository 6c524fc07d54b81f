"""Envelopes: read by whom they are for, and refused when anything about them is not as it was."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cases import envelope as module
from bot.cases import vault
from bot.cases.envelope import Binding, peek, read_log, seal, size_class, unseal
from bot.cases.secrets import IntakeSecrets
from bot.cases.vault import KeyPair, NotForThisKey, SealBroken

pytestmark = pytest.mark.unit

TEAM, RECOVERY, STRANGER = KeyPair(b"t" * 32), KeyPair(b"r" * 32), KeyPair(b"s" * 32)
HERE = Binding("K7Q2M", 3, "in", "text", "2026-11")

bindings = st.builds(
    Binding,
    case=st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=5, max_size=5),
    seq=st.integers(0, 10**6),
    direction=st.sampled_from(["in", "out", "note"]),
    kind=st.sampled_from(["text", "answer", "attachment", "reply"]),
    epoch=st.from_regex(r"\A20\d\d-\d\d(\.\d)?\Z"),
)


@given(bindings, st.binary(max_size=3000))
@settings(max_examples=60)
def test_every_recipient_reads_it_and_nobody_else(binding: Binding, content: bytes) -> None:
    sealed = seal(binding, content, [TEAM.public, RECOVERY.public])
    assert peek(sealed) == binding
    for reader in (TEAM, RECOVERY):
        assert unseal(sealed, reader, case=binding.case, seq=binding.seq) == (binding, content)
    with pytest.raises(NotForThisKey, match="not sealed to this key"):
        unseal(sealed, STRANGER, case=binding.case, seq=binding.seq)


def test_every_flipped_bit_is_refused() -> None:
    """Exhaustive: 12,000 bits of an envelope with one recipient."""
    sealed = seal(HERE, b"in danger", [TEAM.public])
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            unseal(bytes(changed), TEAM, case=HERE.case, seq=HERE.seq)


@given(st.data())
def test_a_flipped_bit_in_another_recipients_part_is_refused_too(data: st.DataObject) -> None:
    sealed = seal(HERE, b"in danger", [RECOVERY.public, TEAM.public])
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))
    changed = bytearray(sealed)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        unseal(bytes(changed), TEAM, case=HERE.case, seq=HERE.seq)


def test_cut_or_lengthened_at_any_place_it_is_refused() -> None:
    sealed = seal(HERE, b"in danger", [TEAM.public])
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            unseal(sealed[:length], TEAM, case=HERE.case, seq=HERE.seq)
    for more in (b"\0", sealed):
        with pytest.raises(SealBroken):
            unseal(sealed + more, TEAM, case=HERE.case, seq=HERE.seq)


@given(st.binary(max_size=3000))
def test_garbage_is_refused_and_never_raises_anything_else(garbage: bytes) -> None:
    for blob in (garbage, module.MAGIC + garbage, module.MAGIC + b"\0\x02{}" + garbage):
        with pytest.raises(SealBroken):
            unseal(blob, TEAM, case=HERE.case, seq=HERE.seq)


@pytest.mark.parametrize(
    "header",
    [
        b"[" * 60_000, b"null", b"{}", b'{"c":1,"s":0,"d":"in","k":"t","e":"e"}',
        b'{"c":"A","s":true,"d":"in","k":"t","e":"e"}', b'{"c":"A","s":-1,"d":"in","k":"t","e":"e"}',
        b'{"c":"A","s":0,"d":"up","k":"t","e":"e"}', b"\xff",
    ],
)  # fmt: skip
def test_a_header_that_is_not_ours_is_refused(header: bytes) -> None:
    blob = module.MAGIC + len(header).to_bytes(2) + header + b"\0" + bytes(40)
    with pytest.raises(SealBroken):
        peek(blob)


@pytest.mark.parametrize(
    "change",
    [{"case": "K7Q2N"}, {"seq": 4}, {"direction": "out"}, {"kind": "answer"}, {"epoch": "2026-12"}],
    ids=lambda change: next(iter(change)),
)
def test_content_cannot_be_put_under_another_header(change: dict[str, object]) -> None:
    """The header of another place, with all the rest of this envelope: each part of the binding is authenticated."""
    other = dataclasses.replace(HERE, **change)  # type: ignore[arg-type]  # the names are checked at run time
    sealed = seal(HERE, b"in danger", [TEAM.public])
    header, forged = HERE.to_bytes(), other.to_bytes()
    rest = sealed[6 + len(header) :]
    moved = module.MAGIC + len(forged).to_bytes(2) + forged + rest
    assert peek(moved) == other
    with pytest.raises(SealBroken, match="changed"):
        unseal(moved, TEAM, case=other.case, seq=other.seq)


def log_of(case: str, count: int) -> list[bytes]:
    return [
        seal(Binding(case, seq, "in", "text", "2026-11"), f"{case}/{seq}".encode(), [TEAM.public])
        for seq in range(count)
    ]


def test_a_log_is_read_in_order_with_the_key_of_each_epoch() -> None:
    envelopes = [
        seal(Binding("K7Q2M", 0, "in", "text", "2026-11"), b"first", [TEAM.public]),
        seal(Binding("K7Q2M", 1, "out", "reply", "2026-12"), b"second", [RECOVERY.public]),
    ]
    keys = {"2026-11": TEAM, "2026-12": RECOVERY}
    assert [content for _, content in read_log("K7Q2M", envelopes, keys.__getitem__)] == [b"first", b"second"]


@pytest.mark.parametrize(
    "order",
    [(1, 0, 2), (0, 0, 1), (0, 2), (1, 2), (0, 1, 1), (0, 1, 2, 2)],
    ids=["re-ordered", "replayed", "gap", "beginning cut", "repeated at the end", "repeated after the end"],
)
def test_a_log_that_is_not_as_it_was_written_is_refused(order: tuple[int, ...]) -> None:
    envelopes = log_of("K7Q2M", 3)
    with pytest.raises(SealBroken, match="moved, replayed or re-ordered"):
        read_log("K7Q2M", [envelopes[at] for at in order], lambda epoch: TEAM)


def test_an_envelope_of_another_case_is_refused() -> None:
    mixed = [log_of("K7Q2M", 1)[0], log_of("A7Q2M", 2)[1]]
    with pytest.raises(SealBroken, match="case K7Q2M number 1: an envelope of case A7Q2M number 1"):
        read_log("K7Q2M", mixed, lambda epoch: TEAM)


@given(st.integers(0, 300_000))
def test_lengths_fall_into_few_classes(length: int) -> None:
    size = size_class(length)
    assert size >= max(length, 256)
    assert size.bit_count() == 1 or size % 65536 == 0
    assert size < 2 * max(length, 256)


def test_a_short_and_a_longer_message_are_equally_long_when_sealed() -> None:
    assert len(seal(HERE, b"no", [TEAM.public])) == len(seal(HERE, b"x" * 250, [TEAM.public]))


def test_the_same_content_never_looks_the_same() -> None:
    assert seal(HERE, b"same", [TEAM.public]) != seal(HERE, b"same", [TEAM.public])


@pytest.mark.parametrize("count", [0, 256])
def test_an_envelope_without_readers_or_with_too_many_is_not_made(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 255"):
        seal(HERE, b"", [TEAM.public] * count)


def test_padding_that_is_not_zeros_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes hidden behind the content: only somebody else's program would write them."""
    original = vault.aead_seal

    def with_a_rider(key: bytes, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
        return original(key, nonce, plaintext[:-1] + b"\1", associated)

    monkeypatch.setattr(vault, "aead_seal", with_a_rider)
    sealed = seal(HERE, b"in danger", [TEAM.public])
    with pytest.raises(SealBroken, match="not packed here"):
        unseal(sealed, TEAM, case=HERE.case, seq=HERE.seq)


def test_nothing_that_intake_holds_opens_an_envelope(tmp_path: Path) -> None:
    """Every key of intake, used in every way that there is, fails on what intake itself has just sealed."""
    secrets = IntakeSecrets.load_or_create(tmp_path / "intake.json")
    sealed = seal(HERE, b"in danger", [TEAM.public])
    with pytest.raises(NotForThisKey):
        unseal(sealed, secrets.delivery, case=HERE.case, seq=HERE.seq)
    with pytest.raises(SealBroken):
        unseal(sealed, KeyPair(secrets.pepper), case=HERE.case, seq=HERE.seq)
    with pytest.raises(SealBroken):
        secrets.session_locker.unlock("case", sealed)
    assert set(vars(secrets)) == {"pepper", "session_locker", "delivery"}  # and there is nothing else to try
