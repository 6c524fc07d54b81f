"""The real NLU server on the real trained model, started once for the run."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.triage import server

STARTING = 120.0
"""Seconds: importing TensorFlow on a busy machine takes most of them."""


@dataclass
class Served:
    """A running server, and the file that takes everything it writes on either stream."""

    url: str
    process: subprocess.Popen[str]
    output: Path

    def parse(self, text: str) -> dict[str, Any]:
        response = httpx.post(f"{self.url}/model/parse", content=json.dumps({"text": text}), timeout=30)
        assert response.status_code == 200, response.status_code
        answer = response.json()
        assert isinstance(answer, dict)
        return answer


def start(output: Path) -> Served:
    """Start the server on a free port; it answers 503 until its model is warm."""
    with output.open("ab") as errors:
        process = subprocess.Popen(
            server.command(port=0),
            cwd=server.PROJECT,
            env=server.environment(),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("listening on http://127.0.0.1:"), line or output.read_text()
    return Served(line.split()[-1], process, output)


def wait_until_warm(served: Served) -> None:
    deadline = time.monotonic() + STARTING
    while httpx.get(f"{served.url}/status", timeout=10).status_code != 200:
        assert served.process.poll() is None, served.output.read_text()
        assert time.monotonic() < deadline, "the model did not load"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def nlu() -> Iterator[Served]:
    """A warm server. Everything else it writes on standard output is read at the end and must be nothing."""
    with tempfile.TemporaryDirectory() as folder:
        served = start(Path(folder) / "output")
        try:
            wait_until_warm(served)
            yield served
        finally:
            served.process.terminate()
            rest, _ = served.process.communicate(timeout=20)
        assert rest == "", "the server wrote more than its address on standard output"
