"""A bracket at the executor: from each state the right next one, and nothing is left behind."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.accounting.groups import realised
from tapewire.common.events import (
    GroupReleased,
    GroupStateChanged,
    ModifyOrder,
    OrderAccepted,
    OrderModified,
    SubmitOrder,
)
from tapewire.executor.groups.machine import TRANSITIONS, diagram
from tests.executor.group_desk import GROUP, Desk, bracket, protecting
from tests.executor.orders import T0, fill, signal

ENDS = ["REJECTED", "CANCELLED", "LOST"]


def states(desk: Desk) -> list[str]:
    return [e.state for e in desk.journal if isinstance(e, GroupStateChanged)]


# ---- as planned ----------------------------------------------------------------------------------


def test_the_way_of_a_bracket_that_makes_its_target():
    desk = protecting()
    desk.fill(2)
    desk.end(3)
    desk.pass_s(3)
    assert states(desk) == ["PROTECTING", "DONE"]
    assert (desk.orders(), desk.cancelled(), desk.alarms) == (["1", "2", "3"], set(), [])


def test_it_is_working_once_the_broker_has_all_of_it():
    desk = Desk(bracket())
    desk.accept(1, 2)
    desk.pass_s(1)
    assert desk.state == "PLACING"
    desk.accept(3)
    desk.pass_s(1)
    assert desk.state == "WORKING"


def test_a_stop_that_the_broker_cancels_for_the_target_is_not_replaced():
    """The cancel comes first, the fill a second later."""
    desk = protecting()
    desk.end(3)
    desk.pass_s(1)
    desk.fill(2)
    desk.pass_s(5)
    assert (desk.state, desk.orders()) == ("DONE", ["1", "2", "3"])


def test_exits_that_the_broker_leaves_behind_are_cancelled():
    desk = protecting()
    desk.fill(2)
    desk.pass_s(3)
    assert (desk.state, desk.cancelled()) == ("PROTECTING", {"3"})
    desk.end(3)
    desk.pass_s(0.1)
    assert desk.state == "DONE"


# ---- before it is entered ------------------------------------------------------------------------


@pytest.mark.parametrize("how", [*ENDS, "DENIED"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_half_placed_bracket_is_taken_down(number: int, how: str):
    desk = Desk(bracket())
    desk.accept(*({1, 2, 3} - {number}))
    desk.end(number, how)
    desk.pass_s(0.1)
    assert desk.state == "CANCELLING"
    others = {1, 2, 3} - {number}
    assert desk.cancelled() == {str(n) for n in others}
    for other in others:
        desk.end(other)
    desk.pass_s(0.1)
    assert desk.state == "DONE"
    assert f"s-e-1/{number} is {how}" in desk.group.reason
    assert desk.orders() == ["1", "2", "3"]


def test_an_entry_that_fills_while_it_is_taken_down_is_protected():
    desk = Desk(bracket())
    desk.accept(1, 2)
    desk.end(3, "REJECTED")
    desk.pass_s(0.1)
    desk.fill(1)
    desk.end(2)
    desk.pass_s(3)
    assert desk.state == "PROTECTING"
    new = desk.new()
    assert (new.intent_id, new.role, new.reduces_only) == (f"{GROUP}/4", "stop", True)
    assert (new.terms.stop, new.terms.quantity, new.parent_id) == (140, 10, "")


# ---- protecting ----------------------------------------------------------------------------------


def stop_gone(how: str = "CANCELLED", desk: Desk | None = None) -> Desk:
    """The stop is gone, and the target was cancelled for it."""
    one = protecting(desk)
    one.end(3, how)
    one.pass_s(0.1)
    assert one.cancelled() == {"2"}
    one.end(2)
    return one


@pytest.mark.parametrize("how", ENDS)
def test_a_stop_that_is_gone_is_placed_again_once(how: str):
    desk = stop_gone(how)
    desk.pass_s(1.5)
    assert desk.orders() == ["1", "2", "3"], "a fill may be on its way"
    desk.pass_s(60)
    assert desk.orders() == ["1", "2", "3", "4"]
    new = desk.new().terms
    assert (new.stop, new.quantity, new.oca, new.time_in_force) == (140, 10, "", "GTC")
    assert (desk.state, desk.alarms) == ("PROTECTING", [])


def test_the_stop_of_a_single_contract_is_placed_again_too():
    desk = stop_gone(desk=Desk(bracket(1)))
    desk.pass_s(3)
    assert desk.new().terms.quantity == 1


def test_exits_that_wait_for_another_entry_take_no_room_from_a_new_stop():
    desk = protecting()
    desk.send(replace(bracket(), id="s-e-9"))
    desk.end(3)
    desk.pass_s(0.1)
    desk.end(2)
    desk.pass_s(3)
    new = desk.new()
    assert (new.intent_id, new.terms.quantity) == (f"{GROUP}/4", 10)


def test_a_new_stop_waits_until_the_target_cannot_fill_beside_it():
    desk = protecting()
    desk.end(3)
    desk.pass_s(60)
    assert desk.orders() == ["1", "2", "3"]
    desk.fill(2, 3)
    desk.end(2)
    desk.pass_s(3)
    assert desk.new().terms.quantity == 7


def test_a_stop_that_was_lost_and_works_after_all_is_cancelled_beside_the_new_one():
    desk = stop_gone("LOST")
    desk.pass_s(3)
    assert desk.order(4).state == "ACCEPTED"
    desk.report(OrderAccepted(T0, "DU1", f"{GROUP}/3", "3", "9"))
    desk.pass_s(0.1)
    assert desk.cancelled() == {"2", "3"}


@pytest.mark.parametrize("how", ENDS)
def test_a_position_whose_new_stop_fails_too_is_closed_at_market(how: str):
    desk = stop_gone("REJECTED")
    desk.pass_s(3)
    desk.end(4, how)
    desk.pass_s(1)
    assert desk.state == "PROTECTING", "a fill may be on its way"
    desk.pass_s(3)
    assert "its new stop s-e-1/4 is" in desk.alarms[0]
    new = desk.new()
    assert (new.intent_id, new.role, new.reduces_only) == (f"{GROUP}/5", "close", True)
    assert (new.terms.type, new.terms.side, new.terms.quantity) == ("MKT", "SELL", 10)
    desk.fill(5)
    desk.pass_s(3)
    assert (desk.state, desk.held["AAPL"]) == ("DONE", 0)


def test_what_the_target_has_sold_is_not_protected_again():
    desk = protecting()
    desk.fill(2, 4)
    desk.end(3)
    desk.end(2)
    desk.pass_s(3)
    assert desk.new().terms.quantity == 6


def test_a_new_stop_that_the_gateway_denies_is_tried_again_with_a_wait_that_grows():
    desk = stop_gone()
    desk.denies = "the broker has not listed all positions"
    desk.pass_s(30)
    tried = len(desk.orders()) - 3
    assert 4 <= tried <= 6
    assert "tries for the" in desk.alarms[0]
    assert (desk.state, len(desk.alarms)) == ("PROTECTING", 1), "it is not a word of the broker"
    desk.denies = ""
    desk.pass_s(31)
    assert desk.order(3 + tried + 1).state == "ACCEPTED"
    desk.pass_s(60)
    assert len(desk.orders()) == 3 + tried + 1


def test_a_target_that_is_gone_leaves_the_stop():
    desk = protecting()
    desk.end(2)
    desk.pass_s(5)
    assert (desk.state, desk.orders(), desk.cancelled()) == ("PROTECTING", ["1", "2", "3"], set())


def test_an_entry_that_ends_partly_filled_keeps_exits_for_what_it_filled():
    desk = Desk(bracket())
    desk.accept(1, 2, 3)
    desk.fill(1, 4)
    desk.pass_s(5)
    assert [c for c in desk.asked if isinstance(c, ModifyOrder)] == [], "the rest may still fill"
    desk.end(1)
    desk.pass_s(0.1)
    assert not [c for c in desk.asked if isinstance(c, ModifyOrder)], "a fill may be on its way"
    desk.pass_s(3)
    modified = {c.intent_id: c.terms.quantity for c in desk.asked if isinstance(c, ModifyOrder)}
    assert modified == {f"{GROUP}/2": 4, f"{GROUP}/3": 4}
    desk.pass_s(5)
    assert len([c for c in desk.asked if isinstance(c, ModifyOrder)]) == 2


def test_an_entry_whose_stop_is_gone_does_not_fill_further():
    desk = Desk(bracket())
    desk.accept(1, 2, 3)
    desk.fill(1, 4)
    desk.end(3)
    desk.pass_s(0.1)
    assert desk.cancelled() == {"1", "2"}
    desk.end(1)
    desk.end(2)
    desk.pass_s(3)
    assert desk.new().terms.quantity == 4


def test_what_the_broker_reduces_itself_is_left_alone():
    desk = protecting()
    desk.fill(2, 4)
    stop = desk.order(3)
    terms = stop.terms.__class__("SELL", Decimal(6), "STP", stop=Decimal(140))
    desk.report(OrderModified(T0, "DU1", stop.intent_id, "", terms))
    desk.pass_s(5)
    assert (desk.orders(), desk.cancelled()) == (["1", "2", "3"], set())
    assert not [c for c in desk.asked if isinstance(c, ModifyOrder)]


# ---- what others do ------------------------------------------------------------------------------


def test_a_flatten_releases_the_group_which_protects_nothing_from_then_on():
    desk = protecting()
    desk.end(2)
    desk.end(3)
    closing = SubmitOrder(
        "risk-1", T0, "DU1", "risk", "AAPL", signal(1, "SELL").terms, T0 + 10**9
    )  # fmt: skip
    desk.report(fill(closing, 10, "r1.01"))
    desk.move("AAPL", Decimal(-10))
    desk.pass_s(10)
    assert (desk.state, desk.orders()) == ("DONE", ["1", "2", "3"])
    assert desk.group.open == 0


def test_what_the_account_holds_no_more_is_released_and_not_protected():
    """Somebody has sold it in another program: its executions are reported as nobody's."""
    desk = protecting()
    desk.end(2)
    desk.end(3)
    sold = SubmitOrder("x", T0, "DU1", "other", "AAPL", signal(1, "SELL").terms, T0 + 10**9)
    desk.report(fill(sold, 7, "h1.01"))
    desk.move("AAPL", Decimal(-7))
    desk.pass_s(3)
    (released,) = [e for e in desk.journal if isinstance(e, GroupReleased)]
    assert (released.quantity, released.reason) == (7, "the account holds 3 of the 10 open")
    desk.pass_s(3)
    assert desk.new().terms.quantity == 3


def test_an_entry_that_was_lost_and_fills_after_all_is_protected():
    desk = Desk(bracket())
    for number in (1, 2, 3):
        desk.end(number, "LOST")
    desk.pass_s(3)
    assert desk.state == "DONE"
    desk.fill(1)
    desk.pass_s(3)
    assert (desk.state, desk.new().role) == ("PROTECTING", "stop")


def test_an_order_that_was_given_up_and_works_after_all_is_cancelled():
    desk = Desk(bracket())
    for number in (1, 2, 3):
        desk.end(number, "LOST")
    desk.pass_s(3)
    desk.report(OrderAccepted(T0, "DU1", f"{GROUP}/3", "3", "9"))
    desk.pass_s(0.1)
    assert (desk.state, desk.cancelled()) == ("CANCELLING", {"3"})


# ---- restarts ------------------------------------------------------------------------------------


SCENES = {
    "placing": lambda desk: None,
    "half placed": lambda desk: (desk.accept(1, 2), desk.end(3, "REJECTED"), desk.pass_s(0.1)),
    "working": lambda desk: (desk.accept(1, 2, 3), desk.pass_s(1)),
    "partly entered": lambda desk: (desk.accept(1, 2, 3), desk.fill(1, 4), desk.pass_s(1)),
    "protecting": protecting,
    "stop gone": lambda desk: (protecting(desk), desk.end(3), desk.pass_s(1)),
    "target cancelled": lambda desk: (stop_gone("LOST", desk), desk.pass_s(1)),
    "stop placed again": lambda desk: (stop_gone("LOST", desk), desk.pass_s(3)),
    "new stop gone": lambda desk: (
        stop_gone("LOST", desk), desk.pass_s(3), desk.end(4, "REJECTED"), desk.pass_s(1),
    ),
    "closing": lambda desk: (
        stop_gone("LOST", desk), desk.pass_s(3), desk.end(4, "REJECTED"), desk.pass_s(5),
    ),
}  # fmt: skip


@pytest.mark.parametrize("forget", [0, 1, 2, 5, 100])
@pytest.mark.parametrize("scene", SCENES)
def test_a_restart_in_any_state_comes_to_the_same_orders(scene: str, forget: int):
    """Whatever of its own journal the executor lost with the machine's power: the gateway's has
    every order that could be at the broker."""
    live, again = Desk(bracket()), Desk(bracket())
    for desk in (live, again):
        SCENES[scene](desk)
    again.restart(forget=forget)
    for desk in (live, again):
        desk.pass_s(40)
    assert again.orders() == live.orders()
    assert again.cancelled() == live.cancelled()
    assert again.state == live.state
    assert again.group.open == live.group.open


def test_the_number_of_an_order_that_was_denied_and_forgotten_here_is_not_given_again():
    desk = stop_gone()
    desk.denies = "no"
    desk.pass_s(2)
    assert desk.orders() == ["1", "2", "3", "4"]
    desk.denies = ""
    desk.restart(forget=2)
    desk.pass_s(10)
    assert desk.orders() == ["1", "2", "3", "4", "5"]


def test_a_replay_of_the_journals_gives_the_live_state():
    for scene in SCENES.values():
        desk = Desk(bracket())
        scene(desk)
        desk.pass_s(5)
        before = desk.executor.snapshot()
        desk.restart()
        assert desk.executor.snapshot() == before


# ---- what it came to -----------------------------------------------------------------------------


def test_the_realised_profit_of_a_group_is_that_of_its_executions():
    desk = protecting()
    bought, sold = desk.order(1).order, desk.order(2).order
    fills = [fill(bought, 10, "a.01"), fill(sold, 4, "b.01"), fill(sold, 6, "c.01")]
    fills[1:] = [one.__class__(*_priced(one, 105)) for one in fills[1:]]
    assert realised(fills, {"AAPL": Decimal(2)}) == 10 * 5 * 2


def _priced(one, price: int) -> tuple:
    values = [getattr(one, name) for name in one.__struct_fields__]
    values[one.__struct_fields__.index("price")] = Decimal(price)
    return tuple(values)


def test_every_state_has_a_way_to_done():
    reached = {"DONE"}
    for _ in TRANSITIONS:
        reached |= {s for s, steps in TRANSITIONS.items() if reached & set(steps.values())}
    assert reached == set(TRANSITIONS)
    assert "PROTECTING --> CLOSING: unprotected" in diagram()
