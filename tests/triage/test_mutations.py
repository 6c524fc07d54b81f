"""What is tested is tested for a reason: triage with one of its safeguards taken out must be noticed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from bot.conversation.messages import Urgency
from bot.triage import hazards, policy
from bot.triage.hazards import Finder, Hazard, languages
from bot.triage.nlu import Parse

pytestmark = pytest.mark.unit

IDS = [language.language for language in languages()]


def mutant(module: ModuleType, old: str, new: str) -> ModuleType:
    """`module` with one piece of its source replaced, loaded beside the real one."""
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert source.count(old) == 1, f"{module.__name__} no longer contains {old!r} once: mend this test"
    other = ModuleType(f"{module.__name__}_mutant")
    other.__file__ = module.__file__
    sys.modules[other.__name__] = other
    try:
        exec(compile(source.replace(old, new), other.__name__, "exec"), other.__dict__)  # our own source
    finally:
        del sys.modules[other.__name__]
    return other


SURELY_LOW = Parse(
    "greet",
    0.99,
    Urgency.INFORMATION,
    {Urgency.EMERGENCY: 0.0, Urgency.URGENT: 0.0, Urgency.PRIORITY: 0.0, Urgency.INFORMATION: 1.0},
)
SURELY_HIGH = Parse(
    "need_help",
    0.99,
    Urgency.EMERGENCY,
    {Urgency.EMERGENCY: 1.0, Urgency.URGENT: 0.0, Urgency.PRIORITY: 0.0, Urgency.INFORMATION: 0.0},
)
HAZARD = Hazard(Urgency.EMERGENCY, frozenset(), ("es.x",))
MILD = Hazard(Urgency.URGENT, frozenset(), ("es.y",))


def ratchet_holds(module: ModuleType) -> bool:
    """Whether neither the hazard words nor the model lowers what the other one says."""
    return bool(
        module.assess(hazard=HAZARD, parse=SURELY_LOW).urgency is Urgency.EMERGENCY
        and module.assess(hazard=MILD, parse=SURELY_HIGH).urgency is Urgency.EMERGENCY
    )


@pytest.mark.parametrize("instead", ["level", "hazard.urgency", "min(level, hazard.urgency)"])
def test_a_lost_ratchet_is_noticed(instead: str) -> None:
    assert ratchet_holds(policy)
    assert not ratchet_holds(mutant(policy, "max(level, hazard.urgency)", instead))


@pytest.mark.parametrize("language", IDS)
def test_a_lost_language_is_noticed(language: str) -> None:
    without = Finder(one for one in languages() if one.language != language)
    said = [text for one in languages() if one.language == language for rule in one.rules for text in rule.yes]
    lost = [text for text in said if (found := hazards.find(text)) is not None and found != without.find(text)]
    assert len(lost) >= 0.8 * len(said)


@pytest.mark.parametrize("language", IDS)
def test_lost_negations_are_noticed(language: str) -> None:
    deaf = Finder(one.model_copy(update={"negations": (), "denials": ()}) for one in languages())
    denied = [text for one in languages() if one.language == language for rule in one.rules for text in rule.no]
    assert any(hazards.find(text) is None and deaf.find(text) is not None for text in denied)
