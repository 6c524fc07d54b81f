"""README.md tells of commands, files and settings that exist, and of no phone number."""

from __future__ import annotations

import re
import shlex

import pytest

from bot.settings import ROOT, variables
from tests.commands import command_of

pytestmark = pytest.mark.unit

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines() if line.strip()]


def test_every_command_block_is_made_of_commands_that_exist() -> None:
    assert len(LINES) >= 20
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for line in LINES:
        program, *arguments = shlex.split(line)
        if program == "amparo":
            command_of(arguments)
        elif program == "make":
            assert set(arguments) <= targets
        else:
            assert program == "export", line
            assert arguments[0].split("=")[0] in {"PATH", *(f"{name}_FILE" for name in variables())}


def test_every_command_in_the_text_exists() -> None:
    told = re.findall(r"`amparo ([a-z ]+)`", TEXT)
    assert told
    for words in told:
        command_of(words.split())


def test_every_variable_in_the_text_is_a_setting() -> None:
    named = set(re.findall(r"AMPARO_[A-Z_]+[A-Z]", TEXT))
    assert named <= variables().keys() | {f"{name}_FILE" for name in variables()}


def test_every_file_in_the_text_is_there() -> None:
    named = {name.rstrip("/") for name in re.findall(r"`([\w./-]+/[\w./-]*|[\w-]+\.(?:yml|md))`", TEXT)}
    layout = re.search(r"## Layout\n+```\n(.*?)```", TEXT, re.DOTALL)
    assert layout
    named |= {line.split()[0].rstrip("/") for line in layout.group(1).splitlines()}
    made = {"var"}
    assert sorted(name for name in named - made if not (ROOT / name).exists()) == []


def test_nothing_in_it_can_be_taken_for_a_line_of_help() -> None:
    """Lines are shown from the directory alone, with country, source and date; 911 is named as a warning."""
    assert re.findall(r"\b\+?\d[\d -]{2,}\d\b", TEXT.replace("911", "")) == []
