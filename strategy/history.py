"""History for warming up: the ticks of any file that a back-test takes.

What reads such files is loaded only where there is one: it takes as long as the rest of a strategy.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from tapewire.common.config.sections import SimulatorConfig
from tapewire.common.config.settings import ConfigError, WarmUpConfig
from tapewire.common.events import Tick
from tapewire.common.ticks.as_ticks import Quoted
from tapewire.common.ticks.stamps import stamp_ns

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def present_ns(simulator: SimulatorConfig, now_ns: int) -> int:
    """What history comes before: now, or where the file begins to be played that is the market.
    Raises `ConfigError` for a file that cannot be read."""
    if not simulator.plays_file or simulator.ticks is None:
        return now_ns
    if simulator.start:
        return stamp_ns(simulator.start)
    from tapewire.common.ticks.file import TickFile

    try:
        first = next(TickFile(simulator.ticks).rows(None, None), None)
    except (OSError, ValueError) as error:
        raise ConfigError(f"simulator.ticks: {error}") from error
    return now_ns if first is None else first.ts_ns


def ticks_of(config: WarmUpConfig, symbols: tuple[str, ...]) -> Iterator[Tick]:
    """The file's ticks of `symbols`, from `config.start` (UTC where it names no zone) on.

    A row with a quote's column gives a quote, one with a price of a trade a trade. Raises
    `ConfigError` naming file and line.
    """
    from tapewire.common.ticks.file import TickFile

    start = config.start
    if start is not None and start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    from_ns = int((start - _EPOCH).total_seconds()) * 1_000_000_000 if start else 0
    wanted = {symbol: Quoted() for symbol in symbols}
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
                ticks = quoted.ticks(row)
                yield from ticks if row.ts_ns >= from_ns else ()
    except ValueError as error:
        raise ConfigError(f"warm_up.ticks: {error}") from error
