"""What adapter and exchange say to each other, as objects."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from tapewire.common.amounts import text
from tapewire.common.events import (
    ORDER_TYPES,
    ComboLeg,
    InstrumentDescribed,
    OpenHours,
    PriceStep,
    TermChanges,
    combo_name,
)
from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.gateway import broker
from tapewire.gateway.broker import BrokerEvent, Status
from tapewire.gateway.effects import Effect
from tapewire.gateway.query_port import Found, Refused
from tapewire.gateway.tws.account_summary import VALUES
from tapewire.simulator.exchange import orders
from tapewire.simulator.exchange.account import ZERO, Holding
from tapewire.simulator.exchange.credit import Impact
from tapewire.simulator.exchange.hours import Stretch
from tapewire.simulator.protocol.requests import CancelOrder, PlaceOrder
from tapewire.virtual.direct.past import AskPast

CENT: Final = Decimal("0.01")
STATUSES: Final[dict[orders.Status, Status]] = {
    "PreSubmitted": "working",
    "Submitted": "working",
    "Filled": "filled",
    "Cancelled": "cancelled",
    "Inactive": "rejected",
}
"""The exchange's status of an order, as the port has it."""


class Login(msgspec.Struct, frozen=True):
    """The first request of a connection: who it is."""

    client_id: int


class Place(msgspec.Struct, frozen=True):
    """A new order, or new terms for one; `refused` is what an error means for it."""

    order: PlaceOrder
    refused: Effect


class AskTime(msgspec.Struct, frozen=True):
    """A question only to see it answered: all that was sent before has been read then."""


class Time(msgspec.Struct, frozen=True):
    """The answer to it."""


class CancelEverything(msgspec.Struct, frozen=True):
    """Cancel every open order, whoever placed it."""


class WatchPositions(msgspec.Struct, frozen=True):
    """Report all positions, and each later change."""


class Describe(msgspec.Struct, frozen=True):
    """Describe these instruments."""

    symbols: tuple[str, ...]


class WatchAccounts(msgspec.Struct, frozen=True):
    """Report the values of all accounts, and again each three minutes."""


class UnwatchAccounts(msgspec.Struct, frozen=True):
    """Report no more values of accounts."""


class AskOrders(msgspec.Struct, frozen=True):
    """Report all open orders, executions and completed orders, of every client."""


class Beside(msgspec.Struct, frozen=True):
    """Nothing: a further message in which TWS is asked for what another request here asks for. It
    counts against the broker's limit."""


class AskAllOrders(msgspec.Struct, frozen=True):
    """Report the open orders of all clients."""


class Watch(msgspec.Struct, frozen=True):
    """Send the market of a symbol as it stands, and each later row."""

    symbol: str


class Unwatch(msgspec.Struct, frozen=True):
    """Send no more of the market of a symbol."""

    symbol: str


Request = (
    Login | Place | CancelOrder | CancelEverything | WatchPositions | Describe | WatchAccounts
    | UnwatchAccounts | AskOrders | AskAllOrders | AskTime | Watch | Unwatch | AskPast | Beside
)  # fmt: skip


class Welcome(msgspec.Struct, frozen=True):
    """The answer to a login: its accounts, and the lowest order id that it has not used."""

    accounts: tuple[str, ...]
    next_order_id: int


Report = Row | Welcome | Time | BrokerEvent | InstrumentDescribed | Found | Refused


def order_report(order: orders.Order) -> broker.OrderReport:
    """All of an order, as the exchange has it."""
    legs = tuple(ComboLeg(leg.instrument.symbol, leg.ratio, leg.side) for leg in order.legs)
    return broker.OrderReport(
        reference=order.order_ref,
        order_id=str(order.order_id),
        permanent_id=str(order.perm_id),
        status=STATUSES[order.status],
        terms=_terms(order),
        filled=order.filled,
        listed=True,
        is_open=STATUSES[order.status] == "working",
        client_id=str(order.client_id),
        account=order.account,
        symbol=combo_name(legs) if legs else order.instrument.symbol,
        side="BUY" if order.side == "BUY" else "SELL",
        legs=legs,
        kind=order.order_type if order.order_type in ORDER_TYPES else "",
    )


def _terms(order: orders.Order) -> TermChanges:
    """The terms that the order's type has; where a trailing stop has moved to is none of them."""
    kind = ORDER_TYPES.get(order.order_type)
    names = [] if kind is None else [n for n in kind.fields if not (kind.trails and n == "stop")]
    prices = {name: price for name in names if (price := getattr(order, name)) is not None}
    return TermChanges(_plain(order.quantity), **{n: _plain(p) for n, p in prices.items()})


def status_report(order: orders.Order) -> broker.OrderReport:
    """How far an order is, as TWS says it apart from all else: no answer to a question."""
    return broker.OrderReport(
        order_id=str(order.order_id),
        permanent_id=str(order.perm_id),
        status=STATUSES[order.status],
        filled=order.filled,
        client_id=str(order.client_id),
    )


def completed_report(order: orders.Order) -> broker.OrderReport:
    """An order that is over, whoever placed it."""
    return broker.OrderReport(
        reference=order.order_ref,
        permanent_id=str(order.perm_id),
        status=STATUSES[order.status],
        filled=order.filled,
        listed=True,
    )


def execution_report(
    execution: orders.Execution, *, listed: bool = False
) -> broker.ExecutionReport:
    """An execution, as it happens or in a list."""
    order = execution.order
    return broker.ExecutionReport(
        account=order.account,
        exec_id=execution.exec_id,
        reference=order.order_ref,
        permanent_id=str(order.perm_id),
        symbol=order.instrument.symbol,
        side=order.side,
        quantity=_plain(execution.shares),
        price=_plain(execution.price),
        client_id=str(order.client_id),
        order_id=str(order.order_id),
        listed=listed,
    )


def commission_report(execution: orders.Execution) -> broker.CommissionReport:
    """What an execution cost."""
    currency = execution.order.instrument.currency
    return broker.CommissionReport(execution.exec_id, _plain(execution.commission), currency)


def what_if_report(order: orders.Order, commission: Decimal, impact: Impact) -> broker.WhatIfReport:
    """What an order would do to its account."""
    before, after = impact.before, impact.after
    money = {
        "initial_margin": after.initial,
        "initial_margin_change": after.initial - before.initial,
        "maintenance_margin": after.maintenance,
        "maintenance_margin_change": after.maintenance - before.maintenance,
        "equity_with_loan": impact.equity,
        "equity_with_loan_change": orders.ZERO,
        "commission": commission,
        "commission_max": commission,
    }
    plain = {name: _plain(amount) for name, amount in money.items()}
    currency = order.instrument.currency
    return broker.WhatIfReport(str(order.order_id), "", plain, currency, impact.warning)


def position_report(account: str, holding: Holding) -> broker.PositionReport:
    """A position of an account."""
    return broker.PositionReport(
        account, holding.instrument.symbol, _plain(holding.quantity), _plain(holding.average_cost)
    )


def description(
    instrument: Instrument, now_ns: int, trading: Iterable[Stretch], regular: Iterable[Stretch]
) -> InstrumentDescribed:
    """An instrument, as TWS would have it."""
    return InstrumentDescribed(
        now_ns,
        instrument.symbol,
        instrument.con_id,
        instrument.sec_type,
        instrument.exchange,
        instrument.currency,
        f"{instrument.symbol} (simulated)",
        instrument.multiplier,
        _plain(instrument.min_tick),
        (PriceStep(ZERO, _plain(instrument.min_tick)),),
        trading_hours=tuple(OpenHours(*one) for one in trading),
        liquid_hours=tuple(OpenHours(*one) for one in regular),
        time_zone="UTC",
        underlying=instrument.underlying,
        expiry=instrument.expiry,
        strike=instrument.strike,
        right=instrument.right,
    )


def account_reports(
    account: str, values: Mapping[str, Decimal], currency: str
) -> Iterator[broker.AccountReport]:
    """An account's values, in cents as TWS has them."""
    for key, value in VALUES.items():
        amount = _plain(values[key].quantize(CENT))
        yield broker.AccountReport(account, value, amount, currency)


def _plain(value: Decimal) -> Decimal:
    """Without the zeros that a source may write behind a fraction: journals have what is meant."""
    return Decimal(text(value))
