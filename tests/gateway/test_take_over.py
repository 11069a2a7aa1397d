"""The liquidation gateway cancels in the gateway's name, if TWS lets it."""

from decimal import Decimal

import pytest

from tapewire.common.clock import Now
from tapewire.common.events import OrdersTakenOver, OrderTerms, SubmitOrder, TakeOver
from tapewire.common.instruments import Instrument
from tapewire.gateway.tws.encoder import RequestEncoder, contract_of
from tapewire.gateway.tws.framing import frame
from tapewire.gateway.tws.socket import CLOSED, DATA, OPENED
from tapewire.gateway.tws.take_over import PATIENCE_NS, TwsDeputy
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.server import TwsServer
from tapewire.simulator.settings import SimulatorSettings

AAPL = Instrument(symbol="AAPL")
GATEWAY, DEPUTY = 1, 2
"""Connections to TWS."""
CLIENT_ID = 7
NOW = Now(1_700_000_000_000_000_000, 5_000_000_000)


class Desk:
    """A TWS with two orders of the gateway, and a deputy that can connect to it."""

    def __init__(self) -> None:
        self.tws = TwsServer(SimulatorSettings(), [AAPL], SyntheticMarket([AAPL], 1, 30))
        self.deputy = TwsDeputy(CLIENT_ID)
        self.deputy.hang_up = self.hang_up
        self.connected = False
        self.events: list[object] = []
        self.now = NOW
        encode = RequestEncoder(CLIENT_ID, 157)
        self.tws.connected(GATEWAY, 0)
        for data in (b"API\0" + frame(b"v157..157"), encode.start_api()):
            self.tws.received(GATEWAY, data, 0)
        for number in ("1", "2"):
            terms = OrderTerms("BUY", Decimal(1), "LMT", Decimal(1))
            order = SubmitOrder(f"s/{number}", 0, "", "s", "AAPL", terms, 0)
            self.tws.received(GATEWAY, encode.place_order(number, order, contract_of(AAPL)), 0)

    def hang_up(self) -> None:
        self.connected = False
        self.tws.closed(DEPUTY, 0)

    def die(self) -> None:
        self.tws.closed(GATEWAY, 0)

    def work(self) -> None:
        """Carry what there is to carry, as sockets would."""
        for _ in range(20):
            if self.deputy.wanted and not self.connected:
                self.connected = True
                self.tws.connected(DEPUTY, 0)
                self.deputy.take([OPENED], self.now)
            if data := self.deputy.release():
                self.tws.received(DEPUTY, data, 0)
            for connection, data in self.tws.take_output():
                if connection == DEPUTY:
                    self.deputy.take([DATA, data], self.now)
            if DEPUTY in self.tws.take_closing():
                self.deputy.take([CLOSED, b"TWS closed the connection"], self.now)
            self.events += self.deputy.tick(self.now)

    def working(self) -> list[str]:
        return sorted(order.order_ref for order in self.tws._exchange.open_orders())


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_orders_that_are_named_are_cancelled_and_no_other(desk: Desk):
    desk.die()
    assert desk.deputy.begin(TakeOver("t", 0, ("1",)), NOW) == ""
    desk.work()
    assert desk.working() == ["s/2"]
    assert desk.events == [OrdersTakenOver(NOW.wall_ns, "t")]
    assert not desk.connected, "the id is given back"


def test_a_gateway_that_is_connected_keeps_its_client_id(desk: Desk):
    desk.deputy.begin(TakeOver("t", 0, ("1", "2")), NOW)
    desk.work()
    assert desk.working() == ["s/1", "s/2"]
    (ended,) = desk.events
    assert ended.reason == "TWS says that client id 7 is in use (326)"


def test_a_login_that_must_not_be_traded_on_is_left_alone(desk: Desk):
    desk.die()
    desk.deputy = TwsDeputy(CLIENT_ID, lambda _accounts: "not this one")
    desk.deputy.begin(TakeOver("t", 0, ("1",)), NOW)
    desk.work()
    assert desk.working() == ["s/1", "s/2"]
    assert [ended.reason for ended in desk.events] == ["not this one"]


def test_it_does_not_take_for_ever(desk: Desk):
    desk.deputy.begin(TakeOver("t", 0, ("1",)), NOW)
    assert desk.deputy.tick(NOW + PATIENCE_NS) == []
    (ended,) = desk.deputy.tick(NOW + (PATIENCE_NS + 1))
    assert ended.reason == "TWS did not take the cancels within 5 s"


def test_one_take_over_at_a_time_and_after_it_another(desk: Desk):
    desk.die()
    desk.deputy.begin(TakeOver("t", 0, ("1",)), NOW)
    assert desk.deputy.begin(TakeOver("u", 0, ("2",)), NOW) == "another take-over is under way"
    desk.work()
    assert desk.deputy.begin(TakeOver("u", 0, ("2",)), NOW) == ""
    desk.work()
    assert desk.working() == []
