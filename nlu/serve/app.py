"""The HTTP side: Rasa's `POST /model/parse`, `GET /` and `GET /status`; 503 until the model is warm.

Beside Rasa's `{"text": "…"}` a batch is taken: `{"texts": ["…", …]}`, or the bare list, answered with the list of
what each would have got alone; one that could not be parsed has Rasa's failure in its place.
"""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

from aiohttp import web

from serve.batcher import Batcher, Busy, NotReady

MAX_BODY = 256 * 1024
MAX_TEXTS = 64
"""In one batch: together they wait in the queue like as many single ones, and must leave room for others."""
VERSION = "3.6.21"
BATCHER = web.AppKey("batcher", Batcher)


def application(batcher: Batcher) -> web.Application:
    """The routes. Nothing is logged for a request: not its text, not its size, not its time."""
    app = web.Application(client_max_size=MAX_BODY)
    app[BATCHER] = batcher
    app.add_routes([web.get("/", _hello), web.get("/status", _status), web.post("/model/parse", _parse)])
    return app


def _failed(status: int, reason: str, message: str) -> dict[str, Any]:
    """An error in the form that Rasa gives them."""
    return {"version": VERSION, "status": "failure", "code": status, "reason": reason, "message": message}


def _failure(status: int, reason: str, message: str) -> web.Response:
    return web.json_response(_failed(status, reason, message), status=status)


def _loading() -> web.Response:
    return web.json_response({"status": "loading"}, status=503)


async def _hello(request: web.Request) -> web.Response:  # noqa: ARG001  aiohttp's signature
    return web.Response(text=f"Hello from Rasa: {VERSION}")


async def _status(request: web.Request) -> web.Response:
    """As Rasa's; besides, how many texts wait, and this process's memory in bytes: now, and at its highest."""
    batcher = request.app[BATCHER]
    if batcher.model is None:
        return _loading()
    told = {"status": "ready", "model_id": getattr(batcher.model, "id", ""), "num_active_training_jobs": 0}
    return web.json_response({**told, "waiting": batcher.waiting, "memory": _memory()})


def _memory() -> dict[str, int]:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    resident = pages * resource.getpagesize()
    # the kernel counts the highest more rarely than the present one
    highest = max(resident, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    return {"resident": resident, "highest": highest}


def _question(body: Any) -> str | list[str] | None:
    """One text, or the texts of a batch; None for what is neither."""
    if isinstance(body, dict) and isinstance(body.get("text"), str):
        return str(body["text"])
    texts = body.get("texts") if isinstance(body, dict) else body
    if not isinstance(texts, list) or len(texts) > MAX_TEXTS or not all(isinstance(text, str) for text in texts):
        return None
    return texts


async def _parse(request: web.Request) -> web.Response:
    try:
        question = _question(json.loads(await request.read()))
    except (ValueError, RecursionError):
        return _failure(400, "BadRequest", "The request body is not JSON.")
    if question is None:
        form = f'{{"text": "…"}}, or {{"texts": ["…"]}} with at most {MAX_TEXTS}'
        return _failure(400, "BadRequest", f"No text message defined in request_body: send {form}.")
    texts = [question] if isinstance(question, str) else question
    try:
        outcomes = await request.app[BATCHER].parse(texts)
    except NotReady:
        return _loading()
    except Busy:
        return _failure(503, "Busy", "Too many messages are waiting.")
    answers = [
        _failed(500, "ParsingError", f"The message could not be parsed: {outcome}.")
        if isinstance(outcome, RuntimeError)
        else outcome
        for outcome in outcomes
    ]
    if question is not texts:
        (answer,) = answers
        return _json(answer, 500 if isinstance(outcomes[0], RuntimeError) else 200)
    return _json(answers, 200)


def _json(answer: object, status: int) -> web.Response:
    # escaped to ASCII, so that a lone surrogate in the echoed text can travel
    body = json.dumps(answer).encode("ascii")
    return web.Response(body=body, status=status, content_type="application/json")
