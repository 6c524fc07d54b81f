"""Train the model, if anything it is made of has changed: `nlu/.venv/bin/python nlu/train.py`.

Writes `nlu/models/amparo.tar.gz` and, beside it, the fingerprint of what it was made of (configuration, data,
components, locked packages). Progress goes to standard output. `--force` trains anyway; `--check` only says, by its
exit code, whether the model is up to date.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import logging
import os
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODELS = HERE / "models"
MODEL = MODELS / "amparo.tar.gz"
FINGERPRINT = MODELS / "amparo.fingerprint"
LOCK = HERE.parent / "requirements" / "nlu.lock"

QUIET = {
    "PYTHONWARNINGS": "ignore",
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # one thread: the same sums in the same order, so that training twice gives the same weights
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def taught() -> list[Path]:
    """The folders of examples that are learned from: those of the languages that `config.yml` says are taught."""
    from ruamel.yaml import YAML

    pipeline = YAML(typ="safe").load(HERE / "config.yml")["pipeline"]
    languages = next(part["taught"] for part in pipeline if "taught" in part)
    return [HERE / "data" / language for language in languages]


def sources() -> list[Path]:
    """Everything the model is made of, in a fixed order."""
    data = sorted(path for folder in taught() for path in folder.rglob("*.yml"))
    components = sorted((HERE / "components").rglob("*.py"))
    return [HERE / "config.yml", *data, *components, HERE / "train.py", LOCK]


def fingerprint() -> str:
    """A hash over names and contents."""
    whole = hashlib.sha256()
    for path in sources():
        whole.update(f"{path.relative_to(HERE.parent)}\0".encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def up_to_date() -> bool:
    """Whether the model exists and was made of what is here now."""
    return MODEL.exists() and FINGERPRINT.exists() and FINGERPRINT.read_text().strip() == fingerprint()


STDOUT = sys.stdout


def say(line: str) -> None:
    STDOUT.write(f"nlu: {line}\n")
    STDOUT.flush()


def warn(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    """Rasa's warnings are about our data; the deprecations of its own parts are not ours to mend."""
    if issubclass(category, UserWarning) and "Deprecation" not in category.__name__:
        say(f"warning: {message}")


class Progress(logging.Handler):
    """Rasa's own log of which component it trains, as lines with the time passed."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._began = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("Starting to train component"):
            component = message.split("'")[1]
            say(f"{time.monotonic() - self._began:5.1f} s  training {component}")


def train() -> None:
    """Train from an empty cache: Rasa's own does not notice changes in a component's base class or helpers."""
    say(f"reading {sum(1 for path in sources() if 'data' in path.parts)} files of examples, loading Rasa")
    wanted = fingerprint()
    MODELS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="train-", dir=MODELS) as folder:
        os.environ["RASA_CACHE_DIRECTORY"] = str(Path(folder) / "cache")
        import structlog

        warnings.showwarning = warn
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        from rasa.model_training import train_nlu

        hooks = logging.getLogger("rasa.engine.training.hooks")
        hooks.setLevel(logging.INFO)
        hooks.addHandler(Progress())
        hooks.propagate = False
        examples = Path(folder) / "data"  # Rasa takes one folder
        for language in taught():
            shutil.copytree(language, examples / language.name)
        # what Rasa prints itself names the temporary folder
        with contextlib.redirect_stdout(io.StringIO()):
            made = train_nlu("config.yml", str(examples), folder, fixed_model_name=MODEL.name)
        if made is None:
            raise SystemExit("nlu: no model was made; see the lines above")
        # the fingerprint goes first and comes back last: a kill in between only means training again
        FINGERPRINT.unlink(missing_ok=True)
        Path(made).replace(MODEL)
        FINGERPRINT.write_text(f"{wanted}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description="Train the NLU model if anything it is made of has changed.")
    parser.add_argument("--force", action="store_true", help="train even when nothing changed")
    parser.add_argument("--check", action="store_true", help="train nothing; exit 1 when the model is out of date")
    options = parser.parse_args()
    if up_to_date() and not options.force:
        say("the model is up to date")
        return 0
    if options.check:
        say("the model is out of date; run `make setup`")
        return 1
    os.chdir(HERE)
    began = time.monotonic()
    train()
    say(f"{MODEL.relative_to(HERE.parent)} is ready ({time.monotonic() - began:.0f} s)")
    return 0


if __name__ == "__main__":
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if os.environ.get("AMPARO_NLU_TRAINING") != "1":
        # the interpreter reads some of these only when it starts
        os.environ["AMPARO_NLU_TRAINING"] = "1"
        os.execv(sys.executable, [sys.executable, str(HERE / "train.py"), *sys.argv[1:]])
    sys.exit(main())
