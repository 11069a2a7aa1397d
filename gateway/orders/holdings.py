"""Holdings: what each account holds, as reported and as fills have made of it since."""

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.accounting.changes import Changes
from tapewire.common.accounting.exposure import Exposure
from tapewire.common.accounting.orders import Orders
from tapewire.common.events import Event, Fill, PositionReported, SubmitOrder, signed


class Held(NamedTuple):
    """A position. `average_cost` is as the broker reported it last, None where it has not."""

    account: str
    symbol: str
    quantity: Decimal
    average_cost: Decimal | None


class Holdings:
    """Positions for admission. State changes in `apply`, from events that are on disk.

    The broker's report and its executions arrive as two messages, in either order. So each position
    is kept twice: as reported, and as the fills since then have made it. An order must reduce both.
    """

    def __init__(self) -> None:
        self.reported: dict[Key, Decimal] = {}
        self.filled: dict[Key, Decimal] = {}
        self._costs: dict[Key, Decimal] = {}
        self.changes = Changes()
        self._named: set[Key] | None = None  # reported since they were asked for; None: not asked

    def apply(self, event: PositionReported | Fill, corrected: Fill | None = None) -> None:
        """Take in a position or a fill; `corrected` is the fill that it takes the place of."""
        if type(event) is PositionReported:
            key = (event.account, event.symbol)
            self.reported[key] = self.filled[key] = event.quantity
            self._costs[key] = event.average_cost
            self.changes.add(key)
        elif type(event) is Fill:
            if corrected is not None:
                self._trade(corrected, -corrected.quantity)
            self._trade(event, event.quantity)

    def _trade(self, fill: Fill, quantity: Decimal) -> None:
        key = (fill.account, fill.symbol)
        self.filled[key] = self.filled.get(key, ZERO) + signed(fill.side, quantity)
        self.changes.add(key)

    def exposure(
        self,
        account: str,
        symbol: str,
        orders: Orders[Any],
        without: SubmitOrder | None = None,
    ) -> Exposure:
        """The position of `symbol` with every live order on it but `without` (see
        `Orders.working`)."""
        key = (account, symbol)
        buying, selling = orders.working(account, symbol, without)
        held, reported = self.filled.get(key, ZERO), self.reported.get(key, ZERO)
        return Exposure(held, buying, selling, reported)

    def held(self) -> Iterator[Held]:
        """What is not flat, with the fills since the broker's report."""
        for (account, symbol), quantity in self.filled.items():
            if quantity:
                yield Held(account, symbol, quantity, self._costs.get((account, symbol)))

    def is_held(self, accounts: Iterable[str], symbol: str) -> bool:
        """Whether one of these accounts holds anything of a symbol, as reported or by the fills."""
        keys = [(account, symbol) for account in accounts]
        return any(self.filled.get(key) or self.reported.get(key) for key in keys)

    @property
    def listing(self) -> bool:
        """Whether a list is under way, and all of it could be read so far."""
        return self._named is not None

    def asked(self) -> None:
        """The broker is about to list all positions."""
        self._named = set()

    def report(
        self, key: Key, quantity: Decimal, average_cost: Decimal, now_ns: int
    ) -> list[Event]:
        """The broker's word on a position: an event where it is news."""
        if self._named is not None:
            self._named.add(key)
        if self.reported.get(key) == quantity:
            self.filled[key] = quantity
            self.changes.add(key)
            return []
        return [PositionReported(now_ns, *key, quantity, average_cost)]

    def report_complete(self, now_ns: int, accounts: Collection[str]) -> list[Event]:
        """The list of these accounts is complete. A broker does not name what is flat: what it left
        out is closed. It says nothing of an account that the login had before, and has no more."""
        named, self._named = self._named, None
        return [] if named is None else self.left_out(named, accounts, now_ns)

    def left_out(
        self, named: Collection[Key], accounts: Collection[str], now_ns: int
    ) -> list[Event]:
        """What a whole list of these accounts has not named is flat."""
        held = [key for key, quantity in self.reported.items() if quantity]
        closed = [key for key in held if key[0] in accounts and key not in named]
        return [PositionReported(now_ns, *key, ZERO, ZERO) for key in closed]

    def unreadable(self) -> None:
        """Something could not be read, perhaps a position: what the list leaves out may be held."""
        self._named = None

    def forget_question(self) -> None:
        """The connection is gone, and the rest of its list with it."""
        self._named = None
