"""Rows of a market: Tapewire's own CSV, in time order. Every row is checked as it is read."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from tapewire.common.config.text import binary_fault, quoted
from tapewire.common.ticks.kinds import kind_of
from tapewire.common.ticks.memory import InMemory

COLUMNS = ("ts_ns", "symbol", "bid", "ask", "bid_size", "ask_size", "last", "last_size")
HEADER = ",".join(COLUMNS)
HEAD_BYTES = 65_536
_NUMBER = r"(-?\d+(?:\.\d+)?)?"
_SYMBOL = r"([!-+\--~](?:[ -+\--~]{0,62}[!-+\--~])?)"  # as instruments have it, without commas
_LINE = re.compile(r"(\d{1,19})," + _SYMBOL + f",{_NUMBER}" * 6)
_SYMBOL_ONLY = re.compile(_SYMBOL)
_NUMBER_ONLY = re.compile(_NUMBER)
_TIME_ONLY = re.compile(r"\d{1,19}")


class Row(msgspec.Struct, gc=False):
    """One change of the market; values are the source's own text, None is "not carried".

    Text, since nearly all rows are only passed on: what matches an order becomes a Decimal
    when it does.
    """

    ts_ns: int
    symbol: str
    bid: str | None
    ask: str | None
    bid_size: str | None
    ask_size: str | None
    last: str | None
    last_size: str | None


class CsvMarket:
    """The rows of a CSV file (.gz too) with `HEADER` as its first line.

    Rows before `from_ns` (UTC nanoseconds) are left out. A line that is broken or out of
    time order raises ValueError with file, line number, what was found and expected.
    """

    def __init__(self, path: str | Path | InMemory, from_ns: int | None = None) -> None:
        self._path = Path(path) if isinstance(path, str) else path
        self._rows = self._read(from_ns or 0)

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def __next__(self) -> Row:
        return next(self._rows)

    def _read(self, from_ns: int) -> Iterator[Row]:
        last_ns = 0
        match = _LINE.fullmatch
        with opened(self._path) as file:
            header = file.readline().rstrip("\r\n")
            if header != HEADER:
                raise ValueError(f"{self._path}: line 1 is {header[:80]!r}, expected {HEADER!r}")
            for number, line in enumerate(file, start=2):
                found = match(line.rstrip("\r\n"))
                if found is None:
                    raise ValueError(f"{self._path}: line {number}: {_fault(line)}")
                ts, *values = found.groups()
                ts_ns = int(ts)
                if ts_ns < last_ns:
                    raise ValueError(
                        f"{self._path}: line {number}: ts_ns is {ts_ns}, "
                        f"expected {last_ns} or later, rows are in time order"
                    )
                last_ns = ts_ns
                if ts_ns >= from_ns:
                    yield Row(ts_ns, *values)


def time_of(text: str) -> int:
    """A time of this CSV; raises ValueError."""
    return int(_matched(_TIME_ONLY, text))


def symbol_of(text: str) -> str:
    """A symbol of this CSV; raises ValueError."""
    return _matched(_SYMBOL_ONLY, text)


def number_of(text: str) -> str | None:
    """A price or a size of this CSV, None where it has none; raises ValueError."""
    return _matched(_NUMBER_ONLY, text) or None


def _matched(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(f"{quoted(text)} is not {pattern.pattern}")
    return text


@contextmanager
def opened(path: Path | InMemory) -> Iterator[IO[str]]:
    """A file of ticks as text, .gz too; raises ValueError naming it where it cannot be read."""
    if isinstance(path, InMemory):
        yield io.StringIO(path.text)
        return
    opening = gzip.open if path.suffix == ".gz" else open
    try:
        with opening(path, "rb") as binary:
            head = binary.read(HEAD_BYTES)
        fault = kind_of(head) or binary_fault(head)
        if fault:
            raise ValueError(f"{path}: it is {fault}; expected a CSV of ticks")
        with opening(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
            yield file
    except (OSError, EOFError, zlib.error) as error:
        why = "it is a folder" if path.is_dir() else getattr(error, "strerror", None)
        if path.suffix == ".gz" and not why:
            why = f"it is not a complete gzip file ({error})"
        raise ValueError(f"{path}: {why or error}; expected a CSV of ticks") from error


def _fault(line: str) -> str:
    """Why a line does not parse, in words that name the column."""
    parts = line.rstrip("\r\n").split(",")
    if len(parts) != len(COLUMNS):
        return f"{len(parts)} columns, expected {len(COLUMNS)} ({HEADER})"
    for name, part in zip(COLUMNS[2:], parts[2:], strict=True):
        if not _NUMBER_ONLY.fullmatch(part):
            return f"{name} is {quoted(part)}, expected a decimal number or nothing"
    if not _SYMBOL_ONLY.fullmatch(parts[1]):
        return f"symbol is {quoted(parts[1])}, expected 1 to 64 printable ASCII characters"
    return f"ts_ns is {quoted(parts[0])}, expected UTC nanoseconds"
