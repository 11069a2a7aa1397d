"""History for warming up: the ticks of a CSV file, as the simulator's market reads it."""

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isfinite, nan
from pathlib import Path
from typing import IO, Final

from common.config import ConfigError, WarmUpConfig
from common.events import Quote, Tick, Trade

HEADER: Final = ["ts_ns", "symbol", "bid", "ask", "bid_size", "ask_size", "last", "last_size"]
Values = list[float | None]


def ticks_of(config: WarmUpConfig, symbols: tuple[str, ...]) -> Iterator[Tick]:
    """The file's ticks of `symbols`, from `config.start` (UTC where it names no zone) on.

    A row with a quote's column gives a quote, one with a price of a trade a trade. Raises
    `ConfigError` naming file and line.
    """
    start = config.start
    if start is not None and start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    from_ns = int((start - _EPOCH).total_seconds()) * 1_000_000_000 if start else 0
    wanted: dict[str, Values] = {symbol: [None] * 4 for symbol in symbols}
    try:
        with _open(config.ticks) as file:
            yield from _rows(config.ticks, file, wanted, from_ns)
    except (OSError, UnicodeDecodeError, EOFError, csv.Error) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise ConfigError(
            f"warm_up.ticks: {config.ticks}: {why}; expected a CSV of ticks"
        ) from error


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _rows(path: Path, file: IO[str], wanted: dict[str, Values], from_ns: int) -> Iterator[Tick]:
    rows = csv.reader(file)
    header = next(rows, [])
    if header != HEADER:
        raise ConfigError(f"warm_up.ticks: {path}: line 1 is {','.join(header)[:80]!r},"
                          f" expected {','.join(HEADER)!r}")  # fmt: skip
    last_ns = 0
    for row in rows:
        try:
            ts_ns, symbol, values = _row(row, last_ns)
        except ValueError as error:
            raise ConfigError(f"warm_up.ticks: {path}: line {rows.line_num}: {error}") from None
        last_ns = ts_ns
        if symbol in wanted:
            ticks = _ticks(ts_ns, symbol, values, wanted[symbol])
            yield from ticks if ts_ns >= from_ns else ()


def _row(row: list[str], last_ns: int) -> tuple[int, str, Values]:
    if len(row) != len(HEADER):
        raise ValueError(f"{len(row)} columns, expected {len(HEADER)}")
    if not row[0].isdecimal():
        raise ValueError(f"ts_ns is {row[0]!r:.40}, expected nanoseconds, a whole number")
    ts_ns = int(row[0])
    if ts_ns < last_ns:
        raise ValueError(f"ts_ns is {ts_ns}, expected {last_ns} or later, rows are in time order")
    values = [_number(*pair) for pair in zip(HEADER[2:], row[2:], strict=True)]
    return ts_ns, row[1], values


def _number(column: str, text: str) -> float | None:
    """What a column carries; raises ValueError where that is no finite number."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not isfinite(value):
        raise ValueError(f"{column} is {text!r:.40}, expected a number or nothing")
    return value


def _ticks(ts_ns: int, symbol: str, values: Values, quoted: Values) -> list[Tick]:
    """What a row brings; `quoted` is the symbol's bid, ask and their sizes so far."""
    ticks: list[Tick] = []
    *quote, price, size = values
    if any(value is not None for value in quote):
        quoted[:] = [old if new is None else new for new, old in zip(quote, quoted, strict=True)]
        bid, ask, bid_size, ask_size = quoted
        ticks.append(Quote(symbol, ts_ns, bid, bid_size, ask, ask_size))
    if price is not None:
        ticks.append(Trade(symbol, ts_ns, price, size))
    return ticks


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")
