"""`fills`, `positions`, `blotter`: what was traded, from the journals."""

import json
import time
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from tapewire.common.config.settings import Config, ConfigError
from tapewire.console.commands.common import (
    ConfigOption,
    JsonOption,
    RunDirOption,
    load_started,
    note,
    require_home,
    require_known,
)
from tapewire.console.commands.events import AtOption
from tapewire.console.records import blotter as trading
from tapewire.console.records import ledger
from tapewire.console.records.blotter import Only, Trading
from tapewire.console.records.journals import FOREVER_NS
from tapewire.console.records.ledger import Span
from tapewire.console.views import tables_trading, times, trading_json
from tapewire.console.views.terminal import out

AccountOption = Annotated[str | None, typer.Option(help="only this account")]
StrategyOption = Annotated[str | None, typer.Option(help="only this strategy")]
SymbolOption = Annotated[str | None, typer.Option(help="only this symbol")]
FromDayOption = Annotated[
    str | None, typer.Option("--from", help="first trading day: 2026-11-20, today, or -7d")
]
ToDayOption = Annotated[
    str | None, typer.Option("--to", help="last trading day: 2026-11-20, today, or -7d")
]
NewestOption = Annotated[bool, typer.Option("--newest-first", help="not the oldest first")]


def fills(
    account: AccountOption = None,
    strategy: StrategyOption = None,
    symbol: SymbolOption = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every execution, with what it cost."""
    only = Only(account, strategy, symbol)
    read = read_trading(load_started(config, run_dir), only)
    found = trading.fills(read, only)
    shown = {
        "fills": [trading_json.fill(read, one) for one in found],
        "groups": [trading_json.group(read, one) for one in trading.groups(read, only)],
    }
    show(as_json, shown, tables_trading.fills(found, read, only))


def positions(
    at: AtOption = None,
    account: AccountOption = None,
    symbol: SymbolOption = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the fills add up to, what the broker reports, and what each account is worth."""
    only = Only(account, symbol=symbol)
    loaded = load_started(config, run_dir)
    read = read_trading(loaded, only, until_ns(loaded, at, trading.SOURCES))
    found, worth = trading_json.positions(read, only), trading_json.accounts(read, only)
    shown = {"positions": found, "accounts": worth}
    show(as_json, shown, tables_trading.positions(found, worth, read, only))


def blotter(
    newest_first: NewestOption = False,
    since: FromDayOption = None,
    to: ToDayOption = None,
    account: AccountOption = None,
    strategy: StrategyOption = None,
    symbol: SymbolOption = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every order with its fills, their cost and its latency, and the totals of each day."""
    loaded, only = load_started(config, run_dir), Only(account, strategy, symbol)
    span = span_of(loaded, since, to)
    read = read_trading(loaded, only)
    found = [
        o
        for o in trading.orders(read, only)
        if span.has(read.day_of(o.order.account, o.created_ns))
    ]
    if newest_first:
        found.reverse()
    instruments, method = loaded.all_instruments(), loaded.ledger.method
    days = ledger.days(ledger.records(read, instruments, method, only, span))
    shown = trading_json.blotter(read, found, days)
    show(as_json, shown, tables_trading.blotter(found, read, only, days))


def span_of(config: Config, since: str | None, to: str | None) -> Span:
    """The trading days that the options name; refuses a span that ends before it begins."""
    today = config.days().of("")(time.time_ns())
    first, last = times.day("--from", since, today), times.day("--to", to, today)
    if first is not None and last is not None and last < first:
        raise ConfigError(f"--to is {last}, before --from, {first}; expected a later day")
    return Span(first, last)


def until_ns(config: Config, at: str | None, sources: tuple[str, ...]) -> int:
    """Up to when to read journals of these kinds for --at; refuses a moment that they lack."""
    if at is None:
        return FOREVER_NS
    from tapewire.console.records import past

    found = past.until_ns(config.run_dir.absolute(), at, sources, time.time_ns())
    note(f"as of {times.iso(found)}")
    return found


def read_trading(config: Config, only: Only, until_ns: int = FOREVER_NS) -> Trading:
    """All that was traded by then; refuses a far host, and a filter that could never match."""
    require_home(config)
    found = trading.read(config.run_dir, config.all_instruments(), config.days(), until_ns)
    strategies = {s.name for s in config.strategies} | found.strategies()
    if only.strategy and config.instance(only.strategy)[0] not in strategies:
        require_known("--strategy", only.strategy, strategies)
    require_known("--symbol", only.symbol, {i.symbol for i in config.instruments} | found.symbols())
    require_known("--account", only.account, found.accounts())
    return found


def show(as_json: bool, found: dict[str, Any], table: RenderableType) -> None:
    """Print what was found: as one JSON object, or as a table."""
    if as_json:
        print(json.dumps(found))
    else:
        out.print(table)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (fills, positions, blotter):
        app.command()(command)
