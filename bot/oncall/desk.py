"""What operators write and press in the on-call bot. Strangers get one neutral refusal, and nothing else.

Every action is done in the store before the update is acknowledged, and doing it twice changes nothing; the words
that answer it may follow later.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
import telegram
from telegram import BotCommand, BotCommandScopeChat
from telegram.error import TelegramError

from bot.cases.code import normal_case_id
from bot.cases.records import AlreadyClaimed, Claimed, Done
from bot.cases.store import Store
from bot.oncall import messages
from bot.oncall.enrol import Enrolment, Enrolments, redeem
from bot.oncall.paging import Dispatcher, now
from bot.oncall.post import Failed, Post
from bot.oncall.roster import DEMO, Roster

log = structlog.get_logger()

REFUSED_CHATS = 10_000
"""How many strangers are remembered (in memory only), so that each is refused once and not at every message."""

Later = Callable[[Coroutine[Any, Any, None]], None]


class Desk:
    """Handles the updates of the on-call bot. `later` runs what nobody needs to wait for."""

    def __init__(
        self, store: Store, bot: telegram.Bot, post: Post, roster: Roster, dispatcher: Dispatcher, later: Later,
        *, demo: bool,
    ) -> None:  # fmt: skip
        self.store, self.bot, self.post, self.roster = store, bot, post, roster
        self.dispatcher, self.later, self.demo = dispatcher, later, demo
        self._refused: OrderedDict[int, None] = OrderedDict()

    @property
    def enrolments(self) -> Enrolments:
        return self.dispatcher.enrolments

    async def handle(self, update: telegram.Update) -> None:
        """One update, of any kind. Raises the store's errors: then it was not handled and has to come again."""
        if update.callback_query is not None:
            await self._pressed(update.callback_query)
        elif update.message is not None and update.message.from_user is not None:
            await self._written(update.message, update.message.from_user)
        elif update.my_chat_member is not None:
            await self._membership(update.my_chat_member)

    # --- words -------------------------------------------------------------------------------------------

    async def _written(self, message: telegram.Message, user: telegram.User) -> None:
        if message.chat.type != "private":
            return  # a group has many readers: nothing of ours belongs there
        chat = message.chat.id
        command, _, argument = (message.text or "").strip().partition(" ")
        command = command.partition("@")[0].lower()
        if command == "/start" and argument:
            await self._start(chat, argument.strip(), user.language_code)
            return
        operator = await self.enrolments.by_chat(chat)
        if operator is None:
            self._refuse(chat)
            return
        reply = await self._command(command, operator)
        self._say(chat, reply)

    async def _start(self, chat: int, code: str, language_code: str | None) -> None:
        demo = self.demo and code == DEMO
        name = DEMO if demo else await redeem(self.store, code, self.roster.names)
        if name is None:
            known = await self.enrolments.by_chat(chat)
            if known is None:
                self._refuse(chat, again=True)
            else:  # a code sent twice, because its answer was slow
                self._say(chat, messages.say(known.language, "help"))
            return
        member = self.roster.get(name)
        language = messages.language(language_code, member.languages if member else ())
        await self.enrolments.put(Enrolment(name, chat, language))
        if demo:
            await self.store.duty_set(name, True)
        log.info("an operator was enrolled")
        self._say(chat, messages.say(language, "enrolled_demo" if demo else "enrolled", name=name))
        self.later(self._menu(chat, language))

    async def _command(self, command: str, operator: Enrolment) -> str:
        lang = operator.language
        match command:
            case "/on":
                await self.enrolments.put(Enrolment(operator.operator, operator.chat, lang))
                await self.store.duty_set(operator.operator, True)
                self.later(self.dispatcher.catch_up([operator.operator]))
                return f"{messages.say(lang, 'on')} {await self._queue(lang)}"
            case "/off":
                await self.store.duty_set(operator.operator, False)
                left = (await self.store.on_duty()) & set(self.roster.names)
                return messages.say(lang, "off" if left else "off_last")
            case "/queue":
                return await self._queue(lang)
            case "/who":
                return await self._who(lang)
            case _:
                return messages.say(lang, "help")

    async def _queue(self, lang: str) -> str:
        waiting = await self.store.queue()
        longest = max((now() - item.waiting_since for item in waiting), default=0)
        return messages.queue(lang, Counter(item.urgency for item in waiting), longest)

    async def _who(self, lang: str) -> str:
        duty, enrolled = await self.store.on_duty(), await self.enrolments.all()
        names = [
            name if name in enrolled else messages.say(lang, "mute", name=name)
            for name in self.roster.names
            if name in duty
        ]
        return messages.say(lang, "who", names=", ".join(names)) if names else messages.say(lang, "who_nobody")

    # --- buttons -----------------------------------------------------------------------------------------

    async def _pressed(self, query: telegram.CallbackQuery) -> None:
        operator = await self.enrolments.by_chat(query.from_user.id)
        if operator is None:
            self.later(self.post.answer(query.id, messages.REFUSAL))
            return
        action, _, argument = (query.data or "").partition(":")
        case = normal_case_id(argument)
        lang = operator.language
        if case is None or action not in {"claim", "pass"}:
            self.later(self.post.answer(query.id, messages.say(lang, "old_short")))
            return
        message = query.message.message_id if query.message is not None else 0
        if action == "claim":
            outcome = await self._claim(case, operator.operator)
        else:
            await self.dispatcher.passing(case, operator, message)
            outcome = await self._pass(case, operator.operator)
        self.later(self.post.answer(query.id, messages.say(lang, f"{outcome}_short")))
        if message:
            self.later(self._mend(operator.chat, message, messages.say(lang, outcome, case=case)))

    async def _claim(self, case: str, operator: str) -> str:
        match await self.store.claim(case, operator, now()):
            case Claimed():
                return "yours"
            case AlreadyClaimed():
                return "taken"
            case _:
                return "over"

    async def _pass(self, case: str, operator: str) -> str:
        match await self.store.pass_(case, operator, now()):
            case Done():
                return "passed"
            case AlreadyClaimed(by=holder):
                return "yours" if holder == operator else "taken"
            case _:
                return "over"

    async def _membership(self, change: telegram.ChatMemberUpdated) -> None:
        """The operator blocked the bot, or came back (which alone puts nobody on duty)."""
        operator = await self.enrolments.by_chat(change.chat.id)
        if operator is not None and change.new_chat_member.status in {"kicked", "left"}:
            await self.dispatcher.unreachable(operator)

    # --- answers -----------------------------------------------------------------------------------------

    def _say(self, chat: int, text: str) -> None:
        self.later(self._said(chat, text))

    async def _said(self, chat: int, text: str) -> None:
        if isinstance(await self.post.send(chat, lambda: text), Failed):
            log.info("an answer was not sent")

    async def _mend(self, chat: int, message: int, text: str) -> None:
        await self.post.edit(chat, message, text)

    async def _menu(self, chat: int, lang: str) -> None:
        """The command menu, in this chat only: a stranger's menu stays empty."""
        commands = [BotCommand(name, messages.say(lang, f"command_{name}")) for name in messages.COMMANDS]
        try:
            await self.bot.set_my_commands(commands, scope=BotCommandScopeChat(chat))
        except TelegramError as error:
            log.info("the command menu was not set", error=type(error).__name__)

    def _refuse(self, chat: int, *, again: bool = False) -> None:
        if chat in self._refused and not again:
            return
        self._refused[chat] = None
        if len(self._refused) > REFUSED_CHATS:
            self._refused.popitem(last=False)
        self._say(chat, messages.REFUSAL)
