"""Reach: which rows of the market can mean anything to an order that waits.

A back-test leaves out the rows that change nothing but the quote. So whatever lets an order that
waits trade, trigger or move has to be said here as well: for each order, the prices from which on a
row has to be applied. To say too much costs a turn; to say too little leaves out a trade. What
cannot be said by one price of one symbol is any row of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, Literal, NamedTuple

from tapewire.simulator.exchange.book import Book
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.exchange.triggers import HUNDRED, waits_for_rise

BY_DEFAULT: Final = 0
"""The trigger method that is known here."""
Column = Literal["bid", "ask", "last"]


class Reach(NamedTuple):
    """A row of `symbol` matters once its newest price in `column` is at `price` or above, where
    that `is_rise`, else at it or below. Without a `price` each row does."""

    symbol: str
    column: Column = "last"
    price: Decimal | None = None
    is_rise: bool = False


def reaches(
    orders: Iterable[Order], books: Mapping[str, Book], *, has_queues: bool = False
) -> set[Reach]:
    """What all of these orders wait for. With queues a limit order that rests also waits for
    whatever may change what is before it."""
    found = {one for order in orders for one in _of_order(order, books)}
    return found | {one for order in orders if has_queues for one in _of_queue(order)}


def _of_queue(order: Order) -> Iterator[Reach]:
    """A trade at the limit or beyond, and a quote of its own side that is no better: see
    `trading`."""
    if order.limit is None or order.hold or order.legs or order.is_held:
        return
    is_buy, symbol = order.side == "BUY", order.instrument.symbol
    yield Reach(symbol, "last", order.limit, is_rise=not is_buy)
    yield Reach(symbol, "bid" if is_buy else "ask", order.limit, is_rise=not is_buy)


def _of_order(order: Order, books: Mapping[str, Book]) -> Iterator[Reach]:
    if order.hold:
        return  # for another order, or a time
    if order.legs:
        for leg in order.legs:
            yield Reach(leg.instrument.symbol)
        return
    symbol = order.instrument.symbol
    if order.is_held:
        yield from _of_stop(order, books[symbol])
    elif order.kind.is_pegged or order.limit is None:
        yield Reach(symbol)
    elif order.workable > 0:
        is_buy = order.side == "BUY"
        yield Reach(symbol, "ask" if is_buy else "bid", order.limit, is_rise=not is_buy)


def _of_stop(order: Order, book: Book) -> Iterator[Reach]:
    """A stop looks at trades, and at the quote before the first one."""
    symbol, is_rise = order.instrument.symbol, waits_for_rise(order)
    if order.trigger_method != BY_DEFAULT or order.stop is None:
        yield Reach(symbol)
        return
    columns: list[Column] = ["last"]
    if book.last is None:
        columns.append("ask" if order.side == "BUY" else "bid")
    for column in columns:
        yield Reach(symbol, column, order.stop, is_rise)
        if order.kind.trails:
            yield Reach(symbol, column, _moved_from(order, order.stop), not is_rise)


def _moved_from(order: Order, stop: Decimal) -> Decimal:
    """The price from which on a trailing stop moves, to the next tick at least."""
    tick, is_sale = order.instrument.min_tick, order.side == "SELL"
    rounding = ROUND_FLOOR if is_sale else ROUND_CEILING
    ticks = (stop / tick).to_integral_value(rounding)
    following = (ticks + 1 if is_sale else ticks - 1) * tick
    if order.trail is not None:
        return following + order.trail if is_sale else following - order.trail
    share = (order.trail_percent or Decimal(0)) / HUNDRED
    return following / (1 - share if is_sale else 1 + share)
