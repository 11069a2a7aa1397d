"""The direct adapter alone: what it releases and what the exchange reports back."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.events import ComboLeg, OrderTerms, SubmitOrder, TermChanges
from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.gateway import broker
from tapewire.gateway.broker import CLOSED, DATA, OPENED, Broker, BrokerEvent, Verdict
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.direct.adapter import DirectBroker
from tapewire.virtual.direct.exchange import DirectExchange

AAPL, MSFT = Instrument(symbol="AAPL"), Instrument(symbol="MSFT")
SECOND_NS = 1_000_000_000
GATEWAY, LIQUIDATION = 1, 2


class Pit:
    """An exchange with a market of 100.00 to 100.02, ten of each, and clients without delay."""

    def __init__(self) -> None:
        self.rows = [
            Row(0, "AAPL", "100.00", "100.02", "10", "10", None, None),
            Row(0, "MSFT", "50.00", "50.01", "10", "10", None, None),
        ]
        self.exchange = DirectExchange(
            SimulatorSettings(accounts=("DU1", "DU2")), [AAPL, MSFT], self._market()
        )
        self.now = Now(SECOND_NS, SECOND_NS)
        self.brokers: dict[int, DirectBroker] = {}

    def _market(self) -> Iterator[Row]:
        yield from self.rows

    def row(self, *values: str | None) -> None:
        """The market changes, at once."""
        row = Row(self.now.mono_ns, "AAPL", *values)
        for client in self.exchange._readers["AAPL"]:
            client.out.append(row)
        self.exchange._orders.apply(row, self.now.mono_ns)

    def connect(self, conn: int) -> Broker:
        adapter = DirectBroker([AAPL, MSFT], client_id=conn, send=lambda r: self._carry(conn, r))
        self.brokers[conn] = adapter
        self.exchange.connected(conn, self.now.mono_ns)
        adapter.take([OPENED], self.now)
        self.reports(conn)
        return adapter

    def _carry(self, conn: int, requests: list) -> bool:
        self.exchange.received(conn, requests, self.now.mono_ns)
        return True

    def reports(self, conn: int, verdict: Verdict = "send") -> list[BrokerEvent]:
        """Release what waits, and read all that came of it."""
        self.brokers[conn].release(self.now, lambda _name: verdict)
        self.exchange.tick(self.now.mono_ns)
        for to, items in self.exchange.take_output():
            self.brokers[to].arrived(items)
        return self.brokers[conn].take([DATA], self.now)


@pytest.fixture
def pit() -> Pit:
    return Pit()


@pytest.fixture
def gateway(pit) -> Broker:
    adapter = pit.connect(GATEWAY)
    adapter.want("AAPL")
    pit.reports(GATEWAY)
    return adapter


def order(intent_id: str = "i-1", account: str = "DU1", **terms: object) -> SubmitOrder:
    given = {"side": "BUY", "quantity": Decimal(5), **terms}
    return SubmitOrder(intent_id, SECOND_NS, account, "s", "AAPL", OrderTerms(**given), SECOND_NS)


def limit(price: str) -> dict[str, object]:
    return {"type": "LMT", "limit": Decimal(price)}


def submit(adapter: Broker, one: SubmitOrder, parent: str = "", *, transmit: bool = True) -> str:
    order_id = adapter.new_order_id()
    adapter.submit(order_id, one, parent, transmit=transmit)
    adapter.used_order_id(order_id)
    return order_id


def statuses(events: list[BrokerEvent]) -> list[str | None]:
    return [one.status for one in events if isinstance(one, broker.OrderReport)]


def test_a_login_names_its_accounts(pit):
    adapter = DirectBroker([AAPL], client_id=1, send=lambda r: pit._carry(1, r))
    pit.brokers[1] = adapter
    pit.exchange.connected(1, 0)
    adapter.take([OPENED], pit.now)
    assert pit.reports(1) == [broker.SessionReady(("DU1", "DU2"), 1)]
    assert adapter.accounts == ("DU1", "DU2")


def test_a_market_order_is_executed_and_then_costs(pit, gateway):
    order_id = submit(gateway, order())
    events = pit.reports(GATEWAY)
    assert [type(one).__name__ for one in events] == [
        "OrderReport", "ExecutionReport", "OrderReport", "OrderReport", "CommissionReport",
    ]  # fmt: skip
    assert statuses(events) == ["working", "filled", "filled"]
    _, execution, listed, claim, cost = events
    assert isinstance(listed, broker.OrderReport)
    assert isinstance(claim, broker.OrderReport)
    assert [(one.listed, one.filled) for one in (listed, claim)] == [(True, None), (False, 5)]
    assert isinstance(execution, broker.ExecutionReport)
    assert (execution.account, execution.reference, execution.side) == ("DU1", "i-1", "BUY")
    assert (execution.quantity, execution.price) == (Decimal(5), Decimal("100.02"))
    assert cost == broker.CommissionReport(execution.exec_id, Decimal(1), "USD")
    assert order_id == "1"


def test_positions_are_reported_to_everybody_who_asked(pit, gateway):
    other = pit.connect(LIQUIDATION)
    other.start()
    assert pit.reports(LIQUIDATION) == [broker.PositionsComplete()]
    submit(gateway, order())
    pit.reports(GATEWAY)
    (report,) = other.take([DATA], pit.now)
    assert report == broker.PositionReport("DU1", "AAPL", Decimal(5), Decimal("100.02"))


def test_an_order_is_asked_about_when_it_is_about_to_go(pit, gateway):
    submit(gateway, order())
    assert pit.reports(GATEWAY, verdict="wait") == []
    assert gateway.waiting == 1
    assert pit.reports(GATEWAY, verdict="drop") == []
    assert gateway.waiting == 0
    assert pit.exchange.books()["orders"] == 0


def test_an_order_that_has_to_wait_holds_up_those_behind_it_but_no_cancel(pit, gateway):
    first = submit(gateway, order(**limit("99.00")))
    pit.reports(GATEWAY)
    submit(gateway, order("i-2"))
    submit(gateway, order("i-3"))
    gateway.cancel(first)
    assert statuses(pit.reports(GATEWAY, verdict="wait")) == ["cancelled"]
    assert gateway.withdraw("i-2") == ["i-2"]
    assert gateway.withdraw() == ["i-3"]


def test_a_modify_replaces_the_terms(pit, gateway):
    order_id = submit(gateway, order(**limit("99.00")))
    pit.reports(GATEWAY)
    gateway.modify(order_id, order(quantity=Decimal(7), **limit("99.50")), "m-1")
    (report,) = pit.reports(GATEWAY)
    assert isinstance(report, broker.OrderReport)
    assert report.terms == TermChanges(Decimal(7), Decimal("99.5"))


def test_a_refused_modify_and_a_late_cancel_are_errors_that_leave_the_order(pit, gateway):
    order_id = submit(gateway, order())
    pit.reports(GATEWAY)
    gateway.modify(order_id, order(quantity=Decimal(7)), "m-1")
    gateway.cancel(order_id)
    effects = [one.effect for one in pit.reports(GATEWAY) if isinstance(one, broker.OrderError)]
    assert effects == ["cancel_rejected", "modify_rejected"]


def test_what_cannot_be_an_order_is_rejected(pit, gateway):
    submit(gateway, order(account="DU9"))
    (error,) = pit.reports(GATEWAY)
    assert isinstance(error, broker.OrderError)
    assert error.effect == "rejected"
    assert "DU9" in error.text


def test_terms_that_the_exchange_has_no_rule_for_are_rejected(pit, gateway):
    submit(gateway, order(good_till_ns=2 * SECOND_NS))
    events = pit.reports(GATEWAY)
    assert statuses(events) == ["rejected"]
    assert isinstance(events[0], broker.OrderError)
    assert "goodTillDate is for time in force GTD" in events[0].text


def test_a_good_till_date_order_ends_at_its_time(pit, gateway):
    till_ns = pit.now.mono_ns + 2 * SECOND_NS
    terms = {"type": "LMT", "limit": Decimal(50), "time_in_force": "GTD", "good_till_ns": till_ns}
    submit(gateway, order(**terms))
    assert statuses(pit.reports(GATEWAY)) == ["working"]
    assert pit.exchange.next_due_ns() <= till_ns
    pit.now = Now(till_ns, till_ns)
    assert statuses(pit.reports(GATEWAY)) == ["cancelled"]


def test_a_trailing_stop_reports_its_distance_and_triggers_behind_the_market(pit, gateway):
    submit(gateway, order(side="SELL", type="TRAIL", trail=Decimal("0.50")))
    (report,) = [one for one in pit.reports(GATEWAY) if isinstance(one, broker.OrderReport)]
    assert (report.terms.trail, report.terms.stop) == (Decimal("0.5"), None)
    for last in ("101.00", "100.60", "100.50"):
        pit.row("100.04", "100.06", "10", "10", last, "1")
    executions = [e for e in pit.reports(GATEWAY) if isinstance(e, broker.ExecutionReport)]
    assert [one.price for one in executions] == [Decimal("100.04")]


def test_a_child_waits_for_its_parent_and_a_group_cancels_the_others(pit, gateway):
    parent = submit(gateway, order(), transmit=False)
    group = {"side": "SELL", "group": "g", "oca": "cancel"}
    profit = order("i-2", **group, **limit("100.00"))
    loss = order("i-3", **group, type="STP", stop=Decimal(90))
    submit(gateway, profit, parent, transmit=False)
    assert pit.reports(GATEWAY) == []
    submit(gateway, loss, parent)
    ends = {}
    for one in pit.reports(GATEWAY):
        if isinstance(one, broker.OrderReport) and one.filled is not None:
            ends[one.order_id] = (one.status, one.filled)
    assert ends == {"1": ("filled", 5), "2": ("filled", 5), "3": ("cancelled", 0)}


def test_a_combo_is_reported_as_what_its_legs_did(pit, gateway):
    legs = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 2, "SELL"))
    submit(gateway, replace(order(), legs=legs))
    events = pit.reports(GATEWAY)
    executions = [e for e in events if isinstance(e, broker.ExecutionReport)]
    assert [(e.symbol, e.side, e.quantity, e.price) for e in executions] == [
        ("AAPL", "BUY", 5, Decimal("100.02")), ("MSFT", "SELL", 10, Decimal(50))
    ]  # fmt: skip
    assert statuses(events)[-1] == "filled"
    assert pit.exchange.books()["accounts"]["DU1"]["positions"] == {"AAPL": "5", "MSFT": "-10"}


def test_immediate_or_cancel_ends_what_is_left(pit, gateway):
    submit(gateway, order(quantity=Decimal(15), time_in_force="IOC"))
    assert statuses(pit.reports(GATEWAY)) == ["working"] * 3 + ["cancelled"]
    assert pit.exchange.books()["orders_open"] == 0


def test_a_stop_is_held_until_the_market_reaches_it(pit, gateway):
    submit(gateway, order(type="STP", stop=Decimal("100.05")))
    assert statuses(pit.reports(GATEWAY)) == ["working"]
    pit.row("100.04", "100.06", "10", "10", None, None)
    executions = [e for e in pit.reports(GATEWAY) if isinstance(e, broker.ExecutionReport)]
    assert [one.price for one in executions] == [Decimal("100.06")]


def test_cancel_all_ends_every_clients_orders(pit, gateway):
    other = pit.connect(LIQUIDATION)
    submit(gateway, order(**limit("99.00")))
    pit.reports(GATEWAY)
    other.cancel_all()
    pit.reports(LIQUIDATION)
    assert statuses(gateway.take([DATA], pit.now)) == ["cancelled"]


def test_the_queries_name_open_orders_executions_and_completed_orders(pit, gateway):
    submit(gateway, order())
    submit(gateway, order("i-2", **limit("99.00")))
    pit.reports(GATEWAY)
    gateway.query()
    events = pit.reports(GATEWAY)
    ends = [one.query for one in events if isinstance(one, broker.QueryComplete)]
    assert ends == ["open_orders", "executions", "completed_orders"]
    orders = [one for one in events if isinstance(one, broker.OrderReport)]
    assert [(o.reference, o.status, o.listed) for o in orders] == [
        ("i-2", "working", True), ("i-1", "filled", True),
    ]  # fmt: skip
    assert sum(isinstance(one, broker.ExecutionReport) for one in events) == 1


def test_order_ids_go_on_where_the_exchange_and_the_journal_left_off(pit, gateway):
    for n in range(3):
        submit(gateway, order(f"i-{n}"))
    pit.reports(GATEWAY)
    pit.exchange.closed(GATEWAY, 0)
    again = pit.connect(GATEWAY)
    assert again.new_order_id() == "4"
    again.used_order_id("8")
    assert again.new_order_id() == "9"


def test_a_closed_connection_keeps_orders_queued_and_nothing_else(pit, gateway):
    submit(gateway, order())
    gateway.cancel_all()
    gateway.query()
    assert gateway.take([CLOSED, b"cut"], pit.now) == [broker.SessionLost("cut")]
    assert gateway.waiting == 1
    assert pit.reports(GATEWAY) == []
    assert gateway.withdraw() == ["i-1"]


def test_a_reader_of_an_unknown_symbol_is_refused(gateway):
    assert gateway.trades("AAPL")
    assert not gateway.trades("TSLA")
    assert not gateway.want("TSLA")
