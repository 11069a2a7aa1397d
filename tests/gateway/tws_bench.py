"""A gateway with the bytes of a TWS at hand: what the tests of the orders need."""

from decimal import Decimal
from typing import Any

from tapewire.common.clock import Now
from tapewire.common.events import (
    EVERYTHING,
    BrokerErrorReported,
    CancelAll,
    CancelOrder,
    Event,
    Fill,
    Heartbeat,
    ModifyOrder,
    OrderAnswer,
    OrderIntended,
    OrderModifyRejected,
    OrderTerms,
    ReconciliationCompleted,
    RiskHalted,
    Scope,
    SubmitOrder,
    TradingState,
    type_for,
)
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.orders import login
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.limits import OwnLimits
from tapewire.gateway.orders.waits import Waits
from tapewire.gateway.tws.adapter import TwsBroker
from tapewire.gateway.tws.describing import HOLDING_REQUEST_ID
from tapewire.gateway.tws.socket import CLOSED, DATA, OPENED
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import frame
from tests.gateway.tws_messages import (
    ACCOUNT,
    INSTRUMENTS,
    SECOND,
    T0,
    Order,
    execution_message,
    execution_of,
    managed_accounts,
    open_order_of,
    order_at_tws,
    position_message,
)

NOW = Now(T0, 5_000 * SECOND)  # the clocks' zeros have nothing to do with each other
EXECUTIONS_ASKED = "7"
SUMMARIES = ("62", "63")
OTHER_ACCOUNT = "DU7654321"


def terms_of(
    side: str = "BUY", quantity: object = 10, limit: object = None, stop: object = None, **more: Any
) -> OrderTerms:
    """Terms of the type that has just these prices."""
    limit, stop = (None if p is None else Decimal(str(p)) for p in (limit, stop))
    if "type" not in more:
        prices = {"limit": limit, "stop": stop}
        more["type"] = type_for([name for name, price in prices.items() if price is not None])
    return OrderTerms(side, Decimal(str(quantity)), limit=limit, stop=stop, **more)


def submit(
    intent_id: str = "s-1/1",
    side: str = "BUY",
    quantity: object = 10,
    *,
    limit: object = None,
    stop: object = None,
    **more: Any,
) -> SubmitOrder:
    """An order that is good for a minute."""
    given = {"symbol": "AAPL", "account": ACCOUNT, "strategy": "s", "ts_ns": T0, **more}
    given.setdefault("expires_ns", T0 + 60 * SECOND)
    given.setdefault("terms", terms_of(side, quantity, limit, stop))
    return SubmitOrder(intent_id=intent_id, **given)


def modify_order(
    modify_id: str = "s-2",
    quantity: object = 10,
    limit: object = None,
    *,
    side: str = "BUY",
    type: str = "LMT",
    **more: Any,
) -> ModifyOrder:
    """New terms for the limit order s-1/1, good for a minute."""
    given = {"intent_id": "s-1/1", "ts_ns": T0, "expires_ns": T0 + 60 * SECOND, **more}
    given.setdefault("terms", terms_of(side, quantity, limit, type=type))
    return ModifyOrder(id=modify_id, **given)


def fill_of(intent_id: str, quantity: object, exec_id: str = "0001.01", **more: Any) -> Fill:
    """An execution as the gateway emits it."""
    given = {"ts_ns": T0, "account": ACCOUNT, "permanent_id": "7001", "symbol": "AAPL", **more}
    given = {"side": "BUY", "price": Decimal(150), **given}
    return Fill(exec_id=exec_id, intent_id=intent_id, quantity=Decimal(str(quantity)), **given)


def fields_of(data: bytes) -> list[list[str]]:
    """The messages in a stream of frames, each as its fields."""
    out = []
    while data:
        size = int.from_bytes(data[:4], "big")
        out.append(data[4 : 4 + size].decode().split("\0")[:-1])
        data = data[4 + size :]
    return out


def parts_of(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as a gateway takes them: its waits and its own limits apart from the rest."""
    waits, limits = set(Waits.__struct_fields__), set(OwnLimits._fields)
    return {
        "waits": Waits(**{k: v for k, v in settings.items() if k in waits}),
        "own_limits": OwnLimits(**{k: v for k, v in settings.items() if k in limits}),
        **{k: v for k, v in settings.items() if k not in waits | limits},
    }


class Bench:
    """A gateway, its clock and all that it wrote; `journal` is what it emitted."""

    def __init__(
        self,
        journal: list[Event] | None = None,
        *,
        connect: bool = True,
        accounts: tuple[str, ...] = (ACCOUNT,),
        mode: login.Mode = "paper",
        live_account: str | None = None,
        client_id: int = 1,
        closes_all: bool = False,
        **settings: Any,
    ) -> None:
        self.broker = TwsBroker(
            INSTRUMENTS.values(), client_id=client_id, closes_all=closes_all,
            refuses=lambda accounts: login.refusal(accounts, mode, live_account),
        )  # fmt: skip
        self.gateway = Gateway(self.broker, **parts_of(settings))
        self.accounts = accounts
        self.hangs = False
        self.now = NOW
        self.held: dict[tuple[str, str], int] = {}  # what TWS holds, by symbol and account
        self.journal: list[Event] = []
        self.written: list[list[str]] = []
        self.summaries: list[list[str]] = []
        self.details: list[list[str]] = []
        if journal is not None:
            for event in journal:
                self.gateway.apply(event)
            self.journal += [*journal, *self.gateway.restarted(self.now)]
        self.gateway.gate.decisions_known = True
        self.beat()
        if connect:
            self.connect()
            self.answer_snapshot()
            self.flush()  # the question for the values of accounts

    # ---- the way to READY ----

    def open(self, *proof: bytes) -> None:
        """The socket is connected and the greeting written, which must go alone."""
        self._note(self.gateway.take([OPENED, *proof], self.now))
        greeting, intents, denied = self.gateway.release(self.now)
        assert greeting.startswith(b"API\0")
        assert (intents, denied) == ([], [])

    def start(self) -> list[list[str]]:
        """The handshake; gives what the gateway asks for then."""
        self.open()
        self.receive(["157", "20261120 10:00:00 UTC"])
        return self.flush()

    def connect(self, next_id: int = 1) -> list[list[str]]:
        """Handshake and start; gives what the gateway asks for then."""
        started = self.start()
        accounts = managed_accounts(*self.accounts)
        self.receive(messages.next_valid_id(next_id), accounts)
        return started + self.flush()

    def answer_snapshot(self, *listed: list[str]) -> list[Event]:
        """TWS's lists, with orders `listed` in them, to their ends; gives what came of those."""
        self.flush()
        self.list_positions()
        self.end_values()
        news = self.receive(*listed, messages.open_order_end(), messages.execution_end(1))
        news += self.receive(messages.completed_orders_end())
        return news + self.tick()

    def wait_s(self, seconds: int, *listed: list[str]) -> list[Event]:
        """So much time passes, and whenever TWS is asked for its orders it lists `listed`."""
        news: list[Event] = []
        for _ in range(seconds):
            news += self.pass_s(1)
            if any(fields[0] == EXECUTIONS_ASKED for fields in self.flush()):
                news += self.answer_snapshot(*listed)
        return news

    def lose(self, reason: str = "TWS closed the connection") -> list[Event]:
        return self._note(self.gateway.take([CLOSED, reason.encode()], self.now))

    # ---- what comes in ----

    def beat(self, trading: TradingState | None = "ACTIVE") -> None:
        wall_ns, mono_ns = self.now.wall_ns, self.now.mono_ns
        self.gateway.on_risk(Heartbeat(wall_ns, "READY", "", 0, "", trading, mono_ns))

    def halt(self, scope: Scope = EVERYTHING, *, listed: bool = True) -> None:
        """A halt arrives, and TWS has listed all positions since, unless it has not `listed`."""
        self.gateway.on_risk(RiskHalted(self.now.wall_ns, scope, "test"))
        if listed:
            self.tick()
            self.broker.outbox.forget_requests()  # the question is written, and answered
            self.list_positions()

    def pass_s(self, seconds: float) -> list[Event]:
        """Time passes; risk keeps its lease fresh, and the gateway has its turns."""
        self.now += int(seconds * SECOND)
        self.gateway.seen_mono_ns = self.now.mono_ns
        if self.gateway.gate.beat is not None:
            self.beat(self.gateway.gate.beat.trading)
        return self.tick()

    def tick(self) -> list[Event]:
        return self._note(self.gateway.tick(self.now))

    def raw(self, data: bytes) -> list[Event]:
        return self._note(self.gateway.take([DATA, data], self.now))

    def receive(self, *all_fields: list[str]) -> list[Event]:
        return self.raw(b"".join(frame(fields) for fields in all_fields))

    def error(self, request_id: int, code: int, text: str = "text") -> list[Event]:
        return self.receive(messages.error(157, request_id, code, text))

    def hold(self, quantity: int, symbol: str = "AAPL", account: str = ACCOUNT) -> list[Event]:
        """TWS reports a position."""
        self.held[symbol, account] = quantity
        return self.receive(position_message(quantity, symbol, account))

    def list_positions(self) -> list[Event]:
        """TWS's answer to the question for all positions."""
        listed = [position_message(q, *key) for key, q in self.held.items() if q]
        return self.receive(*listed, messages.position_end())

    def end_values(self) -> None:
        """TWS ends its answer to the question for the values of accounts."""
        if asked := [fields for fields in self.summaries if fields[0] == "62"]:
            self.receive(messages.account_summary_end(int(asked[-1][2])))

    # ---- orders ----

    def obey(
        self, command: SubmitOrder | ModifyOrder | CancelOrder | CancelAll
    ) -> tuple[OrderAnswer, list[Event]]:
        answer, events = self.gateway.obey(command, self.now)
        return answer, self._note(events)

    def submit(self, order: SubmitOrder) -> OrderAnswer:
        return self.obey(order)[0]

    def modify(self, wanted: ModifyOrder) -> OrderAnswer:
        return self.obey(wanted)[0]

    def cancel(self, intent_id: str = "s-1/1", name: str = "") -> tuple[OrderAnswer, list[Event]]:
        return self.obey(CancelOrder(intent_id, self.now.wall_ns, name))

    def cancel_all(self) -> tuple[OrderAnswer, list[Event]]:
        return self.obey(CancelAll(self.now.wall_ns))

    def rest(self, quantity: int = 10, side: str = "BUY", limit: str = "150") -> Order:
        """A limit order that works at TWS."""
        order = self.send(submit(side=side, quantity=quantity, limit=limit))
        self.opened(order)
        return order

    def flush(self) -> list[list[str]]:
        """Commit what was emitted and write what may be written; gives the messages.

        TWS answers at once when it is asked for its time, unless it `hangs`. Questions about the
        values of accounts, and about instruments while it trades, are kept apart, in `summaries`
        and `details`: they come in between whatever else.
        """
        self.gateway.entry.seal()
        self.gateway.entry.durable()
        data, _intents, denied = self.gateway.release(self.now)
        self._note(denied)
        written = fields_of(data)
        if ["49", "1"] in written and not self.hangs:
            written.remove(["49", "1"])
            self.receive(messages.current_time(self.now.wall_ns))
            if not written:
                return self.flush()
        self.summaries += [fields for fields in written if fields[0] in SUMMARIES]
        written = [fields for fields in written if fields[0] not in SUMMARIES]
        aside = [fields for fields in written if self._is_description(fields)]
        self.details += aside
        written = [fields for fields in written if fields not in aside]
        self.written += written
        return written

    def _is_description(self, fields: list[str]) -> bool:
        """Whether it asks about an instrument or a market rule, after the session's start."""
        asks = fields[0] == "9" and int(fields[2]) < HOLDING_REQUEST_ID
        return fields[0] == "91" or (asks and self.gateway.sync.synchronised)

    def placed(self) -> list[str]:
        """The order ids of all placeOrder messages that went to TWS."""
        return [fields[1] for fields in self.written if fields[0] == "3"]

    def send(self, order: SubmitOrder) -> Order:
        """Submit and write an order; gives it as TWS holds it."""
        assert self.submit(order).accepted
        self.flush()
        return order_at_tws(order, self.intent(order.intent_id).order_id)

    def intent(self, intent_id: str = "s-1/1") -> Intent:
        return self.gateway.orders[intent_id]

    def state(self, intent_id: str = "s-1/1") -> str:
        return self.intent(intent_id).state

    def opened(self, order: Order, **changed: object) -> list[Event]:
        """openOrder and orderStatus of an order, as TWS sends them."""
        for name, value in changed.items():
            setattr(order, name, value)
        return self.receive(open_order_of(order), messages.order_status(order))

    def fill(self, order: Order, shares: object, exec_id: str) -> list[Event]:
        one = execution_of(order, shares, exec_id)
        key, change = (order.instrument.symbol, order.account), int(one.shares)
        self.held[key] = self.held.get(key, 0) + (change if order.side == "BUY" else -change)
        return self.receive(execution_message(one))

    def intended(self) -> list[OrderIntended]:
        return [e for e in self.journal if isinstance(e, OrderIntended)]

    def _note(self, events: list[Event]) -> list[Event]:
        """Keep what was emitted; gives it but for reconciliations, of which every login has one,
        and for reports of error messages, which stand beside what they lead to."""
        self.journal += events
        aside = ReconciliationCompleted | BrokerErrorReported
        return [one for one in events if not isinstance(one, aside)]

    def broker_errors(self) -> list[BrokerErrorReported]:
        """The error messages that were reported, oldest first."""
        return [one for one in self.journal if isinstance(one, BrokerErrorReported)]

    def reconciled(self) -> list[ReconciliationCompleted]:
        """The reconciliations, oldest first."""
        return [one for one in self.journal if isinstance(one, ReconciliationCompleted)]


def remaining(bench: Bench) -> Decimal:
    """What the order has not filled yet."""
    return bench.intent().remaining


def rejected(bench: Bench) -> list[str]:
    """Why TWS did not take what was to be modified."""
    return [e.reason for e in bench.journal if isinstance(e, OrderModifyRejected)]


def names(events: list[Event]) -> list[str]:
    """The events' classes, for short."""
    return [type(event).__name__ for event in events]


def kinds(written: list[list[str]]) -> list[str]:
    """The kind of each of the messages that were written."""
    return [fields[0] for fields in written]
