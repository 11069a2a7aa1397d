"""The broker port: a gateway on a broker that is not TWS, without a byte of TWS's."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    CancelAll,
    CancelOrder,
    Commission,
    Event,
    Fill,
    Heartbeat,
    OrderAccepted,
    SubmitOrder,
    TermChanges,
)
from tapewire.gateway import broker
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.orders.intent import Intent
from tests.gateway.fake_broker import FakeBroker
from tests.gateway.tws_bench import NOW, modify_order, names, submit, terms_of
from tests.gateway.tws_messages import ACCOUNT, T0

ENDS = [broker.QueryComplete(q) for q in ("open_orders", "executions", "completed_orders")]
BESIDE = [broker.PositionsComplete(), broker.AccountsComplete()]


def report(gateway: Gateway, *reports: broker.BrokerEvent) -> list[Event]:
    gateway.broker.reports += reports
    return gateway.take([], NOW) + gateway.tick(NOW)


def ready(journal: tuple[Event, ...] = (), **given: object) -> Gateway:
    """A gateway that knows all that its broker knows, which is nothing."""
    gateway = Gateway(FakeBroker(**given))
    for event in journal:
        gateway.apply(event)
    gateway.gate.decisions_known = True
    gateway.on_risk(Heartbeat(T0, "READY", "", 0, "", "ACTIVE", NOW.mono_ns))
    gateway.broker.accounts = (ACCOUNT,)
    report(gateway, broker.SessionProgress("connecting"))
    up = report(gateway, broker.SessionReady((ACCOUNT,), 3), *ENDS, *BESIDE)
    assert (up[0].server_version, up[0].accounts) == (3, (ACCOUNT,))
    assert gateway.broker.calls == ["start", "query"]
    gateway.broker.calls.clear()
    return gateway


def write(gateway: Gateway) -> tuple[bytes, list[Intent], list[Event]]:
    """Commit what was emitted and write what may be written."""
    gateway.entry.seal()
    gateway.entry.durable()
    return gateway.release(NOW)


def send(gateway: Gateway, order: SubmitOrder) -> list[Event]:
    answer, events = gateway.obey(order, NOW)
    assert answer.accepted
    data, intents, denied = write(gateway)
    assert (data, [one.intent_id for one in intents], denied) == (b"", [order.intent_id], [])
    return events


def executed(quantity: int, exec_id: str = "e1", reference: str = "s-1/1") -> broker.BrokerEvent:
    price = Decimal(150)
    return broker.ExecutionReport(
        ACCOUNT, exec_id, reference, "p1", "AAPL", "BUY", Decimal(quantity), price
    )


def test_an_orders_life_over_the_port():
    gateway = ready()
    send(gateway, submit(limit=150))
    terms = terms_of("BUY", 10, 150)
    assert gateway.broker.calls.pop() == ("submit", "f1", terms)
    changes = TermChanges(Decimal(10), Decimal(150))
    working = broker.OrderReport("s-1/1", "f1", "p1", "working", changes, listed=True)
    assert report(gateway, working) == [
        OrderAccepted(T0, ACCOUNT, "s-1/1", "f1", "p1", NOW.wall_ns)
    ]
    assert gateway.obey(modify_order(quantity=8, limit=149), NOW)[0].accepted
    write(gateway)
    assert gateway.broker.calls.pop() == ("modify", "f1", terms_of("BUY", 8, 149))
    changed = broker.OrderReport("s-1/1", terms=TermChanges(Decimal(8), Decimal(149)))
    assert names(report(gateway, changed)) == ["OrderModified"]
    assert gateway.obey(CancelOrder("s-1/1", T0), NOW)[0].accepted
    assert gateway.broker.calls.pop() == ("cancel", "f1")
    cost = broker.CommissionReport("e1", Decimal(1), "USD")
    fill, commission = report(gateway, executed(3), cost)
    assert isinstance(fill, Fill)
    assert commission == Commission(T0, ACCOUNT, "e1", Decimal(1), "USD")
    cancelled = broker.OrderReport(order_id="f1", status="cancelled")
    assert names(report(gateway, cancelled)) == ["OrderCancelled"]


def test_what_waits_is_withdrawn_with_the_connection_and_what_went_is_unknown():
    gateway = ready()
    send(gateway, submit("a/1"))
    gateway.obey(submit("b/1"), NOW)
    assert names(gateway.hung_up("nonsense", NOW)) == [
        "OrderDenied", "OrderUnknown", "ConnectionLost",
    ]  # fmt: skip
    assert gateway.readiness() == ("WAITING", "nonsense")
    assert not gateway.obey(CancelAll(T0), NOW)[0].accepted
    assert write(gateway) == (b"", [], [])
    assert len(gateway.broker.calls) == 1


def test_the_ids_in_the_journal_are_used_up():
    first = ready()
    events = send(first, submit("a/1"))
    after = ready(tuple(events))
    assert after.broker.used == ["f1"]
    send(after, submit("b/1"))
    assert after.orders["b/1"].order_id == "f2"


def test_an_order_waits_for_its_commit_and_one_that_is_taken_meanwhile_for_the_next():
    gateway = ready()
    entry = gateway.entry
    gateway.obey(submit("a/1"), NOW)
    assert gateway.release(NOW) == (b"", [], [])
    entry.seal()
    gateway.obey(submit("b/1"), NOW)
    assert gateway.release(NOW) == (b"", [], [])
    entry.durable()
    assert [one.intent_id for one in gateway.release(NOW)[1]] == ["a/1"]
    assert gateway.release(NOW)[1] == []
    entry.seal()
    assert gateway.release(NOW)[1] == []
    entry.durable()
    assert [one.intent_id for one in gateway.release(NOW)[1]] == ["b/1"]


def test_a_modify_waits_for_its_commit_too():
    gateway = ready()
    send(gateway, submit(limit=150))
    changes = TermChanges(Decimal(10), Decimal(150))
    report(gateway, broker.OrderReport("s-1/1", "f1", "p1", "working", changes, listed=True))
    gateway.broker.calls.clear()
    gateway.obey(modify_order(limit=149), NOW)
    gateway.release(NOW)
    assert gateway.broker.calls == []
    write(gateway)
    assert gateway.broker.calls == [("modify", "f1", terms_of("BUY", 10, 149))]


# ---- a broker that names its orders itself ------------------------------------------------------


def test_an_order_without_an_id_gets_the_one_that_the_broker_reports():
    gateway = ready(names_orders=True)
    journal = send(gateway, submit("a/1")) + send(gateway, submit("b/1"))
    named = report(gateway, broker.OrderReport("a/1", "77", "p1", "working"))
    assert named == [OrderAccepted(T0, ACCOUNT, "a/1", "77", "p1", NOW.wall_ns)]
    assert gateway.obey(CancelOrder("a/1", T0), NOW)[0].accepted
    assert gateway.broker.calls.pop() == ("cancel", "77")
    after = ready(tuple(journal + named), names_orders=True)
    assert after.obey(CancelOrder("a/1", T0), NOW)[0].accepted
    assert report(after, broker.OrderReport(order_id="77", status="cancelled")) != []


def test_an_id_that_comes_after_the_first_execution_is_learnt_too():
    gateway = ready(names_orders=True)
    send(gateway, submit("a/1"))
    assert names(report(gateway, executed(3, reference="a/1"))) == ["OrderAccepted", "Fill"]
    working = broker.OrderReport("a/1", "77", "p1", "working")
    assert names(report(gateway, working)) == ["OrderAccepted"]
    assert report(gateway, working) == []
    assert gateway.orders["a/1"].order_id == "77"


def test_an_order_without_an_id_cannot_be_cancelled_yet():
    gateway = ready(names_orders=True)
    send(gateway, submit("a/1"))
    gateway.broker.calls.clear()
    answer, _ = gateway.obey(CancelOrder("a/1", T0), NOW)
    assert answer.reason == "the broker has not confirmed the order yet, so it has no id to cancel"
    assert gateway.broker.calls == []


def test_an_id_that_comes_with_an_orders_end_does_not_bring_it_back():
    gateway = ready(names_orders=True)
    send(gateway, submit("a/1"))
    report(gateway, broker.OrderReport("a/1", status="cancelled"))
    assert report(gateway, broker.OrderReport("a/1", "77", status="cancelled")) == []
    assert gateway.orders["a/1"].state == "CANCELLED"


@pytest.mark.parametrize("given", [True, False])
def test_a_report_without_an_id_is_of_another_clients_order(*, given: bool):
    gateway = ready(names_orders=given)
    send(gateway, submit("a/1"))
    assert report(gateway, broker.OrderReport(status="cancelled")) == []
    assert gateway.orders["a/1"].state == "INTENDED"


def returned(gateway: Gateway, order: SubmitOrder) -> list[Event]:
    """The broker turns an order away, and its adapter has it in the outbox again."""
    gateway.broker.submit("", order)
    return report(gateway, broker.OrderReturned(order.intent_id))


def test_an_order_that_was_turned_away_waits_for_its_turn_and_no_list_makes_it_unknown():
    gateway = ready(names_orders=True)
    order = submit("a/1")
    send(gateway, order)
    assert returned(gateway, order) == []
    gateway.sync.ask(gateway.orders["a/1"], NOW)
    later = NOW + 60_000_000_000
    gateway.tick(later)
    gateway.broker.reports += ENDS
    assert gateway.take([], later) + gateway.tick(later) == []
    assert gateway.orders["a/1"].state == "INTENDED"
    _, intents, denied = write(gateway)
    assert ([one.intent_id for one in intents], denied) == (["a/1"], [])


def test_one_that_was_turned_away_and_cancelled_is_never_sent():
    gateway = ready(names_orders=True)
    order = submit("a/1")
    send(gateway, order)
    returned(gateway, order)
    answer, events = gateway.obey(CancelOrder("a/1", T0), NOW)
    assert (answer.accepted, names(events)) == (True, ["OrderDenied"])
    assert write(gateway)[1] == []


def test_one_that_is_unknown_by_then_is_never_sent_again():
    gateway = ready(names_orders=True)
    order = submit("a/1")
    send(gateway, order)
    report(gateway, broker.SessionLost("gone"))
    assert gateway.orders["a/1"].state == "UNKNOWN"
    report(gateway, broker.SessionProgress("connecting"))
    report(gateway, broker.SessionReady((ACCOUNT,), 3), *ENDS, *BESIDE)
    returned(gateway, order)
    assert write(gateway)[1] == []
