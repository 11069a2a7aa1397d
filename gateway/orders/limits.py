"""The gateway's own limits: what no client of its `orders` socket can trade past.

The executor asks the rules of `risk.rules` before it sends an order, and knows what it has sent.
But whoever else writes to the socket (a broken executor, a program of your own) has asked nobody,
and the executor learns of such orders when they work already. So the gateway asks the same rules
again, about its own picture: the positions that the broker reports and every order that it has
taken, whoever sent it. It asks when an order arrives and again when it is written, as admission
does.

Two limits have nothing to do with positions: the size of one order, and how many are taken in a
second. They end what has run wild before it fills the journal and the broker's queue. Neither have
the checks of lot, tick and time, which keep back what the broker would reject, and the circuit that
is open while it rejects everything (see `circuit`).

What can only reduce a position passes all of them, as an exit must always be possible. The
liquidation gateway takes nothing else, so it has no limits.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.exposure import Exposure, Exposures
from tapewire.common.accounting.groups import FAILED
from tapewire.common.accounting.orders import Order
from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.clock import Now
from tapewire.common.events import (
    Event,
    InstrumentDescribed,
    OrderRejected,
    RulesChanged,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument
from tapewire.common.order_checks import order_denial
from tapewire.gateway.orders.circuit import BrokerCircuit
from tapewire.gateway.orders.holdings import Holdings
from tapewire.gateway.orders.intent import Intent
from tapewire.risk.rules import RuleBook, View
from tapewire.risk.rules.in_force import taken_over
from tapewire.risk.rules.view import Newest, NewestGreeks

SECOND_NS: Final = 1_000_000_000


class Ledger(Accounts[Intent]):
    """The login's accounts, as this gateway's journal shows them.

    Another client's executions are pushed to that client alone. So a position is what `Holdings`
    makes of it, with the broker's word on what was traded elsewhere.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        holdings: Holdings,
        day_of: TradingDays | None = None,
    ) -> None:
        super().__init__(instruments, Intent, day_of)
        self._holdings = holdings
        holdings.changes = self.changes

    def exposure(self, account: str, symbol: str, without: Order | None = None) -> Exposure:
        """See `Accounts.exposure`."""
        order = without.order if without is not None else None
        return self._holdings.exposure(account, symbol, self.orders, without=order)


class OwnLimits(NamedTuple):
    """What the configuration lets nobody trade past. `quantity_max` is one order's,
    `orders_max_per_s` an account's, counted in any second of the monotonic clock; 0 sets no limit.
    """

    rules: RuleBook | None = None
    quantity_max: Decimal = Decimal(0)
    orders_max_per_s: int = 0
    circuit: BrokerCircuit | None = None


NO_LIMITS: Final = OwnLimits()


class Limits:
    """Asked about orders that could add risk. The count of orders is of this process: a restart
    forgets it."""

    def __init__(self, accounts: Ledger, own: OwnLimits) -> None:
        rules = own.rules
        self.circuit = own.circuit or BrokerCircuit()
        self.contradicted: Callable[[str], str] = lambda _symbol: ""  # why not in this symbol
        self.described: Mapping[str, InstrumentDescribed] = {}  # by the broker
        self.rules = rules or RuleBook()
        self._asks = rules is not None  # or may, once other rules were taken over
        self._view = View(accounts)
        self._view.has_all_fills = False  # the other gateway's are pushed to it alone
        self._instruments = accounts.instruments
        self._orders = accounts.orders
        self._quantity_max = own.quantity_max
        self._orders_max_per_s = own.orders_max_per_s
        self._taken_ns: dict[str, deque[int]] = {}

    def __repr__(self) -> str:
        return f"<Limits {self.rules!r}>"

    def watch(
        self, newest: Newest, greeks: NewestGreeks = lambda _symbol: None, *, delayed: bool = False
    ) -> None:
        """Let the rules see the market; with `delayed`, delayed prices too."""
        self._view.newest, self._view.newest_greeks = newest, greeks
        self._view.takes_delayed = delayed

    def at_stake(self) -> list[str]:
        """What an account holds, or may come to hold, in a fixed order: limits need its prices. The
        last order that the rules were asked about counts like any other."""
        return sorted({
            symbol
            for account in self._view.accounts()
            for symbol, one in self._view.exposures(account).items()
            if one.worst or one.reported
        })  # fmt: skip

    def happened(self, event: Event, mono_ns: int) -> None:
        """Let the circuit count an event of this moment. A child that the broker rejects because
        its parent is over says nothing more about the broker than that did."""
        if type(event) is not OrderRejected or not self._lost_parent(event.intent_id):
            self.circuit.note(event, mono_ns)

    def _lost_parent(self, intent_id: str) -> bool:
        child = self._orders.get(intent_id)
        parent = self._orders.get(child.order.parent_id) if child is not None else None
        return parent is not None and parent.state in FAILED

    def take_over(self, event: RulesChanged) -> None:
        """From now on the rules are those of risk's journal."""
        self.rules = taken_over(event.rules, self.rules)

    def note(self, event: Event) -> None:
        """Let the rules count an event that the accounts have."""
        if self._asks:
            self._view.note(event)

    def denial(
        self,
        order: SubmitOrder,
        replaced: Order | None,
        exposures: Exposures,
        now: Now,
        *,
        arriving: bool,
        beside: Sequence[SubmitOrder] = (),
    ) -> str:
        """Why `order` may not go, in a sentence; empty if it may. `replaced` is the order itself
        once it was taken, or the one that it modifies; `exposures` are those where it trades,
        without it. One that is `arriving` counts as taken; `beside` are the orders of its group
        that arrive with it."""
        if reason := self.circuit.denial(now):
            return reason
        quantity = order.terms.quantity * max((leg.ratio for leg in order.legs), default=1)
        if self._quantity_max and quantity > self._quantity_max:
            return (
                f"its quantity is {quantity:f}, and gateway.order_quantity_max is"
                f" {self._quantity_max:f}"
            )
        for symbol in order.symbols:
            if reason := self.contradicted(symbol):
                return reason
        filled = replaced.filled if replaced is not None else ZERO
        reason = order_denial(order, self._instruments, self.described, now.wall_ns, filled)
        if reason:
            return reason
        reason = self.rules.denial(order, self._view.at(now, replaced, exposures, beside))
        if reason or not (arriving and self._orders_max_per_s):
            return reason
        return self._too_many(order.account, now)

    def _too_many(self, account: str, now: Now) -> str:
        taken_ns = self._taken_ns.setdefault(account, deque())
        while taken_ns and now.mono_ns - taken_ns[0] >= SECOND_NS:
            taken_ns.popleft()
        if len(taken_ns) >= self._orders_max_per_s:
            return (
                f"the account had {len(taken_ns)} orders within a second, and"
                f" gateway.orders_max_per_s is {self._orders_max_per_s}"
            )
        taken_ns.append(now.mono_ns)
        return ""
