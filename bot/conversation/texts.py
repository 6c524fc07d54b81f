"""Fluent texts by language."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.conversation.messages import Outbound
from bot.conversation.turn import Reply

FACTS: Mapping[str, int] = {
    "code": 40,
    "organisation": 60,
    "channel": 12,
    "country": 40,
    "lines_danger": 420,
    "lines_minor": 420,
    "lines_crisis": 420,
    "lines_all": 640,
}
"""Facts that every text may use, given by the caller of `render`, each with its greatest length in characters."""


class Texts:
    """Every text in every language."""

    @classmethod
    def load(cls, directory: Path) -> Texts:
        """The texts in `directory` (the `flows/` folder). Raises `FlowError`."""
        raise NotImplementedError

    def render(self, reply: Reply, language: str, facts: Mapping[str, str]) -> Outbound:
        """`reply` in `language` ("" = the source language), through the fallback chain. Never raises."""
        raise NotImplementedError

    def text(self, id: str, language: str, values: Mapping[str, str | int] | None = None) -> str:
        """One text alone, e.g. for a page that is not a reply. Never raises."""
        raise NotImplementedError
