"""Logs without content, metrics without people.

A log line is an event name and values from an allow-list; anything else is dropped before it is rendered, so a
careless `log.info("…", text=text)` cannot leak. Messages of exceptions and of libraries' own records are never
printed, because they quote URLs (with tokens), chat ids and texts: only their type and the line of *our* code.
"""

from __future__ import annotations

import asyncio
import logging
import re
import resource
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "process", "part", "count", "seconds", "status", "reason", "urgency",
        "rung", "channel", "signal", "attempt", "port", "version", "error", "where", "logger", "revision", "state",
    }
)  # fmt: skip
_SAFE_VALUE = re.compile(r"[A-Za-z0-9_.:;/, ()\[\]<>='?!-]{0,160}")

TURNS = Counter("amparo_turns_total", "Turns committed", ["channel", "outcome"])
TURN_SECONDS = Histogram("amparo_turn_seconds", "From an update to its commit", ["channel"])
NLU_MISSING = Counter("amparo_nlu_missing_total", "Messages judged without the model")
NLU_LATE = Counter("amparo_nlu_late_total", "Answers of the model that came after the turn", ["outcome"])
SENT = Counter("amparo_sent_total", "Messages handed to a platform", ["channel", "outcome"])
RESCUED = Counter("amparo_rescued_turns_total", "Turns kept by the rescue path after a fault in a flow")
STORE_UP = Gauge("amparo_store_up", "1 while the store answers")


def _only_allowed(_logger: object, _method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keeps allowed keys with harmless values; says how many it dropped, so that the loss is seen in tests."""
    kept: dict[str, Any] = {}
    dropped = 0
    for key, value in record.items():
        harmless = isinstance(value, bool | float | int) or (
            isinstance(value, str) and _SAFE_VALUE.fullmatch(value) is not None
        )
        if key in ALLOWED and harmless:
            kept[key] = value
        else:
            dropped += 1
    if dropped:
        kept["dropped"] = dropped
    return kept


def place(error: BaseException) -> str:
    """Where in our code `error` was raised: `module:line`, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/bot/" in frame.filename]
    if not frames:
        return "unknown"
    frame = (ours or frames)[-1]
    name = frame.filename.rpartition("/bot/")[2] if ours else frame.filename.rpartition("/")[2]
    return f"{name}:{frame.lineno}"


def fault(error: BaseException) -> dict[str, str]:
    """What may be logged of an exception: `log.warning("…", **fault(error))`."""
    return {"error": type(error).__name__, "where": place(error)}


class _Contentless(logging.Handler):
    """Libraries' own records, reduced to who spoke and which kind of error."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(
            record.levelno,
            "library",
            logger=record.name,
            **(fault(error) if error else {"where": f"{record.filename}:{record.lineno}"}),
        )


def configure(process: str, level: str = "info") -> None:
    """Sets up logging for a process: JSON lines on standard error, nothing a person wrote or is."""
    number = getattr(logging, level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            structlog.processors.JSONRenderer(sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.basicConfig(handlers=[_Contentless()], level=max(number, logging.WARNING), force=True)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught


def no_core_files() -> None:
    """A core file of this process, or of one it starts, would hold what people wrote, and keys."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _uncaught(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("uncaught", **fault(error))


def watch(loop: asyncio.AbstractEventLoop) -> None:
    """Makes the loop report faults of forgotten tasks the same contentless way."""

    def report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        structlog.get_logger().error("uncaught in task", **(fault(error) if error else {}))

    loop.set_exception_handler(report)
