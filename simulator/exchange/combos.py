"""Combinations: several contracts that are traded as one, for a net price.

A combo has no market of its own. Buying one buys the legs that say BUY at their ask and sells those
that say SELL at their bid; selling one does the reverse. So the quotes of the legs make its price,
and what they show makes its size. All legs of a unit trade, or none. The net price is at the
order's limit or better; what it is better by, the order gets. Each leg trades at its quote with the
slippage of the models, and the net price of that has to be at the limit.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal

from tapewire.common.events.base import Side
from tapewire.simulator.exchange.book import Book, QuoteSide
from tapewire.simulator.exchange.executing import reaches
from tapewire.simulator.exchange.orders import Execution, Order
from tapewire.simulator.exchange.trading import Trading

Books = Mapping[str, Book]
Shown = tuple[Decimal, Decimal] | None
"""A price and a size that can be traded with; None where there is nothing."""


def net_offer(
    order: Order, books: Books, trading: Trading | None = None
) -> tuple[Decimal, Decimal] | None:
    """The price of one unit of a combo, and how many units its legs show; None if a leg shows
    nothing. With `trading` it is where an order trades, and how many units it can."""
    offer = net((leg.side, ratio, _shown(leg, books, trading)) for leg, ratio in _legs(order))
    if offer is None:
        return None
    price, units = offer
    if trading is not None and not trading.models.partial:
        units = order.workable
    return price if order.side == "BUY" else -price, units


def net(legs: Iterable[tuple[Side, int, Shown]]) -> Shown:
    """What is paid for one unit, and how many units are shown: each leg is what happens to it, how
    many times, and what it would trade with. None if a leg shows nothing."""
    price, units = Decimal(0), None
    for side, ratio, shown in legs:
        if shown is None:
            return None
        price += ratio * (shown[0] if side == "BUY" else -shown[0])
        found = (shown[1] / ratio).to_integral_value(rounding=ROUND_FLOOR)
        units = found if units is None else min(units, found)
    return None if units is None else (price, units)


def can_fill_combo(order: Order, books: Books, trading: Trading) -> bool:
    """Whether all that remains of a combo could trade at once."""
    offer = net_offer(order, books, trading)
    return offer is not None and offer[1] >= order.remaining and reaches(order, offer[0])


def trade_combo(order: Order, books: Books, now_ns: int, trading: Trading) -> list[Execution]:
    """Let a combo meet the quotes of its legs: an execution for each leg, and one for the whole."""
    offer = net_offer(order, books, trading)
    if offer is None or not reaches(order, offer[0]):
        return []
    price, units = offer
    shares = min(order.workable, units)
    if shares <= 0:
        return []
    done = [_trade_leg(leg, shares * ratio, books, now_ns, trading) for leg, ratio in _legs(order)]
    done.append(trading.execute(order, shares, price, now_ns))
    order.commission = sum((leg.commission for leg, _ in _legs(order)), Decimal(0))
    return done


def _trade_leg(
    leg: Order, shares: Decimal, books: Books, now_ns: int, trading: Trading
) -> Execution:
    side, shown = _side(leg, books), _shown(leg, books, trading)
    assert shown is not None
    price, left = shown
    if trading.models.partial:
        side.left = left - shares
    return trading.execute(leg, shares, price, now_ns)


def _shown(leg: Order, books: Books, trading: Trading | None) -> Shown:
    """What a leg would trade with."""
    shown = _side(leg, books).shown()
    if shown is None or trading is None:
        return shown
    return trading.slipped(leg, shown[0]), shown[1]


def _legs(order: Order) -> list[tuple[Order, int]]:
    return list(zip(order.leg_orders, (leg.ratio for leg in order.legs), strict=True))


def _side(leg: Order, books: Books) -> QuoteSide:
    return books[leg.instrument.symbol].opposite(leg)
