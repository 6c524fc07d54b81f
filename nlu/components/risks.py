"""Which risk flags does a message raise? Several may hold together; learned from the examples' own metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.training_data.message import Message

from components.examples import Labels
from components.head_component import HeadComponent, Material
from components.heads import FlagsHead


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class RiskClassifier(HeadComponent[FlagsHead]):
    """Writes `risks`: the flags above `threshold`. Flags with fewer than `at_least` examples are not learned."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"threshold": 0.5, "at_least": 12}

    @staticmethod
    def load_head(path: Path) -> FlagsHead:
        return FlagsHead.load(path)

    @staticmethod
    def save_head(head: FlagsHead, path: Path) -> None:
        head.save(path)

    def fit(self, material: Material, answers: list[Labels]) -> FlagsHead:
        return FlagsHead.fit(material.rows, [answer.risks for answer in answers], int(self._config["at_least"]))

    def write(self, messages: list[Message], head: FlagsHead, material: Material) -> None:
        for message, chances in zip(messages, head.probabilities(material.rows), strict=True):
            found = [
                name for name, chance in zip(head.labels, chances, strict=True) if chance >= self._config["threshold"]
            ]
            message.set("risks", found, add_to_output=True)
