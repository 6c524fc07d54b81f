"""`python -m serve --port N`: listens at once, answers 503 until the model is warm, and stops cleanly on SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TextIO

from serve.quiet import hush

HERE = Path(__file__).resolve().parent.parent


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="serve", description="Serve the trained NLU model over HTTP.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    parser.add_argument("--port", type=int, default=5005, help="port; 0 takes a free one")
    parser.add_argument("--model", type=Path, default=HERE / "models" / "amparo.tar.gz", help="the trained model")
    return parser.parse_args()


async def serve(host: str, port: int, path: Path, out: TextIO) -> None:
    """Until SIGTERM or SIGINT. Raises OSError when the port is taken, and what loading the model raises."""
    from aiohttp import web

    from serve.app import application
    from serve.batcher import Batcher
    from serve.model import Model

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    batcher = Batcher(Model, path)
    # without the cancellation, the texts of those who gave up would be parsed before those of who still waits
    runner = web.AppRunner(application(batcher), access_log=None, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, host, port, shutdown_timeout=2.0)
    await site.start()
    address = runner.addresses[0]
    shown = f"[{address[0]}]" if ":" in address[0] else address[0]
    out.write(f"listening on http://{shown}:{address[1]}\n")
    out.flush()
    working = asyncio.create_task(batcher.run())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await working  # it ends by itself only when loading failed: say why
    finally:
        working.cancel()
        stopping.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await working
        batcher.close()
        await runner.cleanup()


def main() -> int:
    """Exit code 0 after a signal; 1 with one line on standard error when it cannot serve."""
    options = _arguments()
    if not options.model.exists():
        sys.stderr.write(f"serve: {options.model}: no such model; train it with `make setup`\n")
        return 1
    out = hush()
    try:
        asyncio.run(serve(options.host, options.port, options.model, out))
    except OSError as error:
        sys.stderr.write(f"serve: cannot listen on {options.host}:{options.port}: {error.strerror or error}\n")
        return 1
    except Exception as error:  # noqa: BLE001  a model that does not load: one line, not a traceback
        sys.stderr.write(
            f"serve: {options.model}: cannot be loaded ({type(error).__name__}: {error}); run `make setup`\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # a model that is still loading cannot be interrupted, and leaving the usual way would wait for its thread
    os._exit(code)
