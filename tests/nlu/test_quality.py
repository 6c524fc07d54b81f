"""How well the trained model judges messages that it has not seen (`nlu/data_test`), as floors that must hold."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from bot.settings import ROOT
from bot.triage import policy
from tests.nlu.conftest import Served

pytestmark = pytest.mark.nlu

LANGUAGES = ("es", "en")

MARKED = re.compile(r"\[([^\]]+)\]\([a-z]+\)")
"""An entity as Rasa's format marks it in an example: what a person types is the part in brackets."""


def held_out(language: str) -> list[tuple[str, str]]:
    """Text and urgency."""
    found = []
    for path in sorted((ROOT / "nlu" / "data_test" / language).glob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            found += [(MARKED.sub(r"\1", item["text"]), item["metadata"]["urgency"]) for item in block["examples"]]
    return found


def taught(language: str) -> set[str]:
    texts = set()
    for path in (ROOT / "nlu" / "data" / language).glob("*.yml"):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            texts |= {MARKED.sub(r"\1", item["text"]).strip().lower() for item in block["examples"]}
    return texts


def emergency_chance(answer: dict[str, Any]) -> float:
    return float(next(item["confidence"] for item in answer["urgency"]["ranking"] if item["name"] == "emergency"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_held_out_message_is_taught(language: str) -> None:
    assert not {text.strip().lower() for text, _ in held_out(language)} & taught(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_enough_messages_are_taught(language: str) -> None:
    assert len(taught(language)) >= {"es": 450, "en": 350}[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_emergencies_are_found_and_everyday_messages_are_not(nlu: Served, language: str) -> None:
    chances = [(emergency_chance(nlu.parse(text)), urgency) for text, urgency in held_out(language)]
    emergencies = [chance for chance, urgency in chances if urgency == "emergency"]
    everyday = [chance for chance, urgency in chances if urgency == "information"]
    assert sum(chance >= policy.DANGER for chance in emergencies) / len(emergencies) >= 0.70
    assert sum(chance >= policy.MAYBE_DANGER for chance in emergencies) / len(emergencies) >= 0.90
    assert sum(chance >= policy.DANGER for chance in everyday) / len(everyday) <= 0.08
