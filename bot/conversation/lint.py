"""The flow linter: refuses what would leave somebody stuck, misled or unheard, with file, line and mend (DESIGN §5).

`lint` says everything that is wrong with a flows folder: what cannot be loaded, the shape of the flows
(`lint_flows.py`) and the texts in every language (`lint_texts.py`). The directory of lines has its own `check` in
`bot/referral/directory.py`, because the conversation knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bot.conversation.findings import Finding
from bot.conversation.limits import Limits
from bot.conversation.lint_flows import check_flows
from bot.conversation.lint_texts import check_texts
from bot.conversation.loader import read
from bot.conversation.texts import Texts


def lint(directory: Path, languages: Iterable[str], limits: Iterable[Limits]) -> list[Finding]:
    """Every fault of the flows folder, in the order of files and lines.

    `languages` are those that the organisation serves: each must be listed and complete. `limits` are those of every
    channel that may carry the texts.
    """
    findings: list[Finding] = []
    channels = tuple(limits)
    texts = Texts.read(directory, findings)
    book = read(directory, findings, texts)
    for language in languages:
        if language not in texts.languages:
            what = f"the language {language} is served but not listed"
            findings.append(Finding("languages.yml", 1, "unknown-language", what, "list it, or do not serve it"))
    findings.extend(check_flows(directory, book, channels))
    findings.extend(check_texts(directory, book, texts, channels))
    return sorted(set(findings))
