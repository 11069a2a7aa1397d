"""A strategy's own orders and position: over flattens, restarts, gaps and any order of streams."""

from decimal import Decimal
from itertools import permutations

import pytest

from tapewire.common.events import (
    Fill,
    FlattenCompleted,
    OrderChanged,
    OrderCreated,
    OrderIntended,
    OrderUpdated,
    SubmitOrder,
)
from tapewire.strategy.base import LiveOrder
from tests.strategy.desk import SECOND, T0, runner


def order(number: int = 1, strategy: str = "echo") -> SubmitOrder:
    return SubmitOrder(
        f"echo-e1-{number}/1", T0, strategy, "AAPL", "BUY", Decimal(10), "LMT", T0,
        limit_price=Decimal(5), signal_id=f"echo-e1-{number}",
    )  # fmt: skip


def fill(exec_id: str, quantity: int, ts_ns: int, number: int = 1) -> Fill:
    return Fill(
        ts_ns, exec_id, 1, "AAPL", "BUY", Decimal(quantity), Decimal(1),
        f"echo-e1-{number}/1", "echo",
    )  # fmt: skip


def intended(ts_ns: int, number: int = 1) -> OrderIntended:
    return OrderIntended(ts_ns, number, order(number))


# ---- flatten ------------------------------------------------------------------------------------


def test_after_a_flatten_the_position_is_nothing_and_new_fills_count():
    one = runner()
    one.on_gateway(intended(T0), T0)
    one.on_gateway(fill("e1.01", 7, T0 + 1), T0)
    one.on_risk(FlattenCompleted(T0 + 2), T0)
    assert one.strategy.position("AAPL") == 0
    one.on_gateway(intended(T0 + 3, 2), T0)
    one.on_gateway(fill("e2.01", 4, T0 + 4, 2), T0)
    assert one.strategy.position("AAPL") == 4


def test_a_fill_from_before_the_flatten_that_is_heard_of_after_it_was_closed_with_the_rest():
    one = runner()
    one.on_gateway(intended(T0), T0)
    one.on_risk(FlattenCompleted(T0 + 2), T0)
    one.on_gateway(fill("e1.01", 7, T0 + SECOND), T0)  # the gateway was away, and reads it now
    assert one.strategy.position("AAPL") == 0
    assert one.strategy.told != []


def test_a_correction_of_a_fill_that_a_flatten_closed_changes_nothing():
    one = runner()
    one.on_gateway(fill("e1.01", 7, T0), T0)
    one.on_risk(FlattenCompleted(T0 + 2), T0)
    one.on_gateway(fill("e1.02", 6, T0 + 3), T0)
    assert one.strategy.position("AAPL") == 0


def test_the_order_in_which_the_streams_come_makes_no_difference():
    gateway = [intended(T0), fill("e1.01", 7, T0 + 1), intended(T0 + 5, 2),
               fill("e2.01", 4, T0 + 6, 2), fill("e2.02", 3, T0 + 7, 2)]  # fmt: skip
    risk = [FlattenCompleted(T0 + 2), FlattenCompleted(T0 + 3)]
    for places in permutations(range(len(gateway) + 1), 2):
        for flattens in (risk, risk[::-1]):
            one = runner(live=False)
            for place in range(len(gateway) + 1):
                for flatten, at in zip(flattens, places, strict=True):
                    if at == place:
                        one.on_risk(flatten, T0)
                if place < len(gateway):
                    one.on_gateway(gateway[place], T0)
            assert one.strategy.position("AAPL") == 3


def test_an_older_flatten_that_is_heard_later_brings_nothing_back():
    one = runner()
    one.on_gateway(intended(T0 + 3), T0)
    one.on_gateway(fill("e1.01", 7, T0 + 3), T0)
    one.on_risk(FlattenCompleted(T0 + 4), T0)
    one.on_risk(FlattenCompleted(T0 + 2), T0)
    assert one.strategy.position("AAPL") == 0


def test_a_fill_of_an_order_that_is_not_known_counts_by_its_own_time():
    one = runner()
    one.on_risk(FlattenCompleted(T0 + 2), T0)
    one.on_gateway(fill("e1.01", 7, T0 + 1), T0)
    one.on_gateway(fill("e2.01", 4, T0 + 3), T0)
    assert one.strategy.position("AAPL") == 4


# ---- orders -------------------------------------------------------------------------------------


def test_the_own_live_orders_are_shown_with_their_terms_as_they_are():
    one = runner()
    one.on_executor(OrderCreated(T0, "echo-e1-1", order()), T0)
    one.on_executor(OrderCreated(T0, "other-1", order(2, "other")), T0)
    one.on_executor(OrderChanged(T0, "echo-e1-1/1", "echo", "ACCEPTED", Decimal(4)), T0)
    one.on_executor(OrderUpdated(T0, "echo-e1-1/1", "echo", Decimal(12), Decimal(6), "x"), T0)
    assert one.strategy.orders == [
        LiveOrder(
            "echo-e1-1", "AAPL", "BUY", "LMT", Decimal(12), Decimal(6), Decimal(4), "ACCEPTED"
        )
    ]
    one.on_executor(OrderChanged(T0, "echo-e1-1/1", "echo", "FILLED", Decimal(12)), T0)
    assert one.strategy.orders == []


# ---- what is told -------------------------------------------------------------------------------


def test_what_is_given_back_after_a_gap_is_told():
    one = runner(live=False)
    one.on_gateway(fill("e1.01", 1, T0), T0)
    one.live = True
    one.live = False  # a gap: the stream is being caught up with
    news = OrderChanged(T0, "echo-e1-1/1", "echo", "FILLED", Decimal(7))
    one.on_executor(news, T0)
    late = fill("e2.01", 7, T0)
    one.on_gateway(late, T0)
    assert one.strategy.told == [news, late]
    assert one.strategy.buy("AAPL", 1) == ""


@pytest.mark.parametrize("strategy", ["echo", "other"])
def test_new_terms_are_told_to_the_strategy_that_they_are_of(strategy: str):
    one = runner()
    news = OrderUpdated(T0, "echo-e1-1/1", strategy, Decimal(12))
    one.on_executor(news, T0)
    assert one.strategy.told == ([news] if strategy == "echo" else [])
