"""The ledger as JSON: amounts as text, by currency."""

from collections.abc import Iterable
from typing import Any

from tapewire.common.accounting.currencies import Rates, summed
from tapewire.common.amounts import text
from tapewire.console.records.ledger import Earned
from tapewire.console.views.trading_json import texts


def pnl(found: list[Earned], rates: Rates | None) -> dict[str, Any]:
    """A row for each strategy, day, account and currency; what they come to in each currency."""
    return {"pnl": [_row(one, rates) for one in found], "totals": totals(found, rates)}


def _row(one: Earned, rates: Rates | None) -> dict[str, Any]:
    row = {
        "day": one.day.isoformat(),
        "account": one.account,
        "strategy": one.strategy or None,
        "currency": one.currency,
        "executions": one.executions,
        "realised": text(one.realised),
        "account_realised": text(one.account_realised),
        "commission": text(one.commission),
        "net": text(one.net),
    }
    if rates is not None:
        row[f"net_{rates.currency}"] = text(one.net * rates.of(one.currency))
    return row


def totals(found: Iterable[Earned], rates: Rates | None) -> dict[str, Any]:
    """What they come to in each currency; with rates, in one."""
    found = list(found)
    net = summed((one.currency, one.net) for one in found)
    sums: dict[str, Any] = {
        "realised": texts(summed((one.currency, one.realised) for one in found)),
        "account_realised": texts(summed((one.currency, one.account_realised) for one in found)),
        "commission": texts(summed((one.currency, one.commission) for one in found)),
        "net": texts(net),
    }
    if rates is not None:
        sums[f"net_{rates.currency}"] = text(rates.total(net))
    return sums
