"""The control API: a test in another process plays persons and looks at chats over HTTP.

POST /control/<token>/say       {"chat", "text", "user": {}}             -> {"update_id", "message_id"}
POST /control/<token>/press     {"chat", "message", "data", "foreign"}   -> {"update_id", "query_id"}
POST /control/<token>/edit      {"chat", "message", "text"}
POST /control/<token>/photo     {"chat", "data": base64, "caption"}
POST /control/<token>/location  {"chat", "latitude", "longitude"}
POST /control/<token>/update    {"raw": {…}}                             -> {"update_id"}
POST /control/<token>/block     {"chat", "blocked": true}
POST /control/<token>/expect    {"chat", "text", "after", "timeout"}     -> the message; 408 when it does not come
POST /control/<token>/answer    {"query", "timeout"}                     -> the answer to a button; 408
POST /control/<token>/messages  {"chat"}                                 -> {"messages": […], "deleted": […]}
POST /control/<token>/confirmed {}                                       -> {"confirmed": […], "pending": […]}
POST /control/<token>/calls     {"method"}                               -> {"calls": […]}
POST /control/fault             the fields of `Fault`                    -> {}
POST /control/canaries          {}                                       -> {"canaries": […]}
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.doubles.telegram_rules import Json
from tests.doubles.telegram_state import BotDouble

if TYPE_CHECKING:
    from tests.doubles.bot_api import BotApi


async def _say(bot: BotDouble, body: Json) -> Json:
    return bot.say(body["chat"], body["text"], **body.get("user", {}))._asdict()


async def _press(bot: BotDouble, body: Json) -> Json:
    return bot.press(body["chat"], body["message"], body["data"], foreign=body.get("foreign", False))._asdict()


async def _edit(bot: BotDouble, body: Json) -> Json:
    return bot.edit(body["chat"], body["message"], body["text"])._asdict()


async def _photo(bot: BotDouble, body: Json) -> Json:
    return bot.photo(body["chat"], base64.b64decode(body["data"]), body.get("caption", ""))._asdict()


async def _location(bot: BotDouble, body: Json) -> Json:
    return bot.location(body["chat"], body["latitude"], body["longitude"])._asdict()


async def _update(bot: BotDouble, body: Json) -> Json:
    return {"update_id": bot.send_update(body["raw"])}


async def _block(bot: BotDouble, body: Json) -> Json:
    (bot.block if body.get("blocked", True) else bot.unblock)(body["chat"])
    return {}


async def _expect(bot: BotDouble, body: Json) -> Json:
    wanted, after = body.get("text", ""), body.get("after", 0)
    return (await bot.expect(body["chat"], wanted, body.get("timeout", 10), after=after)).data()


async def _answer(bot: BotDouble, body: Json) -> Json:
    return await bot.expect_answer(body["query"], body.get("timeout", 10))


async def _messages(bot: BotDouble, body: Json) -> Json:
    return {"messages": [m.data() for m in bot.messages(body["chat"])], "deleted": bot.deleted(body["chat"])}


async def _confirmed(bot: BotDouble, body: Json) -> Json:
    return {"confirmed": sorted(bot.confirmed), "pending": [update["update_id"] for update in bot.updates]}


async def _calls(bot: BotDouble, body: Json) -> Json:
    calls = bot.called(body["method"])
    return {"calls": [{k: "(bytes)" if isinstance(v, bytes) else v for k, v in call.items()} for call in calls]}


ACTIONS: dict[str, Callable[[BotDouble, Json], Awaitable[Json]]] = {
    "say": _say, "press": _press, "edit": _edit, "photo": _photo, "location": _location, "update": _update,
    "block": _block, "expect": _expect, "answer": _answer, "messages": _messages, "confirmed": _confirmed,
    "calls": _calls,
}  # fmt: skip


def add_routes(app: web.Application, api: BotApi) -> None:
    """Serve the table above for `api`. A mistake in a request is answered 400 with its reason."""

    async def act(request: web.Request) -> web.Response:
        action = ACTIONS.get(request.match_info["action"])
        if action is None:
            return web.json_response({"error": f"no such action; there are {sorted(ACTIONS)}"}, status=404)
        return await _answered(action(api.bot(request.match_info["token"]), await _body(request)))

    async def fault(request: web.Request) -> web.Response:
        api.fault(**await _body(request))
        return web.json_response({})

    async def canaries(request: web.Request) -> web.Response:
        return web.json_response({"canaries": sorted(api.canaries())})

    app.router.add_post("/control/fault", fault)
    app.router.add_post("/control/canaries", canaries)
    app.router.add_post("/control/{token}/{action}", act)


async def _answered(work: Awaitable[Json]) -> web.Response:
    try:
        return web.json_response(await work)
    except AssertionError as error:
        return web.json_response({"error": str(error)}, status=408)
    except (LookupError, TypeError, ValueError) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)


async def _body(request: web.Request) -> dict[str, Any]:
    text = await request.text()
    body: dict[str, Any] = json.loads(text) if text else {}
    return body
