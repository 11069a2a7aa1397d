"""Orders of which the broker lets only one fill count once, in the worst case, and never less."""

from decimal import Decimal

import pytest

from tapewire.common.accounting.exposure import Exposure
from tapewire.common.accounting.oca import with_others
from tapewire.common.accounting.orders import Order, Orders
from tapewire.common.events import (
    Event,
    Fill,
    ModifyOrder,
    OrderCancelled,
    OrderIntended,
    OrderModified,
    OrderModifyIntended,
    OrderTerms,
    Side,
    SubmitOrder,
)

T0 = 1_700_000_000 * 10**9


def order(
    name: str, side: Side = "SELL", quantity: int = 10, *, group: str = "g", oca: str = "x",
    symbol: str = "AAPL",
) -> SubmitOrder:  # fmt: skip
    terms = OrderTerms(side, Decimal(quantity), group=oca, oca="reduce" if oca else "")
    return SubmitOrder(
        name, T0, "DU1", "s", symbol, terms, T0 + 10**9, signal_id="g", group_id=group
    )


def fold(*events: Event) -> Orders[Order]:
    orders: Orders[Order] = Orders(Order)
    for event in events:
        orders.apply(event)
    return orders


def taken(*orders: SubmitOrder) -> list[Event]:
    return [OrderIntended(T0, str(n), one, "1") for n, one in enumerate(orders, 1)]


def fill(one: SubmitOrder, quantity: int, exec_id: str = "e.01") -> Fill:
    return Fill(
        T0, "DU1", exec_id, "1", one.symbol, one.terms.side, Decimal(quantity), Decimal(100),
        one.intent_id, "s",
    )  # fmt: skip


TARGET, STOP = order("g/2"), order("g/3")


def selling(*events: Event) -> Decimal:
    return fold(*events).working("DU1", "AAPL")[1]


def test_a_target_and_a_stop_count_once():
    assert selling(*taken(TARGET, STOP)) == 10


def test_the_largest_of_a_set_counts():
    assert selling(*taken(order("g/2", quantity=4), order("g/3", quantity=7))) == 7


@pytest.mark.parametrize(
    ("other", "counted"),
    [
        (order("g/3", oca="y"), 20),  # another set of the same group
        (order("h/3", group="h"), 20),  # the same name in another group
        (order("g/3", group=""), 20),  # of no group of ours: nobody knows who else is in it
        (order("g/3", oca=""), 20),
        (order("g/3", symbol="MSFT"), 10),
        (order("g/3", side="BUY"), 10),
    ],
)  # fmt: skip
def test_what_is_not_of_one_set_counts_by_itself(other: SubmitOrder, counted: int):
    assert selling(*taken(TARGET, other)) == counted


def test_a_set_counts_as_long_as_one_of_it_works():
    events = [*taken(TARGET, STOP), OrderCancelled(T0, "DU1", "g/2")]
    assert selling(*events) == 10
    assert selling(*events, OrderCancelled(T0, "DU1", "g/3")) == 0


def test_a_fill_of_one_leaves_less_of_the_others_before_the_broker_says_so():
    assert selling(*taken(TARGET, STOP), fill(TARGET, 4)) == 6
    reduced = OrderModified(T0, "DU1", "g/3", "", OrderTerms("SELL", Decimal(6), oca="reduce"))
    assert selling(*taken(TARGET, STOP), fill(TARGET, 4), reduced) == 6
    assert selling(*taken(TARGET, STOP), reduced, fill(TARGET, 4)) == 6
    assert selling(*taken(TARGET, STOP), fill(TARGET, 10)) == 0


def test_a_larger_quantity_counts_from_the_moment_that_it_is_asked_for():
    larger = OrderTerms("SELL", Decimal(15), group="x", oca="reduce")
    modify = ModifyOrder("m", T0, "g/3", larger, T0 + 1)
    events = [*taken(TARGET, STOP), OrderModifyIntended(T0, "DU1", modify)]
    assert selling(*events) == 15
    assert selling(*events, fill(TARGET, 4)) == 11


def test_an_order_is_judged_without_the_set_that_it_would_be_in():
    """A new stop takes the place of one, and never fills beside the target."""
    orders, new = fold(*taken(TARGET, STOP)), order("g/4", quantity=3)
    assert orders.working("DU1", "AAPL", new) == (0, 0)
    assert orders.working("DU1", "AAPL", orders["g/2"]) == (0, 0)
    assert orders.working("DU1", "AAPL", order("h/1", group="h")) == (0, 10)


def test_orders_that_are_known_to_be_over_take_no_more_than_what_counts():
    """A closing order that was made larger by twice the set would turn the position round."""
    orders = fold(*taken(TARGET, STOP, order("k/1", group="", oca="", quantity=5)))
    assert orders.may_fill("DU1", "AAPL", "SELL", ()) == 15
    assert orders.may_fill("DU1", "AAPL", "SELL", {"g/2"}) == 15
    assert orders.may_fill("DU1", "AAPL", "SELL", {"g/2", "g/3"}) == 5
    assert orders.may_fill("DU1", "AAPL", "SELL", {"g/2", "g/3", "k/1", "nobody's"}) == 0
    assert orders.may_fill("DU1", "AAPL", "BUY", {"g/2", "g/3"}) == 0


def test_orders_that_come_together_are_judged_beside_each_other():
    entry = order("g/1", "BUY", oca="")
    group = [entry, TARGET, STOP]
    assert with_others(Exposure(), entry, group) == Exposure(selling=Decimal(10))
    assert with_others(Exposure(), STOP, group) == Exposure(buying=Decimal(10))
