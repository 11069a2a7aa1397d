"""Listings: risk asks what the broker has, and gets an answer once both lists are complete.

A flatten must not close on positions that its own cancels may still change, nor end on arithmetic.
So risk asks with `ListPositions`, and the gateway asks the broker for all positions and for the
open orders of all clients. `PositionsListed` follows when both lists are at their ends. By then
each position that differs is in the journal before it, so whoever reads the event knows the
broker's list; what was open is in the event.

Several questions may be out, as flattens beside each other ask each for itself; the oldest are
forgotten, for risk repeats one only after it gave the last one up. Where an end never came, one
more question makes up for it (see `positions`). So does one more where something in a list of
orders could not be read: it may have been an order that works, and a flatten would end beside it.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from tapewire.common.clock import Now
from tapewire.common.events import Event, ListPositions, PositionsListed
from tapewire.gateway import broker
from tapewire.gateway.orders.account_listing import AccountListings
from tapewire.gateway.orders.open_orders import OpenOrders
from tapewire.gateway.orders.positions import PositionLists, again_ns

QUESTIONS_MAX: Final = 32


class Listing(NamedTuple):
    """A question of risk's: which lists of the broker's answer it."""

    id: str
    positions: int
    orders: int


class Listings:
    """The questions that are under way. None of it is durable: risk asks again.

    `ask_orders` asks the broker for the open orders of all clients; see `Broker.query_all_orders`.
    `alone` has the questions about one account.
    """

    def __init__(
        self, positions: PositionLists, ask_orders: Callable[[], bool], alone: AccountListings
    ) -> None:
        self.alone = alone
        self._positions = positions
        self._ask_orders = ask_orders
        self._listings: deque[Listing] = deque(maxlen=QUESTIONS_MAX)
        self._orders_asked = 0
        self._orders_listed = 0
        self._end_came = False  # since the last question
        self._is_whole = True  # the list that is under way, so far
        self._failures = 0  # lists in a row that were not
        self._is_late = False  # the last one was not, and the next one waits for a while
        self._again_ns = 0  # until then (monotonic)
        self._named = OpenOrders()
        self._open: tuple[str, ...] = ()

    def begin(self, command: ListPositions) -> None:
        """Put risk's question to the broker."""
        if self.alone.begin(command):
            return
        number = self._positions.doubt("since risk asked for them")
        self.ask_orders()
        self._listings.append(Listing(command.id, number, self._orders_asked))

    def note(self, report: broker.BrokerEvent) -> None:
        """Take note of the orders that are listed, and of the end of their list."""
        self.alone.note(report)
        if type(report) is broker.OrderReport:
            self._named.note(report, is_asked=bool(self._listings))
        elif type(report) is broker.Unreadable:
            self._is_whole = False
        elif type(report) is broker.QueryComplete and report.query == "all_orders":
            self._failures = 0 if self._is_whole else self._failures + 1
            if not self._is_whole:
                self._answers_nobody()
            self._orders_listed += 1
            self._end_came = self._is_whole = True
            self._open = self._named.taken()

    def _answers_nobody(self) -> None:
        """The list that ends could not be read in full: whoever waits for it needs the next one."""
        listed = self._orders_listed + 1
        for place, one in enumerate(self._listings):
            if one.orders == listed:
                self._listings[place] = one._replace(orders=listed + 1)
        self._is_late = True

    def lost(self) -> None:
        """The connection is gone: nothing that was asked on it will be answered."""
        self._listings.clear()
        self.alone.clear()
        self._named.clear()
        self._orders_listed = self._orders_asked

    def ask_orders(self) -> None:
        """Ask for the open orders of all clients, whoever wants to know them: each list is counted,
        so that the end of one is not taken for the end of another."""
        self._end_came = False
        if self._orders_listed == self._orders_asked:
            self._is_whole = True
        if not self._ask_orders():
            self._orders_asked += 1

    def tick(self, now: Now) -> list[Event]:
        """The answers to those for which both lists have come to their ends."""
        if not self._listings:
            return []
        if self._is_late:
            self._is_late, self._again_ns = False, now.mono_ns + again_ns(self._failures)
        listed, confirmed = self._orders_listed, self._positions.confirmed
        is_due = self._end_came and now.mono_ns >= self._again_ns
        if is_due and any(listed < one.orders for one in self._listings):
            self.ask_orders()
        done = [o for o in self._listings if listed >= o.orders and confirmed >= o.positions]
        for one in done:
            self._listings.remove(one)
        return [PositionsListed(now.wall_ns, one.id, self._open) for one in done]
