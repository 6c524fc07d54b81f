"""Reads `flows/` into a `Flowbook`."""

from __future__ import annotations

from pathlib import Path

from bot.conversation.flow import Flowbook


def load(directory: Path) -> Flowbook:
    """The flowbook in `directory` (the `flows/` folder). Raises `FlowError` with every fault found."""
    raise NotImplementedError
