"""What is said when somebody is in danger: the lines first, then the truth about who knows. Fixed texts only.

The full form is the flow `emergency`, laid over whatever goes on; it is not repeated for every message that follows.
"""

from __future__ import annotations

from dataclasses import replace

from bot.conversation.flow import Flowbook
from bot.conversation.session import Session
from bot.conversation.settle import settle
from bot.conversation.turn import Event, Turn
from bot.conversation.walk import Walk


def alarm(book: Flowbook, session: Session, event: Event) -> Turn:
    """What follows when the last message turns out to mean danger only after its turn: the emergency texts.

    `event` says what holds now (time, case, duty); it carries no text. Nothing is sealed.
    """
    walk = Walk(book, settle(book, session, event), event)
    emergency(walk)
    return walk.turn()


SELF_HARM = "RISK-SELF"


def crisis(walk: Walk) -> None:
    """Lines that listen, for somebody who thinks of hurting themselves: the police is not what they need."""
    assessment = walk.event.assessment
    if assessment is not None and SELF_HARM in assessment.risks and not walk.has("short"):
        walk.say("crisis")


def emergency(walk: Walk) -> None:
    """Answer danger. The place in the flow is kept for afterwards."""
    walk.session = replace(walk.session, pending="")
    crisis(walk)
    if walk.claimed:
        walk.say("emergency_again")
        walk.say("emergency_claimed")
        return
    told = walk.has("emergency_told")
    walk.flag("emergency_told")
    if told or walk.has("short"):
        walk.say("emergency_again")
        walk.note("emergency_alerted" if walk.event.on_duty else "emergency_nobody")
        if walk.session.position and not walk.has("short"):
            walk.run()
        return
    # nobody in danger is made to choose a language first: the guess stands, and can be changed at any time
    walk.flag("language_chosen")
    walk.interrupt(walk.book.emergency)
