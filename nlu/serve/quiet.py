"""Before anything of Rasa is imported: no text in any log, no telemetry, nothing of others on standard output."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import TextIO

ENVIRONMENT = {
    "PYTHONWARNINGS": "ignore",
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # the encoder is called from one thread and runs in it; more only take the processor from the other processes
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def hush() -> TextIO:
    """Set everything; returns the one stream that still reaches standard output. What libraries print goes to stderr.

    Rasa logs each message's text at debug level through structlog, which prints it on standard output unless it
    is configured first.
    """
    os.environ.update(ENVIRONMENT)
    warnings.simplefilter("ignore")
    warnings.showwarning = lambda *_, **__: None
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    ours = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return ours
