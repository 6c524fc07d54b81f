"""The trained model, loaded once: texts in, Rasa's parse dictionaries out. Not for more than one thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from serve.guard import EMPTY, ready

WARM_UP = ["hola", "me tienen encerrada en una casa y no puedo salir", "i saw something strange next door"]


class Model:
    """Rasa's graph, run on several messages at once."""

    def __init__(self, path: Path) -> None:
        """Loads and warms up: takes some seconds. Raises what Rasa raises when the file is not one of its models."""
        from rasa.core.agent import Agent
        from rasa.core.channels.channel import UserMessage
        from rasa.shared.core.trackers import DialogueStateTracker

        agent = Agent.load(str(path))
        processor = agent.processor
        if processor is None or not processor.model_metadata.nlu_target:
            raise ValueError(f"{path}: not a trained NLU model; train it with `make setup`")
        self._message = UserMessage
        self._runner = processor.graph_runner
        self._target = processor.model_metadata.nlu_target
        self._tracker = DialogueStateTracker.from_events("nlu", [])
        self.id: str = processor.model_metadata.model_id
        self.parse(WARM_UP)

    def parse(self, texts: list[str]) -> list[dict[str, Any]]:
        """One answer for each text, with the text as it came. Blank ones are answered without the model."""
        from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER

        prepared = [ready(text) for text in texts]
        messages = [self._message(text) for text in prepared if text]
        parsed = iter(())
        if messages:
            inputs = {PLACEHOLDER_MESSAGE: messages, PLACEHOLDER_TRACKER: self._tracker}
            outcome = self._runner.run(inputs=inputs, targets=[self._target])
            parsed = iter(outcome[self._target])
        answers = []
        for text, kept in zip(texts, prepared, strict=True):
            answer = {**EMPTY, **next(parsed).as_dict(only_output_properties=True)} if kept else dict(EMPTY)
            answers.append({**answer, "text": text, "entities": placed(answer["entities"], text)})
        return answers


def placed(entities: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """The entities with `start` and `end` in the text as it came, which is not quite the one that was parsed.

    One that cannot be found there again (something hidden was inside it) gets the whole text as its place.
    """
    found, after = [], 0
    for entity in entities:
        start = text.find(entity["value"], after)
        after = start + len(entity["value"]) if start >= 0 else after
        place = {"start": start, "end": after} if start >= 0 else {"start": 0, "end": len(text)}
        found.append({**entity, **place})
    return found
