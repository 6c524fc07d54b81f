"""What does somebody want? Rasa's intents, by the same head as urgency: better than a linear one and as quick."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.constants import INTENT
from rasa.shared.nlu.training_data.message import Message

from components.examples import Labels
from components.head_component import HeadComponent, Material
from components.kernel import KernelHead


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class KernelIntentClassifier(HeadComponent[KernelHead]):
    """Writes Rasa's `intent` and `intent_ranking`. `gamma`, `letters` and `ridge`: see `KernelHead`."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"gamma": 5.0, "letters": 0.6, "ridge": 0.3}

    @staticmethod
    def load_head(path: Path) -> KernelHead:
        return KernelHead.load(path)

    @staticmethod
    def save_head(head: KernelHead, path: Path) -> None:
        head.save(path)

    def fit(self, material: Material, answers: list[Labels]) -> KernelHead:
        intents = [answer.intent for answer in answers]
        return KernelHead.fit(
            material.rows,
            material.texts,
            material.languages,
            intents,
            sorted(set(intents)),
            gamma=float(self._config["gamma"]),
            letters=float(self._config["letters"]),
            ridge=float(self._config["ridge"]),
        )

    def write(self, messages: list[Message], head: KernelHead, material: Material) -> None:
        chances = head.probabilities(material.rows, material.texts, material.languages)
        for message, row in zip(messages, chances, strict=True):
            ranking = sorted(
                ({"name": name, "confidence": float(chance)} for name, chance in zip(head.labels, row, strict=True)),
                key=lambda item: -item["confidence"],
            )
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
