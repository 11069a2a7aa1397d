"""When held orders trigger, and where trailing stops are.

A BUY stop triggers when the market is at its stop price or above, a SELL stop when it is there or
below; an if-touched order the other way round. Which price counts is the order's trigger method,
with the numbers of the TWS API:

0   the last trade; for a symbol that has not traded yet, the side of the quote that the order would
    trade with. IB's own default is the last trade for stocks and futures.
1   double bid/ask: two quotes in a row
2   the last trade
3   double last: two trades in a row
4   bid/ask
7   the last trade, or bid/ask
8   the midpoint

With bid/ask, an order that waits for a rise looks at the bid, and one that waits for a fall at the
ask, so that a wide quote triggers nothing. (IB, "Modify the Stop Trigger Method".) The alternative
to the second of two prices, a size that has grown, is not simulated.

A trailing stop keeps its distance to the same price. It only ever moves in the order's favour: a
SELL stop up, a BUY stop down. It is rounded to the tick away from the market.
"""

from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from tapewire.simulator.exchange.book import Book
from tapewire.simulator.exchange.orders import Order

Price = Decimal | None
HUNDRED = Decimal(100)


def waits_for_rise(order: Order) -> bool:
    """Whether a held order triggers when its price is reached from below."""
    return (order.side == "BUY") == (order.kind.waits == "beyond")


def triggers(order: Order, book: Book) -> bool:
    """Whether the market has reached a held order's price. Counts prices for the double methods:
    call it for every row of the market."""
    if order.kind.trails:
        _trail(order, book)
    if order.stop is None:
        return False
    if order.trigger_method in DOUBLE:
        return _twice(order, book)
    return any(_is_reached(order, price) for price in METHODS[order.trigger_method](order, book))


def _is_reached(order: Order, price: Price) -> bool:
    if price is None or order.stop is None:
        return False
    return price >= order.stop if waits_for_rise(order) else price <= order.stop


def _twice(order: Order, book: Book) -> bool:
    number, price = DOUBLE[order.trigger_method](order, book)
    if number != order.counted:
        order.counted = number
        order.touches = order.touches + 1 if _is_reached(order, price) else 0
    return order.touches >= 2


# ---- the prices that count -----------------------------------------------------------------------


def _default(order: Order, book: Book) -> list[Price]:
    traded = book.traded()
    return [book.opposite(order).quoted() if traded is None else traded]


def _last(_order: Order, book: Book) -> list[Price]:
    return [book.traded()]


def _bid_ask(order: Order, book: Book) -> list[Price]:
    side = book.bid if waits_for_rise(order) else book.ask
    return [side.quoted()]


def _middle(_order: Order, book: Book) -> list[Price]:
    return [book.middle()]


def _last_or_bid_ask(order: Order, book: Book) -> list[Price]:
    return _last(order, book) + _bid_ask(order, book)


def _numbered_quote(order: Order, book: Book) -> tuple[int, Price]:
    side = book.bid if waits_for_rise(order) else book.ask
    return side.number, side.quoted()


def _numbered_trade(_order: Order, book: Book) -> tuple[int, Price]:
    return book.last_number, book.traded()


METHODS: Final[Mapping[int, Callable[[Order, Book], list[Price]]]] = {
    0: _default,
    1: _bid_ask,
    2: _last,
    3: _last,
    4: _bid_ask,
    7: _last_or_bid_ask,
    8: _middle,
}
"""The prices that each trigger method looks at."""
DOUBLE: Final[Mapping[int, Callable[[Order, Book], tuple[int, Price]]]] = {
    1: _numbered_quote,
    3: _numbered_trade,
}
"""The methods that want two prices in a row: a price, and a number that changes with each."""


# ---- trailing stops ------------------------------------------------------------------------------


def _trail(order: Order, book: Book) -> None:
    """Move a trailing stop, and the limit that goes with it, as far as the market allows."""
    prices = [p for p in METHODS[order.trigger_method](order, book) if p is not None]
    if not prices:
        return
    is_sale = order.side == "SELL"
    price = max(prices) if is_sale else min(prices)
    distance = order.trail
    if distance is None:
        distance = price * (order.trail_percent or Decimal(0)) / HUNDRED
    found = price - distance if is_sale else price + distance
    stop = _to_tick(found, order)
    if order.stop is None or (stop > order.stop if is_sale else stop < order.stop):
        order.stop = stop
        set_limit(order)


def set_limit(order: Order) -> None:
    """Put the limit of a trailing stop limit order where its stop is now."""
    if order.limit_offset is not None and order.stop is not None:
        offset = order.limit_offset
        order.limit = order.stop - offset if order.side == "SELL" else order.stop + offset


def _to_tick(price: Decimal, order: Order) -> Decimal:
    rounding = ROUND_FLOOR if order.side == "SELL" else ROUND_CEILING
    tick = order.instrument.min_tick
    return (price / tick).to_integral_value(rounding=rounding) * tick
