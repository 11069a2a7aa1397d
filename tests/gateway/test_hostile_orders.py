"""A TWS that contradicts itself about orders and executions: a position is never wrong without a
word, and no order is taken for another."""

import pytest

from tapewire.common.events import Fill, OrderConflict
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import OTHER_ACCOUNT, Bench, submit
from tests.gateway.tws_messages import (
    ACCOUNT,
    MSFT,
    execution_message,
    execution_of,
    open_order_of,
    position_message,
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def complaints(bench: Bench) -> list[str]:
    return [text for text, _ in bench.gateway.complaints]


# ---- executions --------------------------------------------------------------------------------


@pytest.mark.parametrize("shares", [(11,), (10, 10)])
def test_an_order_that_is_filled_beyond_its_quantity_is_reported(bench: Bench, shares):
    order = bench.rest(10)
    for number, quantity in enumerate(shares):
        bench.fill(order, quantity, f"{number}.01")
    (complaint,) = complaints(bench)
    filled = sum(shares)
    assert f"s-1/1 is filled with {filled} AAPL, and was an order of 10" in complaint
    assert bench.gateway.holdings.filled[ACCOUNT, "AAPL"] == filled
    assert "beyond its quantity" in bench.gateway.positions.unsure


def test_an_order_that_is_filled_to_its_quantity_is_not(bench: Bench):
    order = bench.rest(10)
    bench.fill(order, 4, "1.01")
    bench.fill(order, 6, "2.01")
    assert complaints(bench) == []


@pytest.mark.parametrize(("shares", "price"), [(5, "170"), (7, "150.25")])
def test_an_execution_that_comes_again_as_another_trade_is_reported_once(
    bench: Bench, shares: int, price: str
):
    order = bench.rest()
    bench.fill(order, 5, "1.01")
    for _ in range(3):
        bench.receive(execution_message(execution_of(order, shares, "1.01", price)))
    (complaint,) = complaints(bench)
    assert f"BUY 5 at 150.25 and was reported again as BUY {shares} at {price}" in complaint
    assert bench.gateway.holdings.filled[ACCOUNT, "AAPL"] == 5
    assert "in two ways" in bench.gateway.positions.unsure


def test_an_execution_that_is_repeated_or_corrected_is_not(bench: Bench):
    order = bench.rest()
    bench.fill(order, 5, "1.01")
    bench.receive(execution_message(execution_of(order, 5, "1.01"), 7))
    bench.receive(execution_message(execution_of(order, 5, "1.02", "151")))
    bench.receive(execution_message(execution_of(order, 5, "1.01"), 7))
    assert complaints(bench) == []


# ---- accounts ----------------------------------------------------------------------------------


def test_without_an_account_it_is_the_only_one_of_the_login(bench: Bench):
    order = bench.rest()
    order.account = ""
    bench.receive(execution_message(execution_of(order, 5, "1.01")))
    assert bench.gateway.holdings.filled == {(ACCOUNT, "AAPL"): 5}
    bench.receive(position_message(7, account=""))
    assert bench.gateway.holdings.filled == {(ACCOUNT, "AAPL"): 7}


def test_without_an_account_an_execution_of_ours_is_of_its_orders():
    bench = Bench(accounts=(ACCOUNT, OTHER_ACCOUNT))
    order = bench.send(submit(limit=150, account=OTHER_ACCOUNT))
    bench.opened(order)
    order.account = ""
    bench.receive(execution_message(execution_of(order, 5, "1.01")))
    (fill,) = [one for one in bench.journal if isinstance(one, Fill)]
    assert (fill.account, fill.intent_id) == (OTHER_ACCOUNT, "s-1/1")


# ---- orders ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"side": "SELL"}, "SELL AAPL"),
        ({"instrument": MSFT}, "BUY MSFT"),
        ({"account": OTHER_ACCOUNT}, f"in account {OTHER_ACCOUNT}"),
    ],
)
def test_our_order_that_trades_something_else_at_tws_is_a_conflict(
    bench: Bench, changed: dict[str, object], said: str
):
    order = bench.rest()
    for name, value in changed.items():
        setattr(order, name, value)
    bench.receive(open_order_of(order), open_order_of(order))
    (conflict,) = [one for one in bench.journal if isinstance(one, OrderConflict)]
    assert said in conflict.reason
    assert "ours is BUY AAPL" in conflict.reason
    assert len(complaints(bench)) == 1


# ---- order ids ---------------------------------------------------------------------------------


AT_THE_END = [2**31 - 1_000_000, 2**31 - 1, 2**31, 2**63 - 1]


@pytest.mark.parametrize("proposed", AT_THE_END)
def test_an_order_id_that_leaves_few_is_not_taken_from_tws(bench: Bench, proposed: int):
    """An order with it would use up all others, for good."""
    bench.receive(messages.next_valid_id(proposed))
    bench.send(submit())
    assert bench.placed() == ["1"]
    (complaint,) = complaints(bench)
    assert f"TWS proposes order id {proposed}" in complaint


@pytest.mark.parametrize("proposed", AT_THE_END)
def test_a_login_with_such_an_id_comes_to_its_end(proposed: int):
    """Cancels go, and what TWS knows is read; orders go on from the last id that was used."""
    bench = Bench(connect=False)
    bench.broker.used_order_id("41")
    bench.connect(proposed)
    bench.answer_snapshot()
    bench.flush()
    bench.send(submit())
    assert bench.placed() == ["42"]


def test_the_last_ids_are_used_where_those_before_were(bench: Bench):
    bench.broker.used_order_id(str(2**31 - 9))
    bench.receive(messages.next_valid_id(2**31 - 8))
    bench.send(submit())
    assert bench.placed() == [str(2**31 - 8)]
    assert complaints(bench) == []


def test_where_the_ids_are_used_up_orders_are_denied_and_nothing_is_written(bench: Bench):
    bench.broker.used_order_id(str(2**31 - 2))
    bench.send(submit())
    answer = bench.submit(submit("s-1/2"))
    assert not answer.accepted
    assert "reset the API order ID sequence" in answer.reason
    bench.flush()
    assert bench.placed() == ["2147483647"]


# ---- words -------------------------------------------------------------------------------------

CLEARS = "\x1b[2J"  # a terminal that shows it is cleared


def test_what_tws_says_does_not_act_on_the_terminal_that_shows_it(bench: Bench):
    order = bench.rest()
    bench.error(int(order.order_id), 99_999, f"odd {CLEARS}[bold]")
    bench.receive(position_message(7, account=f"D{CLEARS}"))
    bench.receive(execution_message(execution_of(order, 5, f"1{CLEARS}.01")))
    shown = "".join(complaints(bench)) + "".join(map(str, bench.broker_errors()))
    assert "odd \\x1b[2J[bold]" in shown
    assert "\x1b" not in shown
    assert "all printable" in shown
    assert bench.gateway.holdings.filled == {}
