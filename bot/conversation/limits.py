"""The shape of a channel's limits. The numbers are in `bot/channels/limits.py`; callers bring them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one channel can carry. Lengths are in UTF-16 code units, as platforms count; `choice_id` is in bytes."""

    channel: str
    text: int
    """a message without buttons"""
    question: int
    """the body of a message with buttons"""
    label: int
    """the words on a button or a row"""
    choices: int
    """buttons or rows under one message"""
    choice_id: int
    """bytes that a button carries"""
