"""Retention: a gateway that starts from a checkpoint is one that read its whole journal, in all
that still matters; and what it has forgotten can do no harm."""

from decimal import Decimal

import pytest

from tapewire.common import roles
from tapewire.common.events import (
    Event,
    ForeignOrderReported,
    OrderCancelled,
    OrderConflict,
    OrderDenied,
    OrderFilled,
    OrderModifyIntended,
    PositionReported,
    types_by_name,
)
from tapewire.common.retention.decisions import DECISIONS
from tapewire.common.retention.policy import DAY_NS
from tapewire.console.records.journals import NAMES
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, fill_of, kinds, modify_order, names, submit
from tests.gateway.tws_messages import ACCOUNT, SECOND, T0, execution_of, order_at_tws
from tests.keeping import EXPIRES, LATER, checkpoint, filled, gateway, group, kept, order

NOT_JOURNALED = {
    "order.submit", "order.cancel", "order.cancel_all", "order.modify", "order.request",
    "order.answer", "order.reply", "order.resolve", "order.take_over", "order.what_if",
    "order.group.submit", "position.list", "risk.control", "risk.control.reply",
    "reconciliation.run", "position.updated", "risk.headroom",
}  # fmt: skip

# ---- each kind of event --------------------------------------------------------------------------


def test_every_kind_that_is_journaled_has_a_decision() -> None:
    """A new kind: read the essay in `retention`; "kept" is the safe decision."""
    known = types_by_name()
    decided = {name for name in known if known[name] in DECISIONS}
    assert {*NAMES} - NOT_JOURNALED - decided == set()


def test_a_kind_without_a_decision_is_kept_with_every_order_that_it_is_about(monkeypatch) -> None:
    monkeypatch.delitem(DECISIONS, OrderCancelled)  # type: ignore[arg-type]
    events = [*order("s-1/1", OrderCancelled(T0, ACCOUNT, "s-1/1"))]
    assert checkpoint(events)[: len(events)] == events


def test_an_order_that_is_over_is_forgotten_with_all_its_events() -> None:
    events = checkpoint([*filled("s-1/1", "0001.01")])
    assert [e for e in events if getattr(e, "intent_id", "") == "s-1/1"] == []
    assert "s-1/1" not in gateway(events).orders


@pytest.mark.parametrize(
    ("why", "more", "expires_ns"),
    [
        ("it works", [], EXPIRES),
        (
            "a modify of it is under way",
            [
                OrderModifyIntended(T0, ACCOUNT, modify_order(quantity=5)),
                OrderCancelled(T0, ACCOUNT, "s-1/1"),
            ],
            EXPIRES,
        ),
        ("it ended just now", [OrderFilled(LATER - SECOND, ACCOUNT, "s-1/1")], EXPIRES),
        ("it could be asked again", [OrderFilled(T0, ACCOUNT, "s-1/1")], LATER + SECOND),
        (
            "the broker may take it back",
            [OrderCancelled(LATER - 2 * DAY_NS, ACCOUNT, "s-1/1")],
            EXPIRES,
        ),
        (
            "its execution is not in a report of the position",
            [fill_of("s-1/1", 10, "0001.01"), OrderFilled(T0, ACCOUNT, "s-1/1")],
            EXPIRES,
        ),
    ],
)
def test_an_order_is_kept_whole_while(why: str, more: list[Event], expires_ns: int) -> None:
    events = [*order("s-1/1", *more, expires_ns=expires_ns)]
    assert checkpoint(events)[: len(events)] == events, why


def test_what_came_after_an_execution_that_is_kept_is_kept_too() -> None:
    """A live order was filled in between: only what came before it is carried."""
    live = order("s-2/1", fill_of("s-2/1", 1, "0002.01"), order_id="2")
    events = [*filled("s-1/1", "0001.01"), *live, *filled("s-3/1", "0003.01", "3")]
    again = gateway(checkpoint(events))
    assert set(again.orders.by_intent) == {"s-2/1", "s-3/1"}
    assert again.registry.is_carried("0001.01")
    assert sorted(again.registry.accounts.book.exec_ids) == ["0002.01", "0003.01"]
    assert again.registry.accounts.book.quantity(ACCOUNT, "AAPL") == 21


def test_an_order_with_executions_on_both_sides_of_one_that_is_kept_is_kept_whole() -> None:
    first, second = fill_of("s-1/1", 4, "0001.01"), fill_of("s-1/1", 6, "0004.01")
    live = order("s-2/1", fill_of("s-2/1", 1, "0002.01"), order_id="2")
    before = filled("s-0/1", "0000.01", "0")
    events = [*before, *order("s-1/1", first), *live, second, OrderFilled(T0, ACCOUNT, "s-1/1")]
    again = gateway(checkpoint([*events, *filled("s-3/1", "0003.01", "3")]))
    assert "s-0/1" not in again.orders
    assert again.orders["s-1/1"].filled == 10
    assert again.registry.accounts.book.quantity(ACCOUNT, "AAPL") == 31


def test_an_execution_that_a_correction_took_to_another_position_is_kept() -> None:
    """The correction takes back the first one where that was."""
    elsewhere = fill_of("s-1/1", 10, "0001.02", symbol="MSFT")
    report = PositionReported(T0, ACCOUNT, "MSFT", Decimal(10), Decimal(150))
    events = [*filled("s-1/1", "0001.01"), elsewhere, report]
    assert gateway(checkpoint(events)).holdings.filled == gateway(events).holdings.filled


def test_the_highest_order_id_is_never_given_again() -> None:
    one = group([*filled("s-1/1", "0001.01", order_id="41"), *filled("s-2/1", "0002.01", "7")])
    assert gateway(kept(one)).broker.new_order_id() == "42"
    one.write(roles.GATEWAY, *filled("s-3/1", "0003.01", "8"))
    one.follow()
    assert gateway(kept(one)).broker.new_order_id() == "42"


def test_of_positions_and_connections_the_last_word_is_kept() -> None:
    reports = [PositionReported(T0, ACCOUNT, "AAPL", Decimal(n), Decimal(1)) for n in (1, 2, 3)]
    assert checkpoint(reports)[:-1] == reports[-1:]


def test_of_orders_that_are_not_ours_those_that_work_are_kept() -> None:
    def foreign(permanent_id: str, remaining: int) -> ForeignOrderReported:
        of = (ACCOUNT, "AAPL", "BUY", Decimal(9), Decimal(remaining))
        return ForeignOrderReported(T0, *of, "7", "3", permanent_id)

    events = [foreign("1", 9), foreign("2", 9), foreign("1", 4), foreign("2", 0)]
    assert checkpoint(events)[:-1] == [foreign("1", 4)]
    working = gateway(events).orders.working(ACCOUNT, "AAPL")
    assert gateway(checkpoint(events)).orders.working(ACCOUNT, "AAPL") == working


def test_a_conflict_is_never_forgotten() -> None:
    conflict = OrderConflict(T0, ACCOUNT, "AAPL", "s-1/1", "7009", "another order has its tag")
    again = gateway(checkpoint([*filled("s-1/1", "0001.01"), conflict]))
    assert list(again.orders.conflicts.values()) == [conflict]
    assert "s-1/1" not in again.orders


# ---- what is forgotten cannot do harm ------------------------------------------------------------


def forgetful() -> Bench:
    """A gateway that has forgotten the order s-1/1 and its execution 0001.01."""
    return Bench(checkpoint([*filled("s-1/1", "0001.01")]))


def test_a_forgotten_intent_that_is_asked_again_is_denied_wherever_the_clock_is_set() -> None:
    bench = forgetful()
    assert bench.now.wall_ns < EXPIRES  # by the clock it has not expired
    answer = bench.submit(submit("s-1/1", expires_ns=EXPIRES))
    assert not answer.accepted
    assert "may have been taken before" in answer.reason
    bench.flush()
    assert bench.placed() == []


def test_an_intent_that_expires_later_than_all_that_was_forgotten_is_taken() -> None:
    assert forgetful().submit(submit("s-9/1", expires_ns=LATER)).accepted


def test_a_forgotten_execution_that_tws_lists_again_is_no_event() -> None:
    bench = forgetful()
    assert bench.fill(order_at_tws(submit("s-1/1"), "1"), 10, "0001.01") == []
    one = execution_of(order_at_tws(submit("s-1/1"), "1"), 10, "0001.01")
    assert bench.receive(messages.commission_report(one, None)) == []
    assert names(bench.fill(order_at_tws(submit("s-1/1"), "1"), 10, "0003.01")) == ["Fill"]


def test_a_correction_of_a_forgotten_execution_is_an_event_and_a_complaint() -> None:
    bench = forgetful()
    events = bench.fill(order_at_tws(submit("s-1/1"), "1"), 9, "0001.02")
    assert names(events) == ["Fill"]
    [(complaint, _)] = bench.gateway.complaints
    assert complaint.startswith("execution 0001.02 corrects one that was reported more than a day")
    bench.tick()
    assert kinds(bench.flush()) == ["61"]  # positions are asked for again


def test_what_was_carried_is_known_in_each_version() -> None:
    again = gateway(checkpoint([*filled("s-1/1", "0001.01")])).registry
    assert again.is_carried("0001.01")
    assert not again.corrects_carried("0001.01")
    assert again.is_carried("0001.00")  # an earlier version of it
    assert again.corrects_carried("0001.02")
    assert not again.is_carried("0002.01")


def test_a_checkpoint_of_a_checkpoint_forgets_no_execution() -> None:
    one = group([*filled("s-1/1", "0001.01")])
    one.compact()
    one.write(roles.GATEWAY, *filled("s-2/1", "0002.01", "2"))
    one.follow()
    again = gateway(kept(one)).registry
    assert again.is_carried("0001.01")
    assert again.is_carried("0002.01")
    assert again.expired_ns == EXPIRES


def test_a_start_with_a_clock_that_is_years_ahead_denies_nothing_afterwards() -> None:
    bench = Bench(checkpoint(filled("s-1/1", "0001.01"), T0 + 4000 * DAY_NS))
    assert bench.submit(submit("s-9/1", expires_ns=EXPIRES + SECOND)).accepted


def test_a_forgotten_denial_stands_for_every_signal_that_lived_then() -> None:
    denied = OrderDenied(T0, ACCOUNT, "s", "gateway", "halted", "s-1/1")
    events = checkpoint([denied])
    assert gateway(events).registry.answer("s-1/1") is None
    assert gateway(events).registry.denial(submit("s-1/1", expires_ns=EXPIRES))


def test_a_time_that_was_reached_is_not_taken_back() -> None:
    one = group([*filled("s-1/1", "0001.01")])
    one.compact()
    assert gateway(kept(one, T0)).registry.expired_ns == EXPIRES
