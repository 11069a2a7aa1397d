"""Structured logs, one JSON line per entry, in which account ids are never written out."""

import contextlib
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO, cast

import structlog

Level = Literal["debug", "info", "warning", "error"]
# IB's account ids: U, DU, F, DF, I, DI and digits.
_ACCOUNT = re.compile(r"\b(D?[UFI])\d{4,}\b")


def redact(text: str) -> str:
    """`text` with each account id cut down to its kind: `DU1234567` becomes `DU***`."""
    return _ACCOUNT.sub(r"\1***", text)


class Lenient:
    """A text stream that loses what it cannot write: no program may die of its log, whose disk may
    be full and whose reader may be gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write it, or lose it."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand over what was written."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def set_level(level: Level) -> None:
    """Log nothing below `level` from now on."""
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(least))


def configure(process: str) -> None:
    """Log to standard error as JSON; the libraries' own loggers only from WARNING on."""
    stream = cast(TextIO, Lenient(sys.stderr))
    logging.basicConfig(level=logging.WARNING, stream=stream, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _redact_values,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    structlog.contextvars.bind_contextvars(process=process)


def _redact_values(
    _logger: Any, _method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in entry.items():
        if isinstance(value, str):
            entry[key] = redact(value)
    return entry
