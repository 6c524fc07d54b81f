"""Entities that have a form: telephone numbers, number plates, ages, links, amounts of money, times of the day.

Found by expression, not learned: they are the same in every language, and none may be made up.
"""

from __future__ import annotations

import re
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

MOST_CHARACTERS = 4096

PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("link", re.compile(r"(?:https?://|www\.)[^\s<>\"]{3,200}|\bt\.me/\w{3,64}|(?<![\w.])@[A-Za-z]\w{3,31}\b")),
    (
        "money",
        re.compile(
            r"(?:US\$|B/\.|[$€£])\s?\d[\d.,]{0,12}\b|\b\d[\d.,]{0,12}\s?(?:usd|d[oó]lares|dollars|balboas|pesos|bol[ií]vares|"
            r"euros|reales|lempiras|quetzales|bucks)\b",
            re.IGNORECASE,
        ),
    ),
    ("time", re.compile(r"\b(?:[01]?\d|2[0-3])(?::|h)[0-5]\d\b|\b(?:1[0-2]|0?[1-9])\s?[ap]\.?m\b\.?", re.IGNORECASE)),
    (
        "age",
        re.compile(
            r"\b\d{1,2}(?=\s?(?:a[nñ]os|a[nñ]itos|years?[\s-]old|yrs?\b|y/?o\b))|"
            r"(?<=\btengo )\d{1,2}\b(?!\s?(?:d[ií]as|meses|horas|hijos|min))|"
            r"(?<=\bi am )\d{1,2}\b(?=\s*(?:$|[.,!?;]))",
            re.IGNORECASE,
        ),
    ),
    # letters and digits together, as on plates of the region: AB1234, 123456 is a telephone number or nothing
    ("plate", re.compile(r"\b(?:[A-Z]{2,3}[\s-]?\d{3,4}|[A-Z]\d{2}[\s-]?\d{3}|\d{3}[\s-]?[A-Z]{3})\b")),
    ("phone", re.compile(r"(?<![\w$.,/-])\+?\(?\d[\d\s().-]{5,18}\d(?![\w/])")),
)

DIGITS = {"phone": (7, 15)}


def find(text: str) -> list[dict[str, Any]]:
    """Entities in order of place; where two overlap, the kind that comes first in `PATTERNS` stays."""
    found: list[dict[str, Any]] = []
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text[:MOST_CHARACTERS]):
            least, most = DIGITS.get(kind, (0, 99))
            value = match[0].strip()
            if not least <= sum(c.isdigit() for c in value) <= most:
                continue
            start, end = match.start(), match.start() + len(match[0].rstrip())
            if all(end <= other["start"] or other["end"] <= start for other in found):
                found.append({"entity": kind, "start": start, "end": end, "value": value})
    return sorted(found, key=lambda item: item["start"])


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class PatternExtractor(GraphComponent, EntityExtractorMixin):
    """Adds the entities of `find` to each message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {}

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,  # noqa: ARG003  Rasa's signature
        resource: Resource,  # noqa: ARG003  Rasa's signature
        execution_context: ExecutionContext,  # noqa: ARG003  Rasa's signature
    ) -> PatternExtractor:
        return cls({**cls.get_default_config(), **config})

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            found = self.add_extractor_name(find(message.get(TEXT) or ""))
            message.set(ENTITIES, [*message.get(ENTITIES, []), *found], add_to_output=True)
        return messages
