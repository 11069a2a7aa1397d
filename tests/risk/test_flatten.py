"""Flatten: cancels first, then closes, again and again, until nothing is held or it gives up."""

from decimal import Decimal

import pytest

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.bus import wire
from tapewire.common.clock import Now
from tapewire.common.events import (
    EVERYTHING,
    TEXT_MAX,
    CancelAll,
    CancelOrder,
    OrderCancelled,
    OrderFilled,
    OrderTerms,
    Scope,
    Side,
    SubmitOrder,
)
from tapewire.common.roles import GATEWAY, LIQUIDATION, RISK
from tapewire.risk.flatten import ATTEMPTS_MAX, PATIENCE_NS, Command, Flatten
from tests.risk.orders import AAPL, NOW, SECOND, T0, held, intended, order


class Run:
    """A flatten, what risk knows, and a clock."""

    def __init__(self, scope: Scope = EVERYTHING) -> None:
        self.accounts: Accounts[Order] = Accounts([AAPL], Order)
        self.flatten, self.now = Flatten("risk-1", scope), NOW

    def tick(self, seconds: float = 0) -> list[Command]:
        self.now += int(seconds * SECOND)
        asked = self.flatten.tick(self.accounts, self.now)
        self.roles = [role for role, _ in asked]
        return [command for _, command in asked]

    def closing(self) -> "Run":
        assert self.tick() == [CancelAll(self.now.wall_ns)]
        return self


@pytest.fixture
def run() -> Run:
    return Run()


def test_it_cancels_first_even_if_no_order_is_known_here(run: Run):
    run.accounts.apply(held(10))
    assert run.tick(5) == [CancelAll(run.now.wall_ns)]
    (close,) = run.tick()
    assert isinstance(close, SubmitOrder)


def test_it_waits_for_live_orders_and_asks_again_each_second(run: Run):
    run.accounts.apply(intended(order()))
    run.accounts.apply(held(10))
    asked = [run.tick(0.25) for _ in range(12)]
    assert [bool(a) for a in asked] == [True, False, False, False] * 3
    run.accounts.apply(OrderCancelled(T0, "DU1", "a/1"))
    assert isinstance(run.tick()[0], SubmitOrder)


def test_its_patience_with_live_orders_has_an_end(run: Run):
    run.accounts.apply(intended(order()))
    run.accounts.apply(held(10))
    run.closing()
    run.now += PATIENCE_NS + 1
    assert isinstance(run.tick()[0], SubmitOrder)


@pytest.mark.parametrize(("quantity", "side"), [(10, "SELL"), (-10, "BUY")])
def test_it_closes_each_position_whole_by_a_market_order_that_expires(
    run: Run, quantity: int, side: Side
):
    run.accounts.apply(held(quantity))
    (close,) = run.closing().tick()
    assert (close.strategy, close.account, close.symbol) == (RISK, "DU1", "AAPL")
    assert close.terms == OrderTerms(side, Decimal(10))
    assert close.expires_ns == run.now.wall_ns + 5 * SECOND


def test_while_a_closing_order_lives_no_other_one_goes(run: Run):
    run.accounts.apply(held(10))
    (close,) = run.closing().tick()
    run.accounts.apply(intended(close))
    assert run.tick(60) == []
    run.accounts.apply(held(3, ts_ns=T0 + 1))
    run.accounts.apply(OrderFilled(T0, "DU1", close.intent_id))
    (again,) = run.tick()
    assert (again.terms.quantity, again.intent_id != close.intent_id) == (3, True)


def test_it_is_done_when_nothing_is_held(run: Run):
    run.closing().tick()
    assert (run.flatten.phase, run.flatten.failure) == ("DONE", "")
    assert run.tick(60) == []


def test_it_gives_up_with_a_reason(run: Run):
    run.accounts.apply(held(10))
    run.closing()
    orders = [one for _ in range(100) for one in run.tick(1)]
    assert len(orders) == len({o.intent_id for o in orders}) == ATTEMPTS_MAX
    assert run.flatten.phase == "DONE"
    assert run.flatten.failure == f"still open after {ATTEMPTS_MAX} attempts: AAPL 10"


def test_after_a_restart_it_uses_no_intent_of_before_again(run: Run):
    run.accounts.apply(held(10))
    (close,) = run.closing().tick()
    run.flatten = Flatten("risk-1")
    run.now += SECOND
    (again,) = run.closing().tick()
    assert again.intent_id != close.intent_id


def test_a_smaller_scope_has_each_order_cancelled_where_it_was_placed():
    run = Run(Scope("DU1"))
    for one in (order(), order("b/1", account="DU2"), order("r-1", strategy=RISK)):
        run.accounts.apply(intended(one))
    assert run.tick() == [CancelOrder("a/1", T0), CancelOrder("r-1", T0)]
    assert run.roles == [GATEWAY, LIQUIDATION]
    assert run.tick(0.5) == []
    assert len(run.tick(0.5)) == 2


def test_orders_and_positions_outside_its_scope_are_left_alone():
    run = Run(Scope("DU1", symbol="MSFT"))
    for one in (order(), order("b/1", account="DU2", symbol="MSFT")):
        run.accounts.apply(intended(one))
    for account, symbol in (("DU1", "AAPL"), ("DU2", "MSFT"), ("DU1", "MSFT")):
        run.accounts.apply(held(7, symbol, account=account))
    assert run.tick() == []
    (close,) = run.tick()
    assert (close.account, close.symbol, run.roles) == ("DU1", "MSFT", [LIQUIDATION])


def test_each_closing_order_of_two_accounts_has_an_id_of_its_own(run: Run):
    for account in ("DU1", "DU2"):
        run.accounts.apply(held(7, account=account))
    closing = run.closing().tick()
    assert len({one.intent_id for one in closing}) == 2
    assert [wire.decode_event(wire.encode(one)) for one in closing] == closing


def test_setting_the_wall_clock_back_makes_no_attempt_late(run: Run):
    run.accounts.apply(held(10))
    run.closing().tick()
    run.now = Now(run.now.wall_ns - 3600 * SECOND, run.now.mono_ns)
    assert run.tick(0.5) == []
    assert len(run.tick(0.5)) == 1


def test_what_it_gives_up_on_is_a_reason_that_can_be_read_again(run: Run):
    for number in range(60):
        run.accounts.apply(held(10, f"SYMBOL{number:04}"))
    run.closing()
    for _ in range(100):
        run.tick(1)
    assert run.flatten.phase == "DONE"
    assert len(run.flatten.failure) <= TEXT_MAX


def test_a_closing_order_that_hangs_does_not_keep_another_position_open(run: Run):
    for account in ("DU1", "DU2"):
        run.accounts.apply(held(7, account=account))
    for close in run.closing().tick():
        run.accounts.apply(intended(close))
    run.accounts.apply(OrderCancelled(T0, "DU2", close.intent_id))
    (again,) = run.tick(1)
    assert again.account == "DU2"
