"""What a client reads from the journals of its group, as the command line does."""

from decimal import Decimal
from typing import Any, NamedTuple

from tapewire.common.config.settings import Config
from tapewire.console.records import blotter
from tapewire.console.records.blotter import Only, Trading
from tapewire.console.views import trading_json
from tapewire.strategy.live_order import LiveOrder, shown_order


class Holding(NamedTuple):
    """A position: what the fills add up to, and what the broker reports (None: nothing yet)."""

    account: str
    symbol: str
    quantity: Decimal
    average_cost: Decimal
    realised: Decimal
    fees: Decimal
    account_quantity: Decimal | None


def positions(config: Config, account: str | None, symbol: str | None) -> list[Holding]:
    """The positions of all accounts and symbols, or of one."""
    only = Only(account, symbol=symbol)
    return [_holding(row) for row in trading_json.positions(_trading(config), only)]


def working_orders(config: Config, name: str) -> list[LiveOrder]:
    """The orders of a strategy, or of a program, that work or may, oldest first."""
    trading = _trading(config)
    live = blotter.orders(trading, Only(strategy=name, live=True))
    return [shown_order(one, trading.groups.of(one)) for one in live]


def _trading(config: Config) -> Trading:
    return blotter.read(config.run_dir, config.all_instruments(), config.days())


def _holding(row: dict[str, Any]) -> Holding:
    return Holding(
        row["account"],
        row["symbol"],
        Decimal(row["quantity"]),
        Decimal(row["average_cost"]),
        Decimal(row["realised"]),
        Decimal(row["fees"]),
        None if row["account_quantity"] is None else Decimal(row["account_quantity"]),
    )
