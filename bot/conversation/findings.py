"""A fault in an author's file: where it is, what it is and how to mend it. Loader, linter and directory share it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault. `file` is relative to the flows folder, `line` counts from 1, `rule` is a stable id."""

    file: str
    line: int
    rule: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what} [{self.rule}]; {self.mend}"


class FlowError(Exception):
    """The flows cannot be loaded. `findings` has every fault that was met; the message has one line for each."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(map(str, self.findings)))
