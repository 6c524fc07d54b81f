"""What lies in a conversation's outbox: sealed so that the store cannot read it, opened only by `intake`.

The bot's own letters are locked under intake's session key and bound to the conversation. An operator's reply is
sealed by the operator's client to intake's delivery key, so that it passes the store unread (DESIGN §7).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bot.cases.vault import KeyPair, Locker, PublicKey, SealBroken, open_sealed, seal_to
from bot.conversation.messages import Choice, Outbound

_OURS = b"\x01"
_REPLY = b"\x02"
_REPLY_CONTEXT = "amparo/reply/1"


@dataclass(frozen=True, slots=True)
class Wipe:
    """Delete the chat on both sides; `leftover` is said if the platform did not delete all of it."""

    leftover: str = ""


Letter = Outbound | Wipe


def lock(locker: Locker, pseudonym: str, letter: Letter) -> bytes:
    """One of the bot's own letters, for the outbox of `pseudonym`."""
    if isinstance(letter, Wipe):
        body: dict[str, object] = {"wipe": letter.leftover}
    else:
        rows = [[[choice.id, choice.label] for choice in row] for row in letter.choices]
        body = {"text": letter.text, "choices": rows, "protect": letter.protect}
    return _OURS + locker.lock(_context("outbox", pseudonym), json.dumps(body).encode())


def seal_reply(delivery: PublicKey, text: str) -> bytes:
    """An operator's words to the person, readable by intake's delivery key alone."""
    return _REPLY + seal_to(delivery, _REPLY_CONTEXT, json.dumps({"text": text}).encode())


def unlock(locker: Locker, delivery: KeyPair, pseudonym: str, data: bytes) -> Letter:
    """The letter in `data`. Raises `SealBroken` when it is not one, or another conversation's."""
    mark, rest = data[:1], data[1:]
    if mark == _OURS:
        plain = locker.unlock(_context("outbox", pseudonym), rest)
    elif mark == _REPLY:
        plain = open_sealed(delivery, _REPLY_CONTEXT, rest)
    else:
        raise SealBroken("not a letter: unknown first byte")
    body = json.loads(plain)
    if "wipe" in body:
        return Wipe(body["wipe"])
    rows = tuple(tuple(Choice(id_, label) for id_, label in row) for row in body.get("choices", ()))
    return Outbound(body["text"], rows, protect=body.get("protect", True))


@dataclass(frozen=True, slots=True)
class Routing:
    """Where a conversation's letters go: the channel identity, the main secret (DESIGN §1.2)."""

    channel: str
    address: str


def lock_routing(locker: Locker, pseudonym: str, routing: Routing) -> bytes:
    """`routing`, for the store."""
    return locker.lock(_context("routing", pseudonym), json.dumps([routing.channel, routing.address]).encode())


def unlock_routing(locker: Locker, pseudonym: str, data: bytes) -> Routing:
    """The routing in `data`. Raises `SealBroken`."""
    channel, address = json.loads(locker.unlock(_context("routing", pseudonym), data))
    return Routing(channel, address)


def lock_trail(locker: Locker, pseudonym: str, refs: Sequence[int]) -> bytes:
    """Platform message numbers, kept for 48 hours so that the chat can be wiped."""
    return locker.lock(_context("trail", pseudonym), json.dumps(list(refs)).encode())


def unlock_trail(locker: Locker, pseudonym: str, blobs: Sequence[bytes]) -> list[int]:
    """All numbers in `blobs`, each once, oldest first. Raises `SealBroken`."""
    numbers: dict[int, None] = {}
    for blob in blobs:
        for number in json.loads(locker.unlock(_context("trail", pseudonym), blob)):
            numbers[int(number)] = None
    return list(numbers)


def _context(kind: str, pseudonym: str) -> str:
    return f"amparo/{kind}/1|{pseudonym}"
