"""Orders, fills and positions as JSON: decimals as text; times in nanoseconds UTC."""

from decimal import Decimal
from typing import Any

from tapewire.common.amounts import text, text_or_none
from tapewire.common.events import Fill
from tapewire.console.records.blotter import ZERO, Only, Order, Trading, commission_of


def texts(amounts: dict[str, Decimal]) -> dict[str, str]:
    """Amounts by currency, as JSON carries them."""
    return {currency: text(amount) for currency, amount in amounts.items()}


def order(one: Order) -> dict[str, Any]:
    """An order as one JSON object."""
    asked = one.order
    return {
        "intent_id": asked.intent_id,
        "ts_ns": one.ts_ns,
        "strategy": asked.strategy,
        "symbol": asked.symbol,
        "side": asked.action,
        "quantity": text(one.quantity),
        "order_type": asked.order_type,
        "limit_price": text_or_none(one.limit_price),
        "state": one.state,
        "reason": one.reason,
        "filled": text(one.filled),
        "average_price": text_or_none(one.average_price),
        "order_id": one.order_id,
        "perm_id": one.perm_id,
        "signal_id": asked.signal_id,
        "latency_us": one.latency_us,
    }


def fill(trading: Trading, one: Fill) -> dict[str, Any]:
    """A fill as one JSON object."""
    cost = trading.commission(one)
    return {
        "exec_id": one.exec_id,
        "ts_ns": one.ts_ns,
        "strategy": one.strategy,
        "symbol": one.symbol,
        "side": one.side,
        "quantity": text(one.quantity),
        "price": text(one.price),
        "commission": text(cost.amount) if cost else None,
        "currency": cost.currency if cost else None,
        "intent_id": one.intent_id,
        "perm_id": one.perm_id,
    }


def blotter(trading: Trading, found: list[Order]) -> dict[str, Any]:
    """Orders with their fills, and what they add up to."""
    rows = [
        {
            **order(one),
            "commission": texts(commission_of(trading, one.fills.values())),
            "fills": [fill(trading, each) for each in one.fills.values()],
        }
        for one in found
    ]
    return {"orders": rows, "totals": totals(trading, found)}


def totals(trading: Trading, found: list[Order]) -> dict[str, Any]:
    """What orders add up to: how many in each state, fills, commissions."""
    states: dict[str, int] = {}
    for one in found:
        states[one.state] = states.get(one.state, 0) + 1
    executed = [each for one in found for each in one.fills.values()]
    return {
        "orders": len(found),
        "states": states,
        "fills": len(executed),
        "commission": texts(commission_of(trading, executed)),
    }


def positions(trading: Trading, only: Only) -> list[dict[str, Any]]:
    """Each symbol that was traded here or that the account holds.

    `account_quantity` is the broker's own word, whoever traded; None where it never told one.
    """
    rows = []
    for name in sorted(trading.book.positions.keys() | trading.account.keys()):
        own, broker = trading.book.positions.get(name), trading.account.get(name)
        if only.fits(None, name):
            rows.append(
                {
                    "symbol": name,
                    "quantity": text(own.quantity if own else ZERO),
                    "average_cost": text(own.average_cost if own else ZERO),
                    "realised": text(own.realised if own else ZERO),
                    "commission": text(own.commission if own else ZERO),
                    "account_quantity": text(broker.quantity) if broker else None,
                }
            )
    return rows
