"""Opened entries in words for an operator: questions and choices by their text, not by their ids."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.casework import Entry
from bot.commands.plain import plain
from bot.conversation.flow import Flowbook
from bot.conversation.loader import load as load_flows
from bot.conversation.session import Position
from bot.conversation.texts import Texts
from bot.settings import ROOT, Settings

MARKS = {
    "edited": "they changed an earlier message to this",
    "late": "pressed after the question had passed",
    "rescued": "the flow failed on our side at this message",
}
"""What else there is to know of an entry."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The flows and texts that people answer, in the operator's language."""

    book: Flowbook
    texts: Texts
    language: str

    @classmethod
    def load(cls, settings: Settings) -> Wording:
        """From `flows/`. Raises `FlowError`."""
        return cls(load_flows(ROOT / "flows"), Texts.load(ROOT / "flows"), settings.languages[0])

    def of(self, entry: Entry) -> str:
        """One line or more, safe for a terminal: what was said, with what the machine thought of it after it."""
        body = entry.body
        match entry.kind:
            case "answer":
                said = f"{self._question(body)} → {self._answer(body)}"
            case "attachment":
                said = f"[{body.get('media', 'attachment')}]"
                if "latitude" in body:
                    said += f" {body['latitude']:.5f}, {body['longitude']:.5f}"
            case "lower":
                said = f"lowered to {body['urgency']}: {body['text']}"
            case "raise":
                said = f"raised to {body['urgency']}: {body['text']}"
            case "close":
                said = f"closed: {body['text']}"
            case "text" if "flow" in body:
                said = f"{body.get('text', '')}   (when asked: {self._question(body)})"
            case _:
                said = str(body.get("text", ""))
        marks = [name for name in ("edited", "late", "rescued") if body.get(name)]
        return plain(said) + "".join(f"   ({MARKS[name]})" for name in marks) + self._judged(body)

    def _question(self, body: dict[str, object]) -> str:
        step = self.book.step(Position(str(body.get("flow")), str(body.get("step"))))
        return self.texts.text(step.question, self.language) if step else f"{body.get('flow')}.{body.get('step')}"

    def _answer(self, body: dict[str, object]) -> str:
        if body.get("skipped"):
            return "(skipped)"
        if "choice" in body:
            label = self.book.choice_text(str(body.get("slot")), str(body["choice"]))
            return self.texts.text(label, self.language) + (f" ({body['text']})" if body.get("text") else "")
        return str(body.get("text", ""))

    @staticmethod
    def _judged(body: dict[str, object]) -> str:
        judged = body.get("triage")
        marks = [*map(str, body.get("indicators", ()) or ()), *map(str, body.get("risks", ()) or ())]  # type: ignore[call-overload]
        if isinstance(judged, dict):
            marks = [str(judged.get("urgency")), *map(str, judged.get("risks", ())), *marks]
        return f"   [{', '.join(dict.fromkeys(marks))}]" if marks else ""
