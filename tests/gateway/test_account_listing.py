"""The lists of one account: what they leave out is flat, and no other account waits for them."""

from decimal import Decimal

import pytest

from tapewire.common.accounting.changes import Changes
from tapewire.common.accounting.foreign import ForeignOrders
from tapewire.common.clock import Now
from tapewire.common.events import (
    ForeignOrderReported,
    ListPositions,
    PositionReported,
    PositionsListed,
)
from tapewire.gateway import broker
from tapewire.gateway.orders.account_listing import QUESTIONS_MAX, AccountListings
from tapewire.gateway.orders.holdings import Holdings

NOW = Now(5, 6)


def _nobody_s():
    return ForeignOrders(lambda _report: False, Changes())


class Held:
    """A gateway's holdings, and the broker's word on them."""

    def __init__(self, **held):
        self.holdings, self.foreign, self.asked = Holdings(), _nobody_s(), []
        self.one = AccountListings(self.holdings, self.foreign, self, self._apply)
        for account, quantity in held.items():
            self._apply([PositionReported(1, account, "AAPL", Decimal(quantity), Decimal(1))])

    def list_account(self, name, account):
        """The broker's."""
        self.asked.append((name, account))
        return account != "elsewhere"

    def _apply(self, events):
        for one in events:
            if isinstance(one, PositionReported):
                self.holdings.apply(one)
            elif isinstance(one, ForeignOrderReported):
                self.foreign.apply(one)
        return events

    def begin(self, name="f-1", account="A"):
        return self.one.begin(ListPositions(name, 1, account))

    def hears(self, *reports):
        for one in reports:
            self.one.note(one)

    def ends(self, name="f-1"):
        return self.one.completed(broker.AccountListed(name), NOW)


def position(account="A", symbol="AAPL", quantity=2):
    return broker.PositionReport(account, symbol, Decimal(quantity), Decimal(1))


def order(reference, account="A", **more):
    return broker.OrderReport(
        reference, permanent_id=reference, account=account, listed=True,
        **{"is_open": True, **more},
    )  # fmt: skip


def test_what_it_leaves_out_is_flat_in_that_account_alone():
    held = Held(A=2, B=3)
    assert held.begin()
    closed, answer = held.ends()
    assert (closed.account, closed.symbol, closed.quantity) == ("A", "AAPL", 0)
    assert answer == PositionsListed(5, "f-1")
    assert held.holdings.reported == {("A", "AAPL"): 0, ("B", "AAPL"): 3}


@pytest.mark.parametrize("account", ["A", "B"])
def test_what_is_named_meanwhile_is_held_whatever_it_is_part_of(account):
    held = Held(A=2)
    held.begin()
    held.hears(position(account))
    left = 2 if account == "A" else 0
    held.ends()
    assert held.holdings.reported["A", "AAPL"] == left


def test_the_answer_has_the_open_orders_of_that_account():
    held = Held()
    held.begin()
    held.hears(order("a"), order("b", "B"), order(""), order("over"), order("over", is_open=False))
    assert held.ends() == [PositionsListed(5, "f-1", ("", "a"))]


def foreign(order_id, account="A"):
    return ForeignOrderReported(
        1, account, "AAPL", "BUY", Decimal(4), Decimal(4), "", order_id, order_id, ""
    )


def test_an_order_of_others_that_it_leaves_out_is_over_in_that_account_alone():
    held = Held()
    held._apply([foreign("1"), foreign("2"), foreign("3", "B")])
    held.begin()
    held.hears(broker.OrderReport("", order_id="1", permanent_id="1", account="A", is_open=True))
    over, answer = held.ends()
    assert (over.permanent_id, over.remaining) == ("2", 0)
    assert answer.open_orders == ("",)
    assert {one.permanent_id for one in held.foreign.listed()} == {"1", "3"}


@pytest.mark.parametrize("what", [broker.Unreadable("?"), broker.ServerLost("gone")])
def test_where_something_could_not_be_read_meanwhile_there_is_no_answer(what):
    held = Held(A=2)
    held.begin()
    held.hears(what)
    assert held.ends() == []
    assert held.holdings.reported["A", "AAPL"] == 2


def test_an_end_answers_its_own_question_and_once():
    held = Held(A=2)
    held.begin("f-1")
    held.hears(position())
    held.begin("f-2")
    assert [one.id for one in held.ends("f-1")] == ["f-1"]
    assert held.ends("f-1") == held.ends("another") == []
    assert [type(one) for one in held.ends("f-2")] == [PositionReported, PositionsListed]


@pytest.mark.parametrize("account", ["", "elsewhere"])
def test_a_question_about_all_or_that_the_broker_does_not_take_is_for_others(account):
    held = Held(A=2)
    assert not held.begin(account=account)
    assert held.ends() == []


def test_the_oldest_questions_are_forgotten():
    held = Held()
    for number in range(QUESTIONS_MAX + 1):
        held.begin(f"f-{number}")
    assert held.ends("f-0") == []
    assert len(held.ends("f-1")) == len(held.ends(f"f-{QUESTIONS_MAX}")) == 1
