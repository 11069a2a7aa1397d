"""What a strategy writes for groups of orders, what becomes of it, and what it sees of them."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    CancelSignal,
    GroupCreated,
    GroupSignal,
    GroupStateChanged,
    ModifySignal,
    OrderCreated,
    OrderStateChanged,
    TermChanges,
)
from tapewire.executor.groups.plans import group_fault, plan_of
from tapewire.strategy.runner import Runner
from tests.strategy.kit import NOW, T0, at, executor, gateway, runner
from tests.strategy.kit import fill as fill_of

GROUP = "echo-e1-1"


def signal_of(one: Runner) -> GroupSignal:
    (waiting,) = one.waiting.values()
    assert isinstance(waiting.signal, GroupSignal)
    return waiting.signal


def legs_of(one: Runner) -> list[tuple[str, str, str]]:
    return [(leg.role, str(leg.terms), str(leg.part)) for leg in signal_of(one).legs]


def take(one: Runner, *filled: int) -> None:
    """The executor has made a group of the signal, the broker all of its orders."""
    plan = plan_of(signal_of(one), "DU1", T0)
    executor(one, GroupCreated(T0, plan.id, plan))
    executor(one, *(OrderCreated(T0, plan.id, order) for order in plan.orders))
    for order in plan.orders:
        state = OrderStateChanged(T0, "DU1", order.intent_id, "echo", "ACCEPTED", Decimal(0))
        executor(one, state)


# ---- what is sent --------------------------------------------------------------------------------


def test_a_purchase_with_stop_loss_and_take_profit_is_a_bracket():
    one = runner()
    assert one.strategy.buy("AAPL", 10, limit=150, stop_loss=140, take_profit=160) == GROUP
    assert legs_of(one) == [
        ("entry", "BUY 10 LMT limit 150", "0"),
        ("target", "SELL 10 LMT limit 160 GTC", "0"),
        ("stop", "SELL 10 STP stop 140 GTC", "0"),
    ]
    assert signal_of(one).kind == "bracket"
    assert group_fault(signal_of(one)) == ""


def test_a_sale_with_a_stop_loss_alone_is_a_bracket_too():
    one = runner()
    one.strategy.sell("AAPL", 10, stop_loss=160)
    assert legs_of(one) == [
        ("entry", "SELL 10 MKT", "0"), ("stop", "BUY 10 STP stop 160 GTC", "0"),
    ]  # fmt: skip


def test_a_bracket_can_have_a_trailing_stop_and_exits_for_the_day():
    one = runner()
    one.strategy.bracket("AAPL", 10, trail=2, exits_tif="DAY")
    assert legs_of(one)[1] == ("stop", "SELL 10 TRAIL trail 2", "0")
    with pytest.raises(ValueError, match="neither stop_loss nor take_profit"):
        one.strategy.bracket("AAPL", 10)
    with pytest.raises(ValueError, match="it can have one stop"):
        one.strategy.bracket("AAPL", 10, stop_loss=1, trail=2)


def test_a_ladder_has_a_stop_for_each_part():
    one = runner()
    one.strategy.ladder("AAPL", [(155, 4), (160, 6)], stop_loss=140)
    assert legs_of(one) == [
        ("entry", "BUY 10 MKT", "0"),
        ("target", "SELL 4 LMT limit 155 GTC", "0"),
        ("stop", "SELL 4 STP stop 140 GTC", "0"),
        ("target", "SELL 6 LMT limit 160 GTC", "1"),
        ("stop", "SELL 6 STP stop 140 GTC", "1"),
    ]
    assert group_fault(signal_of(one)) == ""


def test_one_cancels_other_takes_orders_of_any_kind():
    one = runner()
    leg = one.strategy.leg
    one.strategy.one_cancels_other(
        leg("SELL", "AAPL", 5, limit=160), leg("SELL", "AAPL", 5, stop=140)
    )
    assert [role for role, _, _ in legs_of(one)] == ["order", "order"]
    assert group_fault(signal_of(one)) == ""


def test_a_vertical_buys_first_and_has_a_time_for_the_sale():
    one = runner()
    one.strategy.vertical("AAPL", "MSFT", 2, buy_limit=5, sell_limit=3, within_s=1.5)
    assert legs_of(one) == [
        ("entry", "BUY 2 LMT limit 5", "0"),
        ("cover", "SELL 2 LMT limit 3", "0"),
    ]
    assert signal_of(one).within_ms == 1500
    assert group_fault(signal_of(one)) == ""
    with pytest.raises(ValueError, match="within_s is 0"):
        one.strategy.vertical("AAPL", "MSFT", 2, within_s=0)


def test_nothing_is_sent_while_it_is_not_live():
    one = runner(live=False)
    assert one.strategy.buy("AAPL", 10, stop_loss=140) == ""
    assert one.waiting == {}


# ---- what it sees --------------------------------------------------------------------------------


def test_the_orders_of_a_group_show_its_stop_loss_and_take_profit():
    one = runner()
    one.strategy.buy("AAPL", 10, limit=150, stop_loss=140, take_profit=160)
    assert one.strategy.pending("AAPL") == 1
    take(one)
    assert one.waiting == {}
    orders = one.strategy.orders
    assert [(o.id, o.role, o.group) for o in orders] == [
        (f"{GROUP}/1", "entry", GROUP),
        (f"{GROUP}/2", "target", GROUP),
        (f"{GROUP}/3", "stop", GROUP),
    ]
    assert {(o.stop_loss, o.take_profit) for o in orders} == {(140, 160)}
    (group,) = one.strategy.groups
    assert (group.id, group.kind, group.state, group.open) == (GROUP, "bracket", "PLACING", 0)
    assert (group.stop_loss, group.take_profit, len(group.orders)) == (140, 160, 3)


def test_a_group_shows_what_it_has_entered_and_what_is_open_of_it():
    one = runner()
    one.strategy.buy("AAPL", 10, limit=150, stop_loss=140, take_profit=160)
    take(one)
    gateway(one, fill_of("e1.01", 10, "BUY", GROUP))
    (group,) = one.strategy.groups
    assert (group.entered, group.open, one.strategy.position("AAPL")) == (10, 10, 10)


def test_news_of_a_group_reaches_on_group_and_a_group_that_is_done_is_gone():
    one, seen = runner(), []
    one.strategy.on_group = seen.append  # type: ignore[method-assign]
    one.strategy.buy("AAPL", 10, stop_loss=140)
    take(one)
    done = GroupStateChanged(T0, "DU1", GROUP, "echo", "DONE", "why")
    executor(one, done)
    assert (seen, one.strategy.groups) == ([done], [])


# ---- cancel, modify, close -----------------------------------------------------------------------


def test_modify_moves_the_stop_and_the_target_by_the_groups_id():
    one = runner()
    one.strategy.buy("AAPL", 10, limit=150, stop_loss=140, take_profit=160)
    take(one)
    one.strategy.modify(GROUP, stop_loss=145)
    one.strategy.modify(GROUP, take_profit=165)
    asked = [w.signal for w in one.waiting.values() if isinstance(w.signal, ModifySignal)]
    assert [(s.signal_id, s.changes) for s in asked] == [
        (f"{GROUP}/3", TermChanges(stop=Decimal(145))),
        (f"{GROUP}/2", TermChanges(limit=Decimal(165))),
    ]
    assert len(one.due(at(0))) == 2, "they are accepted"


def test_modify_of_an_exit_that_does_not_work_sends_nothing():
    one = runner()
    assert one.strategy.modify("nobody's", stop_loss=145) == ""
    assert one.waiting == {}


def test_a_group_that_is_cancelled_before_it_was_answered_is_not_sent():
    one = runner()
    one.strategy.cancel(one.strategy.buy("AAPL", 10, stop_loss=140))
    assert [type(signal) for signal in one.due(NOW)] == [CancelSignal]


def test_close_lets_a_group_close_what_it_has_open():
    """Its exits are not cancelled one by one: it would be open without a stop in between."""
    one = runner()
    one.strategy.buy("AAPL", 10, limit=150, stop_loss=140)
    take(one)
    gateway(one, fill_of("e1.01", 10, "BUY", GROUP))
    assert one.strategy.close("AAPL")
    (cancel,) = [w.signal for w in one.waiting.values()]
    assert isinstance(cancel, CancelSignal)
    assert (cancel.signal_id, cancel.closes) == (GROUP, True)
    executor(one, GroupStateChanged(T0, "DU1", GROUP, "echo", "CLOSING", "", cancel.id))
    assert one.waiting == {}
