"""Plays written conversations against the engine, for authors of flows (`amparo flows test`) and for our own tests.

The files are Rasa's end-to-end tests (`test_cases`, `steps` with `user` and `utter`), with a few words of ours:

- what the person does: `user` (a text), `press` (a button's id), `media` (a kind), `edit` (an edited text), `code`
  (`accepted`, `wrong` or `throttled`). Beside it may stand `urgency`, `danger`, `risks`, `intent`, `written`
  (what triage says of the text), `wait` (seconds before it), `locale`, `on_duty`, `channel`.
- what happens around it: `operator: claims`, `releases` or `closes`.
- what must follow: `utter` (text ids, in order, all of them), `bot` (words that the last reply contains), `effects`
  (all of them, in order), `slot_was_set`, `position` (`flow.step`, or `none`), `button` (an id under the last reply).

A text may be a mapping by language; the case is then played once in each. `{language}` stands for the language. The
session is written and read again between every two steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap

from bot.conversation.engine import step
from bot.conversation.findings import Finding, FlowError
from bot.conversation.flow import Flowbook
from bot.conversation.messages import Assessment, MediaKind, Urgency
from bot.conversation.session import Session
from bot.conversation.source import Source, key_line
from bot.conversation.texts import FACTS, Texts
from bot.conversation.turn import (
    AttachCase,
    CaseFacts,
    EraseConversation,
    Escalate,
    Event,
    LeaveConversation,
    OpenCase,
    RaiseUrgency,
    Redemption,
    Seal,
    Turn,
)

ACTS = ("user", "press", "media", "edit", "code", "operator")
EXPECTED = ("utter", "bot", "effects", "slot_was_set", "position", "button")
BESIDE = frozenset(
    ("urgency", "danger", "risks", "intent", "written", "wait", "locale", "on_duty", "channel")
)  # fmt: skip
GIVEN = frozenset(("locale", "on_duty", "channel"))
CASE = "case"
STEP_SECONDS = 30.0
"""Between two steps, unless they say otherwise: slow enough not to be a flood."""


@dataclass(frozen=True, slots=True)
class Result:
    """One case in one language. It passed when nothing failed; each failure names its line."""

    file: str
    name: str
    language: str
    failures: tuple[Finding, ...] = ()


@dataclass(slots=True)
class _Play:
    """A conversation while it is played."""

    book: Flowbook
    texts: Texts
    language: str
    given: Mapping[str, Any]
    session: Session
    turn: Turn | None = None
    case: CaseFacts | None = None
    at: float = 1_000_000.0


def run(directory: Path, book: Flowbook, texts: Texts) -> list[Result]:
    """Play every `*.yml` of `directory`. Raises `FlowError` when a file is not a transcript."""
    results: list[Result] = []
    for path in sorted(directory.glob("*.yml")):
        findings: list[Finding] = []
        source = Source(directory, path, findings)
        root = source.mapping(source.root, 1, "a transcript", frozenset(("test_cases",)))
        for line, item in source.items(root.get("test_cases"), 1, "test_cases"):
            known = frozenset(("test_case", "given", "languages", "steps"))
            case = source.mapping(item, line, "a test case", known)
            name = source.get(case, "test_case", "the test case")
            languages = source.names(case, "languages", book.languages.__contains__, "language")
            for language in languages or tuple(book.languages):
                results.append(_play(source, case, name, line, book, texts, language))
        if findings:
            raise FlowError(findings)
    return results


def _play(
    source: Source, case: CommentedMap, name: str, line: int, book: Flowbook, texts: Texts, language: str
) -> Result:
    given = source.mapping(case.get("given", CommentedMap()), line, "given", GIVEN)
    play = _Play(book, texts, language, given, Session.new())
    failures: list[Finding] = []
    for at, item in source.items(case.get("steps"), line, "steps"):
        node = source.mapping(item, at, "a step", BESIDE | frozenset((*ACTS, *EXPECTED)))
        act = next((key for key in ACTS if key in node), None)
        if act:
            _act(source, play, node, act, at)
        elif play.turn is None:
            source.fault(at, "transcript", "nothing has happened yet", "begin with what the person does")
        else:
            for what in _unmet(play, play.turn, node):
                failures.append(
                    Finding(source.file, at, "transcript", f"{name} ({language}): {what}", "see the step")
                )
    return Result(source.file, name, language, tuple(failures))


def _said(play: _Play, value: Any) -> str:
    text = value.get(play.language, "") if isinstance(value, Mapping) else value
    return str(text).replace("{language}", play.language)


def _act(source: Source, play: _Play, node: CommentedMap, act: str, line: int) -> None:
    if act == "operator":
        play.case = _operated(source, play.case or CaseFacts(CASE), str(node[act]), line)
        return
    play.at += float(node.get("wait", STEP_SECONDS))
    event = Event(
        at=play.at,
        channel=str(node.get("channel", play.given.get("channel", "terminal"))),
        locale=_said(play, node.get("locale", play.given.get("locale", ""))),
        on_duty=bool(node.get("on_duty", play.given.get("on_duty", False))),
        case=play.case,
    )
    value = _said(play, node[act])
    if act in ("user", "edit"):
        event = replace(event, text=value, edited=act == "edit", assessment=_assessment(source, node, line))
    elif act == "press":
        event = replace(event, choice=value)
    elif act == "media":
        event = replace(event, media=MediaKind(value))
    else:
        event = replace(event, redemption=_redemption(source, value, line))
    play.turn = step(play.book, Session.loads(play.session.dumps()).session, event)
    play.session = play.turn.session
    for effect in play.turn.effects:
        if isinstance(effect, OpenCase | AttachCase):
            play.case = CaseFacts(CASE)
        elif isinstance(effect, LeaveConversation | EraseConversation):
            play.case = None


def _operated(source: Source, case: CaseFacts, what: str, line: int) -> CaseFacts:
    if what == "claims":
        return replace(case, claimed=True)
    if what == "releases":
        return replace(case, claimed=False)
    if what == "closes":
        return replace(case, claimed=False, open=False)
    source.fault(line, "transcript", f"an operator cannot {what!r}", "use claims, releases or closes")
    return case


def _assessment(source: Source, node: CommentedMap, line: int) -> Assessment:
    label = str(node.get("urgency", "information"))
    try:
        urgency = Urgency.parse(label)
    except ValueError as error:
        source.fault(key_line(node, "urgency"), "transcript", str(error), "correct it")
        urgency = Urgency.INFORMATION
    return Assessment(
        urgency=Urgency.EMERGENCY if node.get("danger") else urgency,
        danger=bool(node.get("danger")),
        intent=str(node.get("intent", "")),
        confidence=1.0 if "intent" in node else 0.0,
        language=str(node.get("written", "")),
        risks=frozenset(str(risk) for _, risk in source.items(node["risks"], line, "risks"))
        if "risks" in node
        else frozenset(),
    )


def _redemption(source: Source, value: str, line: int) -> Redemption:
    if value == "accepted":
        return Redemption("accepted", CaseFacts(CASE))
    if value == "throttled":
        return Redemption("throttled")
    if value != "wrong":
        source.fault(line, "transcript", f"a code cannot be {value!r}", "use accepted, wrong or throttled")
    return Redemption("wrong")


def _unmet(play: _Play, turn: Turn, node: CommentedMap) -> Iterator[str]:
    """What the turn should be and is not."""
    if "utter" in node:
        wanted = _listed(node["utter"])
        found = [reply.text for reply in turn.replies]
        if found != wanted:
            yield f"should say {wanted}, but says {found}"
    if "effects" in node:
        wanted = _listed(node["effects"])
        found = [describe(effect) for effect in turn.effects]
        if found != wanted:
            yield f"should do {wanted}, but does {found}"
    if "bot" in node:
        words = _said(play, node["bot"])
        facts = {name: f"<{name}>" for name in FACTS}
        spoken = play.texts.render(turn.replies[-1], turn.session.language, facts).text if turn.replies else ""
        if words not in spoken:
            yield f"should say {words!r}, but says {spoken!r}"
    for item in node.get("slot_was_set", ()):
        for slot, value in item.items():
            if turn.session.slots.get(slot) != value:
                yield f"the slot {slot} should be {value!r}, but is {turn.session.slots.get(slot)!r}"
    if "position" in node:
        position = turn.session.position
        found_at = f"{position.flow}.{position.step}" if position else "none"
        if found_at != node["position"]:
            yield f"should wait at {node['position']}, but waits at {found_at}"
    if "button" in node:
        ids = [button.id for row in turn.replies[-1].buttons for button in row] if turn.replies else []
        if node["button"] not in ids:
            yield f"should show the button {node['button']}, but shows {ids}"


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value or ()]


def describe(effect: object) -> str:
    """An effect in a few words, without any text of the person: `Seal text`, `OpenCase self`, `IssueCode`."""
    name = type(effect).__name__
    match effect:
        case OpenCase(role):
            return f"{name} {role.value}"
        case Seal(kind, body):
            choice = body.get("choice")
            return f"{name} {kind} {choice}" if choice else f"{name} {kind}"
        case RaiseUrgency(level, _):
            return f"{name} {level.label}"
        case Escalate(reason):
            return f"{name} {reason}"
        case _:
            return name
