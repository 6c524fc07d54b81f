"""From a `Turn` (replies and effects, as data) to the one `TurnWrite` that the store commits.

Everything a person said is sealed here, before it leaves the process; everything the store gets is opaque to it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bot.cases import code as codes
from bot.cases.code import Code
from bot.cases.envelope import Binding, seal
from bot.cases.keys import TeamKeys
from bot.cases.records import CaseView, CaseWrite, TurnWrite, View
from bot.cases.secrets import IntakeSecrets
from bot.channels import letters
from bot.channels.fit import split, text_limit
from bot.conversation.messages import Assessment, Inbound, MediaKind, Outbound, Role, Urgency
from bot.conversation.session import Session
from bot.conversation.texts import Texts
from bot.conversation.turn import (
    AttachCase,
    EraseConversation,
    Escalate,
    IssueCode,
    LeaveConversation,
    OpenCase,
    RaiseUrgency,
    Redemption,
    Reply,
    Seal,
    Turn,
)
from bot.triage.nlu import Parse

Facts = Callable[[str, str, str], Mapping[str, str]]
"""(language, channel, case code) -> what every text may show."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of an inbound before the session is looked at: computed once, however often the turn runs.

    `later` gives what the model says when it did not say it in time.
    """

    inbound: Inbound
    pseudonym: str
    message_key: str
    now: int
    parse: Parse | None = None
    later: asyncio.Task[Parse | None] | None = None
    redemption: Redemption | None = None
    redeemed: CaseView | None = None

    @property
    def is_code(self) -> bool:
        """The text is a case code: a secret of the person's, neither sealed nor judged."""
        return self.redemption is not None


@dataclass
class Draft:
    """A turn on its way to the store. `take` the engine's turn, `issue_codes`, then `write`.

    `role`: of whom the conversation was when the text was judged.
    """

    heard: Heard
    view: View
    session: Session
    assessment: Assessment | None
    secrets: IntakeSecrets
    team: TeamKeys
    texts: Texts
    facts: Facts
    on_duty: bool
    role: Role = Role.UNKNOWN
    replies: tuple[Reply, ...] = ()
    case: CaseWrite | None = None
    code: Code | None = None
    leave: bool = False
    erase: bool = False
    _wants_code: bool = False
    _wipe: bool = False
    _entries: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def take(self, turn: Turn) -> None:
        """Carries out the effects, in order, on the case this turn writes to."""
        self.session, self.replies = turn.session, turn.replies
        for effect in turn.effects:
            match effect:
                case OpenCase(role):
                    self._open(role)
                case AttachCase(case_id):
                    self._attach(case_id)
                case Seal(kind, body):
                    self._entries.append((kind, dict(body)))
                case RaiseUrgency(level, reasons):
                    self.raise_urgency(level, reasons)
                case Escalate(reason):
                    self._change(escalate=True, reason=reason)
                case IssueCode():
                    self._wants_code = True
                case LeaveConversation():
                    self.leave = self._wipe = True
                case EraseConversation():
                    self.erase = self._wipe = True

    # -- the case ----------------------------------------------------------------------------------------------

    def _open(self, role: Role) -> None:
        if self.case is None and self.view.case is None:
            drawn = codes.new_code(self.view.shard)
            self.code = drawn
            self.case = CaseWrite(drawn.locator, 0, opens=True, role=role, language=self.session.language or "es")

    def _attach(self, case_id: str) -> None:
        redeemed = self.heard.redeemed
        if redeemed is not None and redeemed.id == case_id:
            self.case = CaseWrite(redeemed.id, redeemed.seq, attach=True, language=self.session.language)

    def _write_to(self) -> CaseWrite:
        if self.case is None:
            if self.view.case is None:
                self._open(self.session.role)
            else:
                known = self.view.case
                self.case = CaseWrite(known.id, known.seq, role=self.session.role, language=self.session.language)
        assert self.case is not None
        return self.case

    def raise_urgency(self, level: Urgency, reasons: tuple[str, ...]) -> None:
        """At least `level`, for these reasons too."""
        case = self._write_to()
        self.case = replace(
            case,
            urgency=max(case.urgency or level, level),
            reasons=tuple(dict.fromkeys((*case.reasons, *reasons))),
        )

    def _change(self, *, escalate: bool, reason: str) -> None:
        case = self._write_to()
        self.case = replace(case, escalate=escalate, reasons=tuple(dict.fromkeys((*case.reasons, reason))))

    async def issue_codes(self) -> None:
        """A case code, if the turn asks for one: its secret exists only in this turn's reply (DESIGN §7)."""
        if not self._wants_code:
            self.code = None
            return
        case = self._write_to()
        if self.code is None or self.code.locator != case.id:
            self.code = codes.new_secret(case.id)
        salt = codes.new_salt()
        self.case = replace(case, code=(salt, await codes.hash_secret(self.code.secret, salt)))

    def keep(self, kind: str, body: dict[str, object]) -> None:
        """Something for the operators, in the order of the calls."""
        self._entries.append((kind, body))

    # -- the write ---------------------------------------------------------------------------------------------

    def write(self) -> TurnWrite:
        """The whole turn, for one atomic commit."""
        inbound, pseudonym = self.heard.inbound, self.view.pseudonym
        locker = self.secrets.session_locker
        if self._entries and not self.erase:
            case = self._write_to()
            self.case = replace(case, entries=self._seal_all(case))
        outbox = [letters.lock(locker, pseudonym, letter) for letter in self._letters()]
        routing = letters.Routing(inbound.channel, inbound.address)
        refs = [inbound.platform_ref] if inbound.platform_ref is not None else []
        gone = self.leave or self.erase
        return TurnWrite(
            pseudonym=pseudonym,
            shard=self.view.shard,
            channel=inbound.channel,
            message_key=self.heard.message_key,
            expected_version=self.view.version,
            now=self.heard.now,
            session=None if gone else locker.lock(f"amparo/session/1|{pseudonym}", self.session.dumps()),
            routing=letters.lock_routing(locker, pseudonym, routing),
            outbox=tuple(outbox),
            trail=(letters.lock_trail(locker, pseudonym, refs),) if refs else (),
            case=None if self.erase else self.case,
            leave=self.leave,
            erase=self.erase,
        )

    def _seal_all(self, case: CaseWrite) -> tuple[bytes, ...]:
        epoch = self.team.current_epoch()
        return tuple(
            seal(
                Binding(case.id, case.expected_seq + number, "in", kind, epoch.id),
                json.dumps(self._entry(kind, body), ensure_ascii=False).encode("utf-8", "surrogatepass"),
                [epoch.public],
            )
            for number, (kind, body) in enumerate(self._entries)
        )

    def _entry(self, kind: str, body: dict[str, object]) -> dict[str, object]:
        entry: dict[str, object] = {"at": self.heard.now, "language": self.session.language, **body}
        attachment = self.heard.inbound.attachment
        if kind == "attachment" and attachment is not None and attachment.kind is MediaKind.LOCATION:
            entry |= {"latitude": attachment.latitude, "longitude": attachment.longitude}
        judged = self.assessment
        if judged is not None and "text" in body:
            entry["triage"] = _judgement(judged, self.heard.parse)
        return entry

    def _letters(self) -> list[letters.Letter]:
        """The replies in the person's language, split to the channel's size; a wipe goes before them."""
        language, channel = self.session.language, self.heard.inbound.channel
        facts = self.facts(language, channel, self.code.text if self.code else "")
        waiting: list[letters.Letter] = []
        if self._wipe:
            leftover = self.texts.render(Reply("wipe_incomplete"), language, facts)
            waiting.append(letters.Wipe(leftover.text))
        for reply in self.replies:
            rendered = self.texts.render(reply, language, facts)
            *first, last = split(rendered.text, text_limit(channel)) or [""]
            waiting += [Outbound(piece) for piece in first]
            waiting.append(replace(rendered, text=last))
        return waiting


def _judgement(judged: Assessment, parse: Parse | None) -> dict[str, object]:
    """What triage thought, for the operators, and for the labels that their client makes of it."""
    found: dict[str, object] = {
        "urgency": judged.urgency.label,
        "intent": judged.intent,
        "language": judged.language,
        "risks": sorted(judged.risks),
        "sources": list(judged.sources),
        "certain": judged.certain,
    }
    if parse is not None and parse.urgency_probabilities:
        chances = parse.urgency_probabilities
        found["probabilities"] = {level.label: round(chances[level], 2) for level in sorted(chances)}
    return found


def rescue(draft: Draft) -> None:
    """The turn when the flow failed: everything is kept, a human is asked for, and the person is told just that."""
    inbound = draft.heard.inbound
    if not draft.heard.is_code:
        said = inbound.text or (f"[{inbound.attachment.kind.value}]" if inbound.attachment else "")
        if said:
            draft.keep("text", {"text": said, "rescued": True})
    level = draft.assessment.urgency if draft.assessment else Urgency.URGENT
    draft.raise_urgency(max(level, Urgency.URGENT), ("rescued",))
    draft.replies = (Reply("rescued"),)
