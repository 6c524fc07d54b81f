"""What follows from each record in the store's `pages`: messages to operators, and their mending.

A record is done (and acknowledged) when everybody concerned has the message, or needs it no longer. Doing one twice
sends nothing twice: each copy says when it was sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import structlog
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.cases.records import CaseView, Page
from bot.cases.store import Store
from bot.oncall import ladder, messages
from bot.oncall.copies import Copies, Copy
from bot.oncall.enrol import Enrolment, Enrolments
from bot.oncall.post import Failed, Post
from bot.oncall.roster import Roster
from bot.settings import Ladder

log = structlog.get_logger()

REST_MILLISECONDS = 60_000
"""Who passed is not asked again for so long, and after it only when nobody else is left."""

NOTE_MILLISECONDS = 30_000
"""New messages of one case are announced at most so often, unless the operator has replied meanwhile."""

BACKLOG = 10
"""Who comes on duty is paged for so many waiting cases at once, the most urgent; the ladder brings the others."""


def now() -> int:
    """Milliseconds of Unix time, as the store counts."""
    return int(time.time() * 1000)


class Dispatcher:
    """Carries out page records. `wake` is called when the ladder has to be looked at now."""

    def __init__(
        self,
        store: Store,
        post: Post,
        roster: Roster,
        rungs: Ladder,
        enrolments: Enrolments,
        copies: Copies,
        wake: Callable[[], None],
    ) -> None:
        self.store, self.post, self.roster, self.rungs = store, post, roster, rungs
        self.enrolments, self.copies, self.wake = enrolments, copies, wake
        self._sending: dict[tuple[str, str], asyncio.Event] = {}
        """Case and operator of the pages under way, and when they end: a later rung does not queue the same again."""
        self._held: set[str] = set()
        """Cases whose next note waits for its time: what comes meanwhile is covered by it."""

    async def carry_out(self, page: Page) -> None:
        """Do what the record asks for. Returns when it may be acknowledged."""
        match page.kind:
            case "wait":
                self.wake()
            case "page":
                await self.page(page)
            case "activity":
                await self._activity(page)
            case "claimed":
                await self.settle(page.case)
            case "gone":
                await self._gone(page)
            case "undelivered":
                await self._inform(page.by, "undelivered", page.case)

    async def available(self) -> dict[str, Enrolment]:
        """Who can be paged now: on duty, enrolled, and not known to be unreachable."""
        duty = await self.store.on_duty()
        return {
            name: found for name, found in (await self.enrolments.all()).items() if name in duty and found.reachable
        }

    async def page(self, page: Page) -> None:
        """Page those whose turn it is; when one of them turns out to be unreachable, those who come next."""
        tried = set[str]()
        while True:
            case = await self._waiting(page.case)
            if case is None:
                return
            available = await self.available()
            who = ladder.who(self.rungs, case.urgency, page.rung)
            chosen = self.roster.candidates(
                case.language, who, available=available, passed=case.passed, rested=await self._rested(case)
            )
            if not chosen and not tried:
                log.warning("a case waits and nobody can be paged", urgency=case.urgency.label, rung=page.rung)
            todo = [available[name] for name in chosen if name not in tried]
            if not todo:
                return
            tried.update(operator.operator for operator in todo)
            await asyncio.gather(*(self.page_one(case, operator, page.at) for operator in todo))

    async def catch_up(self, names: Iterable[str]) -> None:
        """Page operators who have just come on duty for what already waits."""
        available = await self.available()
        for item in (await self.store.queue())[:BACKLOG]:
            case = await self._waiting(item.case)
            if case is None or case.waiting_since is None:
                continue
            rung = ladder.reached(self.rungs, case.urgency, (now() - case.waiting_since) / 1000)
            who = ladder.who(self.rungs, case.urgency, rung)
            chosen = self.roster.candidates(case.language, who, available=available, passed=case.passed)
            for name in sorted(set(names).intersection(chosen)):
                # any page since the case began to wait will do
                await self.page_one(case, available[name], case.waiting_since)

    async def page_one(self, case: CaseView, operator: Enrolment, asked: int) -> None:
        """One operator's page, in place of the earlier one; nothing if that was sent after `asked`."""
        key = (case.id, operator.operator)
        if key in self._sending:
            await self._sending[key].wait()
            return
        ended = self._sending[key] = asyncio.Event()
        try:
            before = await self.copies.get("page", case.id, operator.operator)
            if before is not None and before.at >= asked:
                return
            sent = await self._send_page(case, operator)
            if isinstance(sent, int):
                copy = Copy(operator.operator, operator.chat, sent, operator.language, now())
                await self.copies.put("page", case.id, copy)
            elif sent is Failed.UNREACHABLE:
                await self.unreachable(operator)
        finally:
            del self._sending[key]
            ended.set()
        if isinstance(sent, Failed):
            return
        if before is not None:
            await self.post.delete(before.chat, before.message)
        if await self._waiting(case.id) is None:  # claimed while the page was on its way
            await self.settle(case.id)

    async def _send_page(self, case: CaseView, operator: Enrolment) -> int | Failed:
        lang = operator.language
        buttons = [
            InlineKeyboardButton(messages.say(lang, "claim"), callback_data=f"claim:{case.id}"),
            InlineKeyboardButton(messages.say(lang, "pass"), callback_data=f"pass:{case.id}"),
        ]
        again = operator.operator in case.passed
        """They are asked again after a rest, because nobody else is left; passing meanwhile is something else."""
        latest = case

        async def needed() -> bool:
            nonlocal latest
            view = await self._waiting(case.id)
            latest = view or latest
            return view is not None and (again or operator.operator not in view.passed)

        def text() -> str:
            return messages.page(lang, case.id, latest.urgency, now() - (latest.waiting_since or now()))

        markup = InlineKeyboardMarkup([buttons])
        return await self.post.send(operator.chat, text, markup, priority=case.urgency, needed=needed)

    async def settle(self, case: str) -> None:
        """Make every page of the case say what has become of it."""
        view = await self.store.case(case)
        holder = view.claimed_by if view else None
        if view is not None and view.waiting_since is not None:
            return  # given back meanwhile: the pages are true again
        await asyncio.gather(*(self._settle_one(case, copy, holder) for copy in await self.copies.of("page", case)))

    async def _settle_one(self, case: str, copy: Copy, holder: str | None) -> None:
        key = "over" if holder is None else "yours" if holder == copy.operator else "taken"
        await self.post.edit(copy.chat, copy.message, messages.say(copy.language, key, case=case))
        await self.copies.drop("page", case, copy.operator)

    async def passing(self, case: str, operator: Enrolment, message: int) -> None:
        """Remember when the operator passes, so that they have their rest. To be called before the store is told."""
        copy = await self.copies.get("page", case, operator.operator)
        if copy is None:
            copy = Copy(operator.operator, operator.chat, message, operator.language, now())
        await self.copies.put("page", case, replace(copy, passed=now()))

    async def unreachable(self, operator: Enrolment) -> None:
        """The chat cannot be written to: off duty, so that nobody counts on them, until they come back."""
        log.warning("an operator cannot be reached and is off duty now")
        gone = Enrolment(operator.operator, operator.chat, operator.language, reachable=False)
        await self.enrolments.put(gone)
        await self.store.duty_set(operator.operator, False)

    async def _activity(self, page: Page) -> None:
        """Tell the holder, at most every so often unless they have replied since."""
        if page.case in self._held:
            return  # the note that waits for its time covers this message too
        self._held.add(page.case)
        try:
            case = await self.store.case(page.case)
            holder = await self.enrolments.of(case.claimed_by) if case and case.claimed_by else None
            if case is None or holder is None or not holder.reachable:
                return
            before = await self.copies.get("note", page.case, holder.operator)
            cause = f"{page.shard}:{page.id}"
            if before is not None and before.cause == cause:
                return
            if before is not None and case.last_out <= before.at:
                await asyncio.sleep(max(0, before.at + NOTE_MILLISECONDS - now()) / 1000)
        finally:
            self._held.discard(page.case)
        sent = await self._tell(holder, "activity", page.case, priority=case.urgency)
        if isinstance(sent, Failed):
            return
        note = Copy(holder.operator, holder.chat, sent, holder.language, now(), cause=cause)
        await self.copies.put("note", page.case, note)
        if before is not None:
            await self.post.delete(before.chat, before.message)

    async def _gone(self, page: Page) -> None:
        await self.settle(page.case)
        view = await self.store.case(page.case)
        if view is None or not view.open:
            for note in await self.copies.of("note", page.case):
                await self.copies.drop("note", page.case, note.operator)
        if view is None:
            await self._inform(page.by, "erased", page.case)

    async def _inform(self, name: str, key: str, case: str) -> None:
        operator = await self.enrolments.of(name) if name else None
        if operator is not None and operator.reachable:
            await self._tell(operator, key, case)

    async def _tell(self, operator: Enrolment, key: str, case: str, *, priority: int = 0) -> int | Failed:
        text = messages.say(operator.language, key, case=case)
        sent = await self.post.send(operator.chat, lambda: text, priority=priority)
        if sent is Failed.UNREACHABLE:
            await self.unreachable(operator)
        return sent

    async def _waiting(self, case: str) -> CaseView | None:
        """The case, while it waits for somebody to claim it."""
        view = await self.store.case(case)
        return view if view is not None and view.open and view.waiting_since is not None else None

    async def _rested(self, case: CaseView) -> set[str]:
        """Those who passed long enough ago to be asked again, if nobody else is left."""
        before = now() - REST_MILLISECONDS
        copies = {name: await self.copies.get("page", case.id, name) for name in case.passed}
        return {name for name, copy in copies.items() if copy is None or copy.passed < before}
