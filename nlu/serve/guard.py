"""What is done to a text before Rasa sees it, and what a text gets that Rasa never sees."""

from __future__ import annotations

from typing import Any

from components.text import clean

MAX_CHARACTERS = 4096

EMPTY: dict[str, Any] = {
    "text": "",
    "intent": {"name": None, "confidence": 0.0},
    "entities": [],
    "intent_ranking": [],
    "urgency": {"name": None, "confidence": 0.0, "ranking": []},
    "risks": [],
    "language": "",
    "readable": False,
}


def ready(text: str) -> str:
    """`text` without control and surrogate characters, bounded; "" when nothing is left.

    A leading slash makes Rasa take the text for the name of an intent and skip the model: such a text gets something
    before it.
    """
    half = MAX_CHARACTERS // 2
    bounded = text if len(text) <= MAX_CHARACTERS else f"{text[:half]} {text[-half:]}"
    plain = clean(bounded)
    return f". {plain}" if plain.startswith("/") else plain
