"""Flatten: cancels first, then closes, again and again, until nothing is held or it gives up."""

import pytest

from tapewire.common.events import (
    CancelAll,
    OrderCancelled,
    OrderFilled,
    OrderIntended,
    SubmitOrder,
)
from tapewire.risk.flatten import ATTEMPTS_MAX, PATIENCE_NS, Flatten
from tapewire.risk.state import RiskState
from tests.risk.desk import AAPL, SECOND, T0, held, order


class Run:
    """A flatten, what risk knows, and a clock."""

    def __init__(self) -> None:
        self.state, self.flatten, self.now_ns = RiskState([AAPL]), Flatten("risk-1"), T0

    def tick(self, seconds: float = 0) -> list[SubmitOrder | CancelAll]:
        self.now_ns += int(seconds * SECOND)
        return self.flatten.tick(self.state, self.now_ns)

    def closing(self) -> "Run":
        assert self.tick() == [CancelAll(self.now_ns)]
        return self


@pytest.fixture
def run() -> Run:
    return Run()


def test_it_cancels_first_even_if_no_order_is_known_here(run: Run):
    run.state.apply(held(10))
    assert run.tick(5) == [CancelAll(run.now_ns)]
    (close,) = run.tick()
    assert isinstance(close, SubmitOrder)


def test_it_waits_for_live_orders_and_asks_again_each_second(run: Run):
    run.state.apply(OrderIntended(T0, 1, order()))
    run.state.apply(held(10))
    asked = [run.tick(0.25) for _ in range(12)]
    assert [bool(a) for a in asked] == [True, False, False, False] * 3
    run.state.apply(OrderCancelled(T0, "a/1"))
    assert isinstance(run.tick()[0], SubmitOrder)


def test_its_patience_with_live_orders_has_an_end(run: Run):
    run.state.apply(OrderIntended(T0, 1, order()))
    run.state.apply(held(10))
    run.closing()
    run.now_ns += PATIENCE_NS + 1
    assert isinstance(run.tick()[0], SubmitOrder)


@pytest.mark.parametrize(("quantity", "action"), [(10, "SELL"), (-10, "BUY")])
def test_it_closes_each_position_whole_by_a_market_order_that_expires(run, quantity, action):
    run.state.apply(held(quantity))
    (close,) = run.closing().tick()
    assert (close.strategy, close.symbol, close.action) == ("risk", "AAPL", action)
    assert (close.quantity, close.order_type) == (10, "MKT")
    assert close.expires_ns == run.now_ns + 5 * SECOND


def test_while_a_closing_order_lives_no_other_one_goes(run: Run):
    run.state.apply(held(10))
    (close,) = run.closing().tick()
    run.state.apply(OrderIntended(T0, 1, close))
    assert run.tick(60) == []
    run.state.apply(held(3, ts_ns=T0 + 1))
    run.state.apply(OrderFilled(T0, close.intent_id))
    (again,) = run.tick()
    assert (again.quantity, again.intent_id != close.intent_id) == (3, True)


def test_it_is_done_when_nothing_is_held(run: Run):
    run.closing().tick()
    assert (run.flatten.phase, run.flatten.failure) == ("DONE", "")
    assert run.tick(60) == []


def test_it_gives_up_with_a_reason(run: Run):
    run.state.apply(held(10))
    run.closing()
    orders = [one for _ in range(100) for one in run.tick(1)]
    assert len(orders) == len({o.intent_id for o in orders}) == ATTEMPTS_MAX
    assert run.flatten.phase == "DONE"
    assert run.flatten.failure == f"still open after {ATTEMPTS_MAX} attempts: AAPL 10"


def test_after_a_restart_it_uses_no_intent_of_before_again(run: Run):
    run.state.apply(held(10))
    (close,) = run.closing().tick()
    run.flatten = Flatten("risk-1")
    run.now_ns += SECOND
    (again,) = run.closing().tick()
    assert again.intent_id != close.intent_id
