"""What the parts of the store share: the connection, the scripts, and reading a case's hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.cases.embedded import Client
from bot.cases.layout import Scripts, conversation_key
from bot.cases.records import CaseView, Status
from bot.conversation.messages import Role, Urgency


class Part:
    """One side of `Store`."""

    client: Client
    scripts: Scripts
    keep: int
    """Milliseconds that a conversation is kept after its last turn."""

    def __init__(self, client: Client, *, routing_days: float = 7) -> None:
        self.client = client
        self.scripts = Scripts(client)
        self.keep = int(routing_days * 86_400_000)

    async def _reachable(self, shard: int, case: str, fields: Mapping[bytes, bytes]) -> bool:
        """Both ends are linked and there is somewhere to send to."""
        conv = conversation_key("conv", shard, fields.get(b"conversation", b"").decode())
        linked: Any = await self.client.execute_command("HMGET", conv, "case", "routing")
        return bool(linked[0] == case.encode() and linked[1])


def fields_of(answer: Any) -> dict[bytes, bytes]:
    """A hash, however it came: scripts and RESP2 give a flat list, RESP3 gives a mapping."""
    if isinstance(answer, Mapping):
        return dict(answer)
    return dict(zip(answer[::2], answer[1::2], strict=True))


def case_view(fields: Mapping[bytes, bytes], *, reachable: bool) -> CaseView:
    """The case that a hash holds."""

    def text(name: str) -> str:
        return fields.get(name.encode(), b"").decode()

    def number(name: str) -> int | None:
        value = fields.get(name.encode())
        return int(value) if value else None

    def names(name: str) -> tuple[str, ...]:
        return tuple(text(name).split(",")) if text(name) else ()

    return CaseView(
        id=text("id"),
        status=Status(text("status")),
        urgency=Urgency(int(text("urgency"))),
        role=Role(text("role")),
        language=text("language"),
        opened=int(text("opened")),
        updated=int(text("updated")),
        seq=int(text("seq")),
        waiting_since=number("since"),
        claimed_by=text("claimed_by") or None,
        claimed_at=number("claimed_at"),
        escalated=text("escalated") == "1",
        reasons=names("reasons"),
        passed=names("passed"),
        last_in=number("last_in") or 0,
        last_out=number("last_out") or 0,
        reachable=reachable,
    )
