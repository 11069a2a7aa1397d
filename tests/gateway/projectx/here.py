"""The adapter before a simulated Gateway in memory: what the link does, without a process."""

import json

from tapewire.common.clock import Now
from tapewire.common.events import OrderTerms, SubmitOrder
from tapewire.gateway import broker
from tapewire.gateway.broker import CLOSED, DATA, OPENED
from tapewire.gateway.projectx.adapter import ProjectXBroker
from tests.simulator.projectx.conftest import MNQ, SECOND, Gateway, quoted

SAID = {
    "GatewayUserAccount": "account",
    "GatewayUserOrder": "order",
    "GatewayUserPosition": "position",
    "GatewayUserTrade": "trade",
    "GatewayQuote": "quote",
    "GatewayTrade": "market_trade",
}
TOO_MANY = 429


def submit(intent_id="i1", side="BUY", quantity=1, strategy="s", **terms):
    terms.setdefault("time_in_force", "GTC" if "type" in terms else "DAY")
    return SubmitOrder(
        ts_ns=1, intent_id=intent_id, strategy=strategy, account="1001", symbol="MNQZ6",
        terms=OrderTerms(side, quantity, **terms), expires_ns=10**18,
    )  # fmt: skip


class Linked:
    """An adapter, the Gateway, and a link that a test holds in its hands.

    `lost` are paths whose answers get lost; `reports` is all that the adapter has reported.
    """

    def __init__(self, *rows, accounts=("1001",), at_ns=1, **adapter):
        self.gateway = Gateway(rows or [quoted(2500, 2500.5)])
        self.gateway.login()
        adapter.setdefault("refuses", lambda _accounts: "")
        self.broker = ProjectXBroker(
            [MNQ], login=lambda: {"user": "trader"}, accounts=accounts, **adapter
        )
        self.lost, self.asked, self.reports, self.hubs = set(), [], [], {}
        self.mono_ns = at_ns

    @property
    def now(self):
        return Now(self.gateway.now_ns, self.mono_ns)

    def open(self):
        self._take(OPENED)
        return self.turn()

    def close(self, reason="gone"):
        self._take(CLOSED, reason.encode())

    def say(self, **line):
        self._take(DATA, json.dumps(line).encode() + b"\n")

    def _take(self, *frames):
        self.reports += self.broker.take(list(frames), self.now)

    def turn(self, verdict=lambda _name: "send"):
        """Write what may go, have it answered, hear the hubs, until all is quiet."""
        while lines := self.broker.release(self.now, verdict).data.splitlines():
            for line in map(json.loads, lines):
                self._serve(line)
        self.listen()
        return self

    def _serve(self, line):
        if "login" in line:
            self.say(accounts=self.gateway.found("/Account/search")["accounts"])
        elif "connect" in line:
            self.connect()
        elif "watch" in line:
            for subject in ("Quotes", "Trades"):
                self.hubs["market"].call(f"SubscribeContract{subject}", line["watch"])
        elif "path" in line:
            self.asked.append((line["path"], line["body"]))
            status, found = self.gateway.post(line["path"], **line["body"])
            if status == TOO_MANY:
                self.say(n=line["n"], fault="too many requests", limited=True)
            elif line["path"] not in self.lost:
                self.say(n=line["n"], found=found)

    def connect(self):
        self.hubs = {name: self.gateway.hub(name).greet() for name in ("user", "market")}
        self.hubs["user"].call("SubscribeAccounts")
        for subject in ("Orders", "Positions", "Trades"):
            self.hubs["user"].call(f"Subscribe{subject}", 1001)
        self.say(hub="market", up=True)
        self.say(hub="user", up=True)

    def listen(self):
        for hub in self.hubs.values():
            for record in hub.read():
                if (target := record.get("target")) in SAID:
                    *contract, data = record["arguments"]
                    about = {"contract_id": contract[0], "data": data} if contract else data
                    self.say(said=SAID[target], about=about)

    def pass_time(self, seconds):
        self.gateway.pass_time(seconds)
        self.mono_ns += int(seconds * SECOND)
        self.listen()

    def take(self, kind):
        """The reports of a kind since the last time."""
        found = [one for one in self.reports if isinstance(one, kind)]
        self.reports = [one for one in self.reports if not isinstance(one, kind)]
        return found


def ready(*rows, **adapter):
    linked = Linked(*rows, **adapter).open()
    assert linked.take(broker.SessionReady)
    linked.broker.want("MNQZ6")
    linked.turn().pass_time(0)
    linked.reports.clear()
    return linked
