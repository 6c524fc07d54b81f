"""In which language is a message, and was the model taught that language at all?"""

from __future__ import annotations

import unicodedata
from typing import Any

import pycld2
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from components.text import cap, clean, has_words

NAMES = {"zh-Hant": "zh", "zh-hant": "zh"}
LANGUAGES = frozenset({"es", "en", "pt", "fr", "ht", "zh", "ar", "hi", "fa", "ru"})
ENOUGH_LETTERS = 24
"""Below this the detector guesses: a short text in Latin letters counts as readable whatever it says."""


def detect(text: str) -> tuple[bool, list[str]]:
    """Whether the detector is sure, and the languages it thinks of, most likely first."""
    try:
        reliable, _, details = pycld2.detect(text, bestEffort=True)
    except pycld2.error:
        return False, []
    return bool(reliable), [NAMES.get(code, code) for _, code, _, _ in details if code != "un"]


def guess(text: str) -> str:
    """The likeliest of `LANGUAGES`, or "" when it seems to be none of them."""
    _, guesses = detect(cap(clean(text), 1000))
    return next((name for name in guesses if name in LANGUAGES), "")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class LanguageDetector(GraphComponent):
    """Writes `language` (one of `languages`, or "" when it cannot tell) and `readable`.

    `readable` is False for a text without words, and for one that is clearly in a language that is not in `taught`:
    whatever the model says of it means nothing.
    """

    @staticmethod
    def required_packages() -> list[str]:
        return ["pycld2"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"languages": ["es", "en"], "taught": ["es", "en"]}

    def __init__(self, config: dict[str, Any]) -> None:
        self._languages = frozenset(config["languages"])
        self._taught = frozenset(config["taught"])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,  # noqa: ARG003  Rasa's signature
        resource: Resource,  # noqa: ARG003  Rasa's signature
        execution_context: ExecutionContext,  # noqa: ARG003  Rasa's signature
    ) -> LanguageDetector:
        return cls({**cls.get_default_config(), **config})

    def judge(self, text: object) -> tuple[str, bool]:
        """Language and readability of one text."""
        plain = cap(clean(text), 1000)
        if not has_words(plain):
            return "", False
        reliable, guesses = detect(plain)
        language = next((name for name in guesses if name in self._languages), "")
        letters = [c for c in plain if c.isalpha()]
        if not letters:
            return language, True
        latin = sum("LATIN" in unicodedata.name(c, "") for c in letters) * 2 >= len(letters)
        if not latin:
            # the script alone says that it is none of the Latin-script languages
            return language, language in self._taught
        foreign = reliable and bool(guesses) and guesses[0] not in self._taught and len(letters) >= ENOUGH_LETTERS
        return language, not foreign

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            language, readable = self.judge(message.get(TEXT))
            message.set("language", language, add_to_output=True)
            message.set("readable", readable, add_to_output=True)
        return messages
