"""Structured logs, one JSON line an entry, in which account ids are never written out."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# IB's account ids: U, DU, F, DF, I, DI and digits.
_ACCOUNT = re.compile(r"\b(D?[UFI])\d{4,}\b")


def redact(text: str) -> str:
    """`text` with each account id cut down to its kind: `DU1234567` becomes `DU***`."""
    return _ACCOUNT.sub(r"\1***", text)


def configure(process: str) -> None:
    """Log to standard error as JSON; the libraries' own loggers only from WARNING on."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _redact_values,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(process=process)


def _redact_values(
    _logger: Any, _method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in entry.items():
        if isinstance(value, str):
            entry[key] = redact(value)
    return entry
