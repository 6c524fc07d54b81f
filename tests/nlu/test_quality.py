"""How well the trained model judges messages that it has not seen (`nlu/data_test`), as floors that must hold.

The floors lie somewhat below what was measured (`docs/triage.md`): they notice a broken part (a language that is not
taught, a lost calibration, letters or windows that do nothing), and are no goals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from bot.conversation.messages import Role, Urgency
from bot.settings import ROOT
from bot.triage import policy
from bot.triage.hazards import find
from bot.triage.nlu import read
from tests.nlu.conftest import Served

pytestmark = pytest.mark.nlu

LANGUAGES = ("es", "en", "pt", "fr", "ht", "zh", "ar", "hi")


@dataclass(frozen=True)
class Judged:
    """One held-out message: what it is, what the model thinks, and what triage as a whole makes of it."""

    truth: Urgency
    chance: float
    level: Urgency
    ask: bool


def messages(folder: str, language: str) -> list[tuple[str, str]]:
    """Text and urgency."""
    found = []
    for path in sorted((ROOT / "nlu" / folder / language).glob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            found += [(item["text"], item["metadata"]["urgency"]) for item in block["examples"]]
    return found


def held_out(language: str) -> list[tuple[str, str]]:
    return messages("data_test", language)


def taught(language: str) -> set[str]:
    return {text.strip().lower() for text, _ in messages("data", language)}


def emergency_chance(answer: dict[str, Any]) -> float:
    return float(next(item["confidence"] for item in answer["urgency"]["ranking"] if item["name"] == "emergency"))


_JUDGED: dict[tuple[str, str], list[Judged]] = {}


def judged(nlu: Served, language: str) -> list[Judged]:
    """Asked once for a server and a language."""
    if (found := _JUDGED.get((nlu.url, language))) is not None:
        return found
    found = _JUDGED[nlu.url, language] = []
    for text, urgency in held_out(language):
        answer = nlu.parse(text)
        assessment = policy.assess(hazard=find(text), parse=read(answer))
        found.append(Judged(Urgency.parse(urgency), emergency_chance(answer), assessment.urgency, assessment.ask))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_held_out_message_is_taught(language: str) -> None:
    assert not {text.strip().lower() for text, _ in held_out(language)} & taught(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_enough_messages_are_taught(language: str) -> None:
    assert len(taught(language)) >= {"es": 900}.get(language, 500)


@pytest.mark.parametrize("language", LANGUAGES)
def test_emergencies_are_found_and_everyday_messages_are_not(nlu: Served, language: str) -> None:
    found = judged(nlu, language)
    emergencies = [one for one in found if one.truth is Urgency.EMERGENCY]
    low = [one for one in found if one.truth is Urgency.INFORMATION]
    alarms = sum(one.level is Urgency.EMERGENCY for one in emergencies) / len(emergencies)
    noticed = sum(one.level is Urgency.EMERGENCY or one.ask for one in emergencies) / len(emergencies)
    false = sum(one.level is Urgency.EMERGENCY for one in low) / len(low)
    assert alarms >= 0.74
    assert noticed >= 0.92
    assert false <= 0.15


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_emergency_is_taken_for_information(nlu: Served, language: str) -> None:
    emergencies = [one for one in judged(nlu, language) if one.truth is Urgency.EMERGENCY]
    lost = sum(one.level is Urgency.INFORMATION for one in emergencies)
    assert lost <= len(emergencies) // 25


def test_probabilities_mean_what_they_say(nlu: Served) -> None:
    found = [one for language in LANGUAGES for one in judged(nlu, language)]
    gap = 0.0
    for low in range(10):
        in_bin = [one for one in found if low <= min(9.9, one.chance * 10) < low + 1]
        said = sum(one.chance for one in in_bin)
        gap += abs(said - sum(one.truth is Urgency.EMERGENCY for one in in_bin)) / len(found)
    assert gap <= 0.07


STORY = {
    "es": "hola, vi su numero en un cartel. yo vine por un trabajo en un hotel y al principio todo iba bien, comia "
    "con los demas y me pagaban. {} gracias por leer esto, no sabia a quien contarle. mi prima vino el año pasado",
    "en": "hi, i found your number on a poster. i came here for a job in a hotel and at first everything was fine, i "
    "ate with the others and they paid me. {} thanks for reading this. my cousin also came here last year",
}


@pytest.mark.parametrize(
    ("language", "danger"),
    [("es", "ahora me encerraron en un cuarto y le estan pegando a mi amiga."),
     ("en", "now they locked me in a room and they are beating my friend.")],
)  # fmt: skip
def test_one_sentence_of_danger_in_a_long_story_is_enough(nlu: Served, language: str, danger: str) -> None:
    story = STORY[language]
    assert emergency_chance(nlu.parse(story.format(danger))) >= policy.DANGER[Role.UNKNOWN]
    assert emergency_chance(nlu.parse(story.format(""))) < policy.DANGER[Role.UNKNOWN]
