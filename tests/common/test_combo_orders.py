"""Combo orders in the fold: whole ones are filled, and each leg counts under its own symbol."""

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.exposure import Exposure, exposures_of, is_reducing
from tapewire.common.accounting.oca import exposures_beside, key_of
from tapewire.common.accounting.orders import Order, Orders
from tapewire.common.events import (
    ComboLeg,
    Event,
    Fill,
    ForeignOrderReported,
    ModifyOrder,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderIntended,
    OrderModified,
    OrderModifyIntended,
    OrderTerms,
    Scope,
    Side,
    SubmitOrder,
    combo_name,
)

D = Decimal
LEGS = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 2, "SELL"))
NAME = "AAPL - 2 MSFT"


def combo(side: Side = "BUY", quantity: int = 10, **more: object) -> SubmitOrder:
    terms = OrderTerms(side, D(quantity), "LMT", D(5))
    return SubmitOrder("c", 1, "DU1", "s", NAME, terms, 9, legs=LEGS, **more)


INTENDED = OrderIntended(3, "7", combo())
ABOUT = (1, "DU1", "c")
ACCEPTED = OrderAccepted(*ABOUT, "7", "900", 5)


def fill(exec_id: str, symbol: str, quantity: object, price: object = 100, **more: object) -> Fill:
    side = "BUY" if symbol == "AAPL" else "SELL"
    given = {"side": side, "intent_id": "c", "permanent_id": "900", **more}
    numbers = {"quantity": D(str(quantity)), "price": D(str(price))}
    return Fill(ts_ns=1, account="DU1", exec_id=exec_id, symbol=symbol, **numbers, **given)


def folded(*events: Event) -> Orders[Order]:
    orders = Orders(Order)
    for event in events:
        orders.apply(event)
    return orders


def working(orders: Orders[Order]) -> tuple[tuple[Decimal, Decimal], ...]:
    """What may still be bought and sold of the two legs."""
    assert orders.working("DU1", NAME) == (0, 0)
    return orders.working("DU1", "AAPL"), orders.working("DU1", "MSFT")


# ---- what an order does to which symbols --------------------------------------------------------


def test_an_ordinary_order_does_one_thing_to_one_symbol():
    one = replace(combo(), symbol="AAPL", legs=())
    assert one.parts == (("AAPL", "BUY", 1),)
    assert (one.side_on("AAPL"), one.side_on("MSFT")) == ("BUY", None)
    assert one.singles == (one,)


def test_a_combo_does_to_each_leg_what_its_side_says_and_the_opposite_when_it_is_sold():
    assert combo().parts == (("AAPL", "BUY", 1), ("MSFT", "SELL", 2))
    assert combo("SELL").parts == (("AAPL", "SELL", 1), ("MSFT", "BUY", 2))
    assert combo().symbols == ("AAPL", "MSFT")
    assert (combo("SELL").side_on("MSFT"), combo().side_on(NAME)) == ("BUY", None)


def test_its_legs_as_orders_of_their_own_have_no_price_of_the_whole():
    first, second = combo("SELL", 3).singles
    assert (first.symbol, str(first.terms), first.legs) == ("AAPL", "SELL 3 MKT", ())
    assert (second.symbol, str(second.terms), second.intent_id) == ("MSFT", "BUY 6 MKT", "c")


def test_a_combo_that_nobody_has_named_is_called_after_its_legs():
    assert combo_name(LEGS) == NAME
    assert combo_name((ComboLeg("A", 3, "SELL"), ComboLeg("B", 1, "BUY"))) == "- 3 A + B"


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT", NAME, ""])
def test_a_scope_that_covers_a_leg_covers_the_combo(symbol: str):
    assert combo().is_in(Scope("DU1", symbol=symbol))
    assert not combo().is_in(Scope("DU2", symbol=symbol))
    assert not combo().is_in(Scope(symbol="GOOG"))


# ---- what is filled, and what is left -----------------------------------------------------------


def test_a_combo_counts_under_its_legs_with_all_that_each_could_fill():
    assert working(folded(INTENDED)) == ((10, 0), (0, 20))
    assert working(folded(OrderIntended(3, "7", combo("SELL")))) == ((0, 10), (20, 0))


def test_it_has_filled_as_many_whole_ones_as_its_legs_are_enough_for():
    orders = folded(INTENDED, ACCEPTED, fill("a.01", "AAPL", 4))
    assert (orders["c"].filled, working(orders)) == (0, ((6, 0), (0, 20)))
    orders.apply(fill("b.01", "MSFT", 5))
    assert (orders["c"].filled, orders["c"].remaining) == (2, 8)
    assert working(orders) == ((6, 0), (0, 15))


def test_a_correction_or_a_bust_of_one_leg_takes_whole_ones_back():
    fills = [fill("a.01", "AAPL", 3), fill("b.01", "MSFT", 6)]
    orders = folded(INTENDED, ACCEPTED, *fills)
    assert orders["c"].filled == 3
    orders.apply(fill("b.02", "MSFT", 5))
    assert (orders["c"].filled, working(orders)) == (2, ((7, 0), (0, 15)))
    orders.apply(fill("a.02", "AAPL", 0))
    assert (orders["c"].filled, working(orders)) == (0, ((10, 0), (0, 15)))


def test_a_correction_may_move_an_execution_to_the_other_leg_or_to_nobody():
    fills = [fill("a.01", "AAPL", 3), fill("b.01", "MSFT", 6)]
    orders = folded(INTENDED, ACCEPTED, *fills, fill("a.02", "MSFT", 2))
    assert (orders["c"].filled, working(orders)) == (0, ((10, 0), (0, 12)))
    orders.apply(fill("b.02", "MSFT", 6, permanent_id="901", intent_id=None))
    assert working(orders) == ((10, 0), (0, 18))


def test_an_execution_of_no_leg_counts_for_nothing_in_it():
    strange = [fill("x.01", "GOOG", 3), fill("y.01", "AAPL", 3, side="SELL")]
    assert working(folded(INTENDED, *strange)) == ((10, 0), (0, 20))


def test_a_leg_that_has_more_than_its_share_leaves_nothing_and_not_less():
    orders = folded(INTENDED, ACCEPTED, fill("a.01", "AAPL", 12))
    assert working(orders) == ((0, 0), (0, 20))


def test_nothing_counts_of_one_that_is_over_though_a_leg_is_ahead():
    orders = folded(INTENDED, ACCEPTED, fill("a.01", "AAPL", 4), OrderCancelled(*ABOUT))
    assert working(orders) == ((0, 0), (0, 0))
    orders.apply(ACCEPTED)
    assert working(orders) == ((6, 0), (0, 20))


def test_the_price_of_a_whole_one_is_net_of_its_legs_whichever_way_it_is_traded():
    fills = [fill("a.01", "AAPL", 1, 100), fill("b.01", "MSFT", 2, 30)]
    orders = folded(INTENDED, fills[0])
    assert orders["c"].average_price is None
    orders.apply(fills[1])
    assert orders["c"].average_price == 40
    sold = [replace(one, side="SELL" if one.side == "BUY" else "BUY") for one in fills]
    assert folded(OrderIntended(3, "7", combo("SELL")), *sold)["c"].average_price == 40


def test_while_a_modify_is_under_way_the_larger_quantity_counts_on_each_leg():
    terms = OrderTerms("BUY", D(12), "LMT", D(5))
    began = OrderModifyIntended(1, "DU1", ModifyOrder("m", 1, "c", terms, 9))
    orders = folded(INTENDED, ACCEPTED, fill("a.01", "AAPL", 4), began)
    assert working(orders) == ((8, 0), (0, 24))
    orders.apply(OrderModified(*ABOUT, "m", replace(terms, quantity=D(5))))
    assert working(orders) == ((1, 0), (0, 10))


def test_what_is_asked_about_a_combo_is_asked_without_it():
    orders = folded(INTENDED, fill("a.01", "AAPL", 4))
    for without in (orders["c"], combo()):
        assert orders.working("DU1", "AAPL", without) == (0, 0)
        assert orders.working("DU1", "MSFT", without) == (0, 0)
        assert orders.working("DU2", "AAPL", without) == (0, 0)


def test_a_combo_that_is_known_to_be_gone_may_not_fill_on_any_leg():
    orders = folded(INTENDED, fill("a.01", "AAPL", 4))
    assert orders.may_fill("DU1", "AAPL", "BUY", ()) == 6
    assert orders.may_fill("DU1", "AAPL", "BUY", {"c"}) == 0
    assert orders.may_fill("DU1", "MSFT", "SELL", {"c"}) == 0
    assert orders.may_fill("DU1", "MSFT", "SELL", {"other"}) == 20


def test_a_combo_is_in_no_oca_set():
    terms = replace(combo().terms, oca="cancel", group="g")
    one = replace(combo(), terms=terms, group_id="g")
    assert key_of(one) is None
    assert working(folded(OrderIntended(1, "7", one))) == ((10, 0), (0, 20))


def test_every_leg_is_a_place_that_was_ordered():
    accounts = Accounts((), Order)
    accounts.apply(INTENDED)
    assert accounts.keys() == {("DU1", "AAPL"), ("DU1", "MSFT")}


# ---- foreign combos ------------------------------------------------------------------------------


def foreign(remaining: int, **more: object) -> ForeignOrderReported:
    names = ("0", "", "55")
    return ForeignOrderReported(1, "DU1", NAME, "SELL", D(5), D(remaining), *names, **more)


def test_a_foreign_combo_counts_under_its_legs():
    accounts = Accounts((), Order)
    accounts.apply(foreign(5, legs=LEGS))
    assert working(accounts.orders) == ((0, 5), (10, 0))
    accounts.apply(foreign(2, legs=LEGS))
    assert working(accounts.orders) == ((0, 2), (4, 0))
    accounts.apply(foreign(0, legs=LEGS))
    assert working(accounts.orders) == ((0, 0), (0, 0))
    assert accounts.keys() == {("DU1", "AAPL"), ("DU1", "MSFT")}


# ---- what reduces --------------------------------------------------------------------------------


def exposure(held: dict[str, int]):
    return lambda _account, symbol: Exposure(D(held.get(symbol, 0)))


@pytest.mark.parametrize(
    ("aapl", "msft", "passes"),
    [(-10, 20, True), (-9, 20, False), (-10, 19, False), (-10, 0, False), (0, 0, False)],
)
def test_a_combo_reduces_where_each_of_its_legs_does(aapl: int, msft: int, passes: bool):
    found = exposures_of(combo(), exposure({"AAPL": aapl, "MSFT": msft}))
    assert is_reducing(combo(), found) is passes


def test_what_comes_with_a_combo_counts_where_its_legs_trade():
    one = combo()
    other = replace(one, intent_id="d", symbol="MSFT", legs=(), terms=OrderTerms("SELL", D(5)))
    of = exposure({"AAPL": -10, "MSFT": 25})
    found = exposures_beside(one, [one, other], of)
    assert found["DU1", "AAPL"] == Exposure(D(-10))
    assert found["DU1", "MSFT"] == Exposure(D(25), selling=D(5))
    assert exposures_beside(other, [one, other], of) == {
        ("DU1", "MSFT"): Exposure(D(25), selling=D(20))
    }


# ---- over any sequence ---------------------------------------------------------------------------

EXECUTIONS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["AAPL", "MSFT"]), st.integers(0, 9)),
    max_size=8,
)
OTHERS: list[Event] = [
    ACCEPTED, OrderCancelled(*ABOUT), OrderFilled(*ABOUT),
    OrderModifyIntended(
        1, "DU1", ModifyOrder("m", 1, "c", OrderTerms("BUY", D(14), "LMT", D(5)), 9)
    ),
    OrderModified(*ABOUT, "m", OrderTerms("BUY", D(14), "LMT", D(5))),
    OrderModified(*ABOUT, "", OrderTerms("BUY", D(3), "LMT", D(5))),
]  # fmt: skip


def versions(taken: list[tuple[str, str, int]]) -> list[Fill]:
    """Executions and their corrections: the n-th report of a name is its n-th version."""
    seen: dict[str, int] = {}
    fills = []
    for name, symbol, quantity in taken:
        seen[name] = seen.get(name, 0) + 1
        fills.append(fill(f"{name}.{seen[name]:02}", symbol, quantity))
    return fills


def executed(fills: list[Fill], symbol: str) -> Decimal:
    """The truth: of each execution the newest version alone."""
    newest = {one.exec_id[0]: one for one in sorted(fills, key=lambda one: one.exec_id)}
    return sum((one.quantity for one in newest.values() if one.symbol == symbol), D(0))


@given(EXECUTIONS, st.data())
def test_the_legs_come_to_the_same_in_whatever_order_they_are_reported(taken, data: st.DataObject):
    fills = versions(taken)
    mixed = data.draw(st.permutations([*fills, *fills[:2]]))
    at = data.draw(st.integers(0, len(mixed)))
    one = folded(*mixed[:at], INTENDED, *mixed[at:])["c"]
    aapl, msft = executed(fills, "AAPL"), executed(fills, "MSFT")
    assert (one.executions.on("AAPL"), one.executions.on("MSFT")) == (aapl, msft)
    assert one.filled == min(aapl, msft // 2)
    assert one.snapshot() == folded(INTENDED, *fills)["c"].snapshot()


@given(EXECUTIONS, st.lists(st.sampled_from(OTHERS), max_size=6), st.data())
def test_what_works_is_never_less_than_what_could_still_fill(taken, others, data: st.DataObject):
    events: list[Event] = [INTENDED]
    rest = [*versions(taken)]
    for event in others:
        events += [rest.pop(0) for _ in range(data.draw(st.integers(0, len(rest))))]
        events.append(event)
    orders = folded(*events, *rest)
    one, fills = orders["c"], versions(taken)
    for symbol, side, ratio in one.order.parts:
        buying, selling = orders.working("DU1", symbol)
        counts, other = (buying, selling) if side == "BUY" else (selling, buying)
        left = ratio * one.worst_case_quantity - executed(fills, symbol)
        assert other == 0
        assert counts == (max(left, D(0)) if one.live else 0)
        assert counts >= ratio * one.remaining - max(
            executed(fills, symbol) - ratio * one.filled, D(0)
        )


def test_the_order_of_two_gateways_reports_does_not_matter_to_a_leg():
    reports = [
        fill("a.01", "AAPL", 4), fill("a.02", "AAPL", 3, intent_id=None), fill("b.01", "MSFT", 8),
    ]  # fmt: skip
    for events in permutations(reports):
        orders = folded(INTENDED, ACCEPTED, *events)
        assert (orders["c"].filled, working(orders)) == (3, ((7, 0), (0, 12)))


def test_a_replay_has_what_was_executed_of_each_leg():
    ahead = folded(INTENDED, fill("a.01", "AAPL", 4)).snapshot()
    assert ahead != folded(INTENDED).snapshot()
