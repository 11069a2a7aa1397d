"""History for warming up: the ticks of any file that a back-test takes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from tapewire.common.config.settings import ConfigError, WarmUpConfig
from tapewire.common.events import Quote, Tick, Trade
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.rows import Row

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
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
        file = TickFile(config.ticks)
        if file.only_symbol not in (None, *symbols):
            raise ValueError(
                f"{file.path} has no symbols and counts as {file.only_symbol}, which is not of"
                f" {', '.join(symbols)}; expected a column symbol, or a file named after one"
            )
        for row in file.rows(None, None):
            quoted = wanted.get(row.symbol)
            if quoted is not None:
                ticks = _ticks(row, quoted)
                yield from ticks if row.ts_ns >= from_ns else ()
    except ValueError as error:
        raise ConfigError(f"warm_up.ticks: {error}") from error


def _ticks(row: Row, quoted: Values) -> list[Tick]:
    """What a row brings; `quoted` is the symbol's bid, ask and their sizes so far."""
    ticks: list[Tick] = []
    quote = (row.bid, row.ask, row.bid_size, row.ask_size)
    if any(text is not None for text in quote):
        quoted[:] = [
            old if text is None else float(text) for text, old in zip(quote, quoted, strict=True)
        ]
        bid, ask, bid_size, ask_size = quoted
        ticks.append(Quote(row.symbol, row.ts_ns, bid, bid_size, ask, ask_size))
    if row.last is not None:
        size = None if row.last_size is None else float(row.last_size)
        ticks.append(Trade(row.symbol, row.ts_ns, float(row.last), size))
    return ticks
