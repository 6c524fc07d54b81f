"""How urgent is a message? The hazard words, the model and the defaults of `domain.md` §4, combined. Pure.

Everything here only raises: a hazard is a floor that no model lowers, more probability of danger never gives less
urgency, and what is not known gets the default of the role. Thresholds, on the model's calibrated probabilities:

| at least    | when                                                          | why                                 |
|-------------|---------------------------------------------------------------|-------------------------------------|
| `emergency` | P(emergency) >= 0.3 (tip: 0.6)                                | the emergency lines are shown       |
| `urgent`    | P(emergency) >= 0.07 (tip: 0.15); to be asked: danger now?    | a human looks soon; misses cost most |
| `urgent`    | P(urgent or more) >= 0.35 (tip: 0.5)                          | a human looks soon                  |
| `urgent`    | the model saw a risk flag in what is at least `priority`      | `domain.md` §3: they drive urgency  |
| `priority`  | P(priority or more) >= 0.35                                   | operators list it                   |
| the default | no model, no probabilities, or a language it was not taught   | `urgent`; for a witness `priority`  |

So a message becomes `information` only when the model is sure that it is nothing more. The thresholds were chosen
on held-out folds of `nlu/data` by meaning (2026-11-23, 7,739 messages, ten languages; without hazard words):
at 0.3 it finds 87 % of emergencies and alarms for 10 % of `information`, most of which was written to sound like
danger; at 0.07 it finds 97 %, for 27 %. How that is on other messages: `docs/triage.md`.
"""

from __future__ import annotations

from bot.conversation.messages import Assessment, Role, Urgency
from bot.triage.hazards import Hazard, find
from bot.triage.nlu import Parse

DANGER = {Role.SELF: 0.3, Role.UNKNOWN: 0.3, Role.WITNESS: 0.6}
"""A witness's words are about others: interrupting their tip with emergency texts needs more (`domain.md` §4, U2)."""
MAYBE_DANGER = {Role.SELF: 0.07, Role.UNKNOWN: 0.07, Role.WITNESS: 0.15}
URGENT = {Role.SELF: 0.35, Role.UNKNOWN: 0.35, Role.WITNESS: 0.5}
PRIORITY = 0.35
SURE = 0.6
"""The model counts as certain when it gives the chosen level, or those beside it on the safe side, this much."""

DEFAULT = {Role.SELF: Urgency.URGENT, Role.UNKNOWN: Urgency.URGENT, Role.WITNESS: Urgency.PRIORITY}


def triage(text: str, parse: Parse | None, role: Role = Role.UNKNOWN) -> Assessment:
    """The assessment of one text of a person, with what the model said of it (None: down, slow or nonsense)."""
    return assess(hazard=find(text), parse=parse, role=role)


def assess(*, hazard: Hazard | None, parse: Parse | None, role: Role = Role.UNKNOWN) -> Assessment:
    """Combine the hazard words and the model. Never lower than either alone would be (see the module's table)."""
    level, sources = _by_model(parse, role)
    risks = frozenset(parse.risks) if parse is not None else frozenset()
    if hazard is not None:
        level = max(level, hazard.urgency)
        risks |= hazard.risks
        sources += tuple(f"hazard:{name}" for name in hazard.ids)
    return Assessment(
        urgency=level,
        danger=level is Urgency.EMERGENCY,
        certain=_certain(parse, level),
        intent=parse.intent if parse is not None else "",
        confidence=parse.intent_confidence if parse is not None else 0.0,
        language=parse.language if parse is not None else "",
        risks=risks,
        entities=parse.entities if parse is not None else (),
        sources=sources,
        ask=level is Urgency.URGENT and parse is not None and parse.at_least(Urgency.EMERGENCY) >= MAYBE_DANGER[role],
    )


def _by_model(parse: Parse | None, role: Role) -> tuple[Urgency, tuple[str, ...]]:
    default = DEFAULT[role]
    if parse is None:
        return default, (f"default:{role.value}",)
    if not parse.urgency_probabilities:
        # a bare name may still raise, but it is not enough to rely on
        return max(default, parse.urgency or default), (f"default:{role.value}",)
    level = _level(parse, role)
    if parse.risks and level is Urgency.PRIORITY:
        level = Urgency.URGENT
    if not parse.readable and level < default:
        return default, (f"default:{role.value}",)
    return level, (f"model:{level.label}",)


def _level(parse: Parse, role: Role) -> Urgency:
    danger = parse.at_least(Urgency.EMERGENCY)
    if danger >= DANGER[role]:
        return Urgency.EMERGENCY
    if danger >= MAYBE_DANGER[role] or parse.at_least(Urgency.URGENT) >= URGENT[role]:
        return Urgency.URGENT
    return Urgency.PRIORITY if parse.at_least(Urgency.PRIORITY) >= PRIORITY else Urgency.INFORMATION


def _certain(parse: Parse | None, level: Urgency) -> bool:
    """Whether the model itself stands behind `level`: it is unlikely to be worse, and was not merely defaulted."""
    if parse is None or not parse.urgency_probabilities or not parse.readable:
        return False
    worse = parse.at_least(Urgency(level + 1)) if level < Urgency.EMERGENCY else 0.0
    return parse.at_least(level) >= SURE and worse <= 1 - SURE
