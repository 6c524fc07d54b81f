"""Puts a flows folder together: what every folder needs from the real one, the smallest flows, and one fault."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOWS = ROOT / "flows"
FAULTS = Path(__file__).parent / "faults"
SHARED = ("languages.yml", "commands.yml", "promises.yml")
SHARED_TEXTS = ("system.ftl", "directory.ftl", "buttons.ftl")


def small_flows(target: Path) -> Path:
    """The smallest flows folder that is in order, written to `target`."""
    shutil.copytree(FAULTS / "_base", target)
    for name in SHARED:
        shutil.copy(FLOWS / name, target / name)
    for language in ("es", "en"):
        for name in SHARED_TEXTS:
            shutil.copy(FLOWS / "texts" / language / name, target / "texts" / language / name)
    return target


def faulty_flows(target: Path, fault: str) -> Path:
    """As `small_flows`, with the files of one fault laid over."""
    small_flows(target)
    shutil.copytree(FAULTS / fault, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected"))
    return target
