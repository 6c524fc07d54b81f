"""How good is the model on the held-out messages? `nlu/.venv/bin/python nlu/evaluate.py`, after training.

Prints, by language: recall and precision of `emergency`, everyday messages taken for one, mean accuracy of urgency
and intent; then the messages that were missed, for they are what to learn from.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from serve.quiet import hush  # noqa: E402  everything else may load Rasa

OUT = hush()

from serve.model import Model  # noqa: E402
from train import taught  # noqa: E402

DANGER = 0.5
"""As in `bot/triage/policy.py`."""


def held_out(folder: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """Text, intent and labels of every example below `folder`."""
    from rasa.shared.nlu.training_data.loading import load_data

    return [
        (example.get("text"), example.get("intent"), example.get("metadata")["example"])
        for example in load_data(str(folder)).intent_examples
    ]


def report(name: str, examples: list[tuple[str, str, dict[str, Any]]], model: Model) -> list[str]:
    """The lines for one language."""
    answers = model.parse([text for text, _, _ in examples])
    counts: Counter[str] = Counter()
    missed = []
    for (text, intent, labels), answer in zip(examples, answers, strict=True):
        chances = {item["name"]: item["confidence"] for item in answer["urgency"]["ranking"]}
        danger = chances.get("emergency", 0.0)
        truth = labels["urgency"]
        counts[truth] += 1
        counts["urgency right"] += answer["urgency"]["name"] == truth
        counts["intent right"] += answer["intent"]["name"] == intent
        counts["alarms"] += danger >= DANGER
        if truth == "emergency":
            counts["found"] += danger >= DANGER
            counts["found or asked"] += danger >= 0.15
            if danger < DANGER:
                missed.append(f"    missed {danger:.2f} {answer['urgency']['name']}: {text}")
        elif truth == "information" and danger >= DANGER:
            counts["false"] += 1
            missed.append(f"    false alarm {danger:.2f}: {text}")
    total = len(examples)
    return [
        f"{name}: {total} messages; emergency recall {counts['found'] / counts['emergency']:.2f} at {DANGER} "
        f"(urgent or more by the model at 0.15: {counts['found or asked'] / counts['emergency']:.2f}), precision "
        f"{counts['found'] / max(1, counts['alarms']):.2f}, false on information "
        f"{counts['false'] / counts['information']:.2f}; urgency {counts['urgency right'] / total:.2f}, "
        f"intent {counts['intent right'] / total:.2f}",
        *missed,
    ]


def main() -> None:
    model = Model(HERE / "models" / "amparo.tar.gz")
    for folder in (HERE / "data_test" / language.name for language in taught()):
        OUT.write("\n".join(report(folder.name, held_out(folder), model)) + "\n")
    OUT.flush()


if __name__ == "__main__":
    main()
