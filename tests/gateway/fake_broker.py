"""A broker of a few lines behind the broker port: it reports what a test tells it to."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from tapewire.common.clock import Now
from tapewire.common.events import InstrumentDescribed, SubmitOrder
from tapewire.common.runtime.metrics import Histogram
from tapewire.gateway import broker
from tapewire.gateway.query_port import NoQueries, QueryPort


class FakeBroker:
    """Gives ids itself once it has an order, as some brokers do; what went is in `calls`."""

    accounts: tuple[str, ...] = ()
    waiting = messages = requests = subscriptions = 0
    client_id = ""
    list_waits = False
    queries: QueryPort = NoQueries("this broker answers none")
    waits: Mapping[str, Histogram] = MappingProxyType({})

    def __init__(self, *, names_orders: bool = False) -> None:
        self.names_orders = names_orders
        self.calls: list[object] = []
        self.reports: list[broker.BrokerEvent] = []
        self.used: list[str] = []
        self.account_questions = 0
        self.described: list[InstrumentDescribed] = []
        self._queue: dict[str, object] = {}

    def take(self, _frames: list[bytes], _now: Now) -> list[broker.BrokerEvent]:
        taken, self.reports = self.reports, []
        return taken

    def release(self, _now: Now, verdict: Callable[[str], broker.Verdict]) -> broker.Released:
        found = {name: verdict(name) for name in self._queue}
        names = [name for name in found if found[name] == "send"]
        self.calls += [self._queue[name] for name in names]
        self._queue = {n: order for n, order in self._queue.items() if found[n] == "wait"}
        return broker.Released(b"", names)

    def submit(
        self,
        order_id: str,
        order: SubmitOrder,
        parent_order_id: str = "",
        *,
        transmit: bool = True,
    ) -> None:
        self._queue[order.intent_id] = ("submit", order_id, order.terms)

    def join(self, name: str, intents: Sequence[str]) -> None:
        self._queue[name] = [self._queue.pop(intent) for intent in intents]

    def modify(
        self, order_id: str, order: SubmitOrder, modify_id: str, parent_order_id: str = ""
    ) -> None:
        self._queue[modify_id] = ("modify", order_id, order.terms)

    def withdraw(self, name: str | None = None) -> list[str]:
        names = [n for n in self._queue if name in (None, n)]
        return [n for n in names if self._queue.pop(n)]

    def cancel(self, order_id: str) -> None:
        self.calls.append(("cancel", order_id))

    def cancel_all(self) -> None:
        self.calls.append("cancel_all")

    def start(self) -> None:
        self.calls.append("start")

    def query_positions(self) -> bool:
        self.calls.append("query_positions")
        return self.list_waits

    def descriptions(self, _now: Now) -> list[InstrumentDescribed]:
        taken, self.described = self.described, []
        return taken

    def query_accounts(self) -> None:
        self.account_questions += 1

    def query_all_orders(self) -> bool:
        self.calls.append("query_all_orders")
        return self.list_waits

    def list_account(self, _name: str, _account: str) -> bool:
        return False

    def query(self) -> None:
        self.calls.append("query")

    def give_up_query(self) -> None:
        self.calls.append("give_up_query")

    def new_order_id(self) -> str:
        return "" if self.names_orders else f"f{len(self.used) + 1}"

    def used_order_id(self, order_id: str) -> None:
        self.used.append(order_id)

    def trades(self, symbol: str) -> bool:
        return symbol == "AAPL"

    def held(self, _now: Now) -> str:
        return ""

    def closed(self, reason: str) -> broker.BrokerEvent:
        return broker.SessionLost(reason)
