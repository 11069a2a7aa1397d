"""`orders`, `fills`, `positions`, `blotter`: what was traded, from the journals."""

import json
from typing import Annotated

import typer

from console import tables_trading, trading, trading_json
from console.commands.common import ConfigOption, JsonOption, load, out
from console.trading import Trading

StrategyOption = Annotated[str | None, typer.Option(help="of this strategy alone")]
SymbolOption = Annotated[str | None, typer.Option(help="of this symbol alone")]
NewestOption = Annotated[bool, typer.Option("--newest-first", help="instead of the oldest")]


def orders(
    live: Annotated[bool, typer.Option("--live", help="those that work, or may")] = False,
    strategy: StrategyOption = None,
    symbol: SymbolOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every order and what became of it."""
    found = trading.orders(_read(config), live=live, strategy=strategy, symbol=symbol)
    if as_json:
        print(json.dumps({"orders": [trading_json.order(one) for one in found]}))
    else:
        out.print(tables_trading.orders(found))
        untraded = trading.untraded(load(config), strategy)
        if untraded:
            out.print(untraded, highlight=False, markup=False)


def fills(
    strategy: StrategyOption = None,
    symbol: SymbolOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every execution, with what it cost."""
    read = _read(config)
    found = trading.fills(read, strategy=strategy, symbol=symbol)
    if as_json:
        print(json.dumps({"fills": [trading_json.fill(read, one) for one in found]}))
    else:
        out.print(tables_trading.fills(found, read))


def positions(
    symbol: SymbolOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """What the fills add up to, and what the broker says that the account holds."""
    found = trading_json.positions(_read(config), symbol)
    if as_json:
        print(json.dumps({"positions": found}))
    else:
        out.print(tables_trading.positions(found))


def blotter(
    newest_first: NewestOption = False,
    strategy: StrategyOption = None,
    symbol: SymbolOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every order with its fills, their cost and its latency, and the totals."""
    read = _read(config)
    found = trading.orders(read, strategy=strategy, symbol=symbol)
    if newest_first:
        found.reverse()
    if as_json:
        print(json.dumps(trading_json.blotter(read, found)))
    else:
        out.print(tables_trading.blotter(found, read))


def _read(config: str | None) -> Trading:
    loaded = load(config)
    return trading.read(loaded.run_dir, loaded.all_instruments())


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (orders, fills, positions, blotter):
        app.command()(command)
