"""How urgent is a message? Learned from the examples' own metadata, answered with calibrated probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.training_data.message import Message

from components.encoder import shared
from components.examples import LEVELS, Labels
from components.head_component import HeadComponent, Material
from components.kernel import KernelHead
from components.text import fold
from components.windows import windows


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class UrgencyClassifier(HeadComponent[KernelHead]):
    """Writes `urgency: {name, confidence, ranking}`, most likely level first, all four levels in the ranking.

    `gamma`, `letters` and `ridge`: see `KernelHead`; chosen on folds of the training data by meaning. `threads`: the
    encoder's. A long text is also judged in parts: what is worst in it is what it is, for one sentence of danger in
    a long story is danger.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"gamma": 5.0, "letters": 0.6, "ridge": 0.3, "threads": 1}

    @staticmethod
    def load_head(path: Path) -> KernelHead:
        return KernelHead.load(path)

    @staticmethod
    def save_head(head: KernelHead, path: Path) -> None:
        head.save(path)

    def fit(self, material: Material, answers: list[Labels]) -> KernelHead:
        levels = [answer.urgency for answer in answers]
        missing = [level for level in LEVELS if level not in levels]
        if missing:
            raise ValueError(f"UrgencyClassifier: no example has urgency {', '.join(missing)}; add some to nlu/data")
        return KernelHead.fit(
            material.rows,
            material.texts,
            material.languages,
            levels,
            LEVELS,
            gamma=float(self._config["gamma"]),
            letters=float(self._config["letters"]),
            ridge=float(self._config["ridge"]),
        )

    def write(self, messages: list[Message], head: KernelHead, material: Material) -> None:
        chances = head.probabilities(material.rows, material.texts, material.languages)
        for number, part in self._worst_parts(head, material):
            if part[0] > chances[number, 0]:
                chances[number] = part
        for message, row in zip(messages, chances, strict=True):
            ranking = sorted(
                ({"name": name, "confidence": float(chance)} for name, chance in zip(head.labels, row, strict=True)),
                key=lambda item: -item["confidence"],
            )
            message.set("urgency", {**ranking[0], "ranking": ranking}, add_to_output=True)

    def _worst_parts(self, head: KernelHead, material: Material) -> list[tuple[int, np.ndarray]]:
        """For each long text: its number, and the probabilities of the part most likely to be an emergency."""
        parts = [(number, part) for number, text in enumerate(material.texts) for part in windows(text)]
        if not parts:
            return []
        texts = [part for _, part in parts]
        rows = shared(int(self._config["threads"])).encode([fold(text, 600) for text in texts])
        chances = head.probabilities(rows, texts, [material.languages[number] for number, _ in parts])
        worst: dict[int, np.ndarray] = {}
        for (number, _), row in zip(parts, chances, strict=True):
            if number not in worst or row[0] > worst[number][0]:
                worst[number] = row
        return list(worst.items())
