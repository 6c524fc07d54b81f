"""Making a text fit a platform: over-long text splits at the best natural break, and nothing is dropped."""

from __future__ import annotations

import re

from bot.channels.limits import ALL

_TEXT = {limits.channel: limits.text for limits in ALL}
_BREAKS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?…。！？؟।])\s*"),
    re.compile(r"\s+"),
)


def text_limit(channel: str) -> int:
    """The longest text that one message of `channel` carries; our own screens take what Telegram takes."""
    return _TEXT.get(channel, _TEXT["telegram"])


def units(text: str) -> int:
    """Length in UTF-16 code units: what Telegram counts (Bot API, MessageEntity)."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def split(text: str, limit: int) -> list[str]:
    """Pieces of at most `limit` UTF-16 units: broken at paragraphs, lines, sentences, words, in that order.

    Joining the pieces gives every visible character of `text` back; only white space at the breaks is lost.
    """
    pieces: list[str] = []
    rest = text
    while units(rest) > limit:
        cut = _cut(rest, limit)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    pieces.append(rest)
    return [piece for piece in pieces if piece]


def _cut(text: str, limit: int) -> int:
    room = _prefix(text, limit)
    for kind in _BREAKS:
        ends = [found.end() for found in kind.finditer(text, 0, room) if found.end() > room // 3]
        if ends:
            return ends[-1]
    return room


def _prefix(text: str, limit: int) -> int:
    """How many characters from the start fit into `limit` units, never less than one."""
    used = 0
    for position, character in enumerate(text):
        used += 2 if ord(character) > 0xFFFF else 1
        if used > limit:
            return max(1, position)
    return len(text)
