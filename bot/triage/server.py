"""How our NLU server process is started: its command, its working directory and its environment.

The process itself (`nlu/serve/`) runs in its own Python 3.10 environment, `nlu/.venv`, because Rasa 3.6 needs it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from bot.settings import ROOT

PROJECT = ROOT / "nlu"
PYTHON = PROJECT / ".venv" / "bin" / "python"
MODEL = PROJECT / "models" / "amparo.tar.gz"

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "NLU_ENCODER")
"""What the server inherits. Nothing else: the tokens and secrets in our environment are none of its business."""


class NluUnavailable(Exception):
    """The NLU server cannot be started here. The message is one line for a person: what is missing, and the mend."""


def check(python: Path = PYTHON, model: Path = MODEL) -> None:
    """Raises `NluUnavailable` when the environment or the trained model is missing."""
    if not python.exists():
        raise NluUnavailable(f"{python}: the Rasa environment is missing; run `make setup`")
    if not model.exists():
        raise NluUnavailable(f"{model}: the trained model is missing; run `make setup`")


def command(host: str = "127.0.0.1", port: int = 0, *, python: Path = PYTHON, model: Path = MODEL) -> list[str]:
    """The command line; port 0 takes a free one. It prints `listening on http://HOST:PORT` as its first line.

    Run it in `PROJECT` with `environment()`. Raises `NluUnavailable` as `check` does.
    """
    check(python, model)
    return [str(python), "-m", "serve", "--host", host, "--port", str(port), "--model", str(model)]


def environment(inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """The server's whole environment: what it needs of ours (`inherited`, by default `os.environ`), kept quiet."""
    ours = os.environ if inherited is None else inherited
    return {name: ours[name] for name in KEPT if name in ours} | {
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
        "RASA_TELEMETRY_ENABLED": "false",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
