"""What a client that nobody here wrote, ib_async, makes of faults, over real sockets."""

import ib_async
import pytest

from tests.simulator import control

FAR = 1


class Desk:
    """A simulator with a control port, and a client of it."""

    def __init__(self, simulator, wait_until):
        self.port = simulator.port
        self.control = simulator.process.stdout.readline().split()[-1]
        self.errors = []
        self.ib = self.connect(3)
        self._wait_until = wait_until
        (self.stock,) = self.ib.qualifyContracts(ib_async.Stock("AAPL", "SMART", "USD"))
        ticker = self.ib.reqMktData(self.stock)
        self.until(lambda: ticker.hasBidAsk() and ticker.last > 0)

    def connect(self, client_id):
        client = ib_async.IB()
        client.errorEvent += lambda req_id, code, *_: self.errors.append((req_id, code))
        client.connect("127.0.0.1", self.port, client_id, timeout=10)
        return client

    def until(self, is_true):
        self._wait_until(is_true, self.ib.sleep)

    def inject(self, what, **given):
        return control.inject(self.control, what, **given)

    def rest(self, **more):
        """An order that waits far from the market, and that TWS has answered."""
        order = ib_async.LimitOrder("BUY", 7, FAR, orderRef="mine", **more)
        trade = self.ib.placeOrder(self.stock, order)
        self.until(lambda: trade.orderStatus.status == "Submitted")
        return trade


@pytest.fixture
def desk(run_simulator, wait_until):
    made = Desk(run_simulator("--control", "0", "--rate", "1000"), wait_until)
    yield made
    made.ib.disconnect()


def test_a_fill_after_a_cancel_arrives_as_an_execution(desk):
    trade = desk.rest()
    desk.inject("fill_after_cancel", after_s=0.2)
    desk.ib.cancelOrder(trade.order)
    desk.until(lambda: trade.fills and trade.fills[0].commissionReport.execId)
    statuses = [one.status for one in trade.log]
    assert statuses.index("Cancelled") < len(statuses) - 1
    assert trade.orderStatus.status == "Filled"
    assert trade.filled() == 7


def test_a_foreign_execution_is_told_apart_by_its_ids_alone(desk):
    trade = desk.rest()
    desk.inject("foreign_execution", client_id=77)
    desk.until(desk.ib.fills)
    (fill,) = desk.ib.fills()
    assert (fill.execution.orderRef, fill.execution.shares) == ("mine", 7)
    assert (fill.execution.clientId, fill.execution.permId) != (3, trade.order.permId)
    assert trade.filled() == 0
    held = [(one.account, one.position) for one in desk.ib.reqPositions()]
    assert held == [("DU1234567", 7)]


def test_an_execution_is_corrected_under_the_next_id(desk):
    trade = desk.ib.placeOrder(desk.stock, ib_async.MarketOrder("BUY", 5))
    desk.until(trade.isDone)
    first = trade.fills[0].execution
    desk.inject("corrected_execution", by_ticks=2, after_s=0)
    desk.until(lambda: len(trade.fills) == 2)
    corrected = trade.fills[1].execution
    assert (corrected.execId[:-1], corrected.execId[-1]) == (first.execId[:-1], "2")
    assert corrected.price == pytest.approx(first.price + 0.02)
    (asked,) = desk.ib.reqExecutions()
    assert asked.execution.execId == corrected.execId


def test_a_modify_can_leave_a_second_order_that_no_cancel_reaches(desk):
    trade = desk.rest()
    first = trade.order.permId
    desk.inject("modify_split")
    trade.order.lmtPrice = 2 * FAR
    desk.ib.placeOrder(desk.stock, trade.order)
    desk.until(lambda: trade.order.permId != first)
    desk.ib.cancelOrder(trade.order)
    desk.until(trade.isDone)
    other = desk.connect(8)
    assert [one.order.permId for one in other.reqAllOpenOrders()] == [first]
    other.disconnect()


def test_what_filled_while_tws_was_cut_off_is_there_on_request(desk):
    trade = desk.rest()
    desk.inject("1100", seconds=0.5)
    desk.until(lambda: (-1, 1100) in desk.errors)
    filled = desk.ib.placeOrder(desk.stock, ib_async.MarketOrder("BUY", 2))
    desk.until(lambda: (-1, 1102) in desk.errors)
    assert filled.fills == []
    assert [one.execution.shares for one in desk.ib.reqExecutions()] == [2]
    assert trade.orderStatus.status == "Submitted"


def test_a_client_that_returns_too_soon_is_refused_and_then_let_in(desk, wait_until):
    desk.inject("client_id_taken", seconds=1)
    desk.ib.disconnect()
    client = ib_async.IB()
    with pytest.raises((ConnectionError, TimeoutError, OSError)):
        client.connect("127.0.0.1", desk.port, 3, timeout=1)

    def is_in():
        if not client.isConnected():
            try:
                client.connect("127.0.0.1", desk.port, 3, timeout=2)
            except (OSError, TimeoutError):
                return False
        return client.isConnected()

    wait_until(is_in)
    client.disconnect()


def test_messages_cut_at_every_byte_are_read_as_if_they_were_whole(desk):
    desk.inject("split", at=3, pause_s=0.001, times=0)
    trade = desk.ib.placeOrder(desk.stock, ib_async.MarketOrder("BUY", 3))
    desk.until(lambda: trade.isDone() and trade.fills[0].commissionReport.execId)
    assert desk.ib.reqCurrentTime()


def test_an_order_by_hand_and_a_strange_position_are_seen_by_who_asks(desk):
    desk.inject("hand_entered", symbol="AAPL", side="SELL", quantity=4, limit=9999)
    desk.inject("position", symbol="ZZZ", quantity=-3, price=20, con_id=777)
    desk.until(lambda: any(one.contract.conId == 777 for one in desk.ib.reqPositions()))
    (entered,) = desk.ib.reqAllOpenOrders()
    assert (entered.order.orderId, entered.order.clientId) == (0, 0)
    (found,) = desk.ib.qualifyContracts(ib_async.Contract(conId=777, exchange="SMART"))
    trade = desk.ib.placeOrder(found, ib_async.MarketOrder("BUY", 3))
    desk.until(trade.isDone)
    assert all(one.position == 0 for one in desk.ib.positions() if one.contract.conId == 777)
