"""Two pictures of one moment: every difference is found, named, measured and has its rule."""

from decimal import Decimal
from typing import get_args

import pytest

from tapewire.common.accounting.compare import RULES, Kind, Picture, Seen, reconcile

D = Decimal
KEY = ("DU1", "AAPL")
WORKING = Seen(*KEY, "working")


def differences(ours: Picture, theirs: Picture) -> list[tuple[str, str, str, str, str, str, str]]:
    return [
        (one.kind, one.rule, one.account, one.symbol, one.subject, one.ours, one.theirs)
        for one in reconcile(ours, theirs)
    ]


def test_pictures_that_agree_have_no_difference():
    def picture() -> Picture:
        return Picture(
            orders={"s-1/1": WORKING}, executions={"a.01": KEY}, positions={KEY: D(5)},
            cash={("DU1", "USD"): D(100)},
        )  # fmt: skip

    assert reconcile(picture(), picture()) == []
    assert reconcile(Picture(), Picture()) == []


ORDERS = {
    "theirs alone": ({}, {"9001": WORKING}, ("foreign_order", "adopt", "none", "working")),
    "ours alone": ({"9001": WORKING}, {}, ("missing_order", "alarm", "working", "none")),
    "over there": (
        {"9001": WORKING}, {"9001": Seen(*KEY, "cancelled")},
        ("order_state", "adopt", "working", "cancelled"),
    ),
    "revived there": (
        {"9001": Seen(*KEY, "LOST")}, {"9001": WORKING},
        ("order_state", "adopt", "LOST", "working"),
    ),
    "under our tag": (
        {}, {"9001": Seen(*KEY, "conflict")}, ("conflict", "halt", "none", "conflict"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("ours", "theirs", "found"), ORDERS.values(), ids=ORDERS)
def test_orders(ours: dict[str, Seen], theirs: dict[str, Seen], found: tuple[str, ...]):
    kind, rule, mine, its = found
    assert differences(Picture(orders=ours), Picture(orders=theirs)) == [
        (kind, rule, *KEY, "9001", mine, its)
    ]


def test_an_execution_that_only_the_broker_has():
    """What only we have says nothing: a broker lists those of a day."""
    ours, theirs = Picture(executions={"old.01": KEY}), Picture(executions={"a.01": KEY})
    assert differences(ours, theirs) == [("execution", "adopt", *KEY, "a.01", "none", "it")]


def test_positions_are_measured():
    (one,) = reconcile(Picture(positions={KEY: D(5)}), Picture(positions={KEY: D(-2)}))
    assert (one.kind, one.rule, one.amount) == ("position", "alarm", 7)
    assert str(one) == "position DU1 AAPL: we have 5, the broker has -2"


def test_what_was_held_before_anything_was_compared_is_adopted():
    (one,) = reconcile(Picture(first=True), Picture(positions={KEY: D(50)}))
    assert (one.kind, one.rule, one.theirs) == ("opening_position", "adopt", "50")


def test_cash_is_by_currency_to_the_cent_and_of_no_symbol():
    ours = Picture(cash={("DU1", "USD"): D("100.004"), ("DU1", "EUR"): D(7)})
    theirs = Picture(cash={("DU1", "USD"): D(100), ("DU1", "EUR"): D(6)})
    assert differences(ours, theirs) == [("cash", "adopt", "DU1", "", "DU1 EUR", "7", "6")]


def test_every_kind_has_a_rule():
    assert {*RULES} == {*get_args(Kind)}
