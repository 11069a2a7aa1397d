"""The fault engine: decides which fault acts when, and lets it act. Same seed, same choices.

The server asks it at a few places: a connection was opened or closed, bytes arrived, a request is
about to be served or was served, a message is about to be sent, time has passed. What acts on an
order waits for the end of the request or of the market's rows, so that no fault interferes with the
exchange half-way through something.

Without faults the engine is idle, and each of these questions costs one look at that. Nothing is
counted meanwhile: what an entry counts starts when it is armed.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tapewire.common.errors import ConfigError
from tapewire.simulator import audit
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.faults.entry import Entry, entry_of, parameters
from tapewire.simulator.faults.kinds import (
    OnClose,
    OnMessage,
    OnOrder,
    OnRequest,
    OnTime,
    is_new_order,
    order_of,
)
from tapewire.simulator.faults.scenario import Scenario
from tapewire.simulator.faults.tws import OrderKey, Tws
from tapewire.simulator.protocol.requests import Request
from tapewire.simulator.protocol.session import Session


class Connections(Protocol):
    """The server, as a thawing line calls it."""

    def received(self, conn: int, data: bytes, now_ns: int) -> None:
        """Bytes arrived."""

    def closed(self, conn: int, now_ns: int) -> None:
        """The connection is closed."""


class Faults:
    """The faults of one simulated TWS."""

    def __init__(self, tws: Tws, server: Connections, seed: int = 1) -> None:
        self._tws = tws
        self._server = server
        self._rng = random.Random(seed)
        self.is_idle = True  # no fault can act, and none goes on
        self._entries: list[Entry] = []
        self._touched: list[Order] = []
        self._closing: set[int] = set()  # closed by the client, and TWS has not noticed
        self._is_started = False
        self._messages = 0
        self._orders = 0
        self._last_number = 0

    # ---- what a person or a test does ------------------------------------------------------------

    def inject(self, what: str, **given: Any) -> int:
        """Let a fault happen: now, or as `at_s`, `after_messages`, `on_order`, `probability` and
        `times` say. The others of `given` are its parameters. It acts during the server's next
        call. Returns its number; raises ConfigError for what is not a fault."""
        return self.arm_as({"what": what, **given})

    def arm_as(self, table: Mapping[str, Any]) -> int:
        """Arm what a table says, as in a scenario file; see `inject`."""
        return self.arm(entry_of(table))

    def arm(self, entry: Entry) -> int:
        """Take an entry of a scenario; see `inject`."""
        if fault := entry.fault.refusal(self._tws):
            raise ConfigError(f"{entry.name}: {fault}")
        self._last_number += 1
        entry.number = self._last_number
        entry.from_messages, entry.from_orders = self._messages, self._orders
        if self._is_started:
            entry.from_ns = self._tws.now_ns
        self._entries.append(entry)
        self.is_idle = False
        return entry.number

    def play(self, scenario: Scenario) -> None:
        """Arm all entries of a scenario, and choose by its seed; raises ConfigError, see `arm`."""
        self._rng = random.Random(scenario.seed)
        for number, entry in enumerate(scenario.entries, 1):
            try:
                self.arm(entry)
            except ConfigError as error:
                where = f"{scenario.name}: [[faults]] number {number}"
                raise ConfigError(f"{where}: {error}") from error

    def armed(self) -> list[dict[str, Any]]:
        """The faults that can still act, in JSON values."""
        return [entry.described() for entry in self._entries]

    def clear(self) -> None:
        """Forget the faults that have not acted yet, and end what goes on."""
        self._entries.clear()
        self._tws.recover()

    # ---- what the server asks --------------------------------------------------------------------

    @property
    def is_cut_off(self) -> bool:
        """Whether there is no market data now."""
        return self._tws.is_cut_off

    def due_ns(self) -> int | None:
        """When the server has to be called though nothing arrives."""
        if self.is_idle:
            return None
        due = [self._tws.due_ns()]
        for entry in self._entries:
            if isinstance(entry.fault, OnTime | OnOrder) and not entry.is_open:
                due.append(entry.due_ns if entry.when.is_gated else self._tws.now_ns)
        return min((one for one in due if one is not None), default=None)

    def opened(self, session: Session) -> None:
        """A connection was opened: from the first one on, `at_s` counts. A TWS that is down resets
        it."""
        if self._tws.now_ns < self._tws.down_until_ns:
            self._tws.reset(session)
        if not self._is_started:
            self._is_started = True
            for entry in self._entries:
                entry.from_ns = self._tws.now_ns

    def holds(self, conn: int, data: bytes) -> bool:
        """Whether bytes that arrived have to wait."""
        if self.is_idle:
            return False
        lines = self._tws.parts.outbox.lines
        return lines.is_busy and lines.holds(conn, data, self._tws.now_ns)

    def holds_close(self, conn: int, session: Session) -> bool:
        """Whether TWS notices a close only later."""
        if self.is_idle:
            return False
        lines = self._tws.parts.outbox.lines
        if lines.is_busy and lines.holds(conn, None, self._tws.now_ns):
            return True
        if conn in self._closing:
            self._closing.discard(conn)
            return False
        return self._keeps_client_id(conn, session)

    def serves(self, session: Session, request: Request) -> bool:
        """Whether a fault has dealt with a request. Raises BadRequest if its answer is an error."""
        if self.is_idle:
            return False
        self._messages += 1
        if is_new_order(self._tws, session, request):
            self._draw(order_of(session, request))
        for entry in self._of(OnRequest):
            fault, key = entry.fault, order_of(session, request)
            assert isinstance(fault, OnRequest)
            if fault.concerns(self._tws, session, request) and self._goes(entry, key):
                self._acts(entry)
                if fault.serve(self._tws, session, request):
                    return True
        return False

    def served(self) -> None:
        """A request was handled."""
        if self.is_idle:
            return
        self._on_orders()
        self._on_time(is_occasion=True)

    def passed(self) -> None:
        """Time has passed: run what is due, and give thawed lines what they kept."""
        if self.is_idle:
            return
        self._tws.run_timers()
        lines = self._tws.parts.outbox.lines
        if lines.is_busy:
            for conn, data in lines.thawed(self._tws.now_ns):
                if data is None:
                    self._server.closed(conn, self._tws.now_ns)
                else:
                    self._server.received(conn, data, self._tws.now_ns)
        self._on_orders()
        self._on_time(is_occasion=False)
        self.is_idle = not (self._entries or self._closing or self._tws.is_busy)

    # ---- what the wiring asks --------------------------------------------------------------------

    def outgoing(self, session: Session, fields: Sequence[str]) -> list[Sequence[str]]:
        """What is sent in place of a message."""
        for entry in self._of(OnMessage):
            fault = entry.fault
            assert isinstance(fault, OnMessage)
            if fault.concerns(fields) and self._goes(entry, None):
                self._acts(entry)
                return fault.change(self._tws, session, fields)
        return [fields]

    def sent(self) -> None:
        """A message was sent."""
        self._messages += 1
        self._on_time(is_occasion=False, between=True)

    def silences(self, order: Order) -> bool:
        """Whether the order's client hears nothing of what becomes of it."""
        tws = self._tws
        return tws.is_cut_off or (order.client_id, order.order_id) in tws.unanswered

    def touched(self, order: Order) -> None:
        """Something became of the order."""
        self._touched.append(order)

    # ---- deciding --------------------------------------------------------------------------------

    def _of(self, kind: type) -> list[Entry]:
        if not self._entries:
            return self._entries
        return [one for one in self._entries if isinstance(one.fault, kind) and not one.is_spent]

    def _draw(self, key: OrderKey | None) -> None:
        """A new order: which entries are for it."""
        self._orders += 1
        for entry in self._entries:
            when = entry.when
            chance = isinstance(entry.fault, OnOrder) and when.probability is not None
            is_it = when.on_order == self._orders - entry.from_orders
            is_it = is_it or (when.on_order is None and chance and self._is_open(entry))
            if key is not None and is_it and self._chance(when.probability):
                entry.keys.add(key)

    def _goes(self, entry: Entry, key: OrderKey | None) -> bool:
        """Whether an occasion that an entry could act on is one that it acts on."""
        if entry.when.on_order is not None and key is not None:
            return key in entry.keys
        return self._is_open(entry) and self._chance(entry.when.probability)

    def _is_open(self, entry: Entry) -> bool:
        """Whether the entry's time has come; once it has, it stays so."""
        if entry.is_open:
            return True
        when = entry.when
        if when.at_s is not None:
            entry.is_open = entry.due_ns is not None and self._tws.now_ns >= entry.due_ns
        elif when.after_messages is not None:
            entry.is_open = self._messages - entry.from_messages >= when.after_messages
        elif when.on_order is not None:
            entry.is_open = self._orders - entry.from_orders >= when.on_order
        else:
            entry.is_open = True
        return entry.is_open

    def _chance(self, probability: float | None) -> bool:
        return probability is None or self._rng.random() < probability

    def _acts(self, entry: Entry) -> None:
        """Count it, note it, and forget an entry that is spent."""
        entry.acted += 1
        line = audit.fault(self._tws.now_ns, entry.number, entry.name, parameters(entry.fault))
        self._tws.parts.outbox.audit.append(line)
        if entry.is_spent:
            self._entries.remove(entry)

    def _on_time(self, *, is_occasion: bool, between: bool = False) -> None:
        """Let faults act whose time has come. Only an occasion, a request, can draw a chance."""
        for entry in self._of(OnTime):
            fault = entry.fault
            assert isinstance(fault, OnTime)
            if entry.is_spent or (between and not fault.is_anytime) or not self._is_open(entry):
                continue
            if entry.when.probability is not None and not is_occasion:
                continue
            if self._chance(entry.when.probability) and fault.act(self._tws):
                self._acts(entry)

    def _on_orders(self) -> None:
        """Let faults act on the orders that something became of, and a new entry on all orders."""
        touched, self._touched = self._touched, []
        for entry in self._of(OnOrder):
            if not self._is_open(entry):
                continue
            orders = touched if entry.is_scanned else [*self._tws.parts.exchange.orders.values()]
            entry.is_scanned = True
            for order in orders:
                if not entry.is_spent and self._is_for(entry, order):
                    self._act_on(entry, order)

    def _is_for(self, entry: Entry, order: Order) -> bool:
        fault, when = entry.fault, entry.when
        assert isinstance(fault, OnOrder)
        is_drawn = when.on_order is not None or when.probability is not None
        return (
            order.is_sent
            and fault.tag in ("", order.order_ref)
            and order.perm_id not in entry.done
            and (not is_drawn or (order.client_id, order.order_id) in entry.keys)
            and fault.fits(self._tws, order)
        )

    def _act_on(self, entry: Entry, order: Order) -> None:
        assert isinstance(entry.fault, OnOrder)
        entry.done.add(order.perm_id)
        self._acts(entry)
        entry.fault.act(self._tws, order)

    def _keeps_client_id(self, conn: int, session: Session) -> bool:
        for entry in self._of(OnClose):
            assert isinstance(entry.fault, OnClose)
            if session.client_id >= 0 and self._goes(entry, None):
                self._acts(entry)
                self._closing.add(conn)
                later = entry.fault.seconds
                self._tws.after(later, lambda: self._server.closed(conn, self._tws.now_ns))
                return True
        return False
