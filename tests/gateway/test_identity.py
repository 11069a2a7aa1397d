"""Identity: what carries our tag and is not our order changes nothing of it, and is a conflict."""

from decimal import Decimal

import pytest

from tapewire.common.accounting.identity import Names, identity
from tapewire.common.events import (
    EVERYTHING,
    Fill,
    OrderConflict,
    RiskHalted,
    RiskResumed,
    Scope,
)
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, modify_order, names, submit
from tests.gateway.tws_messages import (
    ACCOUNT,
    T0,
    completed_order_of,
    execution_message,
    execution_of,
    open_order_of,
    order_at_tws,
)

OURS = Names("1", "5", "A")
UNNAMED = Names("1", "5")


@pytest.mark.parametrize(
    ("ours", "reported", "found"),
    [
        (OURS, Names("1", "5", "A"), "same"),
        (OURS, Names("", "", "A"), "same"),
        (OURS, Names("9", "7", "A"), "same"),
        (OURS, Names("1", "5", "B"), "other"),
        (OURS, Names("", "", "B"), "other"),
        (OURS, Names("1", "5"), "same"),
        (OURS, Names("9", "5"), "other"),
        (UNNAMED, Names("1", "5", "A"), "same"),
        (UNNAMED, Names("9", "5", "A"), "other"),
        (UNNAMED, Names("1", "6", "A"), "other"),
        (UNNAMED, Names("1", "", "A"), "other"),
        (UNNAMED, Names("", "", "A"), "unclear"),
        (Names("1"), Names("1", "77", "A"), "same"),
        (Names("", "f1"), Names("", "f1", "A"), "same"),
        (Names("", "f1"), Names("", "f2", "A"), "other"),
        (Names("", "f1"), Names(), "same"),
    ],
)
def test_an_order_is_known_by_client_and_order_id_and_then_by_its_permanent_id_alone(
    ours: Names, reported: Names, found: str
):
    assert identity(ours, reported) == found


@pytest.fixture
def bench() -> Bench:
    return Bench()


def replaced(order: Order, **changed: object) -> Order:
    """Another order at TWS under the tag of `order`."""
    twin = order_at_tws(submit(limit=150), order.order_id, client_id=order.client_id)
    for name, value in {"perm_id": 9_001, "order_ref": order.order_ref, **changed}.items():
        setattr(twin, name, value)
    return twin


def conflicts(bench: Bench) -> list[OrderConflict]:
    return [event for event in bench.journal if isinstance(event, OrderConflict)]


def test_the_replacement_of_an_order_after_a_reconnect_is_a_conflict_and_ours_is_over(
    bench: Bench,
):
    order = bench.rest()
    bench.lose()
    bench.connect()
    twin, order.status = replaced(order), "Cancelled"
    news = bench.answer_snapshot(open_order_of(twin), completed_order_of(order))
    assert names(news) == [
        "OrderConflict", "ForeignOrderReported", "OrderCancelled", "ConnectionUp",
    ]  # fmt: skip
    assert bench.gateway.orders.working(ACCOUNT, "AAPL") == (10, 0), "the replacement works"
    (conflict,) = conflicts(bench)
    assert (conflict.account, conflict.symbol) == (ACCOUNT, "AAPL")
    assert (conflict.intent_id, conflict.permanent_id) == ("s-1/1", "9001")
    assert "permanent id 9001" in conflict.reason
    assert (bench.state(), bench.intent().permanent_id) == ("CANCELLED", "7001")


def test_the_end_of_the_replaced_order_is_no_end_of_ours(bench: Bench):
    order = bench.rest()
    twin = replaced(order, status="Cancelled")
    bench.receive(completed_order_of(twin), messages.order_status(twin))
    assert bench.state() == "ACCEPTED"
    assert len(conflicts(bench)) == 1


def test_a_conflict_is_reported_once_however_often_it_is_seen_and_after_a_restart(bench: Bench):
    twin = replaced(bench.rest())
    for _ in range(3):
        bench.opened(twin)
    again = Bench(bench.journal)
    again.opened(twin)
    assert len(conflicts(again)) == 1
    assert again.receive(open_order_of(replaced(twin, perm_id=9_002))) != []
    assert len(conflicts(again)) == 2


def test_an_execution_of_a_foreign_client_counts_for_the_account_and_not_for_our_order(
    bench: Bench,
):
    order = bench.rest()
    foreign = replaced(order, client_id=9)
    first, fill = bench.fill(foreign, 10, "0009.01")
    assert isinstance(first, OrderConflict)
    assert isinstance(fill, Fill)
    assert (fill.intent_id, fill.strategy, fill.quantity) == (None, None, 10)
    bench.fill(order, 10, "0001.01")
    assert (bench.state(), bench.intent().filled) == ("FILLED", 10)
    assert bench.gateway.holdings.filled[ACCOUNT, "AAPL"] == 20


def test_a_foreign_execution_before_tws_has_named_our_order_is_not_ours_either(bench: Bench):
    order = bench.send(submit())
    assert names(bench.fill(replaced(order, client_id=9), 10, "0009.01")) == [
        "OrderConflict", "Fill",
    ]  # fmt: skip
    assert (bench.state(), bench.intent().permanent_id) == ("INTENDED", "")


def test_a_modify_that_leaves_two_live_orders_changes_the_one_that_is_ours(bench: Bench):
    order = bench.rest()
    assert bench.modify(modify_order(limit=149)).accepted
    bench.flush()
    twin = replaced(order, limit=Decimal(149))
    assert names(bench.opened(twin)) == ["OrderConflict", "ForeignOrderReported"]
    assert bench.intent().modify is not None
    order.limit = Decimal(149)
    assert names(bench.opened(order)) == ["OrderModified"]
    assert names(bench.fill(twin, 10, "0009.01")) == ["Fill"]
    assert bench.intent().remaining == 10


def test_an_order_without_a_permanent_id_yet_gets_the_first_that_tws_gives_it(bench: Bench):
    order = bench.send(submit())
    accepted = bench.opened(order, perm_id=0)
    assert [(e.permanent_id, e.order_id) for e in accepted] == [("", "1")]
    (named,) = bench.opened(order, perm_id=7_001)
    assert named.permanent_id == "7001"
    assert bench.opened(order) == []
    assert names(bench.opened(order, perm_id=7_002)) == ["OrderConflict", "ForeignOrderReported"]
    assert bench.intent().permanent_id == "7001"


def test_what_carries_another_orders_tag_is_not_seen_as_that_order(bench: Bench):
    """So an order that TWS does not list any more is not kept alive by a stranger."""
    order = bench.send(submit())
    bench.lose()
    bench.pass_s(10)
    bench.connect()
    bench.pass_s(10)
    stranger = replaced(order, client_id=9)
    bench.answer_snapshot(open_order_of(stranger))
    bench.flush()
    assert "s-1/1" in {one.intent_id for one in bench.gateway.registry.missing(())}
    assert bench.state() != "ACCEPTED"


# ---- nothing that adds risk goes there ----------------------------------------------------------


def conflicting() -> Bench:
    bench = Bench()
    bench.opened(replaced(bench.rest()))
    return bench


def added(bench: Bench, intent_id: str, **more: object) -> str:
    return bench.submit(submit(intent_id, **more)).reason


def test_nothing_adds_risk_in_that_account_and_symbol_at_once_and_elsewhere_all_goes():
    bench = conflicting()
    assert "has the tag of s-1/1" in added(bench, "s-2/1")
    assert added(bench, "s-3/1", symbol="MSFT") == ""
    bench.hold(5)
    assert added(bench, "s-4/1", side="SELL", quantity=5) == ""


def test_an_order_in_the_queue_is_asked_again_when_the_conflict_turns_up():
    bench = Bench()
    order = bench.rest()
    bench.submit(submit("s-2/1"))
    bench.opened(replaced(order))
    bench.flush()
    assert bench.placed() == ["1"]
    assert bench.state("s-2/1") == "DENIED"


def test_it_stays_so_over_a_restart_until_risks_halt_is_lifted():
    before = conflicting()
    (conflict,) = conflicts(before)
    bench = Bench(before.journal)
    assert "has the tag of s-1/1" in added(bench, "s-2/1")
    scope = Scope(conflict.account, symbol=conflict.symbol)
    bench.gateway.on_risk(RiskHalted(T0, scope, "conflict", conflict.id))
    assert "trading is HALTED for" in added(bench, "s-3/1")
    bench.gateway.on_risk(RiskResumed(T0, scope, "looked at it"))
    assert added(bench, "s-4/1") == ""


def test_a_halt_and_a_resume_for_another_reason_do_not_lift_it():
    bench = conflicting()
    bench.gateway.on_risk(RiskHalted(T0, EVERYTHING, "a person"))
    bench.gateway.on_risk(RiskResumed(T0, EVERYTHING, "a person"))
    assert "has the tag of s-1/1" in added(bench, "s-2/1")


def test_a_person_is_told_of_a_conflict():
    ((told, _payload),) = conflicting().gateway.complaints
    assert told.startswith("conflict with s-1/1: an order has its tag under permanent id 9001")


def test_what_is_executed_under_our_tag_in_another_account_halts_that_account():
    bench = Bench(accounts=(ACCOUNT, "DU7654321"))
    foreign = replaced(bench.rest(), client_id=9)
    foreign.account = "DU7654321"
    bench.receive(execution_message(execution_of(foreign, 3, "0009.01")))
    assert "has the tag" in added(bench, "s-2/1", account="DU7654321")
    assert added(bench, "s-3/1") == ""


# ---- another client id --------------------------------------------------------------------------


def under_another_client_id() -> tuple[Bench, Order]:
    """A gateway that returns with another `tws.client_id` while an order works."""
    before = Bench()
    order = before.rest()
    bench = Bench(before.journal, client_id=5, connect=False)
    bench.connect(next_id=1)
    bench.answer_snapshot(open_order_of(order))
    return bench, order


def test_the_journal_says_whose_order_id_it_is(bench: Bench):
    bench.rest()
    assert [event.client_id for event in bench.intended()] == ["1"]
    assert bench.intent().names == Names("1", "1", "7001")


def test_while_orders_of_another_client_id_work_nothing_is_traded():
    bench, _order = under_another_client_id()
    state, reason = bench.gateway.readiness()
    assert (state, reason) == (
        "HALTED",
        "1 order of client id 1 may still work, and tws.client_id is 5, which can neither cancel"
        " nor modify them; set tws.client_id to 1, or cancel them in TWS",
    )
    assert added(bench, "s-2/1") == reason
    answer, _events = bench.cancel()
    assert answer.reason == "only client id 1 can cancel it, which placed it"
    bench.flush()
    assert bench.placed() == []


def test_once_the_last_of_them_is_over_trading_goes_on():
    bench, order = under_another_client_id()
    order.status = "Cancelled"
    bench.receive(completed_order_of(order))
    assert bench.gateway.readiness() == ("READY", "")
    assert added(bench, "s-2/1") == ""
    assert bench.intent("s-2/1").client_id == "5"


def test_the_liquidation_gateway_closes_whatever_its_client_id_was():
    before = Bench(reduce_only=True)
    before.hold(10)
    before.send(submit(side="SELL", quantity=5))
    bench = Bench(before.journal, client_id=5, reduce_only=True)
    assert bench.gateway.readiness() == ("READY", "")


def test_an_error_on_an_order_id_is_about_the_order_of_this_client_id():
    bench, _order = under_another_client_id()
    bench.broker.used_order_id("1")
    bench.error(1, 201)
    assert bench.state() == "ACCEPTED"
