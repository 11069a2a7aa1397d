"""`orders`, `fills`, `positions`, `blotter`: what was traded, from the journals."""

import json
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from tapewire.common.config.settings import Config
from tapewire.console.commands.common import (
    ConfigOption,
    JsonOption,
    RunDirOption,
    load_started,
    require_known,
)
from tapewire.console.records import blotter as trading
from tapewire.console.records.blotter import Only, Trading
from tapewire.console.views import tables_trading, trading_json
from tapewire.console.views.terminal import out

StrategyOption = Annotated[str | None, typer.Option(help="of this strategy alone")]
SymbolOption = Annotated[str | None, typer.Option(help="of this symbol alone")]
NewestOption = Annotated[bool, typer.Option("--newest-first", help="instead of the oldest")]


def orders(
    live: Annotated[bool, typer.Option("--live", help="those that work, or may")] = False,
    strategy: StrategyOption = None,
    symbol: SymbolOption = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every order and what became of it."""
    loaded = load_started(config, run_dir)
    only = Only(strategy, symbol, live)
    found = trading.orders(_read(loaded, only), only)
    shown = {"orders": [trading_json.order(one) for one in found]}
    _show(as_json, shown, tables_trading.orders(found, only))
    untraded = "" if as_json else trading.untraded(loaded, strategy)
    if untraded:
        out.print(untraded)


def fills(
    strategy: StrategyOption = None,
    symbol: SymbolOption = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every execution, with what it cost."""
    loaded = load_started(config, run_dir)
    only = Only(strategy, symbol)
    read = _read(loaded, only)
    found = trading.fills(read, only)
    shown = {"fills": [trading_json.fill(read, one) for one in found]}
    _show(as_json, shown, tables_trading.fills(found, read, only))


def positions(
    symbol: SymbolOption = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the fills add up to, and what the broker says that the account holds."""
    loaded = load_started(config, run_dir)
    only = Only(symbol=symbol)
    found = trading_json.positions(_read(loaded, only), only)
    _show(as_json, {"positions": found}, tables_trading.positions(found, only))


def blotter(
    newest_first: NewestOption = False,
    strategy: StrategyOption = None,
    symbol: SymbolOption = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every order with its fills, their cost and its latency, and the totals."""
    loaded = load_started(config, run_dir)
    only = Only(strategy, symbol)
    read = _read(loaded, only)
    found = trading.orders(read, only)
    if newest_first:
        found.reverse()
    _show(as_json, trading_json.blotter(read, found), tables_trading.blotter(found, read, only))


def _read(config: Config, only: Only) -> Trading:
    """All that was traded; a filter that could never match is refused, for nobody means it."""
    found = trading.read(config.run_dir, config.all_instruments())
    strategies = {s.name for s in config.strategies} | found.strategies()
    if only.strategy and config.instance(only.strategy)[0] not in strategies:
        require_known("--strategy", only.strategy, strategies)
    require_known("--symbol", only.symbol, {i.symbol for i in config.instruments} | found.symbols())
    return found


def _show(as_json: bool, found: dict[str, Any], table: RenderableType) -> None:
    if as_json:
        print(json.dumps(found))
    else:
        out.print(table)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (orders, fills, positions, blotter):
        app.command()(command)
