"""A strategy's orders and position: over flattens, restarts, gaps and any order of streams."""

from decimal import Decimal
from itertools import permutations

import pytest
from msgspec.structs import replace

from tapewire.common.events import (
    EVERYTHING,
    FlattenCompleted,
    JournalShortened,
    ModifyOrder,
    OrderAccepted,
    OrderCancelled,
    OrderDenied,
    OrderModifyPending,
    OrderTermsChanged,
    Scope,
)
from tapewire.strategy.live_order import LiveOrder
from tests.strategy.kit import (
    LIMIT,
    SECOND,
    T0,
    created,
    executor,
    fill,
    gateway,
    intended,
    moved,
    risk,
    runner,
)

SECOND_ORDER = "echo-e1-2"


def flattened(ts_ns: int, scope: Scope = EVERYTHING) -> FlattenCompleted:
    return FlattenCompleted(ts_ns, scope, gateway_seq=ts_ns - T0 + 1)


# ---- flatten ------------------------------------------------------------------------------------


def test_after_a_flatten_the_position_is_nothing_and_new_fills_count():
    one = runner()
    gateway(one, intended(T0), fill("e1.01", 7, ts_ns=T0 + 1))
    risk(one, flattened(T0 + 2))
    assert one.strategy.position("AAPL") == 0
    gateway(one, intended(T0 + 3, SECOND_ORDER))
    gateway(one, fill("e2.01", 4, signal_id=SECOND_ORDER, ts_ns=T0 + 4))
    assert one.strategy.position("AAPL") == 4


def test_a_flatten_that_only_reduces_leaves_its_position_as_a_trade_by_hand_does():
    one = runner()
    gateway(one, intended(T0), fill("e1.01", 7, ts_ns=T0 + 1))
    risk(one, FlattenCompleted(T0 + 2, EVERYTHING, gateway_seq=3, keep=Decimal(5)))
    assert one.strategy.position("AAPL") == 7


def test_a_fill_from_before_the_flatten_that_is_reported_after_it_was_closed_with_the_rest():
    one = runner()
    gateway(one, intended(T0))
    risk(one, flattened(T0 + 2))
    gateway(one, fill("e1.01", 7, ts_ns=T0 + SECOND))  # the gateway was away, and reads it now
    assert one.strategy.position("AAPL") == 0
    assert one.strategy.received != []


def test_a_correction_of_a_fill_that_a_flatten_closed_changes_nothing():
    one = runner()
    gateway(one, fill("e1.01", 7, ts_ns=T0))
    risk(one, flattened(T0 + 2))
    gateway(one, fill("e1.02", 6, ts_ns=T0 + 3))
    assert one.strategy.position("AAPL") == 0


def test_the_order_in_which_the_streams_come_makes_no_difference():
    second = {"signal_id": SECOND_ORDER}
    events = [intended(T0), fill("e1.01", 7, ts_ns=T0 + 1), intended(T0 + 5, SECOND_ORDER),
              fill("e2.01", 4, ts_ns=T0 + 6, **second),
              fill("e2.02", 3, ts_ns=T0 + 7, **second)]  # fmt: skip
    flattens = [flattened(T0 + 2), flattened(T0 + 3)]
    for places in permutations(range(len(events) + 1), 2):
        for order_of_flattens in (flattens, flattens[::-1]):
            one = runner(live=False)
            for place in range(len(events) + 1):
                for flatten, where in zip(order_of_flattens, places, strict=True):
                    if where == place:
                        risk(one, flatten)
                if place < len(events):
                    gateway(one, events[place])
            assert one.strategy.position("AAPL") == 3


def test_an_older_flatten_that_is_received_later_brings_nothing_back():
    one = runner()
    gateway(one, intended(T0 + 3), fill("e1.01", 7, ts_ns=T0 + 3))
    risk(one, flattened(T0 + 4), flattened(T0 + 2))
    assert one.strategy.position("AAPL") == 0


def test_a_clock_that_was_set_back_does_not_keep_a_position_that_a_flatten_closed():
    one = runner()
    gateway(one, intended(T0 + 3_600 * SECOND), seq=5)
    gateway(one, fill("e1.01", 7, ts_ns=T0 + 3_600 * SECOND), seq=6)
    risk(one, FlattenCompleted(T0, EVERYTHING, gateway_seq=8))
    assert one.strategy.position("AAPL") == 0
    gateway(one, intended(T0 + 1, SECOND_ORDER), seq=9)
    gateway(one, fill("e2.01", 4, signal_id=SECOND_ORDER, ts_ns=T0 + 1), seq=10)
    assert one.strategy.position("AAPL") == 4


def test_in_a_journal_that_was_started_over_a_flatten_has_closed_nothing_new():
    one = runner()
    risk(one, FlattenCompleted(T0, EVERYTHING, gateway_seq=8))
    gateway(one, intended(T0 + 1), seq=5)
    gateway(one, fill("e1.01", 7), seq=6)
    assert one.strategy.position("AAPL") == 0
    risk(one, JournalShortened(T0, "gateway", 4))
    assert one.strategy.position("AAPL") == 7
    risk(one, FlattenCompleted(T0, EVERYTHING, gateway_seq=7))
    assert one.strategy.position("AAPL") == 0


def test_in_a_journal_that_was_put_back_from_a_copy_what_a_flatten_closed_stays_closed():
    one = runner()
    gateway(one, intended(T0 + 1), seq=2)
    gateway(one, fill("e1.01", 7), seq=3)
    risk(one, FlattenCompleted(T0, EVERYTHING, gateway_seq=8), JournalShortened(T0, "gateway", 4))
    assert one.strategy.position("AAPL") == 0


def test_a_fill_of_an_order_that_is_not_known_counts_by_its_own_place():
    one = runner()
    risk(one, flattened(T0 + 2))
    gateway(one, fill("e1.01", 7, ts_ns=T0 + 1), fill("e2.01", 4, ts_ns=T0 + 3))
    assert one.strategy.position("AAPL") == 4


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        (EVERYTHING, [0, 0]),
        (Scope(symbol="AAPL"), [0, 2]),
        (Scope(account="DU1"), [3, 0]),
        (Scope(account="DU2", symbol="AAPL"), [5, 2]),
        (Scope(account="DU3"), [8, 2]),
    ],
)
def test_a_flatten_closes_what_its_scope_covers_and_nothing_else(scope: Scope, left: list[int]):
    one = runner()
    gateway(
        one,
        fill("e1.01", 5),
        fill("e2.01", 2, symbol="MSFT"),
        fill("e3.01", 3, account="DU2"),
    )
    risk(one, flattened(T0 + 2, scope))
    assert [one.strategy.position(symbol) for symbol in ("AAPL", "MSFT")] == left


def test_flattens_of_several_scopes_each_keep_their_own_time():
    one = runner()
    risk(one, flattened(T0 + 2, Scope(symbol="AAPL")), flattened(T0 + 4, Scope(symbol="MSFT")))
    gateway(one, fill("e1.01", 5, ts_ns=T0 + 3), fill("e2.01", 2, ts_ns=T0 + 3, symbol="MSFT"))
    assert [one.strategy.position(symbol) for symbol in ("AAPL", "MSFT")] == [5, 0]


# ---- accounts -----------------------------------------------------------------------------------


def test_the_position_is_that_of_all_accounts_together():
    one = runner()
    gateway(one, fill("e1.01", 5), fill("e2.01", 3, "SELL", account="DU2"))
    assert one.strategy.position("AAPL") == 2


# ---- orders -------------------------------------------------------------------------------------


def test_the_live_orders_are_shown_with_their_terms_as_they_are():
    one = runner()
    new = replace(LIMIT, quantity=Decimal(12), limit=Decimal(6))
    executor(one, created(), created("other-1", strategy="other"), moved("ACCEPTED", 4))
    gateway(one, fill("e1.01", 4))
    executor(one, OrderTermsChanged(T0, "DU1", "echo-e1-1/1", "echo", new, "x"))
    (shown,) = one.strategy.orders
    assert shown == LiveOrder(
        "echo-e1-1", "AAPL", "DU1", new, "ACCEPTED", Decimal(4), Decimal(8), Decimal(1)
    )
    assert (shown.side, shown.type, shown.quantity) == ("BUY", "LMT", 12)
    assert (shown.limit, shown.stop) == (6, None)
    executor(one, moved("FILLED", 12))
    assert one.strategy.orders == []


def test_while_a_modify_is_under_way_the_larger_quantity_remains():
    one = runner()
    executor(one, created(), moved("ACCEPTED"))
    modify = ModifyOrder("m", T0, "echo-e1-1/1", replace(LIMIT, quantity=Decimal(30)), T0)
    executor(one, OrderModifyPending(T0, "DU1", "m", "echo", modify))
    assert [order.remaining for order in one.strategy.orders] == [30]
    executor(one, OrderDenied(T0, "DU1", "echo", "gateway", "no", "echo-e1-1/1", "m"))
    assert [order.remaining for order in one.strategy.orders] == [10]


def test_of_the_gateways_events_only_executions_count():
    """Otherwise a strategy could see an end that the executor does not know of yet."""
    one = runner()
    executor(one, created())
    gateway(
        one,
        intended(T0),
        OrderDenied(T0, "DU1", "echo", "gateway", "no", intent_id="echo-e1-1/1"),
        OrderCancelled(T0, "DU1", "echo-e1-1/1"),
    )
    assert [order.state for order in one.strategy.orders] == ["CREATED"]
    assert one.strategy.received == []
    early = runner()
    gateway(early, intended(T0), OrderAccepted(T0, "DU1", "echo-e1-1/1", "7", "1"))
    assert (early.strategy.orders, early.strategy.received) == ([], [])


# ---- what the strategy receives -----------------------------------------------------------------


def test_what_is_given_back_after_a_gap_is_received():
    one = runner(live=False)
    gateway(one, fill("e1.01", 1))
    one.live = True
    one.live = False  # a gap: the stream is being caught up with
    news, late = moved("FILLED", 7), fill("e2.01", 7)
    executor(one, news)
    gateway(one, late)
    assert one.strategy.received == [news, late]
    assert one.strategy.buy("AAPL", 1) == ""


@pytest.mark.parametrize("strategy", ["echo", "other"])
def test_new_terms_go_to_the_strategy_that_they_are_of(strategy: str):
    one = runner()
    news = OrderTermsChanged(T0, "DU1", "echo-e1-1/1", strategy, LIMIT)
    executor(one, news)
    assert one.strategy.received == ([news] if strategy == "echo" else [])
