"""The key ring: who can read which epoch, and what a removed operator cannot do."""

from __future__ import annotations

import json
import os
import shutil
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cases.envelope import Binding, seal, unseal
from bot.cases.files import write_json
from bot.cases.keys import RECOVERY, Keyring, KeyringError, TeamKeys, recovery_key
from bot.cases.secrets import IntakeSecrets, PagerSecrets
from bot.cases.vault import KeyPair, NotForThisKey

pytestmark = pytest.mark.unit

NOVEMBER = datetime(2026, 11, 23, 12, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, 0, 5, tzinfo=UTC)
ANA, BO, CY = KeyPair(b"a" * 32), KeyPair(b"b" * 32), KeyPair(b"c" * 32)


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    ring = Keyring(tmp_path / "team")
    ring.enrol("ana", ANA.public, NOVEMBER)
    return ring


def tip(ring: Keyring, content: bytes = b"a tip") -> tuple[bytes, Binding]:
    epoch = ring.current_epoch()
    binding = Binding("K7Q2M", 0, "in", "text", epoch.id)
    return seal(binding, content, [epoch.public]), binding


def test_the_first_operator_gets_an_epoch_and_the_recovery_key_which_is_stored_nowhere(tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "team")
    assert not Keyring(ring.path).exists
    enrolment = ring.enrol("ana", ANA.public, NOVEMBER)
    assert ring.exists
    assert enrolment.epoch == "2026-11"
    assert enrolment.recovery is not None
    recovery = recovery_key(enrolment.recovery)
    assert ring.team().recovery == recovery.public
    sealed, binding = tip(ring)
    for name, key in (("ana", ANA), (RECOVERY, recovery)):
        assert unseal(sealed, ring.open_epoch("2026-11", name, key), case="K7Q2M", seq=0) == (binding, b"a tip")
    everything = b"".join(file.read_bytes() for file in ring.path.rglob("*") if file.is_file())
    assert recovery.seed not in everything
    assert enrolment.recovery.encode() not in everything


def test_a_recovery_key_typed_wrong_is_noticed(ring: Keyring, tmp_path: Path) -> None:
    text = Keyring(tmp_path / "other").enrol("ana", ANA.public, NOVEMBER).recovery
    assert text is not None
    assert recovery_key(text.lower().replace("-", " ").replace("0", "o").replace("1", "l"))
    symbols = text.replace("-", "")
    wrong = [symbols[:-1], symbols + "0", "U" + symbols[1:]]
    wrong += [symbols[:at] + ("7" if symbols[at] != "7" else "8") + symbols[at + 1 :] for at in (53,)]
    for attempt in wrong:
        with pytest.raises(KeyringError, match="wrong or missing"):
            recovery_key(attempt)
    accepted = 0
    for at in range(52):
        for other in "AB":
            if symbols[at] != other:
                try:
                    recovery_key(symbols[:at] + other + symbols[at + 1 :])
                except KeyringError:
                    continue
                accepted += 1
    assert accepted <= 5, "one in 256 passes by chance"


def test_a_new_operator_reads_new_cases_at_once_and_old_ones_only_when_admitted(ring: Keyring) -> None:
    old, _ = tip(ring, b"old")
    enrolment = ring.enrol("bo", BO.public, NOVEMBER)
    assert enrolment.epoch == "2026-11.2"
    assert enrolment.recovery is None
    new, _ = tip(ring, b"new")
    assert unseal(new, ring.open_epoch("2026-11.2", "bo", BO), case="K7Q2M", seq=0)[1] == b"new"
    assert unseal(new, ring.open_epoch("2026-11.2", "ana", ANA), case="K7Q2M", seq=0)[1] == b"new"
    with pytest.raises(KeyringError, match="closed to bo"):
        ring.open_epoch("2026-11", "bo", BO)
    assert ring.admit("bo", ("ana", ANA)) == 1
    assert unseal(old, ring.open_epoch("2026-11", "bo", BO), case="K7Q2M", seq=0)[1] == b"old"
    assert ring.admit("bo", ("ana", ANA)) == 0


def test_enrolling_with_an_operators_key_admits_at_once(ring: Keyring) -> None:
    ring.enrol("bo", BO.public, NOVEMBER, by=("ana", ANA))
    assert ring.open_epoch("2026-11", "bo", BO).public == ring.team().epochs[0].public


def test_a_removed_operator_reads_nothing_new_even_with_a_copy_of_all_they_had(ring: Keyring, tmp_path: Path) -> None:
    ring.enrol("bo", BO.public, NOVEMBER, by=("ana", ANA))
    had = tmp_path / "copy"
    shutil.copytree(ring.path, had)
    before, _ = tip(ring, b"before")
    ring.remove("bo", NOVEMBER)
    after, binding = tip(ring, b"after")
    assert binding.epoch == "2026-11.3"

    copy = Keyring(had)
    private = [copy.open_epoch(epoch.id, "bo", BO) for epoch in copy.team().epochs]
    assert len(private) == 2
    assert unseal(before, private[-1], case="K7Q2M", seq=0)[1] == b"before"  # what they had, they had
    for key in (*private, BO):
        with pytest.raises(NotForThisKey):
            unseal(after, key, case="K7Q2M", seq=0)
    # and with the ring as it is now
    for epoch in ring.team().epochs:
        with pytest.raises(KeyringError, match="closed to bo"):
            ring.open_epoch(epoch.id, "bo", BO)
    assert unseal(after, ring.open_epoch(binding.epoch, "ana", ANA), case="K7Q2M", seq=0)[1] == b"after"
    assert [operator.name for operator in ring.team().operators] == ["ana"]


def test_a_removed_operator_can_come_back_with_a_new_key(ring: Keyring) -> None:
    ring.enrol("bo", BO.public, NOVEMBER)
    ring.remove("bo", NOVEMBER)
    ring.enrol("bo", CY.public, NOVEMBER, by=("ana", ANA))
    assert ring.open_epoch("2026-11", "bo", CY)
    with pytest.raises(KeyringError, match="does not open"):
        ring.open_epoch("2026-11", "bo", BO)


def test_epochs_are_named_by_month_and_number(ring: Keyring) -> None:
    made = [ring.new_epoch(NOVEMBER) for _ in range(10)] + [ring.new_epoch(DECEMBER), ring.new_epoch(DECEMBER)]
    assert made == [f"2026-11.{number}" for number in range(2, 12)] + ["2026-12", "2026-12.2"]
    assert ring.current_epoch().id == "2026-12.2"
    assert len({epoch.public for epoch in ring.team().epochs}) == 13


def test_a_destroyed_epoch_is_lost_for_everybody_and_its_name_is_not_used_again(ring: Keyring) -> None:
    sealed, _ = tip(ring)
    with pytest.raises(KeyringError, match="in use"):
        ring.destroy_epoch("2026-11")
    ring.new_epoch(NOVEMBER)
    ring.destroy_epoch("2026-11")
    with pytest.raises(KeyringError, match="destroyed"):
        ring.open_epoch("2026-11", "ana", ANA)
    with pytest.raises(KeyringError, match="destroyed already"):
        ring.destroy_epoch("2026-11")
    assert ring.new_epoch(NOVEMBER) == "2026-11.3"
    with pytest.raises(NotForThisKey):
        unseal(sealed, ring.open_epoch("2026-11.2", "ana", ANA), case="K7Q2M", seq=0)


@pytest.mark.parametrize("name", ["", "Ana", "9a", "a b", "../a", "a" * 33, RECOVERY])
def test_a_name_that_is_none_is_refused(ring: Keyring, name: str) -> None:
    with pytest.raises(KeyringError, match="use a–z"):
        ring.enrol(name, BO.public, NOVEMBER)


def test_mistakes_are_one_line_that_names_the_mend(ring: Keyring, tmp_path: Path) -> None:
    empty = Keyring(tmp_path / "none")
    mistakes: dict[str, Callable[[], object]] = {
        "amparo keys operator new NAME": empty.current_epoch,
        "enrolled already": lambda: ring.enrol("ana", BO.public, NOVEMBER),
        "amparo keys operator list": lambda: ring.remove("nobody", NOVEMBER),
        "no operator 'nobody'": lambda: ring.admit("nobody", ("ana", ANA)),
        "not an epoch's name": lambda: ring.open_epoch("../team", "ana", ANA),
        "does not open with ana's key": lambda: ring.open_epoch("2026-11", "ana", BO),
    }
    for mend, act in mistakes.items():
        with pytest.raises(KeyringError) as caught:
            act()
        assert mend in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "not JSON"), ("[]", "not a JSON object"), ("{}", "another version"),
        ('{"format": 1}', "not a key ring"),
        ('{"format": 1, "version": 1, "operators": {}, "epochs": [], "recovery": "x", "delivery": ""}', "not a key"),
    ],
)  # fmt: skip
def test_a_damaged_team_file_is_said_to_be(ring: Keyring, content: str, what: str) -> None:
    (ring.path / "team.json").write_text(content, encoding="utf-8")
    for read in (ring.team, TeamKeys(ring.path).team):
        with pytest.raises(KeyringError, match=what):
            read()


def test_a_damaged_epoch_file_is_said_to_be(ring: Keyring) -> None:
    (ring.path / "epochs" / "2026-11.json").write_text("{}", encoding="utf-8")
    with pytest.raises(KeyringError, match="not an epoch's file"):
        ring.open_epoch("2026-11", "ana", ANA)


def test_a_crash_while_writing_leaves_the_old_file_whole(ring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (ring.path / "team.json").read_bytes()

    def crash(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="No space"):
        ring.enrol("bo", BO.public, NOVEMBER)
    monkeypatch.undo()
    assert (ring.path / "team.json").read_bytes() == before
    assert not [file.name for file in ring.path.rglob(".*.json.*")]
    assert ring.enrol("bo", BO.public, NOVEMBER).epoch == "2026-11.2"


def test_operators_enrolled_at_once_are_all_there(ring: Keyring) -> None:
    names = [f"op{number}" for number in range(8)]
    keys = {name: KeyPair(name.encode() * 8 + b"somebody") for name in names}
    threads = [
        threading.Thread(target=Keyring(ring.path).enrol, args=(name, keys[name].public, NOVEMBER)) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    team = ring.team()
    assert {operator.name for operator in team.operators} == {"ana", *names}
    assert len({epoch.id for epoch in team.epochs}) == 9
    for name in names:
        assert ring.open_epoch(team.current.id, name, keys[name]).public == team.current.public


def test_no_private_half_is_in_any_file_and_all_are_for_the_owner_only(ring: Keyring) -> None:
    ring.enrol("bo", BO.public, NOVEMBER, by=("ana", ANA))
    secret = ring.open_epoch("2026-11", "ana", ANA).seed
    for file in ring.path.rglob("*"):
        if file.is_file():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
            assert secret not in file.read_bytes()
        else:
            assert stat.S_IMODE(file.stat().st_mode) == 0o700, file


def test_intake_reads_public_halves_only_and_sees_a_rotation_at_once(ring: Keyring) -> None:
    shutil.rmtree(ring.path / "epochs")  # on intake's machine there need be nothing else
    keys = TeamKeys(ring.path)
    assert keys.current_epoch().id == "2026-11"
    assert TeamKeys(ring.path).delivery is None
    held = {name for name in dir(keys) if not name.startswith("__")}
    assert held == {"_file", "_stamp", "_team", "current_epoch", "delivery", "team"}
    assert ring.new_epoch(NOVEMBER) == "2026-11.2"
    assert keys.current_epoch().id == "2026-11.2"
    delivery = KeyPair.generate().public
    ring.set_delivery(delivery)
    version = ring.team().version
    ring.set_delivery(delivery)
    assert keys.delivery == delivery
    assert keys.team().version == version, "saying it again writes nothing"
    assert keys.team() is keys.team(), "an unchanged file is not read again"


def test_intake_without_a_key_ring_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="amparo keys operator new NAME"):
        TeamKeys(tmp_path).current_epoch()


def test_intakes_secrets_are_drawn_once_and_stay(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "intake.json"
    first, again = IntakeSecrets.load_or_create(path), IntakeSecrets.load_or_create(path)
    assert first.pepper == again.pepper
    assert first.delivery.seed == again.delivery.seed
    assert again.session_locker.unlock("s", first.session_locker.lock("s", b"x")) == b"x"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert IntakeSecrets.load_or_create(tmp_path / "other.json").pepper != first.pepper
    for secret in (first.pepper, first.delivery.seed):
        assert repr(secret)[2:-1] not in repr(first)


def test_pseudonyms_and_message_keys_say_nothing_and_differ(tmp_path: Path) -> None:
    secrets, others = (IntakeSecrets.load_or_create(tmp_path / name) for name in ("a.json", "b.json"))
    names = {secrets.pseudonym(channel, address) for channel in ("web", "telegram") for address in ("1", "11", "")}
    names |= {secrets.pseudonym("we", "b1"), others.pseudonym("web", "1"), secrets.message_key("web", "1")}
    assert len(names) == 9
    assert all(len(name) == 32 and int(name, 16) >= 0 for name in names)
    assert secrets.pseudonym("web", "1") == secrets.pseudonym("web", "1")
    assert secrets.derive("webhook") not in (secrets.derive("other"), others.derive("webhook"), secrets.pepper)


def test_the_pagers_secret_is_drawn_once_and_stays(tmp_path: Path) -> None:
    first, again = (PagerSecrets.load_or_create(tmp_path / "pager.json") for _ in range(2))
    assert again.locker.unlock("chat", first.locker.lock("chat", b"7")) == b"7"


@pytest.mark.parametrize("content", [{}, {"pepper": "*"}, {"pepper": "", "session": "", "delivery": ""}])
def test_a_damaged_secrets_file_is_said_to_be(tmp_path: Path, content: dict[str, str]) -> None:
    path = tmp_path / "intake.json"
    write_json(path, content)
    with pytest.raises(KeyringError, match="backup"):
        IntakeSecrets.load_or_create(path)
    assert json.loads(path.read_text(encoding="utf-8")) == content, "never replaced: old pseudonyms hang on it"
