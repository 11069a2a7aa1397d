"""What an account holds beside its groups: a person and plain orders trade there too, and the
broker's word on a position comes when it comes."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.events import (
    CancelSignal,
    Fill,
    ForeignOrderReported,
    GroupReleased,
    GroupSignal,
    GroupStateChanged,
    OrderCancelled,
    OrderFilled,
    PositionReported,
    SubmitGroup,
    SubmitOrder,
)
from tapewire.executor.orders import ExecutorOrder
from tests.executor.group_desk import GROUP, Desk, bracket, group_signal, leg, protecting
from tests.executor.orders import T0, fill, signal


def trade(desk: Desk, strategy: str | None, quantity: int = 10, side: str = "SELL") -> Fill:
    """An order that is none of the group's trades, and the broker reports the position."""
    other = SubmitOrder("x-1", T0, "DU1", strategy or "", "AAPL", signal(1, side).terms, T0)
    made = replace(fill(other, quantity, f"x{len(desk.gateway)}.01"), strategy=strategy)
    desk.report(replace(made, intent_id=None))
    desk.move("AAPL", Decimal(-quantity if side == "SELL" else quantity))
    return made


def released(desk: Desk) -> list[Decimal]:
    return [e.quantity for e in desk.journal if isinstance(e, GroupReleased)]


# ---- exits that would open a position the other way ----------------------------------------------


@pytest.mark.parametrize("who", ["s", "manual", None])
def test_exits_of_what_its_strategy_or_a_person_has_sold_are_cancelled(who: str | None):
    desk = protecting()
    trade(desk, who)
    desk.pass_s(1)
    assert desk.cancelled() == set(), "a fill of an exit may be on its way"
    desk.pass_s(3)
    assert desk.cancelled() == {"2", "3"}
    desk.end(2)
    desk.end(3)
    desk.pass_s(3)
    assert (desk.state, desk.orders()) == ("DONE", ["1", "2", "3"])


def test_exits_are_cancelled_though_the_position_is_reported_long_after_the_sale():
    desk = protecting()
    trade(desk, "s")
    desk.move("AAPL", Decimal(10))
    desk.pass_s(60)
    assert desk.cancelled() == set(), "by the broker's word it is still there"
    desk.move("AAPL", Decimal(-10))
    desk.pass_s(3)
    assert desk.cancelled() == {"2", "3"}


def test_exits_are_made_smaller_by_what_was_sold_of_it():
    desk = protecting()
    trade(desk, None, 4)
    desk.pass_s(5)
    assert released(desk) == [4]
    assert {desk.order(n).terms.quantity for n in (2, 3)} == {6}


def test_an_entry_that_still_works_is_cancelled_with_what_was_sold_of_it():
    desk = Desk(bracket())
    desk.accept(1, 2, 3)
    desk.fill(1, 4)
    trade(desk, None, 4)
    desk.pass_s(3)
    assert desk.cancelled() == {"1"}
    desk.end(1)
    desk.pass_s(3)
    assert desk.cancelled() == {"1", "2", "3"}


def test_exits_stay_where_the_account_holds_enough_after_the_sale():
    desk = protecting()
    trade(desk, "s", side="BUY")
    trade(desk, "s")
    desk.pass_s(60)
    assert (desk.cancelled(), released(desk)) == (set(), [])


def test_exits_stay_where_another_strategy_goes_short():
    desk = protecting()
    trade(desk, "other")
    desk.pass_s(60)
    assert (desk.cancelled(), released(desk)) == (set(), [])


def test_the_correction_of_an_old_flatten_releases_nothing():
    desk = protecting()
    old = trade(desk, "risk", side="BUY")
    again = replace(old, exec_id=old.exec_id.replace(".01", ".02"), side="SELL", intent_id=None)
    desk.report(again)
    desk.pass_s(1)
    assert released(desk) == []


def test_a_flatten_that_the_other_gateway_reports_first_releases_what_it_has_closed():
    """It does not know the order, so it reports the execution as nobody's."""
    legs = leg("entry", "BUY", 10, limit=150), leg("target", "SELL", 10, limit=160)
    desk = Desk(group_signal("bracket", *legs))
    desk.accept(1, 2)
    desk.fill(1)
    flatten = SubmitOrder("risk-1", T0, "DU1", "risk", "AAPL", signal(1, "SELL").terms, T0)
    closed = fill(flatten, 10, "r1.01")
    desk.report(replace(closed, intent_id=None, strategy=None))
    desk.end(2)
    desk.report(closed)
    desk.move("AAPL", Decimal(-10))
    desk.pass_s(3)
    assert (desk.state, released(desk), desk.group.reason) == ("DONE", [10], "")


def test_a_stop_that_a_reducing_flatten_has_cancelled_comes_back_for_what_is_left():
    desk = protecting()
    for number in (2, 3):
        desk.end(number)
    trade(desk, "risk", 4)
    desk.pass_s(5)
    assert released(desk) == [4]
    assert (desk.state, desk.new().role, desk.new().terms.quantity) == ("PROTECTING", "stop", 6)


# ---- beside orders that nobody here can cancel --------------------------------------------------


def by_hand(remaining: int) -> ForeignOrderReported:
    """Somebody's own limit order to sell 4."""
    quantity, left = Decimal(4), Decimal(remaining)
    return ForeignOrderReported(T0, "DU1", "AAPL", "SELL", quantity, left, "0", "", "9001")


def test_a_new_stop_leaves_room_for_what_an_order_by_hand_may_close_and_has_it_all_after_that():
    desk = protecting()
    desk.report(by_hand(4))
    desk.end(3)
    desk.pass_s(0.1)
    desk.end(2)
    desk.pass_s(5)
    assert (desk.new().role, desk.new().terms.quantity) == ("stop", 6)
    desk.accept(4)
    desk.pass_s(60)
    assert ["other orders that work may close" in alarm for alarm in desk.alarms] == [True]
    desk.report(by_hand(0))
    desk.pass_s(3)
    assert (desk.new().role, desk.new().terms.quantity) == ("stop", 4)


def test_what_is_closing_leaves_what_an_order_by_hand_may_close():
    desk = protecting()
    desk.report(by_hand(4))
    close(desk, "s", GROUP)
    desk.pass_s(0.1)
    for number in (2, 3):
        desk.end(number)
    desk.pass_s(5)
    assert (desk.new().role, desk.new().terms.quantity) == ("close", 6)
    desk.fill(4)
    desk.pass_s(30)
    assert (desk.state, desk.orders()) == ("CLOSING", ["1", "2", "3", "4"])
    desk.report(by_hand(0))
    desk.pass_s(3)
    assert (desk.new().role, desk.new().terms.quantity) == ("close", 4)


# ---- two groups in one account -------------------------------------------------------------------


def second(desk: Desk, side: str = "BUY", quantity: int = 10) -> None:
    """A bracket of another strategy in the same account has entered; it has a stop alone."""
    out, stop = ("SELL", 140) if side == "BUY" else ("BUY", 160)
    legs = leg("entry", side, quantity, limit=150), leg("stop", out, quantity, stop=stop)
    wanted = replace(group_signal("bracket", *legs), id="t-e-1", strategy="t")
    assert isinstance(wanted, GroupSignal)
    events, commands = desk.executor.on_signal(wanted, desk.now)
    desk.journal += events
    desk._obey(commands)
    entry = desk.executor.ledger.orders["t-e-1/1"].order
    desk.report(fill(entry, quantity, "t1.01"), OrderFilled(T0, "DU1", entry.intent_id))
    desk.move("AAPL", Decimal(quantity if side == "BUY" else -quantity))


def test_what_a_group_on_the_other_side_has_sold_is_still_there():
    """The account is flat, and both are protected: one of them alone may end."""
    desk = protecting()
    second(desk, "SELL")
    desk.end(3)
    desk.pass_s(0.1)
    desk.end(2)
    desk.pass_s(5)
    assert released(desk) == []
    assert desk.orders().count("4") == 0, "the gateway would take no stop on a flat account"
    stop = desk.executor.ledger.orders["t-e-1/2"].order
    desk.report(fill(stop, 10, "t2.01"), OrderFilled(T0, "DU1", stop.intent_id))
    desk.move("AAPL", Decimal(10))
    desk.pass_s(5)
    assert (desk.new().role, desk.new().terms.quantity) == ("stop", 10)


def other(desk: Desk) -> ExecutorOrder:
    return desk.executor.ledger.orders["t-e-1/2"]


def close(desk: Desk, strategy: str, group_id: str) -> None:
    signal_id = f"{strategy}-e-9"
    wanted = CancelSignal(signal_id, T0, "", strategy, group_id, T0 + 10**10, closes=True)
    desk.journal += desk.executor.on_signal(wanted, desk.now)[0]


@pytest.mark.parametrize("sold", [10, 4])
def test_groups_on_both_sides_that_are_closed_together_sell_only_what_the_account_holds(sold: int):
    """Otherwise each would wait for the other: the account holds less than both have open."""
    desk = protecting()
    second(desk, "SELL", sold)
    close(desk, "s", GROUP)
    close(desk, "t", "t-e-1")
    desk.pass_s(0.1)
    for number in (2, 3):
        desk.end(number)
    desk.report(OrderCancelled(T0, "DU1", other(desk).intent_id, "by TWS"))
    desk.pass_s(5)
    assert sum(released(desk)) == 2 * sold
    assert desk.orders().count("4") == (sold < 10)
    if sold < 10:
        assert (desk.new().role, desk.new().terms.quantity) == ("close", 6)
        desk.fill(4)
        desk.pass_s(3)
    states = [one.state for one in desk.executor.keeper.groups]
    assert (states, desk.held["AAPL"], desk.alarms) == (["DONE", "DONE"], 0, [])


def test_groups_on_both_sides_whose_exits_a_flatten_has_cancelled_are_over():
    """The account is flat, so it has nothing to close, and no execution says so."""
    desk = protecting()
    second(desk, "SELL")
    for number in (2, 3):
        desk.end(number)
    desk.report(OrderCancelled(T0, "DU1", other(desk).intent_id, "by TWS"))
    desk.pass_s(10)
    assert [one.state for one in desk.executor.keeper.groups] == ["DONE", "DONE"]
    assert desk.orders() == ["1", "2", "3", "1", "2"]


def test_a_group_ends_once_that_on_the_other_side_has_long_after_a_person_was_told():
    """What it cannot close is still there as long as an order of the other's may work. That one's
    end changes what there is of it, and neither an execution nor a position says so."""
    desk = protecting()
    second(desk, "SELL")
    close(desk, "s", GROUP)
    close(desk, "t", "t-e-1")
    desk.pass_s(0.1)
    for number in (2, 3):
        desk.end(number)
    desk.pass_s(15)
    assert ("cannot close the 10" in desk.alarms[-1], released(desk)) == (True, [])
    desk.report(OrderCancelled(T0, "DU1", other(desk).intent_id, "by TWS"))
    desk.pass_s(5)
    states = [one.state for one in desk.executor.keeper.groups]
    assert (states, released(desk)) == (["DONE", "DONE"], [10, 10])


def test_of_two_groups_one_gives_way_to_a_sale_by_hand():
    desk = protecting()
    second(desk)
    trade(desk, None)
    desk.pass_s(5)
    assert released(desk) == [10]


# ---- positions that are reported late ------------------------------------------------------------


def entered_unreported() -> Desk:
    """A bracket that has entered, and by the broker's last word the account is flat."""
    desk = Desk(bracket())
    desk.accept(1, 2, 3)
    desk.report(PositionReported(T0, "DU1", "AAPL", Decimal(0), Decimal(0)))
    entry = desk.order(1).order
    desk.report(fill(entry, 10, "e.01"), OrderFilled(T0, "DU1", entry.intent_id))
    desk.pass_s(0.1)
    return desk


def test_a_stop_that_is_gone_is_placed_again_once_the_position_is_reported():
    desk = entered_unreported()
    desk.end(3)
    desk.pass_s(0.1)
    desk.end(2)
    desk.pass_s(10)
    assert desk.orders() == ["1", "2", "3"]
    desk.move("AAPL", Decimal(10))
    desk.pass_s(3)
    assert desk.orders() == ["1", "2", "3", "4"]


def test_what_is_closing_is_closed_once_the_position_is_reported():
    desk = entered_unreported()
    wanted = CancelSignal("s-e-9", T0, "", "s", GROUP, T0 + 10**10, closes=True)
    desk.journal += desk.executor.on_signal(wanted, desk.now)[0]
    desk.pass_s(0.1)
    desk.end(2)
    desk.end(3)
    desk.pass_s(10)
    assert (desk.state, desk.orders()) == ("CLOSING", ["1", "2", "3"])
    desk.move("AAPL", Decimal(10))
    desk.pass_s(3)
    assert desk.new().role == "close"


# ---- ends without an end -------------------------------------------------------------------------


def test_a_bracket_without_a_stop_whose_target_is_gone_is_done_once():
    legs = leg("entry", "BUY", 10, limit=150), leg("target", "SELL", 10, limit=160)
    desk = Desk(group_signal("bracket", *legs))
    assert isinstance(desk.asked[0], SubmitGroup)
    desk.accept(1, 2)
    desk.fill(1)
    desk.pass_s(0.1)
    desk.end(2)
    desk.pass_s(60)
    moved = [e.state for e in desk.journal if isinstance(e, GroupStateChanged)]
    assert moved == ["PROTECTING", "DONE"]
    assert desk.group.reason == "nothing of it works, and 10 of it are left open"


def test_a_stop_that_filled_by_the_brokers_word_alone_ends_the_group():
    """It filled on a day whose executions the broker does not list any more."""
    desk = protecting()
    desk.report(OrderFilled(T0, "DU1", f"{GROUP}/3", "the broker reports it as filled"))
    desk.end(2)
    desk.move("AAPL", Decimal(-10))
    desk.pass_s(5)
    assert (desk.state, desk.group.open, desk.orders()) == ("DONE", 0, ["1", "2", "3"])


def test_a_target_whose_execution_was_busted_leaves_what_is_protected_again():
    desk = protecting()
    desk.fill(2)
    desk.end(3)
    desk.pass_s(5)
    (last,) = (e for e in desk.gateway if isinstance(e, Fill) and e.side == "SELL")
    desk.report(replace(last, exec_id=last.exec_id.replace(".01", ".02"), quantity=Decimal(0)))
    desk.move("AAPL", Decimal(10))
    desk.pass_s(5)
    assert (desk.state, desk.new().role, desk.new().terms.quantity) == ("PROTECTING", "stop", 10)
