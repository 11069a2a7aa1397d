"""Tables of the ledger."""

from collections.abc import Iterable

from rich.console import Group as Rows
from rich.console import RenderableType
from rich.text import Text

from tapewire.common.accounting.currencies import summed
from tapewire.console.records.ledger import Earned, Records
from tapewire.console.views.tables import money
from tapewire.console.views.tables_trading import (
    TradingTable,
    beyond_strategies,
    listed,
    several_accounts,
)


def pnl(found: list[Earned], of: Records) -> RenderableType:
    """One row per strategy and day; below, what they come to in each currency."""
    if not found:
        return Text(of.only.none("executions"))
    table = TradingTable(
        "day", "strategy~", "currency", "executions>", "realised>", "commission>", "net>",
        accounts=several_accounts(of.trading),
    )  # fmt: skip
    for one in found:
        table.row(
            one.day.isoformat(), one.account, one.strategy or "-", one.currency,
            str(one.executions), money(one.realised), money(one.commission), money(one.net),
        )  # fmt: skip
    apart = beyond_strategies(
        of.only, ((one.currency, one.realised) for one in found),
        ((one.currency, one.account_realised) for one in found),
    )  # fmt: skip
    return Rows(table.shown, Text(_net(found, of)), *apart)


def _net(found: Iterable[Earned], of: Records) -> str:
    net = summed((one.currency, one.net) for one in found)
    if of.rates is None:
        return f"net {listed(net)}"
    return f"net {listed(net)}; together {money(of.rates.total(net))} {of.rates.currency}"
