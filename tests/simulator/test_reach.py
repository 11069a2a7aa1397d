"""A row that no order waits for changes nothing but the quote."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.fill_models import FillModels
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.exchange.reach import Reach, reaches

AAPL = Instrument(symbol="AAPL")
PRICES = st.sampled_from(["9.97", "9.98", "9.99", "10.00", "10.01", "10.02", "10.03"])
POINTS = st.sampled_from([Decimal(one) for one in ("9.97", "9.985", "10.00", "10.01", "10.03")])
FIELDS = {
    "LMT": ("limit",), "STP": ("stop",), "STP LMT": ("limit", "stop"), "MIT": ("stop",),
    "LIT": ("limit", "stop"), "TRAIL": ("stop", "trail"), "MKT": (), "PEG MID": ("offset",),
}  # fmt: skip


@st.composite
def orders(draw, kinds=tuple(FIELDS)):
    kind = draw(st.sampled_from(sorted(kinds)))
    prices = {one: draw(POINTS) for one in FIELDS[kind]}
    if "trail" in prices:
        prices["trail"] = draw(st.sampled_from([Decimal("0.01"), Decimal("0.02")]))
        if draw(st.booleans()):
            prices["trail_percent"], prices["trail"] = Decimal("0.15"), None
    if "offset" in prices:
        prices["offset"] = Decimal(0)
    return Order(
        client_id=1, order_id=1, order_ref="", account="DU1", instrument=AAPL, tif="GTC",
        side=draw(st.sampled_from(["BUY", "SELL"])), quantity=Decimal(draw(st.integers(1, 9))),
        order_type=kind, **prices,
    )  # fmt: skip


@st.composite
def rows(draw):
    may = st.one_of(st.none(), PRICES)
    size = st.sampled_from([None, "0", "1", "5"])
    traded = draw(st.one_of(st.none(), PRICES))
    return Row(0, "AAPL", draw(may), draw(may), draw(size), draw(size), traded, draw(size))


def is_waited_for(found, book):
    newest = {"bid": book.bid.price, "ask": book.ask.price, "last": book.last}

    def is_reached(one: Reach):
        price = newest[one.column]
        if one.price is None or price is None:
            return one.price is None
        return Decimal(price) >= one.price if one.is_rise else Decimal(price) <= one.price

    return any(map(is_reached, found))


def done_with(exchange, order, row):
    """Whether the row did anything to the order."""
    before = order.filled, order.stop, order.is_triggered, order.limit, order.ahead
    executed = exchange.quote(row, 0)
    triggered = exchange.triggered("AAPL")
    for one in triggered:
        exchange.work(one, 0)
    after = order.filled, order.stop, order.is_triggered, order.limit, order.ahead
    return bool(executed or triggered or before != after)


def check(exchange, order, first, more):
    exchange.quote(first, 0)
    exchange.accept(order)
    exchange.work(order, 0)
    for one in exchange.triggered("AAPL"):
        exchange.work(one, 0)
    for row in more:
        waiting = [order] if order.is_open else []
        found = reaches(waiting, exchange.books, has_queues=exchange.trading.has_queues)
        did = done_with(exchange, order, row)
        assert is_waited_for(found, exchange.books["AAPL"]) or not did


@given(order=orders(), first=rows(), more=st.lists(rows(), max_size=12))
@settings(max_examples=80, deadline=None)
def test_a_row_that_does_something_is_waited_for(order, first, more):
    check(Exchange([AAPL]), order, first, more)


@given(order=orders(["LMT", "STP LMT"]), first=rows(), more=st.lists(rows(), max_size=12))
@settings(max_examples=60, deadline=None)
def test_a_row_that_does_something_to_a_queue_is_waited_for(order, first, more):
    check(Exchange([AAPL], models=FillModels(queue="shown")), order, first, more)


def test_an_order_that_is_held_for_another_waits_for_no_row():
    order = Order(
        client_id=1, order_id=1, order_ref="", account="DU1", instrument=AAPL, tif="GTC",
        side="BUY", quantity=Decimal(1), order_type="LMT", limit=Decimal(10), hold="parent",
    )  # fmt: skip
    exchange = Exchange([AAPL])
    assert reaches([order], exchange.books) == set()
    order.hold = ""
    assert reaches([order], exchange.books) == {Reach("AAPL", "ask", Decimal(10))}
