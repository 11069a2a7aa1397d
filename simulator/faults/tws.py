"""What a fault can get hold of: the parts of the simulated TWS, and the time."""

import heapq
from collections.abc import Callable
from decimal import Decimal
from itertools import count

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.simulator.answers.family import Answers
from tapewire.simulator.exchange.account import Accounts
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.order_handler import OrderHandler
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.faults.wiring import FaultyOutbox
from tapewire.simulator.market.feed import Feed
from tapewire.simulator.protocol.session import RESET, Session
from tapewire.simulator.reports import Reports

NS_PER_S = 1_000_000_000
OrderKey = tuple[int, int]  # client id, order id


class Parts(msgspec.Struct, kw_only=True, frozen=True):
    """The parts that make up a `TwsServer`; `serving` are its sessions by client id."""

    outbox: FaultyOutbox
    contracts: Contracts
    exchange: Exchange
    accounts: Accounts
    feed: Feed
    orders: OrderHandler
    reports: Reports
    answers: Answers
    serving: dict[int, Session]


class Tws:
    """The simulated TWS as faults see it: its parts, timers, and what goes on for a while.

    While TWS `is_cut_off` from IB there is no market data, and no news of orders.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.unanswered: set[OrderKey] = set()
        self.is_cut_off = False
        self.down_until_ns = 0
        self._timers: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = count()

    @property
    def now_ns(self) -> int:
        """The time of the input that is being handled."""
        return self.parts.outbox.now_ns

    def sessions(self, client_id: int | None = None) -> list[Session]:
        """Clients that are being served: all of them, or the one with this id."""
        serving = self.parts.serving
        if client_id is None:
            return [one for one in serving.values() if not one.is_closed]
        return [one for one in self.sessions() if one.client_id == client_id]

    def notice(self, code: int, text: str, client_id: int | None = None) -> bool:
        """Send a notice to the clients; whether there was one."""
        for session in (found := self.sessions(client_id)):
            self.parts.outbox.error(session, code, text)
        return bool(found)

    def order_error(self, order: Order, code: int, text: str) -> None:
        """Send an error or warning about an order to its client."""
        for session in self.sessions(order.client_id):
            self.parts.outbox.error(session, code, text, order.order_id)

    def price_of(self, order: Order) -> Decimal | None:
        """A price at which the order could trade: its limit, or what the market shows. None for a
        combo: no fault trades one."""
        if order.legs:
            return None
        book = self.parts.exchange.books[order.instrument.symbol]
        shown = book.opposite(order).price
        mark = Decimal(shown) if shown else book.mark()
        return order.limit or mark

    def close(self, session: Session, reason: str) -> None:
        """Close a connection once what was sent so far has arrived."""
        self.parts.outbox.close(session, reason)
        self.after(0, lambda: self._forget(session.conn))

    def reset(self, session: Session) -> None:
        """Close a connection, and lose what was not sent yet."""
        self.parts.outbox.chunks(session.conn).clear()
        self.parts.outbox.lines.drop(session.conn)
        self.close(session, RESET)

    def lose_subscriptions(self) -> None:
        """End all market data of all clients without a word."""
        for session in self.sessions():
            self.parts.answers.forget_data(session.conn)

    def list_instrument(self, instrument: Instrument) -> Instrument:
        """Make an instrument known that was not."""
        return self.parts.contracts.add(instrument)

    # ---- timers ----------------------------------------------------------------------------------

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something `seconds` from now."""
        due_ns = self.now_ns + int(seconds * NS_PER_S)
        heapq.heappush(self._timers, (due_ns, next(self._numbers), action))

    def due_ns(self) -> int | None:
        """When the next timer or a held byte is due."""
        due = [self.parts.outbox.lines.due_ns(), self._timers[0][0] if self._timers else None]
        return min((one for one in due if one is not None), default=None)

    @property
    def is_busy(self) -> bool:
        """Whether anything goes on, or is still to come."""
        is_silent = self.is_cut_off or bool(self.unanswered)
        return is_silent or bool(self._timers) or self.parts.outbox.lines.is_busy

    def run_timers(self) -> None:
        """Do what is due."""
        while self._timers and self._timers[0][0] <= self.now_ns:
            heapq.heappop(self._timers)[2]()

    def recover(self) -> None:
        """End everything that goes on for a while, at once."""
        self.unanswered.clear()
        self.is_cut_off = False
        self.down_until_ns = 0
        self.parts.outbox.lines.mend()
        timers, self._timers = sorted(self._timers), []
        for _due_ns, _number, action in timers:
            action()

    def _forget(self, conn: int) -> None:
        self.parts.reports.forget(conn)
        self.parts.answers.forget(conn)
