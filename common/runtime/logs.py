"""Structured logs, one JSON line per entry, in which account ids are never written out.

They go through Python's own `logging`, which everything imports already: a process must start fast.
"""

import contextlib
import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO, cast

Level = Literal["debug", "info", "warning", "error"]
# IB's account ids: U, DU, F, DF, I, DI and digits.
_ACCOUNT = re.compile(r"\b(D?[UFI])\d{4,}\b")


_HIDDEN_MIN: Final = 5
_hidden: set[str] = set()


def redact(text: str) -> str:
    """`text` with each account id cut down to its kind: `DU1234567` becomes `DU***`. What `hide`
    was given becomes `***`."""
    text = _ACCOUNT.sub(r"\1***", text)
    if not _hidden:
        return text
    names = "|".join(map(re.escape, sorted(_hidden, key=len, reverse=True)))
    return re.sub(rf"(?<!\w)(?:{names})(?!\w)", "***", text)


def hide(accounts: Iterable[str]) -> None:
    """Cut these account ids out of all that is redacted from now on: those of ProjectX are digits
    alone, which nothing tells from another number. One below 5 characters stays, as it could be
    any number."""
    _hidden.update(one for one in accounts if len(one) >= _HIDDEN_MIN)


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


class Log:
    """Where a process writes what happens: an event, and values by their names."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("tapewire")

    def debug(self, event: str, **values: object) -> None:
        """Write what only helps to find a fault."""
        self._write(logging.DEBUG, event, values)

    def info(self, event: str, **values: object) -> None:
        """Write what happened."""
        self._write(logging.INFO, event, values)

    def warning(self, event: str, **values: object) -> None:
        """Write what somebody should look at."""
        self._write(logging.WARNING, event, values)

    def error(self, event: str, **values: object) -> None:
        """Write what went wrong."""
        self._write(logging.ERROR, event, values)

    def write(self, level: Level, event: str, **values: object) -> None:
        """Write at a level that is only known now."""
        self._write(_number(level), event, values)

    def _write(self, level: int, event: str, values: dict[str, object]) -> None:
        self._logger.log(level, "%s", event, extra={_VALUES: values})


log: Final = Log()


def set_level(level: Level) -> None:
    """Log nothing below `level` from now on."""
    logging.getLogger("tapewire").setLevel(_number(level))


def configure(process: str) -> None:
    """Log to standard error as JSON; the libraries' own loggers only from WARNING on."""
    handler = logging.StreamHandler(cast(TextIO, Lenient(sys.stderr)))
    handler.setFormatter(_Lines(process))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    set_level("info")


_VALUES: Final = "values_by_name"


class _Lines(logging.Formatter):
    """An entry of `Log` as JSON, and what a library logs as its message alone."""

    def __init__(self, process: str) -> None:
        super().__init__("%(message)s")
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """One line, without account ids."""
        values: dict[str, object] | None = getattr(record, _VALUES, None)
        if values is None:
            return super().format(record)
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
        entry = {
            **values,
            "event": record.getMessage(),
            "process": self._process,
            "level": record.levelname.lower(),
            "timestamp": moment.replace("+00:00", "Z"),
        }
        return json.dumps({k: _redacted(v) for k, v in entry.items()}, default=repr)


def _redacted(value: object) -> object:
    return redact(value) if isinstance(value, str) else value


def _number(level: Level) -> int:
    return logging.getLevelNamesMapping()[level.upper()]
