"""Executions of others: TWS pushes none of them, so the gateway asks when something shows them."""

from decimal import Decimal
from itertools import pairwise

import pytest

from tapewire.common.events import Event, Fill
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.protocol import messages
from tests.gateway.test_foreign_orders import at_tws, listed
from tests.gateway.tws_bench import EXECUTIONS_ASKED, Bench, kinds, submit
from tests.gateway.tws_messages import (
    execution_message,
    execution_of,
    open_order_of,
    position_message,
)


@pytest.fixture
def bench() -> Bench:
    bench = Bench(open_orders_ms=10_000)
    bench.pass_s(5)  # the list after connecting has settled
    bench.flush()
    return bench


def asks_for_executions(bench: Bench) -> bool:
    return EXECUTIONS_ASKED in kinds(bench.flush())


def asked_within(bench: Bench, seconds: int) -> list[int]:
    """The seconds at which it asks; nobody answers."""
    found = []
    for second in range(1, seconds + 1):
        bench.pass_s(1)
        if asks_for_executions(bench):
            found.append(second)
    return found


def answered(bench: Bench, order: Order | None = None, shares: int = 0) -> list[Event]:
    """TWS lists its day: no open orders, and the execution of a foreign one if there is any."""
    told = [execution_message(execution_of(order, shares, "0009.01"), 1)] if order else []
    ends = (messages.open_order_end(), messages.execution_end(1), messages.completed_orders_end())
    return bench.receive(*told, *ends) + bench.tick()


def fills(bench: Bench) -> list[tuple[str, Decimal]]:
    return [(one.exec_id, one.quantity) for one in bench.journal if isinstance(one, Fill)]


def test_a_position_that_moves_without_an_execution_is_asked_about(bench: Bench):
    bench.hold(7)
    bench.pass_s(2.9)
    assert not asks_for_executions(bench)
    bench.pass_s(0.1)
    assert asks_for_executions(bench)
    answered(bench, at_tws(), 7)
    assert fills(bench) == [("0009.01", 7)]
    assert asked_within(bench, 60) == []


def test_a_position_that_its_execution_follows_or_precedes_is_not(bench: Bench):
    order = bench.rest()
    bench.fill(order, 4, "0001.01")
    bench.receive(position_message(4))
    bench.receive(position_message(7))
    bench.pass_s(1)
    bench.fill(order, 3, "0002.01")
    assert asked_within(bench, 60) == []


def test_a_position_that_moves_and_comes_back_without_executions_is_asked_about(bench: Bench):
    """Somebody else bought, and the liquidation gateway closed it a moment later."""
    bench.hold(15)
    bench.pass_s(1)
    bench.hold(0)
    assert asked_within(bench, 4) == [2]
    answered(bench, at_tws(), 15)
    bench.pass_s(3)
    assert [quantity for _, quantity in fills(bench)] == [15]


def test_what_was_held_all_along_is_no_way_of_a_position():
    bench = Bench(connect=False)
    bench.held["AAPL", bench.accounts[0]] = 50
    bench.connect()
    bench.answer_snapshot()
    bench.pass_s(5)
    bench.flush()
    order = bench.rest()
    bench.receive(position_message(60))
    bench.fill(order, 10, "0001.01")
    assert asked_within(bench, 60) == []


def test_another_trade_of_ours_meanwhile_explains_nothing_of_it(bench: Bench):
    order = bench.rest()
    bench.hold(15)
    bench.fill(order, 7, "0001.01")
    bench.receive(position_message(22))
    bench.receive(position_message(7))
    assert asked_within(bench, 4) == [3]


def test_both_ways_of_our_own_executions_are_explained_by_them(bench: Bench):
    bought, sold = bench.rest(), bench.send(submit("b/1", side="SELL", limit="160"))
    bench.opened(sold)
    bench.receive(position_message(7))
    bench.fill(bought, 7, "0001.01")
    bench.fill(sold, 7, "0002.01")
    bench.receive(position_message(0))
    assert asked_within(bench, 60) == []


def test_what_the_list_does_not_explain_is_asked_about_once(bench: Bench):
    bench.hold(7)
    bench.pass_s(3)
    assert asks_for_executions(bench)
    answered(bench)
    assert asked_within(bench, 60) == []
    bench.hold(9)
    assert asked_within(bench, 4) == [3]


def test_what_an_account_held_before_its_first_execution_is_not_asked_about():
    bench = Bench(connect=False)
    bench.held["AAPL", bench.accounts[0]] = 50
    bench.connect()
    bench.answer_snapshot()
    assert asked_within(bench, 60) == []


def test_a_list_that_was_under_way_when_the_position_moved_does_not_count(bench: Bench):
    bench.hold(7)
    bench.pass_s(3)
    assert asks_for_executions(bench)
    bench.hold(9)
    answered(bench, at_tws(), 7)
    assert asked_within(bench, 5) != []


def test_a_list_without_an_end_is_asked_for_again_ever_more_rarely(bench: Bench):
    bench.hold(7)
    asked = asked_within(bench, 600)
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert asked[0] == 3
    assert gaps == sorted(gaps)
    assert gaps[-1] > 100


def test_a_first_list_without_an_end_is_asked_for_again():
    bench = Bench(connect=False)
    bench.connect()
    bench.list_positions()
    bench.receive(messages.open_order_end(), messages.completed_orders_end())
    asked = asked_within(bench, 15)
    assert len(asked) == 1
    answered(bench)
    assert asked_within(bench, 60) == []


def test_a_foreign_order_that_is_not_listed_any_more_may_have_filled(bench: Bench):
    bench.pass_s(10)
    listed(bench, at_tws())
    assert asked_within(bench, 9) == []
    bench.pass_s(1)
    assert not asks_for_executions(bench)
    listed(bench)
    assert asked_within(bench, 4) == [3]
    answered(bench)
    assert asked_within(bench, 60) == []


def test_a_foreign_order_that_is_listed_with_less_remaining_has_filled(bench: Bench):
    bench.pass_s(10)
    listed(bench, at_tws())
    bench.pass_s(10)
    listed(bench, at_tws(filled=Decimal(4)))
    assert asked_within(bench, 4) == [3]


def test_a_new_connection_lists_everything_so_older_doubts_are_over(bench: Bench):
    bench.hold(7)
    bench.lose()
    bench.connect()
    bench.answer_snapshot(execution_message(execution_of(at_tws(), 7, "0009.01"), 1))
    assert fills(bench) == [("0009.01", 7)]
    assert asked_within(bench, 60) == []


def test_the_liquidation_gateway_leaves_the_trading_of_others_to_the_gateway():
    bench = Bench(reduce_only=True)
    bench.hold(7)
    assert asked_within(bench, 60) == []


def test_an_own_order_that_is_open_is_no_foreign_one(bench: Bench):
    order = bench.send(submit(limit=150))
    bench.receive(open_order_of(order), messages.order_status(order))
    assert asked_within(bench, 8) == []
