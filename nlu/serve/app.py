"""The HTTP side: Rasa's `POST /model/parse`, `GET /` and `GET /status`; 503 until the model is warm."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from serve.batcher import Batcher, Busy, NotReady

MAX_BODY = 256 * 1024
VERSION = "3.6.21"
BATCHER = web.AppKey("batcher", Batcher)


def application(batcher: Batcher) -> web.Application:
    """The routes. Nothing is logged for a request: not its text, not its size, not its time."""
    app = web.Application(client_max_size=MAX_BODY)
    app[BATCHER] = batcher
    app.add_routes([web.get("/", _hello), web.get("/status", _status), web.post("/model/parse", _parse)])
    return app


def _failure(status: int, reason: str, message: str) -> web.Response:
    """An error in the form that Rasa gives them."""
    body = {"version": VERSION, "status": "failure", "code": status, "reason": reason, "message": message}
    return web.json_response(body, status=status)


def _loading() -> web.Response:
    return web.json_response({"status": "loading"}, status=503)


async def _hello(request: web.Request) -> web.Response:  # noqa: ARG001  aiohttp's signature
    return web.Response(text=f"Hello from Rasa: {VERSION}")


async def _status(request: web.Request) -> web.Response:
    model = request.app[BATCHER].model
    if model is None:
        return _loading()
    return web.json_response({"status": "ready", "model_id": getattr(model, "id", ""), "num_active_training_jobs": 0})


async def _parse(request: web.Request) -> web.Response:
    try:
        body: Any = json.loads(await request.read())
    except (ValueError, RecursionError):
        return _failure(400, "BadRequest", "The request body is not JSON.")
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str):
        return _failure(400, "BadRequest", 'No text message defined in request_body: send {"text": "…"}.')
    try:
        answer = await request.app[BATCHER].parse(text)
    except NotReady:
        return _loading()
    except Busy:
        return _failure(503, "Busy", "Too many messages are waiting.")
    except RuntimeError as error:
        return _failure(500, "ParsingError", f"The message could not be parsed: {error}.")
    # escaped to ASCII, so that a lone surrogate in the echoed text can travel
    return web.Response(body=json.dumps(answer).encode("ascii"), content_type="application/json")
