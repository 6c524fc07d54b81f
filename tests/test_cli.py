"""The command line reads well, and a mistake is one line and a code that is not 0."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.core
import typer.main
from typer.testing import CliRunner

from bot.cli import app
from bot.settings import ROOT
from bot.supervisor import FORBIDDEN, environment


def commands(found: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, found
    if isinstance(found, typer.core.TyperGroup):
        for name, inner in found.commands.items():
            yield from commands(inner, *path, name)


ALL = list(commands(typer.main.get_command(app)))


@pytest.mark.unit
@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) or "amparo" for path, _ in ALL])
def test_help_says_what_every_command_and_option_does(path: tuple[str, ...], command: Any) -> None:
    assert command.help
    assert command.help.strip().splitlines()[0].rstrip().endswith((".", ":")), command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{path}: {parameter.name} says nothing of itself"
    shown = CliRunner().invoke(app, [*path, "--help"])
    assert shown.exit_code == 0
    assert "Usage" in shown.output


def amparo(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AMPARO_")}
    return subprocess.run(
        [sys.executable, "-m", "bot", *words],
        cwd=ROOT, env={**clean, **variables}, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("words", "variables", "mend"),
    [
        (["up"], {}, "amparo keys operator new"),
        (["cases", "list"], {}, "amparo up"),
        (["cases", "list"], {"AMPARO_REDIS__URL": "redis://127.0.0.1:1/0"}, "AMPARO_REDIS__URL"),
        (["cases", "read", "nonsense!"], {}, "amparo cases list"),
        (["cases", "reply", "AAAAA", "😀" * 2100], {}, "in parts"),
        (["cases", "reply", "AAAAA", "a\udcff"], {}, "UTF-8"),
        (["keys", "operator", "new", "Not A Name"], {"AMPARO_OPERATOR__PASSPHRASE": "una frase larga"}, "Not A Name"),
        (["keys", "operator", "new", "ana"], {"AMPARO_OPERATOR__PASSPHRASE": "corta"}, "at least 12"),
        (["keys", "epoch", "new"], {}, "amparo keys operator new"),
        (["oncall", "code", "nobody"], {}, "config.yml"),
        (["flows", "graph", "nosuchflow"], {}, "there are:"),
        (["directory", "verify", "nosuchline", "--by", "xx"], {}, "amparo directory check"),
        (["doctor"], {"AMPARO_WEB__PORT": "eighty"}, "AMPARO_WEB__PORT"),
    ],
)
def test_a_mistake_is_one_line_with_its_mend(
    words: list[str], variables: dict[str, str], mend: str, tmp_path: Path
) -> None:
    done = amparo(*words, AMPARO_DATA_DIR=str(tmp_path), **variables)
    assert done.returncode not in (0, None)
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert mend in line


@pytest.mark.unit
@pytest.mark.parametrize("part", sorted(FORBIDDEN))
def test_no_process_is_given_what_belongs_to_another(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {name for names in FORBIDDEN.values() for name in names}
    for name in secrets:
        monkeypatch.setenv(name, "secret")
    given = environment(part, {"AMPARO_WEB__PORT": "1"})
    assert not set(FORBIDDEN[part]) & set(given)
    assert given["AMPARO_WEB__PORT"] == "1"
    if part == "pager":
        assert "AMPARO_ONCALL__TELEGRAM__TOKEN" in given
    if part == "intake":
        assert "AMPARO_TELEGRAM__TOKEN" in given
