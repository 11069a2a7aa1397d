"""Flatten: cancels, waits for the halt, lists, closes, until the broker's list is flat."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    CancelAll,
    CancelOrder,
    ListPositions,
    OrderCancelled,
    OrdersTakenOver,
    OrderTerms,
    PositionsListed,
    Scope,
    Side,
    TakeOver,
)
from tapewire.common.roles import GATEWAY, LIQUIDATION
from tests.risk.flattening import LEASE_S, Run, closes
from tests.risk.orders import T0, foreign, held, intended, order


@pytest.fixture
def run() -> Run:
    one = Run()
    one.hold(10)
    return one


# ---- orders of others ---------------------------------------------------------------------------


def part() -> Run:
    """A flatten of an account that holds 10, and in which somebody else has an order."""
    one = Run(Scope("DU1"))
    one.hold(10)
    one.apply(foreign(1, 4))
    return one


def test_a_flatten_of_a_part_cancels_what_others_have_there_with_all_orders():
    run = part()
    assert run.tick() == [CancelAll(T0)]
    (alarm,) = run.alarms
    assert alarm.startswith("1 order in account DU1 that somebody else has placed cannot be")
    assert closes(run.pass_s(2)) == [], "it could open again what is closed"
    run.apply(foreign(1, 4, remaining=0))
    (close,) = closes(run.pass_s(2))
    run.filled(run.taken(close))
    run.pass_s(2)
    assert run.flatten.phase == "DONE"


def test_it_does_not_end_while_an_order_of_others_works_there():
    run = part()
    (close,) = closes(run.pass_s(6))
    run.filled(run.taken(close))
    run.pass_s(20)
    assert run.flatten.phase != "DONE"
    run.apply(foreign(1, 4, remaining=0))
    run.pass_s(2)
    assert run.flatten.phase == "DONE"


def test_all_orders_are_not_cancelled_while_a_closing_order_works():
    run = part()
    (close,) = closes(run.pass_s(6))
    run.taken(close)
    assert CancelAll(T0) not in run.pass_s(9)


def test_both_gateways_list_the_orders_of_others():
    run = part()
    run.pass_s(1)
    assert run.roles_of(ListPositions) == {GATEWAY, LIQUIDATION}


@pytest.mark.parametrize(
    ("scope", "account"), [(Scope(), ""), (Scope("DU1"), "DU1"), (Scope("", "s"), "")]
)
def test_a_flatten_of_an_account_asks_about_that_account_alone(scope, account):
    run = Run(scope)
    run.tick()
    assert {one.account for _, one in run.asked if isinstance(one, ListPositions)} == {account}


def test_orders_of_others_elsewhere_are_left_alone():
    run = Run(Scope("DU1"))
    run.hold(10)
    run.apply(foreign(1, 4, account="DU2"))
    assert CancelAll(T0) not in run.pass_s(3)


# ---- the order of things ------------------------------------------------------------------------


def test_it_cancels_at_once_even_if_no_order_is_known_here(run: Run):
    run.acknowledged = False
    assert run.tick() == [CancelAll(T0)]
    assert run.roles_of(CancelAll) == {LIQUIDATION}


def test_nothing_is_closed_before_the_gateway_has_acknowledged_the_halt(run: Run):
    run.acknowledged = False
    assert closes(run.pass_s(LEASE_S)) == []
    assert "waiting for the gateway to acknowledge the halt" in str(run.flatten)
    run.acknowledged = True
    assert len(closes([*run.tick(), *run.tick()])) == 1


def test_or_before_the_lease_is_over_and_that_is_reported(run: Run):
    run.acknowledged = run.alive = False
    assert closes(run.pass_s(LEASE_S)) == []
    assert run.alarms == []
    assert len(closes(run.pass_s(1))) == 1
    assert run.alarms == ["the gateway does not acknowledge the halt; its lease is over"]


def test_positions_are_listed_after_the_cancels_and_the_list_decides(run: Run):
    run.answers = False
    assert closes(run.pass_s(2)) == []
    run.hold(7)
    assert closes(run.pass_s(2)) == []
    run.answers = True
    (close,) = closes(run.pass_s(6))
    assert close.terms.quantity == 7


def test_a_list_that_was_asked_for_before_does_not_count(run: Run):
    run.acknowledged = False
    run.tick()
    run.apply(PositionsListed(T0, "another"))
    run.answers, run.acknowledged = False, True
    assert closes(run.pass_s(2)) == []


def test_a_list_that_does_not_come_is_asked_for_again_and_reported_once(run: Run):
    run.answers = False
    run.pass_s(60)
    asked = [command for _, command in run.asked if isinstance(command, ListPositions)]
    assert len(asked) == len({one.id for one in asked}) == 5  # after 5, 10 and then 20 seconds
    assert run.alarms == ["the broker does not list its positions"]


def test_a_list_that_was_asked_for_before_the_last_one_is_an_answer_too():
    run = Run(Scope("DU1"))
    run.hold(10)
    run.answers = False
    run.pass_s(12)
    first, _second, *_ = (one for _, one in run.asked if isinstance(one, ListPositions))
    run.apply(PositionsListed(T0, first.id))
    assert len(closes(run.tick(0.25))) == 1


def test_what_the_other_gateways_journal_says_of_positions_decides_nothing(run: Run):
    run.apply(held(99, ts_ns=T0 + 1), source=GATEWAY)
    (close,) = run.closing()
    assert close.terms.quantity == 10


def test_the_end_is_the_brokers_list_not_the_arithmetic_of_fills(run: Run):
    close = run.taken(run.closing()[0])
    run.filled(close, left=3)  # somebody else bought
    (again,) = closes(run.pass_s(3))
    assert again.terms.quantity == 3
    run.filled(run.taken(again))
    run.pass_s(0.5)
    assert run.flatten.phase != "DONE", "the list may be behind the execution"
    run.pass_s(2)
    assert run.flatten.phase == "DONE"


def test_with_nothing_held_it_is_over_once_a_list_says_so():
    run = Run()
    run.answers = False
    run.pass_s(3)
    assert run.flatten.phase != "DONE"
    run.answers = True
    run.pass_s(6)
    assert run.flatten.phase == "DONE"


# ---- down to a quantity ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "terms"), [(10, ("SELL", 6)), (-10, ("BUY", 6)), (5, ("SELL", 1))]
)
def test_of_each_position_what_is_to_be_kept_is_left(held: int, terms: tuple[Side, int]):
    run = Run(keep=4)
    run.hold(held)
    (close,) = run.closing()
    assert close.terms == OrderTerms(terms[0], Decimal(terms[1]))
    run.filled(run.taken(close), left=4 if held > 0 else -4)
    run.pass_s(3)
    assert (run.flatten.phase, closes(run.pass_s(3))) == ("DONE", [])


@pytest.mark.parametrize("held", [4, 0, -4])
def test_what_is_no_more_than_that_is_left_alone_once_nothing_works(held: int):
    run = Run(keep=4)
    run.hold(held)
    run.apply(intended(order(side="SELL" if held < 0 else "BUY", quantity=1)))
    run.open = ("a/1",)
    assert (closes(run.pass_s(8)), run.flatten.phase) == ([], "CLOSING")
    run.apply(OrderCancelled(T0, "DU1", "a/1"))
    run.open = ()
    run.pass_s(30)
    assert run.flatten.phase == "DONE"


def test_beside_an_exit_that_survives_its_cancels_it_sells_only_the_rest_of_what_is_too_much():
    run = Run(keep=4)
    run.hold(10)
    run.apply(intended(order(side="SELL", quantity=5)))
    run.open = ("a/1",)
    (close,) = closes(run.pass_s(8))
    assert close.terms == OrderTerms("SELL", Decimal(1))


# ---- beside other orders ------------------------------------------------------------------------


def test_it_waits_for_live_orders_and_cancels_them_again(run: Run):
    run.apply(intended(order()))
    run.open = ("a/1",)
    asked = run.pass_s(2.5)
    assert [type(one) for one in asked] == [CancelAll, CancelAll]
    run.apply(OrderCancelled(T0, "DU1", "a/1"))
    run.open = ()
    assert len(closes(run.pass_s(1))) == 1


def test_beside_a_live_sell_that_survives_its_cancels_it_sells_only_the_rest(run: Run):
    run.apply(intended(order(side="SELL", quantity=4)))
    run.open = ("a/1",)
    (close,) = closes(run.pass_s(8))
    assert close.terms == OrderTerms("SELL", Decimal(6))
    (alarm,) = run.alarms
    assert alarm == "orders in the scope may still fill after the cancels: of ours: a/1 (INTENDED)"


def test_beside_a_live_sell_of_all_it_sells_nothing_and_is_not_over_when_that_fills(run: Run):
    sell = order(side="SELL", quantity=10)
    run.apply(intended(sell))
    run.open = ("a/1",)
    assert closes(run.pass_s(60)) == []
    run.filled(sell)
    run.pass_s(2)
    assert run.flatten.phase == "DONE"


def test_flat_is_not_the_end_while_an_order_may_still_fill(run: Run):
    run.hold(0)
    run.apply(intended(order()))
    run.open = ("a/1",)
    run.pass_s(120)
    assert run.flatten.phase != "DONE"
    run.apply(OrderCancelled(T0, "DU1", "a/1"))
    run.open = ()
    run.pass_s(60)
    assert run.flatten.phase == "DONE"


def test_orders_that_nobody_here_knows_are_cancelled_again_before_it_closes(run: Run):
    run.open = ("",)
    assert [type(one) for one in run.pass_s(2)] == [CancelAll, CancelAll]
    run.open = ()
    assert len(closes(run.pass_s(3))) == 1


def test_all_is_not_cancelled_again_while_its_own_order_works(run: Run):
    run.taken(run.closing()[0])
    run.apply(intended(order("b/1")))
    asked = run.pass_s(5)
    assert CancelAll not in {type(one) for one in asked}
    assert run.roles_of(CancelOrder) == {GATEWAY}


# ---- a part of the account ----------------------------------------------------------------------


def test_a_smaller_scope_has_each_order_cancelled_by_the_gateway_that_placed_it():
    run = Run(Scope("DU1"))
    for one in (order(), order("b/1", account="DU2")):
        run.apply(intended(one))
    run.open = ("a/1", "b/1")
    assert run.tick() == [CancelOrder("a/1", T0)]
    assert run.roles_of(CancelOrder) == {GATEWAY}
    assert run.tick(0.5) == []
    assert len(run.tick(0.6)) == 1


def test_orders_and_positions_outside_its_scope_are_left_alone():
    run = Run(Scope("DU1", symbol="MSFT"))
    for one in (order(), order("b/1", account="DU2", symbol="MSFT")):
        run.apply(intended(one))
    for account, symbol in (("DU1", "AAPL"), ("DU2", "MSFT"), ("DU1", "MSFT")):
        run.hold(7, symbol, account)
    (close,) = run.closing()
    assert (close.account, close.symbol) == ("DU1", "MSFT")
    run.filled(run.taken(close))
    run.pass_s(3)
    assert run.flatten.phase == "DONE"


class OfOneAccount(Run):
    """A flatten of DU1, where a silent gateway has an order that works."""

    def __init__(self) -> None:
        super().__init__(Scope("DU1"), acknowledged=False)
        self.hold(10)
        self.apply(intended(order()))
        self.open, self.alive = ("a/1",), False

    def take_over(self) -> TakeOver:
        (asked,) = [one for one in self.pass_s(LEASE_S + 0.5) if isinstance(one, TakeOver)]
        assert self.roles_of(TakeOver) == {LIQUIDATION}
        return asked


def test_of_a_dead_gateway_the_liquidation_gateway_takes_over_the_client_id():
    run = OfOneAccount()
    asked = run.take_over()
    assert asked.order_ids == ("1",)
    run.open = ()
    run.apply(OrdersTakenOver(T0, asked.id))
    (close,) = closes(run.pass_s(6))
    assert close.terms.quantity == 10
    assert run.roles_of(CancelAll) == set()


WIDENED = (
    "the gateway does not answer, and its 1 order in account DU1 cannot be cancelled one by one:"
    " {}. Every order of the login is cancelled, in all accounts and symbols, whoever placed it"
)


def test_of_one_that_hangs_every_order_of_the_login_is_cancelled_with_an_alarm():
    run = OfOneAccount()
    why = "TWS says that client id 1 is in use (326)"
    run.apply(OrdersTakenOver(T0, run.take_over().id, why))
    assert CancelAll in {type(one) for one in run.pass_s(0.5)}
    assert run.roles_of(CancelAll) == {LIQUIDATION}
    assert WIDENED.format(why) in run.alarms


@pytest.mark.parametrize("ended", [True, False])
def test_and_so_if_the_take_over_did_not_help_or_was_not_answered(ended: bool):
    run = OfOneAccount()
    asked = run.take_over()
    if ended:
        run.apply(OrdersTakenOver(T0, asked.id))
    assert CancelAll not in {type(one) for one in run.pass_s(4.5)}
    assert CancelAll in {type(one) for one in run.pass_s(5)}


def test_without_an_order_to_cancel_a_silent_gateway_widens_nothing():
    run = Run(Scope("DU1"), acknowledged=False)
    run.hold(10)
    run.alive = False
    assert len(closes(run.pass_s(LEASE_S + 1))) == 1
    assert run.roles_of(CancelAll) == set()


# ---- without the liquidation gateway ------------------------------------------------------------


def test_while_the_liquidation_gateway_is_not_there_the_gateway_cancels(run: Run):
    run.reachable = False
    assert run.tick() == [CancelAll(T0)]
    assert run.roles_of(CancelAll) == {GATEWAY}
    run.pass_s(11)
    assert run.alarms == ["the liquidation gateway is not READY"]
    assert str(run.flatten) == "CANCELLING, waiting for the liquidation gateway"
    run.reachable = True
    assert len(closes(run.pass_s(1))) == 1
