"""The options of a simulator's command line that say what trades, and how."""

import argparse
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.common.options import instrument_of
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.made import dated, with_step
from tapewire.simulator.market.file import market_of, symbols_of
from tapewire.simulator.market.open_market import OpenMarket
from tapewire.simulator.market.synthetic import SyntheticMarket, start_of
from tapewire.simulator.market.times import time_ns

SYMBOLS = "AAPL,MSFT,ESZ6:FUT:CME:50:0.25"  # those of tapewire.toml
SYMBOLS_MAX = 100


def add_market(parser: argparse.ArgumentParser) -> None:
    """What the market is made of."""
    parser.add_argument(
        "--ticks", type=Path, help="CSV of market rows; default: a synthetic market"
    )
    parser.add_argument(
        "--from", dest="since", type=time_ns, help="start here in the CSV (ISO time, UTC)"
    )
    parser.add_argument("--speed", default="1", help="market seconds per second, or max")
    parser.add_argument(
        "--seconds", type=float, default=0.0, help="stop the market after this time; 0: never"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=200.0, help="synthetic rows per second")
    parser.add_argument(
        "--symbols",
        help="SYMBOL[:TYPE[:EXCHANGE[:MULTIPLIER[:TICK]]]],...: only these, not any contract",
    )


def instruments_of(arguments: argparse.Namespace, symbols: str = SYMBOLS) -> list[Instrument]:
    """What is traded: as said, or as the file has it, or else `symbols`."""
    if arguments.ticks and not arguments.symbols:
        ticks = symbols_of(arguments.ticks, SYMBOLS_MAX)
        return [instrument_of(symbol, min_tick=tick) for symbol, tick in ticks.items()]
    return [_instrument(text) for text in (arguments.symbols or symbols).split(",")]


def _instrument(text: str) -> Instrument:
    """An instrument as `--symbols` has it; the name of an option says all about it."""
    names = ("symbol", "sec_type", "exchange", "multiplier", "min_tick")
    given: dict[str, Any] = {name: one for name, one in zip(names, text.split(":")) if one}  # noqa: B905 - what is left out has defaults
    for name in given.keys() & {"multiplier", "min_tick"}:
        given[name] = Decimal(given[name])
    instrument = with_step(instrument_of(**given))
    today = datetime.fromtimestamp(time.time_ns() // 1_000_000_000, UTC).date()
    return msgspec.structs.replace(instrument, **dated(instrument, today))


def market_for(arguments: argparse.Namespace, instruments: list[Instrument]) -> Iterator[Row]:
    """Its market: a file's rows, or made ones."""
    if arguments.ticks:
        return market_of(arguments.ticks, arguments.since)
    if not arguments.symbols:
        return OpenMarket(instruments, arguments.seed, arguments.rate, time.time_ns())
    return SyntheticMarket(
        instruments, arguments.seed, arguments.rate, start_of(instruments, time.time_ns())
    )
