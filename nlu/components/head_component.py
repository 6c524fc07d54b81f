"""What the urgency and the risk classifier share: a head that is trained, saved, loaded and run by Rasa's graph."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components.examples import Labels, labels, training_messages
from components.heads import features
from components.language import guess

Head = TypeVar("Head")


@dataclass(frozen=True)
class Material:
    """What a head sees of some texts: themselves, their vectors, the languages they seem to be in ("": unknown)."""

    texts: list[str]
    rows: np.ndarray
    languages: list[str]

    @classmethod
    def of(cls, texts: list[str], rows: np.ndarray) -> Material:
        return cls(texts, rows, [guess(text) for text in texts])


class HeadComponent(GraphComponent, IntentClassifier, Generic[Head]):
    """A head on the sentence vector. Subclasses say how it is fitted and what is written on a message.

    It is registered as an intent classifier because that is the kind of Rasa component that is trained on examples
    and writes on messages; the intent itself is left to Rasa's own classifier.
    """

    FILE = "head.npz"

    @classmethod
    def required_components(cls) -> list[type]:
        return [Featurizer]

    @staticmethod
    def required_packages() -> list[str]:
        return ["sklearn"]

    @staticmethod
    @abstractmethod
    def load_head(path: Path) -> Head:
        """Read what `save_head` wrote."""

    @staticmethod
    @abstractmethod
    def save_head(head: Head, path: Path) -> None:
        """Write plain arrays, no pickles."""

    @abstractmethod
    def fit(self, material: Material, answers: list[Labels]) -> Head:
        """Train on the examples and their labels."""

    @abstractmethod
    def write(self, messages: list[Message], head: Head, material: Material) -> None:
        """Put the outcomes on the messages."""

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, head: Head | None = None
    ) -> None:
        self._config = config
        self._storage = model_storage
        self._resource = resource
        self._head = head

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003  Rasa's signature
    ) -> HeadComponent[Head]:
        return cls({**cls.get_default_config(), **config}, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        examples = training_messages(training_data)
        answers = [labels(example) for example in examples]
        rows = features(examples)
        if rows is None:
            raise ValueError(f"{type(self).__name__}: no dense sentence features; put a featurizer before it")
        self._head = self.fit(Material.of([str(example.get(TEXT)) for example in examples], rows), answers)
        with self._storage.write_to(self._resource) as directory:
            self.save_head(self._head, directory / self.FILE)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003  Rasa's signature
        **kwargs: Any,  # noqa: ARG003  Rasa's signature
    ) -> HeadComponent[Head]:
        with model_storage.read_from(resource) as directory:
            head = cls.load_head(directory / cls.FILE)
        return cls({**cls.get_default_config(), **config}, model_storage, resource, head)

    def process(self, messages: list[Message]) -> list[Message]:
        """Messages without features are left as they are: no urgency is better than a wrong one."""
        rows = features(messages) if messages and self._head is not None else None
        if rows is not None and self._head is not None:
            filled = [number for number, row in enumerate(rows) if row.any()]
            if filled:
                told = [messages[number] for number in filled]
                material = Material.of([str(message.get(TEXT)) for message in told], rows[filled])
                self.write(told, self._head, material)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data
