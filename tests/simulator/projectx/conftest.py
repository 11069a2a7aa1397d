"""A simulated Gateway in memory, and clients of it in bytes: HTTP by h11, WebSockets by wsproto."""

import json
from decimal import Decimal

import h11
import pytest
from wsproto import ConnectionType, WSConnection
from wsproto import events as ws

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.projectx.server import GatewayServer
from tapewire.simulator.projectx.settings import KEY, USER, GatewaySettings
from tapewire.simulator.settings import SimulatorSettings

SECOND = 1_000_000_000
START_NS = 1_795_000_000 * SECOND  # in November 2026
MNQ = Instrument(
    symbol="MNQZ6", sec_type="FUT", exchange="CME", multiplier=Decimal(2), min_tick=Decimal("0.25")
)
CONTRACT = "CON.F.US.MNQ.Z26"
ACCOUNT = 1001
END = "\x1e"


def quoted(bid, ask, after_s=0, size="50", last=None):
    shown = (str(bid), str(ask), size, size, last, None if last is None else "2")
    return Row(START_NS + int(after_s * SECOND), "MNQZ6", *shown)


class Hub:
    """A connection to a hub, greeted."""

    def __init__(self, gateway, name, token):
        self.gateway, self.conn = gateway, gateway.connect()
        self.socket, self.heard = WSConnection(ConnectionType.CLIENT), []
        self.status, self.is_closed, self._rest = 0, False, ""
        target = f"/hubs/{name}?access_token={token}"
        self.send(ws.Request(host="127.0.0.1", target=target))
        self.read()

    def greet(self):
        self.say({"protocol": "json", "version": 1})
        assert self.read() == [{}]
        return self

    def send(self, event):
        self.gateway.send(self.conn, self.socket.send(event))

    def say(self, record):
        self.send(ws.TextMessage(json.dumps(record) + END))

    def call(self, target, *arguments, answer_to=None):
        record = {"type": 1, "target": target, "arguments": arguments}
        self.say({**record, "invocationId": answer_to} if answer_to else record)
        return self.read()

    def read(self):
        """The records since the last time."""
        self.socket.receive_data(self.gateway.collect(self.conn))
        for event in self.socket.events():
            if isinstance(event, ws.TextMessage):
                self._rest += event.data
            elif isinstance(event, ws.RejectConnection):
                self.status = event.status_code
            elif isinstance(event, ws.AcceptConnection):
                self.status = 101
            elif isinstance(event, ws.CloseConnection):
                self.is_closed = True
        *records, self._rest = self._rest.split(END)
        return [json.loads(one) for one in records]


class Gateway:
    """A server whose time stands still until somebody moves it."""

    def __init__(self, rows=(), **settings):
        market = SimulatorSettings(
            accounts=settings.pop("accounts", ("PRAC1",)), speed=settings.pop("speed", 1.0)
        )
        rows = rows or [quoted("2500.00", "2500.50")]
        chosen = GatewaySettings(market=market, **settings)
        self.now_ns, self._conns, self._inboxes = START_NS, 0, {}
        self.server = GatewayServer(chosen, [MNQ], iter(rows), self.now_ns)
        self.closed, self.token = set(), ""

    def connect(self):
        self._conns += 1
        self.server.connected(self._conns, self.now_ns)
        return self._conns

    def send(self, conn, data):
        self.server.received(conn, data, self.now_ns)

    def collect(self, conn):
        for one, data in self.server.take_output():
            self._inboxes[one] = self._inboxes.get(one, b"") + data
        self.closed.update(self.server.take_closing())
        return self._inboxes.pop(conn, b"")

    def pass_time(self, seconds=0.0):
        self.now_ns += int(seconds * SECOND)
        self.server.tick(self.now_ns)
        return self

    def login(self, user=USER, key=KEY):
        status, found = self.post("/Auth/loginKey", userName=user, apiKey=key)
        self.token = found.get("token") or ""
        return status, found

    def ask(self, path, conn=None, raw=None, method="POST", **asked):
        """Send a request; returns its connection."""
        client = h11.Connection(h11.CLIENT)
        body = json.dumps(asked).encode() if raw is None else raw
        headers = [("Host", "127.0.0.1"), ("Content-Length", str(len(body)))]
        if self.token:
            headers.append(("Authorization", f"Bearer {self.token}"))
        parts = [h11.Request(method=method, target=path, headers=headers), h11.Data(data=body)]
        data = b"".join(client.send(part) for part in [*parts, h11.EndOfMessage()])
        conn = self.connect() if conn is None else conn
        self.send(conn, data)
        return conn

    def answer(self, conn):
        """The answer that a connection has; None while there is none."""
        client, body, status = h11.Connection(h11.CLIENT), b"", None
        client.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
        client.send(h11.EndOfMessage())
        if not (data := self.collect(conn)):
            return None
        client.receive_data(data)
        while (event := client.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                break
        return None if status is None else (status, json.loads(body) if body else {})

    def post(self, path, prefix="/api", **asked):
        return self.answer(self.ask(prefix + path, **asked))

    def found(self, path, **asked):
        """What an endpoint finds, which must have gone well."""
        status, found = self.post(path, **asked)
        assert (status, found["success"], found["errorCode"]) == (200, True, 0), found
        return found

    def refused(self, path, **asked):
        """The code and the sentence of a refusal."""
        status, found = self.post(path, **asked)
        assert (status, found["success"]) == (200, False), found
        return found["errorCode"], found["errorMessage"]

    def place(self, **asked):
        order = {"accountId": ACCOUNT, "contractId": CONTRACT, "type": 2, "side": 0, "size": 1}
        return self.found("/Order/place", **{**order, **asked})["orderId"]

    def hub(self, name, token=None):
        return Hub(self, name, self.token if token is None else token)


@pytest.fixture
def gateway():
    """A Gateway that somebody has logged in to, with the market begun."""
    return begun()


def begun(*rows, **settings):
    one = Gateway(rows, **settings)
    one.login()
    one.hub("market").greet().call("SubscribeContractQuotes", CONTRACT)
    return one.pass_time()
