"""Where faults touch TWS: its outgoing messages and its reports of orders, each wrapped once."""

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Protocol

from tapewire.simulator.exchange.credit import Impact
from tapewire.simulator.exchange.order_reports import OrderReports
from tapewire.simulator.exchange.orders import Execution, Order
from tapewire.simulator.faults.lines import Lines
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.session import Session

ORDER_CALLBACKS = frozenset(("3", "4", "5", "11", "59"))
"""Messages that say what became of an order: status, error, order, execution, commission."""


class Watcher(Protocol):
    """Who is asked about messages and orders, unless it is idle: the fault engine."""

    is_idle: bool

    def outgoing(self, session: Session, fields: Sequence[str]) -> list[Sequence[str]]:
        """What is sent in place of a message."""

    def sent(self) -> None:
        """A message was sent."""

    def silences(self, order: Order) -> bool:
        """Whether the order's client hears nothing of what becomes of it."""

    def touched(self, order: Order) -> None:
        """Something became of the order."""


class FaultyOutbox(Outbox):
    """The outbox, with faults between TWS and its clients. Market data passes unchanged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = Lines()
        self.watcher: Watcher | None = None
        self._is_muted = False
        self._behind: dict[int, list[Sequence[str]]] = defaultdict(list)

    def send(self, session: Session, fields: Sequence[str]) -> None:
        """Send what the faults make of a message."""
        if self.watcher is None or self.watcher.is_idle:
            super().send(session, fields)
            return
        if self._is_muted and fields[0] in ORDER_CALLBACKS:
            return
        for one in self.watcher.outgoing(session, fields):
            super().send(session, one)
            self.send_what_is_behind(session)
        self.watcher.sent()

    def send_behind(self, session: Session, fields: Sequence[str]) -> None:
        """Send a message after the next one of its connection."""
        self._behind[session.conn].append(fields)

    def send_what_is_behind(self, session: Session) -> None:
        """Send it though no next one has come."""
        for message in self._behind.pop(session.conn, ()):
            super().send(session, message)

    def send_as_it_is(self, session: Session, fields: Sequence[str]) -> None:
        """Send a message that the faults have had their turn with."""
        super().send(session, fields)

    @contextlib.contextmanager
    def muted(self, is_muted: bool = True) -> Iterator[None]:
        """Send none of the messages that say what becomes of orders; the audit has it all."""
        was, self._is_muted = self._is_muted, self._is_muted or is_muted
        try:
            yield
        finally:
            self._is_muted = was

    def drop(self, conn: int) -> None:
        """Forget a connection, its output, and what of it is still on its way."""
        super().drop(conn)
        self._behind.pop(conn, None)
        self.lines.drop(conn)

    def take(self) -> list[tuple[int, bytes]]:
        """All bytes that arrive now, by connection."""
        taken = super().take()
        return self.lines.carry(taken, self.now_ns) if self.lines.is_busy else taken

    def take_closing(self) -> list[int]:
        """Connections to close now: a line that still carries something is closed later."""
        closing = super().take_closing()
        if not (closing and self.lines.is_busy):
            return closing
        self._closing = [conn for conn in closing if self.lines.has_output(conn)]
        return [conn for conn in closing if conn not in self._closing]


class FaultyReports:
    """`OrderReports` that tell the faults what became of which order, and can fall silent."""

    def __init__(self, inner: OrderReports, outbox: FaultyOutbox) -> None:
        self._inner = inner
        self._outbox = outbox

    def placed(self, order: Order) -> None:
        """The exchange has taken a new order."""
        self._report(order, self._inner.placed, order)

    def modified(self, order: Order) -> None:
        """The order has new terms."""
        self._report(order, self._inner.modified, order)

    def changed(self, order: Order) -> None:
        """The order's terms and status as they are now."""
        self._report(order, self._inner.changed, order)

    def warned(self, order: Order, code: int, text: str) -> None:
        """Something about the order that its client should know."""
        self._report(order, self._inner.warned, order, code, text)

    def rejected(self, order: Order) -> None:
        """The exchange did not take the order."""
        self._report(order, self._inner.rejected, order)

    def cancelled(self, order: Order) -> None:
        """The order was cancelled."""
        self._report(order, self._inner.cancelled, order)

    def executed(self, execution: Execution, realised: Decimal | None) -> None:
        """An execution, booked."""
        self._report(execution.order, self._inner.executed, execution, realised)

    def estimated(self, order: Order, commission: Decimal, impact: Impact) -> None:
        """What a what-if order would cost, and do to the account."""
        self._inner.estimated(order, commission, impact)

    def _report(self, order: Order, report: Callable[..., None], *given: object) -> None:
        watcher = self._outbox.watcher
        if watcher is None or watcher.is_idle:
            report(*given)
            return
        watcher.touched(order)
        with self._outbox.muted(watcher.silences(order)):
            report(*given)
