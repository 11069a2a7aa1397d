"""The ledger's tables: executions, orders, positions, P&L and cash, as rows of named columns.

A row's values are those of Python (`Decimal`, `date`, nanoseconds, text); whoever writes or prints
them decides how they look. Each table lists its columns with what is in them, so that a file of it
has the same columns whatever was traded.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.currencies import Amounts, Rates, summed
from tapewire.common.accounting.ledger import Entry, Ledger, Sums, by_day, cash_by_day
from tapewire.common.accounting.lots import Method
from tapewire.common.events import Fill
from tapewire.common.instruments import Instrument
from tapewire.console.records import blotter
from tapewire.console.records.blotter import BlotterOrder, Only, Trading

What = Literal["executions", "orders", "positions", "pnl", "cash"]
Kind = Literal["text", "amount", "count", "time", "day", "number", "flag"]
Row = dict[str, Any]


class Column(NamedTuple):
    """A column: amounts are `Decimal`, numbers floats, times nanoseconds UTC, days trading days."""

    name: str
    kind: Kind


class Span(NamedTuple):
    """Trading days from one to another, both included; None is open."""

    first: date | None = None
    last: date | None = None

    def has(self, day: date) -> bool:
        """Whether a day is among them."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


class Records(NamedTuple):
    """What the tables are made of."""

    trading: Trading
    ledger: Ledger
    only: Only
    span: Span
    rates: Rates | None

    def entries(self) -> list[Entry]:
        """The executions that are asked for, those before the first day included."""
        return [e for e in self.ledger.entries if self.only.fits(*e.owner)]


def records(
    trading: Trading,
    instruments: Iterable[Instrument],
    method: Method,
    only: Only,
    span: Span,
    rates: Rates | None = None,
) -> Records:
    """The ledger of what was traded, for the part and the days that are asked for."""
    ledger = Ledger(trading, instruments, method, span.last)
    return Records(trading, ledger, only, span, rates)


# ---- the tables ----------------------------------------------------------------------------------


def _columns(**kinds: Kind) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind in kinds.items())


COLUMNS: Final[Mapping[What, tuple[Column, ...]]] = {
    "executions": _columns(
        day="day", time="time", account="text", strategy="text", symbol="text", side="text",
        quantity="amount", price="amount", currency="text", multiplier="amount",
        realised="amount", account_realised="amount", position="amount", cash="amount",
        commission="amount", commission_currency="text", exec_id="text", intent_id="text",
        permanent_id="text", group_id="text",
    ),
    "orders": _columns(
        day="day", time="time", account="text", strategy="text", symbol="text", side="text",
        quantity="amount", type="text", limit="amount", stop="amount", trail="amount",
        time_in_force="text", state="text", filled="amount", average_price="amount",
        currency="text", reason="text", intent_id="text", signal_id="text", order_id="text",
        permanent_id="text", group_id="text", trigger_price="amount", slippage="amount",
        tick_time="time", signal_time="time", sent_time="time", first_fill_time="time",
        last_fill_time="time",
    ),
    "positions": _columns(
        account="text", strategy="text", symbol="text", currency="text", multiplier="amount",
        quantity="amount", average_cost="amount",
    ),
    "pnl": _columns(
        day="day", account="text", strategy="text", symbol="text", currency="text",
        executions="count", bought="amount", sold="amount", realised="amount",
        account_realised="amount", commission="amount", net="amount", into="text",
        converted="amount",
    ),
    "cash": _columns(
        day="day", account="text", currency="text", trades="amount", commission="amount",
        change="amount", balance="amount", into="text", converted="amount",
    ),
}  # fmt: skip


def rows(what: What, of: Records) -> list[Row]:
    """The rows of a table; raises `MissingRateError` where amounts cannot be converted."""
    return list(_ROWS[what](of))


def _executions(of: Records) -> Iterator[Row]:
    for entry in of.entries():
        if not of.span.has(entry.day):
            continue
        fill, cost = entry.fill, entry.commission
        yield {
            "day": entry.day, "time": entry.reported_ns, **entry.owner._asdict(),
            "side": fill.side, "quantity": fill.quantity, "price": fill.price,
            "currency": entry.currency, "multiplier": entry.multiplier,
            "realised": entry.realised, "account_realised": entry.account_realised,
            "position": entry.position, "cash": entry.cash,
            "commission": cost.amount if cost else None,
            "commission_currency": cost.currency if cost else None, "exec_id": fill.exec_id,
            "intent_id": fill.intent_id or "", "permanent_id": fill.permanent_id,
            "group_id": _group_of(of.trading, fill),
        }  # fmt: skip


def _group_of(trading: Trading, fill: Fill) -> str:
    order = trading.orders.of_execution(fill.exec_id)
    return order.order.group_id if order is not None else ""


def _orders(of: Records) -> Iterator[Row]:
    filled = _filled(of)
    for one in blotter.orders(of.trading, of.only):
        day = of.trading.day_of(one.order.account, one.created_ns)
        if of.span.has(day):
            currency = of.ledger.currency(one.order.symbols[0])
            yield {**_order(one, day, currency), **_executed(one, filled.get(one.intent_id, []))}


def _filled(of: Records) -> dict[str, list[int]]:
    """When each order was executed, by its intent."""
    found: dict[str, list[int]] = {}
    for entry in of.ledger.entries:
        if (order := of.trading.orders.of_execution(entry.fill.exec_id)) is not None:
            found.setdefault(order.intent_id, []).append(entry.reported_ns)
    return found


def _executed(one: BlotterOrder, filled_ns: list[int]) -> Row:
    """How well and how fast an order was executed. Slippage is per unit, and positive where the
    order cost more, or brought less, than the price that its strategy saw."""
    seen, paid = one.seen_price, one.average_price
    worse = 1 if one.terms.side == "BUY" else -1
    return {
        "trigger_price": seen,
        "slippage": None if seen is None or paid is None else (paid - seen) * worse,
        "tick_time": one.order.cause_ns or None, "signal_time": one.order.signal_ns or None,
        "sent_time": one.sent_ns, "first_fill_time": min(filled_ns, default=None),
        "last_fill_time": max(filled_ns, default=None),
    }  # fmt: skip


def _order(one: BlotterOrder, day: date, currency: str) -> Row:
    order, terms = one.order, one.terms
    return {
        "day": day, "time": one.created_ns, "account": order.account,
        "strategy": order.strategy, "symbol": order.symbol, "side": terms.side,
        "quantity": terms.quantity, "type": terms.type, "limit": terms.limit,
        "stop": terms.stop, "trail": terms.trail, "time_in_force": terms.time_in_force,
        "state": one.state, "filled": one.filled, "average_price": one.average_price,
        "currency": currency, "reason": one.reason, "intent_id": one.intent_id,
        "signal_id": order.signal_id, "order_id": one.order_id,
        "permanent_id": one.permanent_id, "group_id": order.group_id,
    }  # fmt: skip


def _positions(of: Records) -> Iterator[Row]:
    for owner, held in sorted(of.ledger.holdings.items()):
        if of.only.fits(*owner):
            yield {
                **owner._asdict(), "currency": of.ledger.currency(owner.symbol),
                "multiplier": of.ledger.multiplier(owner.symbol), "quantity": held.quantity,
                "average_cost": held.average_cost,
            }  # fmt: skip


def _pnl(of: Records) -> Iterator[Row]:
    for key, sums in by_day(of.entries()).items():
        if of.span.has(key.day):
            yield {**key._asdict(), **amounts(sums), **converted(sums.net, key.currency, of.rates)}


def _cash(of: Records) -> Iterator[Row]:
    for key, cash in cash_by_day(of.entries()).items():
        if of.span.has(key.day):
            yield {
                **key._asdict(), "trades": cash.trades, "commission": cash.commission,
                "change": cash.change, "balance": cash.balance,
                **converted(cash.change, key.currency, of.rates),
            }  # fmt: skip


_ROWS: Final[Mapping[What, Callable[[Records], Iterator[Row]]]] = {
    "executions": _executions,
    "orders": _orders,
    "positions": _positions,
    "pnl": _pnl,
    "cash": _cash,
}


def amounts(sums: Sums) -> Row:
    """Sums by their names."""
    return {
        "executions": sums.executions, "bought": sums.bought, "sold": sums.sold,
        "realised": sums.realised, "account_realised": sums.account_realised,
        "commission": sums.commission, "net": sums.net,
    }  # fmt: skip


def converted(amount: Decimal, currency: str, rates: Rates | None) -> Row:
    """An amount in the currency that sums are wanted in; nothing where none is."""
    if rates is None:
        return {"into": "", "converted": None}
    return {"into": rates.currency, "converted": amount * rates.of(currency)}


# ---- by strategy and day -------------------------------------------------------------------------


class Earned(NamedTuple):
    """What a strategy earned on a day in one account and currency, its symbols together, and what
    its executions realised of the account's positions."""

    day: date
    account: str
    strategy: str
    currency: str
    executions: int = 0
    realised: Decimal = ZERO
    commission: Decimal = ZERO
    account_realised: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """What was realised, less commission."""
        return self.realised - self.commission


def earned(of: Records) -> list[Earned]:
    """What each strategy earned on each day that is asked for."""
    found: dict[tuple[Any, ...], Earned] = {}
    for key, sums in by_day(of.entries()).items():
        if not of.span.has(key.day):
            continue
        group = (key.day, key.account, key.strategy, key.currency)
        before = found.get(group) or Earned(*group)
        found[group] = before._replace(
            executions=before.executions + sums.executions,
            realised=before.realised + sums.realised,
            commission=before.commission + sums.commission,
            account_realised=before.account_realised + sums.account_realised,
        )
    return [found[group] for group in sorted(found)]


# ---- by day --------------------------------------------------------------------------------------


class DaySum(NamedTuple):
    """A trading day of the blotter: orders that were made on it, executions that happened on it,
    what these realised for their strategies and cost, and what they realised of the accounts'
    positions, by currency."""

    day: date
    orders: int
    executions: int
    realised: Amounts
    commission: Amounts
    account_realised: Amounts


def days(of: Records) -> list[DaySum]:
    """Each trading day that is asked for and on which something happened."""
    made = Counter(
        of.trading.day_of(one.order.account, one.created_ns)
        for one in blotter.orders(of.trading, of.only)
    )
    strategies: dict[date, list[Earned]] = {}
    for one in earned(of):
        strategies.setdefault(one.day, []).append(one)
    return [
        _day(day, made[day], strategies.get(day, []))
        for day in sorted({*made, *strategies})
        if of.span.has(day)
    ]


def _day(day: date, orders: int, found: list[Earned]) -> DaySum:
    return DaySum(
        day, orders, sum(one.executions for one in found),
        summed((one.currency, one.realised) for one in found),
        summed((one.currency, one.commission) for one in found),
        summed((one.currency, one.account_realised) for one in found),
    )  # fmt: skip
