"""Groups at the gateway: taken, journaled, written and denied as a whole."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.events import (
    CancelOrder,
    Event,
    GroupCreated,
    GroupIntended,
    GroupState,
    GroupStateChanged,
    ModifyOrder,
    OrderCancelled,
    OrderDenied,
    Scope,
    SubmitGroup,
    SubmitOrder,
)
from tapewire.risk.rules import RuleBook
from tests.executor.orders import rules
from tests.gateway.test_order_types import PLACE
from tests.gateway.tws_bench import SECOND, Bench, names, submit, terms_of
from tests.gateway.tws_messages import ACCOUNT, T0, order_at_tws
from tests.keeping import Group, gateway, kept

POSITIONS_ASKED = "61"


def bracket(group_id: str = "s-1", quantity: int = 10, **more: Any) -> SubmitGroup:
    """Buy 10 at 150; sell at 160, or at 140 at the latest."""
    shared = {"group_id": group_id, "signal_id": group_id, **more}
    oca = {"group": f"{group_id}/0", "oca": "reduce", "time_in_force": "GTC"}
    entry = submit(f"{group_id}/1", quantity=quantity, limit=150, role="entry", **shared)
    shared["parent_id"] = entry.intent_id
    target = terms_of("SELL", quantity, limit=160, **oca)
    stop = terms_of("SELL", quantity, stop=140, **oca)
    return SubmitGroup(
        group_id, T0, "bracket",
        (
            entry,
            submit(f"{group_id}/2", terms=target, role="target", **shared),
            submit(f"{group_id}/3", terms=stop, role="stop", **shared),
        ),
    )  # fmt: skip


def states(bench: Bench) -> list[str]:
    return [bench.state(f"s-1/{n}") for n in (1, 2, 3)]


def protect(quantity: int = 10, name: str = "s-1/4") -> SubmitOrder:
    """A stop in the place of one that is gone."""
    terms = terms_of("SELL", quantity, stop=140, group="s-1/0", oca="reduce")
    return submit(name, terms=terms, group_id="s-1", role="stop", reduces_only=True)


# ---- taken ---------------------------------------------------------------------------------------


def test_a_group_is_journaled_at_once_and_written_in_one_piece():
    bench = Bench()
    answer, events = bench.obey(bracket())
    assert (answer.intent_id, answer.accepted) == ("s-1", True)
    assert names(events) == ["GroupIntended", *["OrderIntended"] * 3]
    assert bench.gateway.release(bench.now) == (b"", [], []), "it is not on disk yet"
    bench.flush()
    assert bench.placed() == ["1", "2", "3"]
    assert states(bench) == ["INTENDED"] * 3


def test_children_name_their_parent_and_the_last_order_alone_is_transmitted():
    bench = Bench()
    bench.obey(bracket())
    written = [message for message in bench.flush() if message[0] == "3"]
    assert [m[PLACE["parentId"]] for m in written] == ["0", "1", "1"]
    assert [m[PLACE["transmit"]] for m in written] == ["0", "0", "1"]
    assert [m[PLACE["ocaGroup"]] for m in written] == ["", "s-1/0", "s-1/0"]


def test_orders_of_no_family_are_each_transmitted():
    """Nothing would let the first go: it waits for no child."""
    terms = [terms_of("BUY", limit=140, group="s-1/0", oca="cancel")]
    terms.append(terms_of("SELL", limit=160, group="s-1/0", oca="cancel"))
    orders = [
        submit(f"s-1/{n}", terms=one, group_id="s-1", role="order")
        for n, one in enumerate(terms, 1)
    ]
    bench = Bench()
    assert bench.obey(SubmitGroup("s-1", T0, "oco", tuple(orders)))[0].accepted
    written = [message for message in bench.flush() if message[0] == "3"]
    assert [m[PLACE["transmit"]] for m in written] == ["1", "1"]
    assert {m[PLACE["ocaGroup"]] for m in written} == {"s-1/0"}


def test_a_group_that_is_sent_again_gets_its_first_answer_and_is_written_once():
    bench = Bench()
    first, _ = bench.obey(bracket())
    bench.flush()
    assert bench.obey(bracket()) == (first, [])
    assert bench.placed() == ["1", "2", "3"]
    again = Bench(bench.journal)
    assert again.obey(bracket())[0] == first
    again.flush()
    assert again.placed() == []


def test_a_crash_before_it_was_written_leaves_every_order_unknown_and_none_is_sent_again():
    bench = Bench()
    bench.obey(bracket())
    again = Bench(bench.journal, connect=False)
    assert states(again) == ["UNKNOWN"] * 3
    again.connect()
    again.flush()
    assert again.placed() == []


# ---- denied as a whole ---------------------------------------------------------------------------


def denied(bench: Bench, group: SubmitGroup) -> str:
    answer, events = bench.obey(group)
    assert not answer.accepted
    assert names(events) == ["OrderDenied"] * len(group.orders)
    bench.flush()
    assert bench.placed() == []
    assert bench.obey(group) == (answer, []), "and again"
    return answer.reason


def test_a_halt_denies_all_of_it():
    bench = Bench()
    bench.halt()
    assert "entry s-1/1: trading is HALTED" in denied(bench, bracket())


@pytest.mark.parametrize("number", [1, 2, 3])
def test_one_order_that_may_not_go_denies_the_others(number: int):
    group = bracket()
    orders = list(group.orders)
    orders[number - 1] = replace(orders[number - 1], symbol="NONE")
    reason = denied(Bench(), replace(group, orders=tuple(orders)))
    assert f"s-1/{number}: symbol NONE is not configured" in reason


def test_one_order_that_was_cancelled_before_it_came_denies_the_others():
    bench = Bench()
    bench.obey(CancelOrder("s-1/3", T0))
    answer, events = bench.obey(bracket())
    assert answer.reason == "it was cancelled before it arrived"
    assert [e.intent_id for e in events if isinstance(e, OrderDenied)] == ["s-1/1", "s-1/2"]


def test_an_order_that_cannot_be_encoded_denies_the_others_and_leaves_nothing_queued():
    group = bracket()
    bad = replace(group.orders[2], intent_id="s-1/ß")
    denied(Bench(), replace(group, orders=(*group.orders[:2], bad)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"parent_id": "s-9/1"}, "comes before its parent"),
        ({"group_id": "t-1"}, "is not of group s-1"),
        ({"intent_id": "s-1/2"}, "is in the group twice"),
        ({"account": "DU7654321"}, "is not of group s-1 in account"),
    ],
)
def test_what_is_no_group_is_denied(change: dict[str, str], reason: str):
    group = bracket()
    bad = replace(group.orders[2], **change)
    assert reason in denied_reason(replace(group, orders=(*group.orders[:2], bad)))


def denied_reason(group: SubmitGroup) -> str:
    answer, _ = Bench().obey(group)
    assert not answer.accepted
    return answer.reason


def test_the_limits_count_a_bracket_with_its_exits_once():
    book: RuleBook = rules(10)
    assert Bench(rules=book).obey(bracket())[0].accepted
    assert "could get 11 long" in Bench(rules=book).obey(bracket(quantity=11))[0].reason


# ---- between the commit and the wire -------------------------------------------------------------


@pytest.mark.parametrize("scope", [Scope(), Scope(strategy="s"), Scope(symbol="AAPL")])
def test_a_halt_before_it_is_written_drops_all_of_it(scope: Scope):
    bench = Bench()
    bench.obey(bracket())
    bench.halt(scope)
    bench.flush()
    assert (bench.placed(), states(bench)) == ([], ["DENIED"] * 3)


def test_a_cancel_of_one_order_before_it_is_written_takes_all_of_it_back():
    bench = Bench()
    bench.obey(bracket())
    answer, events = bench.cancel("s-1/3")
    assert (answer.accepted, names(events)) == (True, ["OrderDenied"] * 3)
    bench.flush()
    assert (bench.placed(), states(bench)) == ([], ["DENIED"] * 3)


def test_a_lost_connection_before_it_is_written_denies_all_of_it():
    bench = Bench()
    bench.obey(bracket())
    bench.lose()
    assert states(bench) == ["DENIED"] * 3


def test_a_group_waits_until_all_of_it_fits_into_the_rate():
    bench = Bench()
    for n in range(42):
        assert bench.submit(submit(f"o-{n}/1", quantity=1)).accepted
    bench.obey(bracket())
    bench.flush()
    assert len(bench.placed()) == 42, "two more would fit, and three would not"
    bench.pass_s(1.1)
    bench.flush()
    assert len(bench.placed()) == 45


# ---- what TWS makes of half a group --------------------------------------------------------------


def test_a_child_whose_parent_tws_has_rejected_is_rejected_with_it():
    """TWS does not know the parent that the child names; nobody has to ask for a minute."""
    bench = Bench()
    bench.obey(bracket())
    bench.flush()
    bench.error(1, 201, "Order rejected - reason:no margin")
    for number in (2, 3):
        bench.error(number, 135, "Can't find order with id = 1")
    assert states(bench) == ["REJECTED"] * 3
    assert bench.intent("s-1/2").reason == "Can't find order with id = 1"


def test_a_child_that_was_rejected_for_want_of_its_parent_and_works_after_all_comes_back():
    bench = Bench()
    bench.obey(bracket())
    bench.flush()
    bench.error(3, 135, "Can't find order with id = 1")
    child = bench.intent("s-1/3")
    bench.opened(order_at_tws(child.order, child.order_id))
    assert bench.state("s-1/3") == "ACCEPTED"


def test_an_unknown_order_ends_no_order_that_has_no_parent():
    bench = Bench()
    bench.obey(bracket())
    bench.flush()
    bench.error(1, 135, "Can't find order with id = 1")
    assert bench.state("s-1/1") == "INTENDED"


# ---- what only reduces ---------------------------------------------------------------------------


def test_a_new_stop_passes_on_positions_that_tws_has_listed():
    bench = Bench()
    bench.hold(10)
    assert bench.submit(protect()).accepted


@pytest.mark.parametrize("held", [0, 9, -10])
def test_a_new_stop_that_could_do_more_than_reduce_is_denied_though_trading_is_active(held: int):
    bench = Bench()
    bench.hold(held)
    assert "it may only reduce" in bench.submit(protect()).reason


@pytest.mark.parametrize("entered", [0, 4])
def test_the_exits_of_another_bracket_are_in_its_way_only_once_that_has_entered(entered: int):
    """They fill after their entry, and close what that has opened: what is held is left alone."""
    bench = Bench()
    bench.obey(bracket("t-1"))
    bench.flush()
    bench.hold(10)
    if entered:
        bench.fill(order_at_tws(bracket("t-1").orders[0], 1), entered, "e1.01")
        bench.hold(10 + entered)
    assert bench.submit(protect()).accepted == (not entered)


def test_orders_behind_one_on_their_own_side_are_in_its_way_whatever_they_wait_for():
    """They close nothing that their parent opens: both sell what is held."""
    bench = Bench()
    first = submit("t-1/1", side="SELL", quantity=4, limit=160, role="entry", group_id="t-1")
    second = submit(
        "t-1/2", side="SELL", quantity=6, limit=161, role="target", group_id="t-1",
        parent_id=first.intent_id,
    )  # fmt: skip
    bench.obey(SubmitGroup("t-1", T0, "bracket", (first, second)))
    bench.flush()
    bench.hold(10)
    assert not bench.submit(protect(6)).accepted


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_exits_for_more_than_their_entry_are_in_its_way_with_the_rest(is_confirmed: bool):
    bench = Bench()
    bench.obey(bracket("t-1"))
    bench.flush()
    entry, smaller = bracket("t-1").orders[0], terms_of("BUY", 4, limit=150)
    bench.opened(order_at_tws(entry, 1))
    bench.obey(ModifyOrder("m", T0, "t-1/1", smaller, T0 + 60 * SECOND))
    bench.flush()
    if is_confirmed:
        bench.opened(order_at_tws(replace(entry, terms=smaller), 1))
    bench.hold(10)
    assert not bench.submit(protect(5)).accepted
    assert bench.submit(protect(4, "s-1/5")).accepted


def test_a_new_stop_is_denied_until_positions_are_listed_after_an_order_of_a_group_ended():
    """TWS cancels the stop when the target fills, and reports the fill later."""
    bench = Bench()
    bench.obey(bracket())
    bench.flush()
    bench.hold(10)
    bench.error(3, 202, "Order Canceled - reason:")
    assert bench.state("s-1/3") == "CANCELLED"
    assert "not listed all positions since it ended" in bench.submit(protect()).reason
    bench.held.clear()
    bench.tick()
    bench.flush()
    bench.list_positions()
    assert "it may only reduce" in bench.submit(protect(name="s-1/5")).reason


def test_positions_are_listed_as_soon_as_an_order_of_a_group_has_ended():
    """Asked for only when a new stop comes, the list would deny the first one every time; and where
    groups end often, each of them."""
    bench = Bench()
    bench.obey(bracket())
    bench.flush()
    bench.hold(10)
    bench.error(3, 202, "Order Canceled - reason:")
    bench.tick()
    assert [fields[0] for fields in bench.flush()] == [POSITIONS_ASKED]
    assert bench.gateway.positions.unsure == "", "what else reduces is not kept waiting"
    bench.list_positions()
    assert bench.submit(protect()).accepted


def test_a_new_stop_passes_under_a_halt():
    bench = Bench()
    bench.hold(10)
    bench.halt()
    assert bench.submit(protect()).accepted


# ---- later ---------------------------------------------------------------------------------------


def test_a_modify_of_a_child_names_its_parent_again():
    bench = Bench()
    bench.obey(bracket())
    bench.flush()
    child = bench.intent("s-1/3")
    bench.opened(order_at_tws(child.order, child.order_id))
    higher = replace(child.terms, stop=Decimal(145))
    modify = ModifyOrder("s-2", T0, "s-1/3", higher, T0 + 60 * SECOND)
    assert bench.modify(modify).accepted
    (written,) = bench.flush()
    names_of = ("parentId", "auxPrice", "transmit")
    assert [written[PLACE[name]] for name in names_of] == ["1", "145", "1"]


def test_a_group_is_forgotten_when_all_of_it_is_over_and_not_before():
    bench = Bench()
    bench.obey(bracket())
    over = [OrderCancelled(T0, ACCOUNT, f"s-1/{n}") for n in (1, 2, 3)]
    everything = {"s-1/1", "s-1/2", "s-1/3"}
    assert _kept([*bench.journal, *over[:2]], "DONE") == everything
    assert _kept([*bench.journal, *over], "CANCELLING") == everything, "the executor is not done"
    assert _kept([*bench.journal, *over], "DONE") == set()


def _kept(journal: list[Event], state: GroupState) -> set[str]:
    """The orders that the gateway's next start knows, where the executor calls the group so."""
    one = Group()
    one.write(roles.GATEWAY, *journal)
    one.write(roles.EXECUTOR, GroupCreated(T0, "s-1", bracket()))
    one.follow()
    one.write(roles.EXECUTOR, GroupStateChanged(T0, ACCOUNT, "s-1", "s", state, "it is over"))
    events = kept(one)
    known = set(gateway(events).orders.by_intent)
    assert any(isinstance(event, GroupIntended) for event in events) == bool(known)
    return known
