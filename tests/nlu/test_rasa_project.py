"""The Rasa project itself: its components' tests, its model's freshness, and stock Rasa serving the same model."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.triage import server
from tests.nlu.conftest import STARTING, Served

pytestmark = pytest.mark.nlu

UNITS = sorted(path.stem for path in (server.PROJECT / "tests").glob("test_*.py"))


@pytest.mark.parametrize("unit", UNITS)
def test_components_and_server_parts(unit: str) -> None:
    ended = subprocess.run(
        [str(server.PYTHON), "-W", "ignore", "-m", "unittest", f"tests.{unit}"],
        cwd=server.PROJECT,
        env=server.environment(),
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "\nOK" in ended.stderr
    assert "Ran 0 tests" not in ended.stderr


def test_the_model_is_made_of_what_is_here_now() -> None:
    ended = subprocess.run(
        [str(server.PYTHON), "train.py", "--check"],
        cwd=server.PROJECT,
        env=server.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (0, "nlu: the model is up to date\n")


@pytest.mark.parametrize(
    "changed", ["components/head_component.py", "components/text.py", "config.yml", "data/es/talk.yml"]
)
def test_a_change_that_rasas_own_cache_would_not_see_makes_the_model_out_of_date(
    changed: str, tmp_path: Path
) -> None:
    """Its fingerprint knows a component's class only: not its base class, nor what it calls."""
    copy = tmp_path / "nlu"
    skipped = shutil.ignore_patterns(".venv", ".rasa", "__pycache__", "*.onnx", "train-*")
    shutil.copytree(server.PROJECT, copy, ignore=skipped)
    shutil.copytree(server.PROJECT.parent / "requirements", tmp_path / "requirements")
    asked = [str(server.PYTHON), "train.py", "--check"]
    mark = [str(server.PYTHON), "-c", "import train; train.FINGERPRINT.write_text(train.fingerprint())"]

    def out_of_date() -> bool:
        ended = subprocess.run(asked, cwd=copy, env=server.environment(), capture_output=True, text=True, timeout=60)
        assert ended.stderr == ""
        return ended.returncode == 1

    subprocess.run(mark, cwd=copy, env=server.environment(), check=True, timeout=60)
    assert not out_of_date()
    with (copy / changed).open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    assert out_of_date()


def test_stock_rasa_serves_the_same_model_with_the_same_judgement(nlu: Served, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = tmp_path / "log"
    command = [*(str(server.PYTHON), "-m", "rasa", "run", "--enable-api"), "-i", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "-m", str(server.MODEL)],
            cwd=server.PROJECT,
            env=server.environment() | {"HOME": str(tmp_path)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + STARTING
        while not _answers(url):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.2)
        for text in ("me tienen encerrada y me van a matar", "hola", "me quitaron el pasaporte", "is it safe?", "🆘"):
            stock: dict[str, Any] = httpx.post(f"{url}/model/parse", json={"text": text}, timeout=30).json()
            ours = nlu.parse(text)
            assert stock["urgency"]["name"] == ours["urgency"]["name"]
            assert stock["urgency"]["confidence"] == pytest.approx(ours["urgency"]["confidence"], abs=0.02)
            assert stock["intent"]["name"] == ours["intent"]["name"]
            assert (stock["risks"], stock["language"], stock["readable"]) == (
                ours["risks"],
                ours["language"],
                ours["readable"],
            )
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/status", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_find_python_prints_one_that_runs_or_one_line(tmp_path: Path) -> None:
    script = str(server.PROJECT.parent / "tools" / "find_python.sh")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    path = f"{Path(sys.base_prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"
    found = subprocess.run(
        [script, version], env={"PATH": path, "HOME": str(tmp_path)}, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    shown = subprocess.run([found.stdout.strip(), "--version"], capture_output=True, text=True)
    assert shown.stdout.startswith(f"Python {version}.")
    shim = tmp_path / "python3.4"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    none = subprocess.run([script, "3.4"], env={"PATH": path, "HOME": str(tmp_path)}, capture_output=True, text=True)
    assert (none.returncode, none.stdout) == (1, "")
    assert len(none.stderr.splitlines()) == 1
