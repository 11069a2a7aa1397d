"""One-cancels-other and verticals at the executor: nothing of them is left behind or uncovered."""

import pytest

from tapewire.common.events import GroupSignal, GroupStateChanged, OrderDenied
from tests.executor.group_desk import GROUP, Desk, group_signal, leg
from tests.executor.orders import NOW, executor

ENDS = ["REJECTED", "CANCELLED", "LOST", "DENIED"]


def states(desk: Desk) -> list[str]:
    return [e.state for e in desk.journal if isinstance(e, GroupStateChanged)]


# ---- one-cancels-other ---------------------------------------------------------------------------


def oco(*quantities: int) -> GroupSignal:
    """Sell at 160, or at 140."""
    high, low = quantities or (5, 5)
    return group_signal(
        "oco", leg("order", "SELL", high, limit=160), leg("order", "SELL", low, stop=140)
    )


def placed(signal: GroupSignal | None = None) -> Desk:
    desk = Desk(signal or oco())
    desk.accept(1, 2)
    desk.pass_s(1)
    assert desk.state == "WORKING"
    return desk


def test_its_orders_are_one_group_at_the_broker_and_count_once():
    desk = placed()
    terms = [one.terms for one in desk.group.plan.orders]
    assert {(one.oca, one.group) for one in terms} == {("cancel", f"{GROUP}/0")}
    assert desk.executor.ledger.exposure("DU1", "AAPL").selling == 5


def test_one_that_fills_ends_it_and_the_broker_cancels_the_other():
    desk = placed()
    desk.fill(1)
    desk.end(2)
    desk.pass_s(3)
    assert (states(desk), desk.cancelled()) == (["WORKING", "DONE"], set())


def test_the_other_is_cancelled_here_if_the_broker_does_not():
    desk = placed()
    desk.fill(1)
    desk.pass_s(1)
    assert desk.cancelled() == set(), "the broker is about to"
    desk.pass_s(2)
    assert (desk.state, desk.cancelled()) == ("CANCELLING", {"2"})
    desk.end(2)
    desk.pass_s(1)
    assert desk.state == "DONE"


def test_one_that_is_partly_filled_works_on_alone():
    desk = placed()
    desk.fill(1, 2)
    desk.end(2)
    desk.pass_s(5)
    assert (desk.state, desk.cancelled()) == ("WORKING", set())
    desk.fill(1)
    desk.pass_s(1)
    assert desk.state == "DONE"


def test_both_that_fill_are_told_once():
    """The broker could not cancel the other any more."""
    desk = placed()
    desk.fill(1)
    desk.pass_s(3)
    desk.fill(2)
    desk.pass_s(60)
    assert desk.state == "DONE"
    assert desk.alarms == [
        "group s-e-1 of s has filled 10, and one of its orders alone was to fill, for 5 at most"
    ]


@pytest.mark.parametrize("how", ENDS)
def test_one_that_fails_takes_the_other_down(how: str):
    desk = Desk(oco())
    desk.accept(1)
    desk.end(2, how)
    desk.pass_s(1)
    assert (desk.state, desk.cancelled()) == ("CANCELLING", {"1"})
    desk.end(1)
    desk.pass_s(1)
    assert (desk.state, desk.orders()) == ("DONE", ["1", "2"])
    assert f"{GROUP}/2 is {how}" in desk.group.reason


@pytest.mark.parametrize("how", ["nothing", "filled", "failed"])
def test_a_restart_goes_on(how: str):
    desk = placed()
    if how == "filled":
        desk.fill(1)
    elif how == "failed":
        desk.end(1, "REJECTED")
    desk.restart()
    desk.pass_s(5)
    assert desk.cancelled() == {"nothing": set(), "filled": {"2"}, "failed": {"2"}}[how]


# ---- verticals -----------------------------------------------------------------------------------


def vertical(**more: object) -> GroupSignal:
    """Buy AAPL, then sell MSFT against it."""
    given = {"within_ms": 4000, **more}
    return group_signal(
        "vertical", leg("entry", "BUY", 10, limit=150), leg("cover", "SELL", 10, limit=140), **given
    )


def entered(quantity: int | None = None) -> Desk:
    desk = Desk(vertical())
    desk.accept(1)
    desk.pass_s(1)
    assert (desk.state, desk.orders()) == ("WORKING", ["1"]), "nothing is sold before it is held"
    desk.fill(1, quantity)
    return desk


def test_the_second_order_goes_once_the_first_has_filled():
    desk = entered()
    desk.pass_s(0.1)
    assert desk.orders() == ["1", "2"]
    cover = desk.new()
    assert (cover.symbol, cover.terms.side, cover.terms.quantity) == ("MSFT", "SELL", 10)
    desk.fill(2)
    desk.pass_s(5)
    assert (states(desk), desk.alarms) == (["WORKING", "PROTECTING", "DONE"], [])
    assert (desk.held["AAPL"], desk.held["MSFT"]) == (10, -10)


@pytest.mark.parametrize("how", ENDS)
def test_a_second_order_that_fails_has_the_first_closed(how: str):
    desk = entered()
    desk.denies = "no" if how == "DENIED" else ""
    desk.pass_s(0.1)
    desk.end(2, how)
    desk.denies = ""
    desk.pass_s(3)
    assert desk.state == "CLOSING"
    new = desk.new()
    assert (new.role, new.symbol, str(new.terms)) == ("close", "AAPL", "SELL 10 MKT")
    assert new.reduces_only
    desk.fill(3)
    desk.pass_s(3)
    assert (desk.state, desk.held["AAPL"]) == ("DONE", 0)


def test_a_second_order_that_is_late_is_cancelled_and_what_it_left_is_closed():
    desk = entered()
    desk.pass_s(0.1)
    desk.fill(2, 4)
    desk.pass_s(3)
    assert desk.state == "PROTECTING"
    desk.pass_s(1.5)
    assert (desk.state, desk.cancelled()) == ("CLOSING", {"2"})
    desk.end(2)
    desk.pass_s(3)
    assert desk.new().terms.quantity == 6
    desk.fill(3)
    desk.pass_s(3)
    assert (desk.state, desk.held["AAPL"], desk.held["MSFT"]) == ("DONE", 4, -4)


def test_a_first_order_that_ends_partly_filled_is_covered_for_what_it_filled():
    desk = entered(4)
    desk.pass_s(1)
    assert desk.orders() == ["1"], "the rest may still fill"
    desk.end(1)
    desk.pass_s(0.1)
    assert desk.new().terms.quantity == 4


@pytest.mark.parametrize("how", ENDS)
def test_a_first_order_that_fails_ends_it(how: str):
    desk = Desk(vertical())
    desk.end(1, how)
    desk.pass_s(1)
    assert (desk.state, desk.orders()) == ("DONE", ["1"])


@pytest.mark.parametrize("forget", [0, 1, 3, 100])
def test_a_restart_sends_the_second_order_once(forget: int):
    desk = entered()
    desk.pass_s(0.1)
    desk.restart(forget=forget)
    desk.pass_s(2)
    assert desk.orders() == ["1", "2"]
    desk.fill(2)
    desk.pass_s(3)
    assert desk.state == "DONE"


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (vertical(within_ms=0), "it must be above 0"),
        (group_signal("vertical", leg("entry", "BUY", 10)), "has the legs of its combo"),
        (
            group_signal(
                "vertical", leg("entry", "BUY", 10), leg("entry", "SELL", 10), within_ms=1
            ),
            "an entry and what covers it",
        ),
        (
            group_signal(
                "vertical", leg("entry", "BUY", 10), leg("cover", "SELL", 9), within_ms=1
            ),
            "the same quantity",
        ),
        (
            group_signal(
                "vertical", leg("entry", "BUY", 10), leg("cover", "BUY", 10), within_ms=1
            ),
            "opposite sides",
        ),
        (group_signal("oco", leg("order", "BUY", 10)), "two orders or more"),
    ],
)  # fmt: skip
def test_what_is_none_is_denied(wanted: GroupSignal, reason: str):
    (denied,), commands = executor().on_signal(wanted, NOW)
    assert isinstance(denied, OrderDenied)
    assert (reason in denied.reason, commands) == (True, [])
