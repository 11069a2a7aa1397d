"""A ladder at the executor: each part has its own exits, and what befalls one leaves the others."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    Fill,
    GroupReleased,
    GroupStateChanged,
    ModifyOrder,
    OrderFilled,
)
from tests.executor.group_desk import GROUP, Desk, group_signal, leg
from tests.executor.orders import T0, fill

ENDS = ["REJECTED", "CANCELLED", "LOST"]


def ladder() -> Desk:
    """Buy 10: 4 are sold at 160 (order 2), 6 at 170 (4), or at 140 (3 and 5)."""
    return Desk(
        group_signal(
            "ladder",
            leg("entry", "BUY", 10, limit=150),
            leg("target", "SELL", 4, 0, limit=160),
            leg("stop", "SELL", 4, 0, stop=140),
            leg("target", "SELL", 6, 1, limit=170),
            leg("stop", "SELL", 6, 1, stop=140),
        )
    )


def entered(quantity: int = 10) -> Desk:
    desk = ladder()
    desk.accept(1, 2, 3, 4, 5)
    desk.fill(1, quantity)
    desk.pass_s(0.1)
    assert desk.state == "PROTECTING"
    return desk


def modified(desk: Desk) -> dict[str, Decimal]:
    asked = [one for one in desk.asked if isinstance(one, ModifyOrder)]
    return {one.intent_id.rpartition("/")[2]: one.terms.quantity for one in asked}


# ---- as planned ----------------------------------------------------------------------------------


def test_a_part_that_makes_its_target_leaves_the_other_with_its_exits():
    desk = entered()
    desk.fill(2)
    desk.end(3)
    desk.pass_s(30)
    assert (desk.state, desk.cancelled(), modified(desk)) == ("PROTECTING", set(), {})
    desk.fill(5)
    desk.end(4)
    desk.pass_s(3)
    assert (desk.state, desk.orders()) == ("DONE", ["1", "2", "3", "4", "5"])
    assert (desk.held["AAPL"], desk.alarms, desk.group.reason) == (0, [], "")


def test_the_later_part_may_leave_first():
    desk = entered()
    desk.fill(4)
    desk.end(5)
    desk.pass_s(30)
    assert (desk.state, desk.cancelled(), modified(desk)) == ("PROTECTING", set(), {})
    assert desk.group.open_by_part() == {0: 4, 1: 0}


# ---- stops that are gone -------------------------------------------------------------------------


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("part", [0, 1])
def test_the_stop_of_one_part_is_placed_again_and_the_other_part_is_left_alone(part: int, how: str):
    desk = entered()
    target, stop = 2 + 2 * part, 3 + 2 * part
    desk.end(stop, how)
    desk.pass_s(0.1)
    assert desk.cancelled() == {str(target)}
    desk.end(target)
    desk.pass_s(60)
    assert desk.orders() == ["1", "2", "3", "4", "5", "6"]
    new = desk.new()
    assert (new.role, new.part, new.terms.quantity, new.terms.stop) == (
        "stop", part, (4, 6)[part], 140,
    )  # fmt: skip
    assert (desk.cancelled(), modified(desk), desk.state) == ({str(target)}, {}, "PROTECTING")


def test_both_stops_that_are_gone_are_placed_again_each_for_its_part():
    desk = entered()
    for number in (3, 5):
        desk.end(number)
    desk.pass_s(0.1)
    for number in (2, 4):
        desk.end(number)
    desk.pass_s(5)
    new = [desk.order(number).order for number in (6, 7)]
    assert [(one.part, one.terms.quantity) for one in new] == [(0, 4), (1, 6)]


def test_a_new_stop_that_fails_closes_both_parts():
    desk = entered()
    desk.end(5)
    desk.pass_s(0.1)
    desk.end(4)
    desk.pass_s(3)
    desk.end(6, "REJECTED")
    desk.pass_s(3)
    assert (desk.state, desk.cancelled()) == ("CLOSING", {"2", "3", "4"})
    desk.end(2)
    desk.end(3)
    desk.pass_s(3)
    assert (desk.new().role, desk.new().terms.quantity) == ("close", 10)


def test_what_is_renewed_of_a_part_that_has_sold_some_is_the_rest_of_it():
    desk = entered()
    desk.fill(4, 2)
    desk.end(5)
    desk.pass_s(0.1)
    desk.end(4)
    desk.pass_s(5)
    assert (desk.new().part, desk.new().terms.quantity) == (1, 4)
    assert (desk.cancelled(), modified(desk)) == ({"4"}, {})


# ---- entries that fill in part -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filled", "cancelled", "changed"),
    [
        (3, {"4", "5"}, {"2": 3, "3": 3}),
        (4, {"4", "5"}, {}),
        (7, set(), {"4": 3, "5": 3}),
    ],
)
def test_an_entry_that_ends_partly_filled_keeps_exits_for_the_first_parts(
    filled: int, cancelled: set[str], changed: dict[str, int]
):
    desk = entered(filled)
    desk.pass_s(5)
    assert (desk.cancelled(), modified(desk)) == (set(), {})
    desk.end(1)
    desk.pass_s(5)
    assert (desk.cancelled(), modified(desk)) == (cancelled, changed)


def test_an_entry_that_was_busted_in_part_leaves_exits_for_the_rest():
    desk = entered()
    (bought,) = (one for one in desk.gateway if isinstance(one, Fill))
    entry = desk.order(1).order
    desk.report(fill(entry, 7, bought.exec_id.replace(".01", ".02")))
    desk.move("AAPL", Decimal(-3))
    desk.pass_s(5)
    assert (desk.cancelled(), modified(desk)) == (set(), {"4": 3, "5": 3})


# ---- what others do ------------------------------------------------------------------------------


def test_what_a_person_sells_is_taken_from_the_last_part():
    desk = entered()
    sold = fill(desk.order(1).order, 7, "hand.01")
    desk.report(sold.__class__(*_by_hand(sold)))
    desk.move("AAPL", Decimal(-7))
    desk.pass_s(5)
    assert [e.quantity for e in desk.journal if isinstance(e, GroupReleased)] == [7]
    assert (desk.cancelled(), modified(desk)) == ({"4", "5"}, {"2": 3, "3": 3})


def _by_hand(one: Fill) -> list[object]:
    changed = {"side": "SELL", "intent_id": None, "strategy": None}
    return [changed.get(name, getattr(one, name)) for name in one.__struct_fields__]


def test_a_stop_that_filled_by_the_brokers_word_alone_leaves_the_other_part_its_exits():
    """It filled on a day whose executions the broker does not list any more."""
    desk = entered()
    desk.report(OrderFilled(T0, "DU1", f"{GROUP}/3", "the broker reports it as filled"))
    desk.end(2)
    desk.move("AAPL", Decimal(-4))
    desk.pass_s(10)
    assert desk.group.open == 6
    assert (desk.cancelled(), modified(desk)) == (set(), {})
    assert desk.orders() == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("seconds", [0.1, 5, 60])
def test_a_restart_comes_to_the_same(seconds: float):
    live, again = entered(), entered()
    for desk in (live, again):
        desk.fill(2)
        desk.end(5)
        desk.pass_s(seconds)
    again.restart()
    for desk in (live, again):
        desk.end(3)
        desk.end(4)
        desk.pass_s(10)
    assert again.orders() == live.orders()
    assert again.cancelled() == live.cancelled()
    moved = [e.state for e in again.journal if isinstance(e, GroupStateChanged)]
    assert moved == [e.state for e in live.journal if isinstance(e, GroupStateChanged)]
