"""What intake does when the model answers after the turn: raise the case, and tell the person if it is danger.

The raise works on the case alone, for by then the person may have written more, left, or come back elsewhere. The
emergency texts are a turn of their own, and only for somebody whose last message is still the one that was judged:
to anybody else they would come in the middle of something else, or on a screen that they fled from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from redis.exceptions import RedisError

from bot.cases.store import Store
from bot.conversation.messages import Assessment, Role, Urgency
from bot.observe import NLU_LATE, fault
from bot.triage import policy
from bot.triage.nlu import Parse
from bot.turn_write import Heard

log = structlog.get_logger()

TRIES = 60
"""How often the store is asked, once a second, before the late answer is given up (the case is kept as it is)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A message on disk: its case, how urgent it was judged without the model, and of whom it was then.

    `version` is the conversation's after its turn; 0 when that is not known.
    """

    case: str
    urgency: Urgency
    role: Role
    version: int = 0


def reasons(judged: Assessment) -> tuple[str, ...]:
    """Why a case was raised late, for the operators: its risk flags, and what the model said."""
    said = (f"late:{source}" for source in judged.sources if source.startswith("model:"))
    return (*sorted(judged.risks), *said)


class LateAnswers:
    """The answers that are still awaited. `tell` shows the emergency texts, if the person is still there.

    `clock` gives milliseconds of Unix time.
    """

    def __init__(
        self, store: Store, tell: Callable[[Heard, Kept], Awaitable[bool]], clock: Callable[[], int]
    ) -> None:
        self._store = store
        self._tell = tell
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def await_for(self, heard: Heard, kept: Kept | None) -> None:
        """From now on in the background; a message that left nothing in a case is not pursued."""
        if heard.later is None:
            return
        if kept is None:
            heard.later.cancel()
            return
        task = asyncio.create_task(self._pursue(heard, kept, heard.later))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Returns when nothing is awaited any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _pursue(self, heard: Heard, kept: Kept, later: asyncio.Task[Parse | None]) -> None:
        parse = await later
        if parse is None:
            NLU_LATE.labels("none").inc()
            return
        judged = policy.triage(heard.inbound.text, parse, kept.role)
        if judged.urgency <= kept.urgency:
            NLU_LATE.labels("nothing new").inc()
            return
        for attempt in range(1, TRIES + 1):
            try:
                NLU_LATE.labels(await self._raise(heard, kept, judged)).inc()
            except (RedisError, OSError) as error:
                log.warning("a late answer waits for the store", attempt=attempt, **fault(error))
                await asyncio.sleep(1)
            else:
                return
        log.error("a late answer was lost: the store was away for too long", urgency=judged.urgency.label)

    async def _raise(self, heard: Heard, kept: Kept, judged: Assessment) -> str:
        raised = await self._store.raise_late(
            kept.case, judged.urgency, reasons(judged), key=heard.message_key, now=self._clock()
        )
        if judged.danger and await self._tell(heard, kept):
            return "raised and told"
        return "raised" if raised else "nothing new"
