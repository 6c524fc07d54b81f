"""Every kind of fault that an author can make is found, at its file and line, and nothing else is complained of."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.channels.limits import ALL
from bot.conversation.findings import FlowError
from bot.conversation.lint import lint
from bot.conversation.lint_flows import LOCK, write_lock
from bot.conversation.loader import load
from bot.referral import directory
from tests.conversation.assemble import FAULTS, FLOWS, faulty_flows, small_flows

pytestmark = pytest.mark.unit

FAULT_NAMES = sorted(path.name for path in FAULTS.iterdir() if path.is_dir() and path.name != "_base")


def found(flows: Path) -> list[str]:
    findings = [*lint(flows, ("es", "en"), ALL), *directory.check(flows)]
    for finding in findings:
        assert finding.what
        assert finding.mend
        assert "\n" not in str(finding)
    return sorted(f"{finding.file}:{finding.line} {finding.rule}" for finding in findings)


def test_the_flows_that_we_ship_have_no_fault() -> None:
    assert found(FLOWS) == []


def test_the_smallest_flows_have_no_fault(tmp_path: Path) -> None:
    assert found(small_flows(tmp_path / "flows")) == []


@pytest.mark.parametrize("fault", FAULT_NAMES)
def test_the_fault_is_found_at_its_file_and_line(fault: str, tmp_path: Path) -> None:
    expected = (FAULTS / fault / "expected").read_text(encoding="utf-8").splitlines()
    assert found(faulty_flows(tmp_path / "flows", fault)) == sorted(expected)


def test_a_promise_is_allowed_once_an_operator_has_answered(tmp_path: Path) -> None:
    flows = faulty_flows(tmp_path / "flows", "promise_en")
    path = flows / "texts" / "en" / "extra.ftl"
    path.write_text(
        path.read_text(encoding="utf-8").replace("thanks =", "# acknowledged\nthanks ="), encoding="utf-8"
    )
    assert found(flows) == []


def test_a_language_that_is_served_must_be_there(tmp_path: Path) -> None:
    findings = lint(small_flows(tmp_path / "flows"), ("es", "ht"), ALL)
    assert [finding.rule for finding in findings] == ["unknown-language"]


def test_the_loader_refuses_with_every_fault_at_once(tmp_path: Path) -> None:
    flows = faulty_flows(tmp_path / "flows", "unknown_link")
    (flows / "commands.yml").unlink()
    with pytest.raises(FlowError) as error:
        load(flows)
    assert {"unreadable", "unknown-flow"} <= {finding.rule for finding in error.value.findings}
    assert len(str(error.value).splitlines()) == len(error.value.findings)


def test_the_lock_keeps_what_was_published_and_adds_what_is_new(tmp_path: Path) -> None:
    flows = faulty_flows(tmp_path / "flows", "unlocked_step")
    lock = flows / LOCK
    lock.write_text(lock.read_text(encoding="utf-8") + "  gone:\n    - step\n", encoding="utf-8")
    write_lock(flows, load(flows))
    assert found(flows) == [f"{LOCK}:8 removed-step"]
