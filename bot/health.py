"""`/healthz`, `/readyz` and `/metrics`: says the same as the line `ready` of `amparo up` (DESIGN §11)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Checks = Mapping[str, Callable[[], Awaitable[bool]]]
"""A name for each part, and whether it answers now."""


def routes(checks: Checks, helpers: Checks) -> list[web.RouteDef]:
    """`/healthz`: this process runs. `/readyz`: 200 when every part answers, else 503 and which do not.

    `helpers` are shown too, but people are served without them: status `degraded`, and still 200.
    """

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        needed = {name: await check() for name, check in checks.items()}
        helping = {name: await check() for name, check in helpers.items()}
        ready = all(needed.values())
        status = "waiting" if not ready else "ready" if all(helping.values()) else "degraded"
        return web.json_response({"status": status, "parts": needed | helping}, status=200 if ready else 503)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]


async def serve(host: str, port: int, *tables: list[web.RouteDef]) -> web.AppRunner:
    """Listens on `host:port`. Raises `OSError` when the address is taken; call `cleanup` on what is returned."""
    app = web.Application(client_max_size=1 << 20)
    for table in tables:
        app.add_routes(table)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner
