"""How much faster the encoder is than its library, by hand: `.venv/bin/python -m tests.bench.encoder [threads]`.

It runs in Rasa's environment; what it measures is written in `nlu/tests/bench_encoder.py`.
"""

from __future__ import annotations

import subprocess
import sys

from bot.triage import server


def main() -> int:
    command = [str(server.PYTHON), "-W", "ignore", "-m", "tests.bench_encoder", *sys.argv[1:2]]
    return subprocess.run(command, cwd=server.PROJECT, env=server.environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
