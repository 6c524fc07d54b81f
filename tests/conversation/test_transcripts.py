"""The conversations under tests/conversations go as written, in every language; and a wrong one is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.conversation.findings import FlowError
from bot.conversation.flow import Flowbook
from bot.conversation.texts import Texts
from bot.conversation.transcripts import run
from tests.conversation.assemble import ROOT

pytestmark = pytest.mark.unit

WRITTEN = ROOT / "tests" / "conversations"


def test_every_written_conversation_goes_as_written(book: Flowbook, texts: Texts) -> None:
    results = run(WRITTEN, book, texts)
    assert [str(failure) for result in results for failure in result.failures] == []
    assert {result.file for result in results} == {path.name for path in WRITTEN.glob("*.yml")}
    assert {result.language for result in results} == {"es", "en"}


@pytest.mark.parametrize(
    ("expectation", "complaint"),
    [
        ("utter: left", "should say"),
        ("effects: [IssueCode]", "should do"),
        ("bot: nunca", "should say 'nunca'"),
        ("slot_was_set: [{safe: 'no'}]", "the slot safe"),
        ("position: help.more", "should wait at help.more"),
        ("button: '!nothing'", "should show the button"),
    ],
)
def test_what_does_not_follow_is_named_with_its_line(
    expectation: str, complaint: str, book: Flowbook, texts: Texts, tmp_path: Path
) -> None:
    (tmp_path / "t.yml").write_text(
        f"test_cases:\n  - test_case: a\n    languages: [es]\n    steps:\n      - user: hola\n      - {expectation}\n"
    )
    [result] = run(tmp_path, book, texts)
    [failure] = result.failures
    assert complaint in failure.what
    assert (failure.file, failure.line) == ("t.yml", 6)


@pytest.mark.parametrize(
    "text",
    [
        "test_cases: 3\n",
        "test_cases:\n  - test_case: a\n    steps:\n      - uter: left\n",
        "test_cases:\n  - test_case: a\n    steps:\n      - utter: left\n",
        "test_cases:\n  - test_case: a\n    steps:\n      - operator: sleeps\n",
        "test_cases:\n  - test_case: a\n    steps:\n      - code: maybe\n",
        "test_cases:\n  - test_case: a\n    steps:\n      - {user: a, urgency: critical}\n",
    ],
)
def test_a_file_that_is_no_transcript_is_refused(text: str, book: Flowbook, texts: Texts, tmp_path: Path) -> None:
    (tmp_path / "t.yml").write_text(text)
    with pytest.raises(FlowError, match=r"t\.yml:\d+"):
        run(tmp_path, book, texts)
