"""How what a person sends becomes the answer to a question: by button, number, label, a plain yes or no, or text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot.conversation.flow import Flowbook, Option, Step
from bot.conversation.messages import MediaKind, Urgency
from bot.conversation.session import GIVEN, SKIPPED, Position
from bot.conversation.walk import Walk
from bot.conversation.words import normalise

_OPENING = re.compile(r"\s*([^\W\d_]+(?:\s[^\W\d_]+)?)\s*[,.;:!]+\s+\S")
"""One or two words, then a pause, then more: "sí, desde ayer"."""
_NUMBER = re.compile(r"\d+")
FEW_WORDS = 5
"""In more words than these a number is a part of a story, not an age."""


@dataclass(frozen=True, slots=True)
class Match:
    """A choice that was typed. `more`: the text says more than the choice and must be kept as well."""

    option: Option
    more: bool = False


def match(book: Flowbook, step: Step, text: str) -> Match | None:
    """The choice that `text` means, if it plainly means one of the step's. "no puedo salir" is not a plain no."""
    word = normalise(text)
    if not word or not step.options:
        return None
    numbers = _NUMBER.findall(word) if len(word.split()) <= FEW_WORDS else []
    number = int(numbers[0]) if len(numbers) == 1 and len(numbers[0]) < 4 else 0
    if word.isdecimal() and 0 < number <= len(step.options):
        return Match(step.options[number - 1])
    for option in step.options:
        if option.numbers and option.numbers[0] <= number <= option.numbers[1]:
            return Match(option, more=not word.isdecimal())
    if word.isdecimal():
        return None
    labels = book.label(text)
    for option in step.options:
        if book.choice_text(step.collect, option.id) in labels:
            return Match(option)
    if plain := step.option(book.words.answers.get(word, "")):
        return Match(plain)
    begun = step.option(book.words.answers.get(_opening(book, text, word), ""))
    if begun is None and _first(book, word) == "yes":
        # "sí ahora mismo" to whether there is danger: better one alarm too many
        begun = next((option for option in step.options if option.id == "yes" and _alarms(option)), None)
    return Match(begun, more=True) if begun else None


def in_own_words(book: Flowbook, step: Step, text: str) -> bool:
    """Whether `text` plainly answers the question, though not with one of its choices: "yes boss has it".

    What it means is for the operators to read. Where a choice would be an alarm, the question stands.
    """
    if not (step.options and step.seal and step.skippable) or any(map(_alarms, step.options)):
        return False
    return bool(_first(book, normalise(text)))


def _first(book: Flowbook, word: str) -> str:
    """The answer that the first word of several is, or ""."""
    first, _, rest = word.partition(" ")
    return book.words.answers.get(first, "") if rest else ""


def _alarms(option: Option) -> bool:
    return option.urgency is Urgency.EMERGENCY


def _opening(book: Flowbook, text: str, word: str) -> str:
    """The words before a pause, or before one that goes on from an answer: "sí" of "si pero me da miedo"."""
    if opening := _OPENING.match(text):
        return normalise(opening[1])
    words = word.split()
    return next(
        (
            " ".join(words[:place])
            for place in (1, 2)
            if words[place : place + 1] and words[place] in book.words.joins
        ),
        "",
    )


def choose(walk: Walk, position: Position, step: Step, option: Option) -> bool:
    """Record a choice. False when a rejection spoke: the question stands."""
    tell(walk, position, step, option)
    return _fill(walk, position, step, option.id)


def option_matters(option: Option) -> bool:
    """Whether a choice says something that operators must know whatever else happens."""
    return bool(option.urgency or option.risks or option.indicators)


def matters(step: Step, option: Option) -> bool:
    """Whether a choice goes to the case at all."""
    return step.seal or option_matters(option)


def tell(walk: Walk, position: Position, step: Step, option: Option, *, late: bool = False) -> None:
    """Seal a choice that matters to operators and raise by it, without moving. `late`: its question had passed."""
    if matters(step, option) and (option_matters(option) or not late or walk.has_case):
        body = {"flow": position.flow, "step": position.step, "slot": step.collect, "choice": option.id}
        walk.seal("answer", {**body, **({"late": True} if late else {}), **_signs(step, option)})
    if option.urgency:
        walk.raise_to(option.urgency, *option.risks, f"answer:{position.flow}.{position.step}")


def write(walk: Walk, position: Position, step: Step, text: str) -> bool:
    """Record a text as the answer: sealed always; the session only learns that it was given."""
    body = {"flow": position.flow, "step": position.step, "slot": step.collect, "text": text}
    walk.seal_text("answer", {**body, **_signs(step, None)})
    return _fill(walk, position, step, GIVEN)


def attach(walk: Walk, position: Position, step: Step, media: MediaKind) -> bool:
    """Record a location or a file as the answer."""
    body = {"flow": position.flow, "step": position.step, "slot": step.collect, "media": media.value}
    walk.seal("attachment", {**body, **_signs(step, None)})
    return _fill(walk, position, step, GIVEN)


def skip(walk: Walk, position: Position, step: Step) -> bool:
    """Go on without an answer. Operators see that it was skipped, but a skip alone opens no case."""
    if step.seal and walk.has_case:
        body = {"flow": position.flow, "step": position.step, "slot": step.collect, "skipped": True}
        walk.seal("answer", body)
    return _fill(walk, position, step, SKIPPED)


def _signs(step: Step, option: Option | None) -> dict[str, object]:
    indicators = (*step.indicators, *(option.indicators if option else ()))
    risks = (*step.risks, *(option.risks if option else ()))
    signs: dict[str, object] = {}
    if indicators:
        signs["indicators"] = list(indicators)
    if risks:
        signs["risks"] = list(risks)
    return signs


def pass_over(walk: Walk, position: Position, step: Step) -> bool:
    """Go on from a question beside which the person wrote, twice, something else: the words are kept already."""
    return _fill(walk, position, step, GIVEN)


def _fill(walk: Walk, position: Position, step: Step, value: str) -> bool:
    """Fill the slot and put the question into the history, unless a rejection speaks."""
    before = walk.session
    walk.session = replace(before, slots={**before.slots, step.collect: value})
    values = walk.values()
    for rejection in step.rejections:
        if rejection.condition.holds(values):
            walk.session = before
            walk.say(rejection.utter)
            return False
    walk.remember(position)
    return True
