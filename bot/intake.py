"""A turn, from what a person did to what is on disk: read, judge, step, seal, commit (DESIGN §5 to §8).

`Intake.handle` returns when the turn is committed, and only then may the channel tell its platform so. It holds the
team's public halves only: what it seals for the operators it cannot open again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from weakref import WeakValueDictionary

import structlog
from redis.exceptions import RedisError

from bot.cases import code as codes
from bot.cases.code import Code
from bot.cases.keys import TeamKeys
from bot.cases.records import CaseView, Committed, Conflict, Duplicate, NoCase, Taken, View
from bot.cases.secrets import IntakeSecrets
from bot.cases.store import Store
from bot.channels.channel import Channel, Flooded, Refused, Unavailable, Unreachable
from bot.conversation.danger import alarm
from bot.conversation.engine import step
from bot.conversation.flow import Flowbook
from bot.conversation.messages import Assessment, Inbound, Outbound
from bot.conversation.session import Session
from bot.conversation.texts import Texts
from bot.conversation.turn import CaseFacts, Event, Redemption, Reply, Turn
from bot.late import Kept, LateAnswers
from bot.observe import NLU_MISSING, RESCUED, STORE_UP, TURN_SECONDS, TURNS, fault
from bot.referral.directory import Directory
from bot.settings import Settings
from bot.triage import policy
from bot.triage.nlu import NluClient, Parse
from bot.turn_write import Draft, Heard, rescue

log = structlog.get_logger()

DUTY_SECONDS = 0.2
"""How old the knowledge of who is on duty may be."""
PATIENCE_SECONDS = 5.0
"""When a message is not on disk after this long, the person is told that nothing can be kept right now."""


@dataclass
class Intake:
    """Everything a turn needs. `channels` by name is for the one notice that cannot wait for the store."""

    settings: Settings
    store: Store
    secrets: IntakeSecrets
    team: TeamKeys
    book: Flowbook
    texts: Texts
    directory: Directory
    nlu: NluClient | None
    channels: dict[str, Channel] = field(default_factory=dict)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    _order: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _on_duty: bool = False
    _told: set[str] = field(default_factory=set)
    late: LateAnswers = field(init=False)

    def __post_init__(self) -> None:
        self.late = LateAnswers(self.store, self._alarm, now)

    async def handle(self, inbound: Inbound) -> None:
        """Commits the turn that follows from `inbound`; a repeat changes nothing. Waits for the store.

        Raises `asyncio.CancelledError` or the last store error when told to stop before the turn is on disk.
        """
        pseudonym = self.secrets.pseudonym(inbound.channel, inbound.address)
        lock = self._order.setdefault(pseudonym, asyncio.Lock())
        async with lock:
            for part in _parts(inbound):
                await self._handle(part, pseudonym)

    async def _handle(self, inbound: Inbound, pseudonym: str) -> None:
        began = time.monotonic()
        notice = asyncio.create_task(self._tell_unstored(inbound, pseudonym))
        try:
            outcome = await self._until_stored(inbound, pseudonym)
        finally:
            notice.cancel()
        self._told.discard(pseudonym)
        TURNS.labels(inbound.channel, outcome).inc()
        TURN_SECONDS.labels(inbound.channel).observe(time.monotonic() - began)

    async def _until_stored(self, inbound: Inbound, pseudonym: str) -> str:
        attempt = 0
        heard: Heard | None = None
        while True:
            try:
                heard = heard or await self._hear(inbound, pseudonym)
                outcome, kept = await self._turn(heard)
            except (RedisError, OSError) as error:
                attempt += 1
                STORE_UP.set(0)
                log.warning("the store does not answer", attempt=attempt, **fault(error))
                if self.stop.is_set():
                    raise
                await asyncio.sleep(min(0.05 * 2 ** min(attempt, 6), 1))
            else:
                STORE_UP.set(1)
                self.late.await_for(heard, kept)
                return outcome

    async def watch_duty(self) -> None:
        """Keeps the knowledge of whether anybody can be paged; without the store or a pager nobody can."""
        while not self.stop.is_set():
            try:
                on_duty = await self.store.on_duty()
                self._on_duty = bool(on_duty) and "pager" in await self.store.beating(now())
            except (RedisError, OSError) as error:
                self._on_duty = False
                log.debug("duty is unknown", **fault(error))
            await asyncio.sleep(DUTY_SECONDS)

    # -- before the session ------------------------------------------------------------------------------------

    async def _hear(self, inbound: Inbound, pseudonym: str) -> Heard:
        heard = Heard(inbound, pseudonym, self.secrets.message_key(pseudonym, inbound.message_id), now())
        text = "" if inbound.choice else inbound.text
        if not text.strip():
            return heard
        code = codes.find(text)
        if code is not None:
            redemption, case = await self._redeem(heard, code)
            return replace(heard, redemption=redemption, redeemed=case)
        if _mistyped(text):
            return replace(heard, redemption=Redemption("wrong"))
        if _is_command(text):
            return heard
        answer = await self.nlu.hear(text) if self.nlu else None
        if isinstance(answer, Parse):
            return replace(heard, parse=answer)
        NLU_MISSING.inc()
        return replace(heard, later=answer)

    async def _redeem(self, heard: Heard, code: Code) -> tuple[Redemption, CaseView | None]:
        """Whether the code opens its case. Attempts are bounded, and a wrong one costs as long as a right one."""
        limits = self.settings.limits
        if not await self.store.code_attempt(
            heard.pseudonym, heard.now, limits.code_attempts_per_hour, limits.code_attempts_per_hour_global
        ):
            return Redemption("throttled"), None
        record = await self.store.code_record(code.locator)
        salt, expected = record or (b"\0" * 16, b"")
        right = await codes.verify(code.secret, salt, expected)
        case = await self.store.case(code.locator) if right and record else None
        if case is None:
            return Redemption("wrong"), None
        return Redemption("accepted", _facts(case)), case

    # -- the turn ----------------------------------------------------------------------------------------------

    async def _turn(self, heard: Heard) -> tuple[str, Kept | None]:
        """Reads, steps and commits until nobody was faster. What it did, for the counters, and what it kept."""
        while True:
            view = await self.store.read(heard.pseudonym)
            try:
                draft = self._draft(heard, view)
                await draft.issue_codes()
                write = draft.write()
            except (RedisError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - a fault in a flow must not lose what the person said
                RESCUED.inc()
                log.error("a turn failed and its message is kept without it", **fault(error))
                draft = self._start(heard, view)
                rescue(draft)
                write = draft.write()
            match await self.store.commit(write):
                case Committed(version):
                    return "committed", _kept(draft, write.case.id if write.case else None, version)
                case Duplicate():
                    return "duplicate", _kept(draft, view.case.id if view.case else None)
                case Conflict() | Taken() | NoCase():
                    heard = await self._looked_again(heard)

    async def _looked_again(self, heard: Heard) -> Heard:
        """`heard` with the redeemed case as it is now: what it was may be why the turn was not committed."""
        if heard.redeemed is None:
            return heard
        case = await self.store.case(heard.redeemed.id)
        outcome = Redemption("accepted", _facts(case)) if case else Redemption("wrong")
        return replace(heard, redemption=outcome, redeemed=case)

    def _start(self, heard: Heard, view: View) -> Draft:
        session = self._session(view)
        return Draft(
            heard=heard,
            view=view,
            session=session,
            assessment=self._judge(heard, session),
            secrets=self.secrets,
            team=self.team,
            texts=self.texts,
            facts=self._facts_for,
            on_duty=self._on_duty,
            role=session.role,
        )

    def _draft(self, heard: Heard, view: View) -> Draft:
        draft = self._start(heard, view)
        inbound = heard.inbound
        event = Event(
            at=heard.now / 1000,
            channel=inbound.channel,
            text="" if heard.is_code else inbound.text,
            choice=inbound.choice,
            media=inbound.attachment.kind if inbound.attachment else None,
            edited=inbound.edited,
            locale=inbound.locale,
            assessment=draft.assessment,
            case=_facts(view.case) if view.case else None,
            on_duty=self._on_duty,
            redemption=heard.redemption,
        )
        turn: Turn = step(self.book, draft.session, event, self.settings.limits.replies_per_minute)
        draft.take(turn)
        return draft

    async def _alarm(self, heard: Heard, kept: Kept) -> bool:
        """The emergency texts for a danger that was seen late. False when the person has moved on since."""
        lock = self._order.setdefault(heard.pseudonym, asyncio.Lock())
        async with lock:
            view = await self.store.read(heard.pseudonym)
            if view.version != kept.version or view.case is None or view.case.id != kept.case or not view.case.open:
                return False
            key = f"{heard.inbound.message_id}.late"
            silent = replace(heard.inbound, message_id=key, text="", choice="", attachment=None, platform_ref=None)
            again = Heard(silent, heard.pseudonym, self.secrets.message_key(heard.pseudonym, key), now())
            draft = self._start(again, view)
            event = Event(again.now / 1000, silent.channel, case=_facts(view.case), on_duty=self._on_duty)
            draft.take(alarm(self.book, draft.session, event))
            return isinstance(await self.store.commit(draft.write()), Committed)

    def _session(self, view: View) -> Session:
        if view.session is None:
            return Session.new()
        loaded = Session.loads(self.secrets.session_locker.unlock(session_context(view.pseudonym), view.session))
        if loaded.fault:
            log.warning("a session could not be read and begins anew", reason=loaded.fault)
        return loaded.session

    def _judge(self, heard: Heard, session: Session) -> Assessment | None:
        text = heard.inbound.text
        if heard.is_code or heard.inbound.choice or not text.strip():
            return None
        return policy.triage(text, heard.parse, session.role)

    def _facts_for(self, language: str, channel: str, code: str) -> Mapping[str, str]:
        return {
            "code": code,
            "organisation": self.settings.organisation,
            "days": str(self.settings.retention.case_days),
            "channel": channel,
            **self.directory.facts(self.settings.country, language),
        }

    # -- without the store -------------------------------------------------------------------------------------

    async def _tell_unstored(self, inbound: Inbound, pseudonym: str) -> None:
        """After a while, once an outage and conversation: that nothing can be kept now, with lines to call."""
        await asyncio.sleep(PATIENCE_SECONDS)
        channel = self.channels.get(inbound.channel)
        if channel is None or pseudonym in self._told:
            return
        self._told.add(pseudonym)
        language = inbound.locale.partition("-")[0]
        known = language if language in self.book.languages else ""
        said = self.texts.render(Reply("not_stored"), known, self._facts_for(known, inbound.channel, ""))
        try:
            await channel.send(inbound.address, Outbound(said.text))
        except (Flooded, Unreachable, Refused, Unavailable) as error:
            log.warning("the outage could not be told", **fault(error))


def _parts(inbound: Inbound) -> tuple[Inbound, ...]:
    """A code and the words around it are two things: the code opens the case, then the words go into it."""
    taken = None if inbound.choice else codes.take(inbound.text)
    if taken is None or not any(map(str.isalnum, taken[1])) or taken[1].strip() in ("/start", "/start code_"):
        return (inbound,)
    code, words = taken
    return (
        replace(inbound, text=code.text, message_id=f"{inbound.message_id}.code", attachment=None),
        replace(inbound, text=words),
    )


def _mistyped(text: str) -> bool:
    """Nothing but a code with a slip in it. Words beside it are a message like any other, and kept."""
    return len(text.split()) == 1 and codes.looks_like_code(text)


def session_context(pseudonym: str) -> str:
    """What a stored session is bound to: it cannot be put under another conversation."""
    return f"amparo/session/1|{pseudonym}"


def _kept(draft: Draft, case: str | None, version: int = 0) -> Kept | None:
    """What a late answer needs to know of a turn; None when there is nothing that it could raise."""
    if case is None or draft.assessment is None:
        return None
    return Kept(case, draft.assessment.urgency, draft.role, version)


def _facts(case: CaseView) -> CaseFacts:
    return CaseFacts(case.id, open=case.open, claimed=case.claimed_by is not None)


def _is_command(text: str) -> bool:
    """`/start` and the like alone: nothing to judge. A command with words behind it is judged as words."""
    stripped = text.strip()
    return stripped.startswith("/") and len(stripped.split()) == 1 and len(stripped) <= 64


def now() -> int:
    """Milliseconds of Unix time."""
    return time.time_ns() // 1_000_000
