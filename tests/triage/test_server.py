"""How the NLU server is started: the command, and an environment without our secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.triage import server

pytestmark = pytest.mark.unit


def made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_the_command_names_host_port_and_model(tmp_path: Path) -> None:
    python, model = made(tmp_path / "python"), made(tmp_path / "amparo.tar.gz")
    command = server.command("127.0.0.1", 5005, python=python, model=model)
    assert command == [
        *(str(python), "-m", "serve"),
        *("--host", "127.0.0.1", "--port", "5005", "--model", str(model)),
    ]


def test_what_is_missing_is_said_in_one_line_with_the_mend(tmp_path: Path) -> None:
    python, model = tmp_path / "python", tmp_path / "amparo.tar.gz"
    with pytest.raises(server.NluUnavailable, match="environment is missing; run `make setup`"):
        server.command(python=python, model=model)
    made(python)
    with pytest.raises(server.NluUnavailable, match="model is missing; run `make setup`"):
        server.command(python=python, model=model)


def test_no_secret_of_ours_reaches_the_server() -> None:
    ours = {"PATH": "/bin", "HOME": "/home/x", "AMPARO_TELEGRAM__TOKEN": "1:secret", "AWS_SECRET": "secret"}
    environment = server.environment(ours)
    assert environment["PATH"] == "/bin"
    assert environment["RASA_TELEMETRY_ENABLED"] == "false"
    assert "secret" not in " ".join(environment.values())
