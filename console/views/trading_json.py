"""Orders, fills and positions as JSON: decimals as text; times in nanoseconds UTC."""

from collections import Counter
from decimal import Decimal
from typing import Any

from tapewire.common.accounting.account_values import plain
from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.groups import OrderGroup
from tapewire.common.amounts import text, text_or_none
from tapewire.common.events import ComboLeg, Fill, ForeignOrderReported
from tapewire.console.records.blotter import BlotterOrder, Only, Trading, commission_of
from tapewire.console.records.ledger import DaySum


def texts(amounts: dict[str, Decimal]) -> dict[str, str]:
    """Amounts by currency, as JSON carries them."""
    return {currency: text(amount) for currency, amount in amounts.items()}


def order(one: BlotterOrder) -> dict[str, Any]:
    """An order as one JSON object, with the terms that are in force."""
    terms = one.terms
    return {
        "intent_id": one.intent_id,
        "ts_ns": one.created_ns,
        "account": one.order.account,
        "strategy": one.order.strategy,
        "symbol": one.order.symbol,
        "legs": [leg_of(leg) for leg in one.order.legs],
        "side": terms.side,
        "quantity": text(terms.quantity),
        "type": terms.type,
        "limit": text_or_none(terms.limit),
        "stop": text_or_none(terms.stop),
        "trail": text_or_none(terms.trail),
        "trail_percent": text_or_none(terms.trail_percent),
        "limit_offset": text_or_none(terms.limit_offset),
        "time_in_force": terms.time_in_force,
        "good_till_ns": terms.good_till_ns,
        "outside_hours": terms.outside_hours,
        "group": terms.group,
        "oca": terms.oca,
        "parent_id": one.order.parent_id,
        "group_id": one.order.group_id,
        "role": one.order.role,
        "state": one.state,
        "reason": one.reason,
        "filled": text(one.filled),
        "average_price": text_or_none(one.average_price),
        "order_id": one.order_id,
        "permanent_id": one.permanent_id,
        "signal_id": one.order.signal_id,
        "latency_us": one.latency_us,
    }


def leg_of(leg: ComboLeg) -> dict[str, Any]:
    """One leg of a combo; its side is what happens to it when the combo is bought."""
    return {"symbol": leg.symbol, "ratio": leg.ratio, "side": leg.side}


def group(trading: Trading, one: OrderGroup[BlotterOrder]) -> dict[str, Any]:
    """A group of orders as one JSON object. `realised` is of its executions alone, commissions not
    taken off, in `currency`; both are None where its orders are in several currencies."""
    first = one.plan.orders[0]
    earned = trading.realised_by(one) or {trading.currency(first.symbols[0]): ZERO}
    currency = next(iter(earned)) if len(earned) == 1 else None
    return {
        "group_id": one.id,
        "kind": one.plan.kind,
        "account": first.account,
        "strategy": first.strategy,
        "symbol": first.symbol,
        "state": one.state,
        "reason": one.reason,
        "entered": text(one.entered),
        "open": text(one.open),
        "realised": text(earned[currency]) if currency is not None else None,
        "currency": currency,
        "realised_by_currency": {name: text(amount) for name, amount in earned.items()},
        "stop_loss": text_or_none(one.price_of("stop")),
        "take_profit": text_or_none(one.price_of("target")),
        "orders": [each.intent_id for each in one.orders],
    }


def foreign(one: ForeignOrderReported) -> dict[str, Any]:
    """An open order that is none of ours."""
    return {
        "account": one.account,
        "symbol": one.symbol,
        "legs": [leg_of(leg) for leg in one.legs],
        "side": one.side,
        "quantity": text(one.quantity),
        "remaining": text(one.remaining),
        "client_id": one.client_id,
        "order_id": one.order_id,
        "permanent_id": one.permanent_id,
        "reference": one.reference,
        "ts_ns": one.ts_ns,
    }


def fill(trading: Trading, one: Fill) -> dict[str, Any]:
    """A fill as one JSON object."""
    cost, ordered = trading.book.commission(one.exec_id), trading.orders.of_execution(one.exec_id)
    return {
        "exec_id": one.exec_id,
        "ts_ns": one.ts_ns,
        "account": one.account,
        "strategy": trading.attributed(one).strategy,
        "symbol": one.symbol,
        "side": one.side,
        "quantity": text(one.quantity),
        "price": text(one.price),
        "commission": text(cost.amount) if cost else None,
        "currency": cost.currency if cost else None,
        "intent_id": one.intent_id,
        "group_id": ordered.order.group_id if ordered is not None else "",
        "permanent_id": one.permanent_id,
    }


def blotter(trading: Trading, found: list[BlotterOrder], days: list[DaySum]) -> dict[str, Any]:
    """Orders with their fills, what they add up to, and what each trading day came to."""
    rows = [
        {
            **order(one),
            "day": trading.day_of(one.order.account, one.created_ns).isoformat(),
            "commission": texts(commission_of(trading, one.executions.values())),
            "fills": [fill(trading, each) for each in one.executions.values()],
        }
        for one in found
    ]
    return {"orders": rows, "days": [*map(day, days)], "totals": totals(trading, found)}


def day(one: DaySum) -> dict[str, Any]:
    """What a trading day came to, as one JSON object."""
    return {
        "day": one.day.isoformat(),
        "orders": one.orders,
        "executions": one.executions,
        "realised": texts(one.realised),
        "account_realised": texts(one.account_realised),
        "commission": texts(one.commission),
    }


def totals(trading: Trading, found: list[BlotterOrder]) -> dict[str, Any]:
    """What orders add up to: how many in each state, fills, commissions."""
    executed = [each for one in found for each in one.executions.values()]
    return {
        "orders": len(found),
        "states": dict(Counter(one.state for one in found)),
        "fills": len(executed),
        "commission": texts(commission_of(trading, executed)),
    }


def accounts(trading: Trading, only: Only) -> list[dict[str, Any]]:
    """What the broker reported last of each account."""
    values = trading.account_values
    return [plain(values[name]) for name in sorted(values) if only.account in (None, name)]


def positions(trading: Trading, only: Only) -> list[dict[str, Any]]:
    """Each symbol that was traded here or that an account holds.

    `account_quantity` is what the broker reports, whoever traded it; None if it has not reported.
    """
    rows = []
    reported = dict(trading.reported.items())
    for account, symbol in sorted(trading.book.positions.keys() | reported.keys()):
        if not only.fits(account, None, symbol):
            continue
        own, broker = trading.book.positions.get((account, symbol)), reported.get((account, symbol))
        rows.append(
            {
                "account": account,
                "symbol": symbol,
                "quantity": text(own.quantity if own else ZERO),
                "average_cost": text(own.average_cost if own else ZERO),
                "realised": text(own.realised if own else ZERO),
                "fees": text(own.fees if own else ZERO),
                "account_quantity": text(broker.quantity) if broker else None,
            }
        )
    return rows
