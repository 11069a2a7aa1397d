"""What a strategy asks of a group or of one of its orders: cancels, closes and new prices."""

from decimal import Decimal
from typing import Any

import pytest

from tapewire.common.events import (
    CancelSignal,
    Event,
    GroupStateChanged,
    ModifyOrder,
    ModifySignal,
    OrderCancelPending,
    OrderDenied,
    OrderModifyPending,
    TermChanges,
)
from tests.executor.group_desk import GROUP, Desk, bracket, protecting
from tests.executor.orders import NOW, SECOND, T0, executor


def cancel(of: str = GROUP, **more: Any) -> CancelSignal:
    return CancelSignal("s-e-2", T0, "", "s", of, T0 + 60 * SECOND, **more)


def ask(desk: Desk, signal: Event) -> list[Event]:
    events, commands = desk.executor.on_signal(signal, desk.now)  # type: ignore[arg-type]
    assert commands == []
    desk.journal += events
    return list(events)


def denied(desk: Desk, signal: Event) -> str:
    (event,) = ask(desk, signal)
    assert isinstance(event, OrderDenied)
    assert event.signal_id == "s-e-2"
    return event.reason


def working() -> Desk:
    desk = Desk(bracket())
    desk.accept(1, 2, 3)
    desk.pass_s(1)
    return desk


@pytest.mark.parametrize("closes", [False, True])
def test_a_cancel_of_a_group_takes_all_of_it_down(closes: bool):
    desk = working()
    moved, *_ = ask(desk, cancel(closes=closes))
    assert isinstance(moved, GroupStateChanged)
    state = "CLOSING" if closes else "CANCELLING"  # what fills meanwhile is then sold
    assert (moved.state, moved.signal_id) == (state, "s-e-2")
    assert desk.executor.on_signal(cancel(closes=closes), desk.now) == ([], []), "answered once"
    desk.pass_s(0.1)
    assert desk.cancelled() == {"1", "2", "3"}
    for number in (1, 2, 3):
        desk.end(number)
    desk.pass_s(0.1)
    assert (desk.state, desk.alarms) == ("DONE", [])


def test_a_group_whose_entry_fills_while_it_is_cancelled_is_protected():
    desk = working()
    ask(desk, cancel())
    desk.pass_s(0.1)
    desk.fill(1)
    desk.end(2)
    desk.end(3)
    desk.pass_s(3)
    assert (desk.state, desk.new().role) == ("PROTECTING", "stop")


def test_a_cancel_of_a_group_that_is_partly_entered_ends_the_entry_and_keeps_the_exits():
    desk = working()
    desk.fill(1, 4)
    desk.pass_s(0.1)
    (pending,) = ask(desk, cancel())
    assert isinstance(pending, OrderCancelPending)
    assert pending.intent_id == f"{GROUP}/1"
    desk.pass_s(1)
    assert desk.cancelled() == {"1"}


def test_what_protects_a_position_is_not_cancelled():
    desk = protecting()
    assert "what works of it protects" in denied(desk, cancel())
    desk = protecting()
    assert "it protects what s-e-1 has open" in denied(desk, cancel(f"{GROUP}/3"))


def test_a_target_can_be_cancelled_by_its_own_id():
    desk = protecting()
    (pending,) = ask(desk, cancel(f"{GROUP}/2"))
    assert isinstance(pending, OrderCancelPending)
    desk.pass_s(0.1)
    desk.end(2)
    desk.pass_s(5)
    assert (desk.state, desk.cancelled()) == ("PROTECTING", {"2"})


def test_a_close_cancels_the_exits_and_sells_what_is_open():
    desk = protecting()
    (moved, *cancels) = ask(desk, cancel(closes=True))
    assert isinstance(moved, GroupStateChanged)
    assert (moved.state, len(cancels)) == ("CLOSING", 2)
    desk.pass_s(0.1)
    desk.fill(2, 3)
    desk.end(2)
    desk.end(3)
    desk.pass_s(3)
    new = desk.new()
    assert (new.role, new.terms.type, new.terms.quantity) == ("close", "MKT", 7)
    desk.fill(4)
    desk.pass_s(3)
    assert (desk.state, desk.held["AAPL"], desk.alarms) == ("DONE", 0, [])


def test_a_group_that_is_over_is_not_cancelled_again():
    desk = working()
    ask(desk, cancel())
    desk.restart()
    again = CancelSignal("s-e-2", T0, "", "s", GROUP, T0 + 60 * SECOND)
    assert desk.executor.on_signal(again, desk.now) == ([], []), "a restart knows its answers"
    other = CancelSignal("s-e-3", T0, "", "s", GROUP, T0 + 60 * SECOND)
    (event,) = ask(desk, other)
    assert isinstance(event, OrderDenied)
    assert event.reason == "the group is CANCELLING"


def test_a_group_of_another_strategy_is_not_touched():
    desk = working()
    foreign = CancelSignal("t-e-2", T0, "", "t", GROUP, T0 + 60 * SECOND)
    (event,) = ask(desk, foreign)
    assert isinstance(event, OrderDenied)
    assert desk.state == "WORKING"


def test_a_group_that_is_cancelled_before_it_arrives_is_never_traded():
    one = executor()
    one.on_signal(cancel(), NOW)
    assert one.on_signal(bracket(), NOW) == ([], [])


def modify(of: str, **changes: Decimal) -> ModifySignal:
    return ModifySignal("s-e-2", T0, "", "s", of, T0 + 60 * SECOND, TermChanges(**changes))


def test_a_stop_is_moved_by_its_own_id():
    desk = protecting()
    (pending,) = ask(desk, modify(f"{GROUP}/3", stop=Decimal(145)))
    assert isinstance(pending, OrderModifyPending)
    desk.pass_s(0.1)
    (command,) = [c for c in desk.asked if isinstance(c, ModifyOrder)]
    assert (command.intent_id, command.terms.stop) == (f"{GROUP}/3", 145)
    desk.end(3)
    desk.end(2)
    desk.pass_s(3)
    assert desk.new().terms.stop == 145, "the one that takes its place is where it was"


def test_the_id_of_a_group_moves_its_entry():
    desk = working()
    (pending,) = ask(desk, modify(GROUP, limit=Decimal(151)))
    assert isinstance(pending, OrderModifyPending)
    assert pending.intent_id == f"{GROUP}/1"


def test_an_order_of_a_group_keeps_its_quantity():
    assert "keeps its quantity" in denied(working(), modify(GROUP, quantity=Decimal(5)))
