"""The scan of a file of ticks: its whole window is read before anything runs."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NoReturn, Self

import msgspec

from tapewire.backtest.report.data_quality import DataQuality
from tapewire.common.config.settings import Config, ConfigError, RuleConfig, StrategyConfig
from tapewire.common.instruments import Instrument
from tapewire.common.options import instrument_of, read_name
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.rows import Row
from tapewire.common.ticks.stamps import iso
from tapewire.simulator.market.file import tick_of
from tapewire.simulator.market.times import time_ns

Time = str | datetime
"""A time as a person gives it: ISO text, or a datetime."""
PRICES_MAX: Final = 2_000  # distinct prices of a symbol; this many show its price increment


class Window(msgspec.Struct, frozen=True):
    """From a time (UTC nanoseconds, included) to another (not included); None: no bound."""

    from_ns: int | None = None
    to_ns: int | None = None

    @classmethod
    def between(
        cls, start: Time | None, end: Time | None, names: tuple[str, str] = ("start", "end")
    ) -> Self:
        """A window of times, UTC where they have no zone; raises `ConfigError` with the name of the
        one that is none."""
        return cls(_time_ns(names[0], start), _time_ns(names[1], end))


class Scan(msgspec.Struct, frozen=True):
    """The contents of a window: its rows and times; `ticks` is each symbol's price increment."""

    rows: int
    first_ns: int
    last_ns: int
    ticks: dict[str, Decimal]
    data_quality: DataQuality


def scan(file: TickFile, window: Window) -> Scan:
    """Read the whole window; raises ValueError for a broken file or an empty window."""
    found = _count(file.rows(window.from_ns, window.to_ns))
    if found is None:
        raise_empty(file, window)
    return found


def raise_empty(file: TickFile, window: Window) -> NoReturn:
    """Say that a window has no rows, and what the file has."""
    whole = _count(file.rows(None, None))
    if whole is None:
        raise ValueError(f"{file.path}: no rows after the header, expected ticks")
    raise ValueError(
        f"{file.path}: no rows {_bounds(window)}; expected a part of"
        f" {iso(whole.first_ns)} to {iso(whole.last_ns)}, which is what the file has"
    )


def instruments_of(found: Scan, config: Config) -> tuple[Instrument, ...]:
    """Each symbol of the file as it is configured, else as a US stock."""
    known = {i.symbol: i for i in config.all_instruments()}
    return tuple(
        known.get(symbol) or instrument_of(symbol, min_tick=min_tick)
        for symbol, min_tick in found.ticks.items()
    )


def unknown(found: Scan, config: Config) -> list[str]:
    """Symbols of the file that are not configured, and whose names do not say what they are."""
    known = {i.symbol for i in config.instruments}
    return [one for one in found.ticks if one not in known and read_name(one) is None]


def trading(
    config: Config, wanted: Sequence[StrategyConfig], symbols: Collection[str]
) -> list[StrategyConfig]:
    """The strategies with at least one of the file's `symbols`, each with these symbols only.

    Raises `ConfigError` if there are none, and for a symbol that is neither configured nor in the
    file.
    """
    known = {*symbols, *(i.symbol for i in config.instruments)}
    found = []
    for strategy in wanted:
        strategy.require_symbols(known, "is in neither [[instruments]] nor the file")
        own = tuple(s for s in strategy.symbols if s in symbols)
        if own or not strategy.symbols:
            found.append(strategy.model_copy(update={"symbols": own}))
    if not found:
        shown = ", ".join(s for strategy in wanted for s in strategy.symbols)
        raise ConfigError(f"the strategies trade {shown}; the file has {', '.join(symbols)[:200]}")
    return found


def rules_about(
    config: Config, trading: Sequence[StrategyConfig], symbols: Collection[str]
) -> list[RuleConfig]:
    """The configured rules but for those about a symbol or a strategy that a run does not have."""
    names = {s.name for s in trading}
    return [
        rule
        for rule in config.risk.rules
        if rule.scope.symbol in ("", *symbols)
        and (not rule.scope.strategy or config.instance(rule.scope.strategy)[0] in names)
    ]


def not_trading(wanted: Sequence[StrategyConfig], symbols: Collection[str]) -> Iterator[str]:
    """A sentence for each strategy that `trading` leaves out."""
    for strategy in wanted:
        if strategy.symbols and not any(s in symbols for s in strategy.symbols):
            yield f"{strategy.name} did not run: the file has none of its symbols"


def _count(rows: Iterable[Row]) -> Scan | None:
    prices: dict[str, set[str]] = {}
    number, first_ns, last_ns = 0, None, 0
    data_quality = DataQuality()
    for number, row in enumerate(rows, 1):  # noqa: B007 - the count is used after the loop
        seen = prices.get(row.symbol)
        if seen is None:
            seen = prices[row.symbol] = set()
            first_ns = row.ts_ns if first_ns is None else first_ns
        if len(seen) < PRICES_MAX:
            seen.update(text for text in (row.bid, row.ask, row.last) if text)
        last_ns = row.ts_ns
        data_quality.check(row)
    if first_ns is None:
        return None
    ticks = {symbol: tick_of({Decimal(t) for t in seen}) for symbol, seen in prices.items()}
    return Scan(number, first_ns, last_ns, ticks, data_quality)


def _time_ns(name: str, given: Time | None) -> int | None:
    try:
        text = given.isoformat() if isinstance(given, datetime) else given
        return None if text is None else time_ns(text)
    except ValueError:
        raise ConfigError(f"{name} is {given!r:.60}, must be an ISO time, UTC") from None


def _bounds(window: Window) -> str:
    bounds = []
    if window.from_ns is not None:
        bounds.append(f"from {iso(window.from_ns)}")
    if window.to_ns is not None:
        bounds.append(f"to {iso(window.to_ns)}")
    return " ".join(bounds)
