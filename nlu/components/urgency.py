"""How urgent is a message? Learned from the examples' own metadata, answered with calibrated probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.training_data.message import Message

from components.examples import LEVELS, Labels
from components.head_component import HeadComponent
from components.heads import KernelHead


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class UrgencyClassifier(HeadComponent[KernelHead]):
    """Writes `urgency: {name, confidence, ranking}`, most likely level first, all four levels in the ranking.

    `gamma` and `strength`: width and C of the kernel regression, chosen on held-out folds of the training data.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"gamma": 4.0, "strength": 20.0}

    @staticmethod
    def load_head(path: Path) -> KernelHead:
        return KernelHead.load(path)

    @staticmethod
    def save_head(head: KernelHead, path: Path) -> None:
        head.save(path)

    def fit(self, rows: np.ndarray, answers: list[Labels]) -> KernelHead:
        levels = [answer.urgency for answer in answers]
        missing = [level for level in LEVELS if level not in levels]
        if missing:
            raise ValueError(f"UrgencyClassifier: no example has urgency {', '.join(missing)}; add some to nlu/data")
        return KernelHead.fit(rows, levels, LEVELS, float(self._config["gamma"]), float(self._config["strength"]))

    def write(self, message: Message, head: KernelHead, row: np.ndarray) -> None:
        chances = head.probabilities(row)[0]
        ranking = sorted(
            ({"name": name, "confidence": float(chance)} for name, chance in zip(head.labels, chances, strict=True)),
            key=lambda item: -item["confidence"],
        )
        message.set("urgency", {**ranking[0], "ranking": ranking}, add_to_output=True)
