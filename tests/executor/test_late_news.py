"""A broker that reports in another order than things happened, and people who act in between."""

from decimal import Decimal

import pytest

from tapewire.common.events import CancelSignal, GroupStateChanged, OrderFilled, OrderModified
from tests.executor.group_desk import GROUP, Desk, bracket, group_signal, leg, protecting
from tests.executor.orders import T0


def states(desk: Desk) -> list[str]:
    return [e.state for e in desk.journal if isinstance(e, GroupStateChanged)]


def close(desk: Desk) -> None:
    wanted = CancelSignal("s-e-9", T0, "", "s", GROUP, T0 + 10**10, closes=True)
    desk.journal += desk.executor.on_signal(wanted, desk.now)[0]


# ---- exits that fill before the entry ------------------------------------------------------------


@pytest.mark.parametrize("exit_first", [2, 3])
def test_exits_that_are_reported_before_the_entry_has_filled_end_it_as_planned(exit_first: int):
    desk = Desk(bracket())
    desk.accept(1, 2, 3)
    desk.pass_s(1)
    desk.fill(exit_first)
    desk.end(5 - exit_first)
    desk.pass_s(5)
    assert (desk.state, desk.cancelled(), desk.alarms) == ("WORKING", set(), [])
    desk.fill(1)
    desk.pass_s(3)
    assert states(desk) == ["WORKING", "DONE"]
    assert (desk.group.reason, desk.alarms) == ("", [])


def test_a_part_of_an_exit_that_is_reported_first_takes_nothing_down():
    desk = Desk(bracket())
    desk.accept(1, 2, 3)
    desk.fill(2, 4)
    desk.pass_s(5)
    desk.fill(1)
    desk.pass_s(5)
    assert (desk.state, desk.cancelled()) == ("PROTECTING", set())


# ---- a close beside a fill -----------------------------------------------------------------------


def test_an_entry_that_fills_while_its_group_is_closed_is_sold():
    desk = Desk(bracket())
    desk.accept(1, 2, 3)
    desk.pass_s(1)
    close(desk)
    desk.pass_s(0.1)
    assert desk.cancelled() == {"1", "2", "3"}
    desk.fill(1)
    desk.end(2)
    desk.end(3)
    desk.pass_s(3)
    assert (desk.state, desk.new().role, str(desk.new().terms)) == (
        "CLOSING",
        "close",
        "SELL 10 MKT",
    )
    desk.fill(4)
    desk.pass_s(3)
    assert (desk.state, desk.held["AAPL"], desk.alarms) == ("DONE", 0, [])


def test_a_group_that_is_closed_before_anything_was_entered_is_taken_down():
    desk = Desk(bracket())
    desk.accept(1, 2, 3)
    close(desk)
    desk.pass_s(0.1)
    for number in (1, 2, 3):
        desk.end(number)
    desk.pass_s(0.1)
    assert (desk.state, desk.orders()) == ("DONE", ["1", "2", "3"])


def test_a_one_cancels_other_that_is_closed_is_taken_down():
    legs = leg("order", "SELL", 5, limit=160), leg("order", "SELL", 5, stop=140)
    desk = Desk(group_signal("oco", *legs))
    desk.accept(1, 2)
    close(desk)
    desk.pass_s(0.1)
    assert (desk.state, desk.cancelled()) == ("CANCELLING", {"1", "2"})


def test_a_stop_that_fills_while_its_group_is_closed_is_not_sold_a_second_time():
    desk = protecting()
    close(desk)
    desk.pass_s(0.1)
    desk.end(2)
    desk.fill(3)
    desk.pass_s(5)
    assert (desk.state, desk.orders(), desk.held["AAPL"]) == ("DONE", ["1", "2", "3"], 0)


def test_a_stop_whose_fill_is_reported_after_its_cancel_is_not_sold_a_second_time():
    desk = protecting()
    close(desk)
    desk.pass_s(0.1)
    desk.end(2)
    desk.end(3)
    desk.pass_s(1.5)
    desk.fill(3)
    desk.pass_s(5)
    assert (desk.state, desk.orders(), desk.held["AAPL"]) == ("DONE", ["1", "2", "3"], 0)


# ---- reductions by the broker --------------------------------------------------------------------


def reduced(desk: Desk, number: int, quantity: int) -> None:
    one = desk.order(number)
    terms = one.terms.__class__("SELL", Decimal(quantity), "STP", stop=Decimal(140))
    desk.report(OrderModified(T0, "DU1", one.intent_id, "", terms))


def test_a_reduction_that_is_reported_twice_and_late_leaves_the_stop_for_what_is_open():
    desk = protecting()
    reduced(desk, 3, 6)
    reduced(desk, 3, 6)
    desk.pass_s(1)
    desk.fill(2, 4)
    desk.pass_s(30)
    assert (desk.orders(), desk.cancelled()) == (["1", "2", "3"], set())
    assert desk.order(3).remaining == desk.group.open == 6


# ---- what a person has to know -------------------------------------------------------------------


def test_an_exit_that_fills_after_its_group_was_done_is_told_once():
    """TWS has reported orders cancelled that filled afterwards."""
    desk = protecting()
    desk.fill(2)
    desk.end(3)
    desk.pass_s(3)
    assert (desk.state, desk.alarms) == ("DONE", [])
    desk.fill(3)
    desk.pass_s(60)
    assert desk.alarms == ["group s-e-1 of s has left 10 more than it had entered"]


def test_a_stop_that_cannot_be_placed_again_is_told_once():
    """The account holds nothing by the broker's word, and nobody has sold it."""
    desk = protecting()
    desk.move("AAPL", Decimal(-10))
    desk.end(3)
    desk.pass_s(0.1)
    desk.end(2)
    desk.pass_s(5)
    assert desk.alarms == [], "a position may be on its way"
    desk.pass_s(60)
    assert desk.alarms == [
        "group s-e-1 of s has 10 open without a stop: of that the account holds 0, by the fills and"
        " by the broker's word; compare both"
    ]
    desk.move("AAPL", Decimal(10))
    desk.pass_s(3)
    assert (desk.new().role, desk.new().terms.quantity) == ("stop", 10)


def test_what_cannot_be_closed_is_told_once():
    desk = protecting()
    desk.move("AAPL", Decimal(-10))
    close(desk)
    desk.pass_s(0.1)
    desk.end(2)
    desk.end(3)
    desk.pass_s(60)
    assert desk.alarms == [
        "group s-e-1 of s cannot close the 10 it has open: of that the account holds 0, by the"
        " fills and by the broker's word; compare both"
    ]


# ---- entries of a day whose executions are not listed any more -----------------------------------


def test_an_entry_that_filled_by_the_brokers_word_alone_is_entered():
    """It filled at night, when nothing ran here; its exits work at the broker."""
    desk = Desk(bracket())
    desk.accept(1, 2, 3)
    desk.report(OrderFilled(T0, "DU1", f"{GROUP}/1", "the broker reports it as filled"))
    desk.move("AAPL", Decimal(10))
    desk.pass_s(30)
    assert (desk.state, desk.group.open, desk.cancelled()) == ("PROTECTING", 10, set())
    desk.restart()
    assert (desk.state, desk.group.open) == ("PROTECTING", 10)
    desk.fill(3)
    desk.end(2)
    desk.pass_s(5)
    assert (desk.state, desk.alarms, desk.group.reason) == ("DONE", [], "")
