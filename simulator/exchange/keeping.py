"""What a broker knows when TWS is started again: orders, executions, positions.

With TWS that is at IB's servers, and TWS only shows it. Here the exchange is in the same process,
so it can be kept in a file and taken back from it. Orders that nobody has transmitted were in TWS
alone, and are not kept. Nor is the market: stops and limits meet its first quotes after the start.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.account import Accounts, Fill
from tapewire.simulator.exchange.orders import Execution, Order


class KeptOrder(msgspec.Struct, frozen=True):
    """An order without its `parent`, whose permId stands for it; 0: it has none. Its client reaches
    it by its order id if it `is_addressed`."""

    order: Order
    parent: int
    is_addressed: bool


class KeptExecution(msgspec.Struct, frozen=True):
    """An execution, with the permId of its order, and the leg if the order is a combo."""

    perm_id: int
    leg: int
    exec_id: str
    ts_ns: int
    shares: Decimal
    price: Decimal
    cumulative: Decimal
    average_price: Decimal
    commission: Decimal
    is_passive: bool


OWN_FIELDS: Final = [n for n in Execution.__struct_fields__ if n != "order"]
"""The fields of an execution that are kept as they are."""


class BrokerState(msgspec.Struct, frozen=True):
    """All of it at `ts_ns`. `highest` is the last order id of each client."""

    ts_ns: int
    orders: list[KeptOrder]
    executions: list[KeptExecution]
    transfers: dict[str, list[Fill]]
    highest: dict[int, int]


def kept_order(order: Order, *, is_addressed: bool) -> KeptOrder:
    """An order as it is kept."""
    parent = order.parent.perm_id if order.parent is not None else 0
    return KeptOrder(replace(order, parent=None), parent, is_addressed)


def kept_execution(execution: Execution) -> KeptExecution:
    """An execution as it is kept."""
    own: dict[str, Any] = {name: getattr(execution, name) for name in OWN_FIELDS}
    return KeptExecution(perm_id=execution.order.perm_id, leg=execution.order.leg, **own)


def orders_of(state: BrokerState, known: Mapping[str, Instrument]) -> list[Order]:
    """The orders as they were, oldest first, each with its parent. Raises ValueError for one that
    trades what is not among the instruments that are `known`."""
    orders = {one.order.perm_id: one.order for one in state.orders}
    for one in state.orders:
        one.order.parent = orders.get(one.parent)
        for order in (one.order, *one.order.leg_orders):
            if not order.legs:
                order.instrument = _known(order.instrument.symbol, known)
    return list(orders.values())


def instruments_of(state: BrokerState) -> list[Instrument]:
    """What the orders trade: of a combo, its legs."""
    orders = [order for one in state.orders for order in _with_legs(one.order)]
    return [order.instrument for order in orders if not order.legs]


def executions_of(state: BrokerState, orders: Iterable[Order]) -> list[Execution]:
    """The executions as they were, in order."""
    found = {(order.perm_id, order.leg): order for whole in orders for order in _with_legs(whole)}
    done = []
    for one in state.executions:
        own: dict[str, Any] = {name: getattr(one, name) for name in OWN_FIELDS}
        done.append(Execution(order=found[one.perm_id, one.leg], **own))
    return done


def transferred(state: BrokerState, accounts: Accounts, known: Mapping[str, Instrument]) -> None:
    """Give the accounts what came to them without an execution, to be booked with the rest. Raises
    ValueError for an account that there is not."""
    names = {*state.transfers, *(one.order.account for one in state.orders)}
    if missing := sorted(names - accounts.books.keys()):
        raise ValueError(
            f"it has account {missing[0]}; it must be one of {', '.join(accounts.books)}"
        )
    for name, transfers in state.transfers.items():
        for symbol, *_ in transfers:
            _known(symbol, known)
        accounts.books[name].transfers = list(transfers)


def _known(symbol: str, known: Mapping[str, Instrument]) -> Instrument:
    if symbol not in known:
        raise ValueError(f"it has {symbol}; it must be one of {', '.join(known)}")
    return known[symbol]


def _with_legs(order: Order) -> list[Order]:
    return [order, *order.leg_orders]
