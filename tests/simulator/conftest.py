"""A simulated TWS in memory, its clients, and one in a process of its own."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.protocol.messages import frame
from tapewire.simulator.protocol.place_order import PLACE_ORDER
from tapewire.simulator.server import TwsServer
from tapewire.simulator.settings import SimulatorSettings

ROOT = Path(__file__).resolve().parents[2]
SECOND = 1_000_000_000
START_NS = 1_700_000_000 * SECOND
AAPL = Instrument(symbol="AAPL")
VERSIONS = b"v100..178"
HANDSHAKE = b"API\0" + len(VERSIONS).to_bytes(4, "big") + VERSIONS


def fields_of(data):
    """The messages in a server's output, each as its fields."""
    messages = []
    while data:
        size = int.from_bytes(data[:4], "big")
        messages.append(data[4 : 4 + size].decode().split("\0")[:-1])
        data = data[4 + size :]
    return messages


class Client:
    """A connection to a server in memory: sends fields, reads fields."""

    def __init__(self, tws, conn):
        self.tws = tws
        self.conn = conn
        tws.server.connected(conn, tws.now_ns)

    def start(self, client_id):
        self.send_bytes(HANDSHAKE)
        self.send("71", "2", client_id, "")
        return self

    def send(self, *fields):
        self.send_bytes(frame([str(field) for field in fields]))

    def send_bytes(self, data):
        self.tws.server.received(self.conn, data, self.tws.now_ns)

    def read(self, *kinds):
        """Messages since the last read; only those ids, if some are given."""
        self.tws.collect()
        messages = fields_of(self.tws.inboxes.pop(self.conn, b""))
        return [one for one in messages if not kinds or int(one[0]) in kinds]

    def errors(self):
        return [(int(one[2]), int(one[3])) for one in self.read(4) if not one[3].startswith("21")]

    def subscribe(self, req_id=1, symbol="AAPL", snapshot=0):
        contract = contract_fields(symbol)
        self.send("1", "11", req_id, *contract, "0", "", snapshot, "0", "")

    def place(self, order_id, side="BUY", quantity=100, limit=None, **more):
        self.send(*order_fields(order_id, side, quantity, limit, **more))

    def close(self):
        self.tws.server.closed(self.conn, self.tws.now_ns)


class Tws:
    """A server with a market of given rows, a second apart, and a clock that stands still."""

    def __init__(self, rows=(), instruments=(AAPL,), **settings):
        self.now_ns = START_NS
        self.inboxes = {}
        self.closing = []
        self.server = TwsServer(SimulatorSettings(**settings), instruments, iter(rows))
        self._conns = 0

    def connect(self):
        self._conns += 1
        return Client(self, self._conns)

    def client(self, client_id=1):
        client = self.connect().start(client_id)
        client.read()
        return client

    def pass_s(self, seconds=1):
        self.now_ns += int(seconds * SECOND)
        self.server.tick(self.now_ns)

    def collect(self):
        for conn, data in self.server.take_output():
            self.inboxes[conn] = self.inboxes.get(conn, b"") + data
        self.closing += self.server.take_closing()


def contract_fields(symbol, exchange="SMART"):
    return [0, symbol, "STK", "", 0.0, "", "", exchange, "", "USD", "", ""]


SHORT = {"ref": "orderRef", "stop": "auxPrice", "parent": "parentId", "trigger": "triggerMethod"}
"""Names that tests use for fields of an order."""
PLAIN = {
    "tif": "DAY", "transmit": 1, "origin": 0, "exemptCode": -1, "scalePriceIncrement": "",
    "comboLegs": [], "orderComboLegs": [], "smartComboRoutingParams": [],
    "deltaNeutralContract": 0, "conditions": 0, "softDollarTierName": "",
    "deltaNeutralAuxPrice": "1.7976931348623157e+308",
    "adjustedStopPrice": "1.7976931348623157E308",
}  # fmt: skip
"""What clients write for a plain order where it is not empty."""


def order_fields(order_id, side, quantity, limit, **more):
    """placeOrder at server version 157, as a client writes it; `more` has fields by their names."""
    symbol, exchange = more.pop("symbol", "AAPL"), more.pop("exchange", "SMART")
    kind = more.pop("type", "STP" if "stop" in more else "MKT" if limit is None else "LMT")
    given = {SHORT.get(name, name): value for name, value in more.items()}
    given["whatIf"] = given.pop("what_if", 0)
    given |= {"orderId": order_id, "action": side, "totalQuantity": quantity, "orderType": kind}
    given["lmtPrice"] = "" if limit is None else limit
    given.setdefault("contract", contract_fields(symbol, exchange))
    fields = [3]
    for one in PLACE_ORDER.at(157):
        value = given.pop(one.name, PLAIN.get(one.name, ""))
        fields += value if isinstance(value, list) else [value]
    assert not given, f"an order has no {', '.join(given)}"
    return fields


def quote(second, bid, ask, bid_size="100", ask_size="100", symbol="AAPL"):
    return Row(second * SECOND, symbol, bid, ask, bid_size, ask_size, None, None)


def trade(second, price, size, symbol="AAPL"):
    return Row(second * SECOND, symbol, None, None, None, None, price, size)


@pytest.fixture
def make_tws():
    """`make_tws(rows, instruments, **settings)`: a server in memory."""
    return Tws


@pytest.fixture
def tws(make_tws, make_quote):
    """A server with a quote of 40 shares on either side, and rows that a test adds; where a test
    module needs another one, it has its own."""

    def make(*rows, **settings):
        made = make_tws([make_quote(0, "9.98", "10.00", "40", "40"), *rows], **settings)
        made.client(99).subscribe()
        made.pass_s(0)
        return made

    return make


@pytest.fixture
def make_quote():
    """`make_quote(second, bid, ask, bid_size, ask_size)`: a row of the market."""
    return quote


@pytest.fixture
def make_trade():
    """`make_trade(second, price, size)`: a row of the market."""
    return trade


@pytest.fixture
def read_fields():
    return fields_of


class Running:
    """A simulator in a process of its own."""

    def __init__(self, *arguments):
        command = [sys.executable, "-m", "tapewire.simulator", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def stop(self):
        """End it as a supervisor would; its exit status."""
        self.process.terminate()
        status = self.process.wait(10)
        self.process.stdout.close()
        return status


@pytest.fixture
def run_simulator():
    """`run_simulator(*arguments)`: a real simulator on a free port."""
    running = []

    def run(*arguments):
        running.append(Running(*arguments))
        return running[-1]

    yield run
    for one in running:
        if one.process.poll() is None:
            one.stop()


@pytest.fixture
def wait_until():
    """`wait_until(is_true)`: give real processes up to ten seconds."""

    def wait(is_true, step=time.sleep, seconds=10):
        deadline = time.monotonic() + seconds
        while not is_true():
            assert time.monotonic() < deadline, "waited in vain"
            step(0.02)

    return wait
