"""What a rule may look at: time, P&L, positions, orders, counts, marks, each with its age."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from math import isfinite
from typing import Any, Final, NamedTuple

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.book import ZERO, Key, Position, Totals
from tapewire.common.accounting.exposure import (
    NOTHING,
    Exposure,
    Exposures,
    exposures_of,
    is_reducing,
)
from tapewire.common.accounting.orders import Order
from tapewire.common.accounting.trading_days import day_began_ns
from tapewire.common.clock import Now
from tapewire.common.events import (
    EVERYTHING,
    ConnectionLost,
    ConnectionUp,
    Event,
    ForeignOrderReported,
    Greeks,
    Scope,
    SubmitOrder,
    Tick,
    Trade,
)
from tapewire.common.instruments import Instrument
from tapewire.risk.rules.counts import LONG_AGO, Counts
from tapewire.risk.rules.known_exposures import BySymbol, KnownExposures

USED: Final = "model"
"""The basis of greeks that limits are held against."""
JUMP_NS: Final = 60_000_000_000
"""The wall clock was set if it moved by that much against the monotonic one."""

AHEAD_MAX_NS: Final = 1_000_000_000
"""How far a process's time may be ahead of another's: a turn has one moment, taken as it begins."""


class Mark(NamedTuple):
    """The newest price of a symbol, and when it was seen (monotonic)."""

    price: Decimal
    mono_ns: int


class KnownGreeks(NamedTuple):
    """The newest greeks of an option, and when they were current (monotonic)."""

    greeks: Greeks
    mono_ns: int


NewestGreeks = Callable[[str], Greeks | None]
"""Gives the newest greeks of an option; None where there are none."""
Newest = Callable[[str], Tick | None]
"""Gives the newest tick of a symbol that has a price; None where there is none."""


class View:
    """The accounts as one process knows them, at one moment. Rules only read it.

    In the executor there are no marks: market data does not pass through it. A process that keeps
    the newest tick of each symbol anyway gives `newest`, and calls `mark` for none.
    """

    def __init__(self, accounts: Accounts[Any], newest: Newest | None = None) -> None:
        self.now = Now(0, 0)
        self._offset_ns: int | None = None  # of the wall clock, but for jumps
        self._accounts = accounts
        self._exposures = KnownExposures(accounts)
        self._priced: dict[str, tuple[Tick, Decimal]] = {}  # the price of each newest tick
        self._currencies: dict[str, set[str]] = {}
        self._counted = 0  # how many positions the currencies are of
        self._marks: dict[str, Mark] = {}
        self._told: dict[tuple[str, type[Tick]], Tick] = {}
        self._marked = Counter[str]()
        self.newest = newest
        self.newest_greeks: NewestGreeks | None = None
        self.takes_delayed = False
        """Whether delayed prices count as the market's; else they are as good as none."""
        self._greeks: dict[str, KnownGreeks] = {}
        self._greeks_seen = Counter[str]()
        self.has_all_fills = True
        """Whether the fills of both gateways reach this process."""
        self._counts = Counts()
        self._moment_ns = LONG_AGO
        self._lost: dict[str, int] = {}
        self._day_began: dict[str, tuple[date, int]] = {}  # by account
        self._without: Order | None = None
        self._known: Exposures = NOTHING
        self._beside: Sequence[SubmitOrder] = ()

    # ---- what the process puts in --------------------------------------------------------------

    def at(
        self,
        now: Now,
        without: Order | None = None,
        known: Exposures = NOTHING,
        beside: Sequence[SubmitOrder] = (),
    ) -> "View":
        """The view at this moment; `without` is an order that is about to be replaced, `known` are
        exposures of this moment that have been worked out already, `beside` the orders of a group
        that are to be taken together."""
        self.now, self._without, self._known = now, without, known
        self._beside, self._moment_ns = beside, now.mono_ns
        offset_ns = now.wall_ns - now.mono_ns
        if self._offset_ns is None or abs(offset_ns - self._offset_ns) < JUMP_NS:
            self._offset_ns = offset_ns
        return self

    def mark(self, ticks: Iterable[Tick], now: Now) -> None:
        """Take the newest of these as marks: a trade's price, or the midpoint of a quote. The
        gateway tells a symbol's newest quote and trade together, again and again; what it has told
        before is not a new mark."""
        for tick in sorted(ticks, key=_time_of):
            told, price = (tick.symbol, type(tick)), price_of(tick)
            if price is None or not isfinite(price):
                continue
            if self._told.get(told) != tick:
                self._told[told] = tick
                if tick.delayed and not self.takes_delayed:
                    self._marks.pop(tick.symbol, None)  # what it was before is not the market's now
                    continue
                self._marks[tick.symbol] = Mark(Decimal(repr(price)), now.mono_ns)
                self._marked[tick.symbol] += 1
            if (mark := self._marks.get(tick.symbol)) is not None:
                self._accounts.book.mark(tick.symbol, mark.price)

    def take_greeks(self, greeks: Iterable[Greeks], now: Now) -> None:
        """Take the newest of each option: those by the model, which limits are held against."""
        for one in greeks:
            known = self._greeks.get(one.symbol)
            if one.delayed and not self.takes_delayed:
                continue
            if one.basis == USED and (known is None or one != known.greeks):
                age_ns = max(0, now.wall_ns - one.ts_ns)
                self._greeks[one.symbol] = KnownGreeks(one, now.mono_ns - age_ns)
                self._greeks_seen[one.symbol] += 1

    def note(self, event: Event, source: str = "") -> None:
        """Count an event that the accounts have; `source` names the journal that it is from."""
        if type(event) is ConnectionLost:
            if event.expected:  # it is repeated if the broker's restart takes too long
                return
            self._lost.setdefault(source, event.ts_ns)
        elif type(event) is ConnectionUp:
            self._lost.pop(source, None)
        self._counts.add(event, self._moment_ns)

    @property
    def _steady_ns(self) -> int:
        """The time that decides the trading day: the wall clock's, as if it had not been set by a
        minute or more since this process began. So no such jump ends a day, or begins it again."""
        return self.now.mono_ns + self._offset_ns if self._offset_ns is not None else 0

    # ---- what rules ask ------------------------------------------------------------------------

    def accounts(self) -> list[str]:
        """Every account that traded, has orders or holds something, each once, in a fixed order:
        what a rule finds in several accounts is written down in that order."""
        return sorted({account for account, _ in self._accounts.keys()})  # noqa: SIM118 - not a mapping

    def keys(self, account: str | None = None) -> list[Key]:
        """Every account and symbol that was traded, is ordered or is held; of one account."""
        keys = self._accounts.keys()
        return sorted(keys if account is None else [key for key in keys if key[0] == account])

    def exposure(self, account: str, symbol: str) -> Exposure:
        """A position with all that could still fill."""
        known = self._known.get((account, symbol)) if self._known else None
        if known is not None:
            return known
        if self._without is None and (current := self.exposures(account).get(symbol)) is not None:
            return current
        return self._accounts.exposure(account, symbol, self._without)

    def exposures(self, account: str) -> BySymbol:
        """All positions of an account with all that could still fill, the order that is about to be
        replaced included. `exposure` gives what it trades without it, and so what the order in its
        place trades: those are the same symbols."""
        return self._exposures.of(account)

    def is_reducing(self, order: SubmitOrder) -> bool:
        """Whether an order can only bring positions nearer to zero; a combo, if each leg can."""
        return is_reducing(order, exposures_of(order, self.exposure))

    def positions(self, account: str) -> Iterator[Position]:
        """The positions of an account, as the fills make them."""
        return self._accounts.book.of(account)

    def position(self, account: str, symbol: str) -> Position | None:
        """An open position, as the fills make it; None where there is none."""
        position = self._accounts.book.positions.get((account, symbol))
        return position if position is not None and position.quantity else None

    def open_orders(self, account: str) -> list[Order]:
        """The orders of an account that work, or may."""
        live: list[Order] = self._accounts.orders.live()
        return [one for one in live if one.order.account == account and one is not self._without]

    def order(self, intent_id: str) -> Order | None:
        """What an intent has come to; None where it is not known here, as an order that arrives."""
        found: Order | None = self._accounts.orders.get(intent_id)
        return found

    def others(self, order: SubmitOrder) -> list[SubmitOrder]:
        """The orders that come with one as a group, and that nothing here has counted yet."""
        return [
            one for one in self._beside if one is not order and self.order(one.intent_id) is None
        ]

    def recent_orders(self, within_ns: int) -> Iterator[Order]:
        """The orders that were wanted less than `within_ns` ago, newest first, of all accounts and
        in every state. Those from before the wall clock was set back are not among them."""
        by_intent: dict[str, Order] = self._accounts.orders.by_intent
        for one in reversed(by_intent.values()):
            age_ns = self.now.wall_ns - one.order.ts_ns
            if age_ns >= within_ns:
                return
            if age_ns > -AHEAD_MAX_NS:
                yield one

    def foreign_orders(self, account: str) -> list[ForeignOrderReported]:
        """The open orders of an account that none of us has placed, as far as they are known."""
        foreign = self._accounts.orders.foreign
        if not foreign:
            return []
        return [one for one in foreign.counted() if one.account == account]

    def held(self, account: str, symbol: str) -> Decimal:
        """A position as the broker reports it; as the fills make it, where it has not."""
        exposure = self.exposure(account, symbol)
        return exposure.position if exposure.reported is None else exposure.reported

    def day(self, account: str) -> Totals:
        """What the account's trading day has realised and paid so far. After the wall clock was
        set into another day, what was stamped since counts too."""
        book, steady_ns, wall_ns = self._accounts.book, self._steady_ns, self.now.wall_ns
        today = book.day(account, steady_ns)
        if book.day_of(account, steady_ns) == book.day_of(account, wall_ns):
            return today
        return today.with_other(book.day(account, wall_ns))

    def days(self, account: str) -> dict[date, Decimal]:
        """What each trading day of the account has made, fees deducted, as far as journals go."""
        days = self._accounts.book.days.items()
        return {day: totals.net for (name, day), totals in days if name == account}

    def unrealised(self, account: str) -> Decimal | None:
        """P&L of the account's open positions; None where one of them has no mark."""
        total = ZERO
        for position in self.positions(account):
            if position.quantity:
                if position.unrealised is None:
                    return None
                total += position.unrealised
        return total

    def earned(self, account: str) -> Decimal:
        """What all that the account traded has realised, less fees, since its journals begin."""
        return sum((one.realised - one.fees for one in self.positions(account)), ZERO)

    def currencies(self, account: str) -> set[str]:
        """The currencies of what the account has traded: amounts in two are not added up."""
        positions = self._accounts.book.positions
        if len(positions) > self._counted:
            for name, symbol in islice(positions, self._counted, None):
                if (instrument := self.instrument(symbol)) is not None:
                    self._currencies.setdefault(name, set()).add(instrument.currency)
            self._counted = len(positions)
        return self._currencies.get(account, set())

    def trading_day(self, account: str) -> date:
        """The trading day of an account at this moment."""
        return self._accounts.book.day_of(account, self._steady_ns)

    def marks_of(self, account: str) -> int:
        """How many prices have come so far for what the account holds."""
        held = (one.symbol for one in self.positions(account) if one.quantity)
        return sum(self._marked[symbol] for symbol in held)

    def marks(self, symbol: str) -> int:
        """How many prices of a symbol have come so far."""
        return self._marked[symbol]

    def greeks(self, symbol: str) -> tuple[Greeks, int] | None:
        """An option's newest greeks and their age in nanoseconds; None where there are none."""
        if self.newest_greeks is not None:
            found = self.newest_greeks(symbol)
            if found is not None and found.delayed and not self.takes_delayed:
                return None
            return None if found is None else (found, max(0, self.now.wall_ns - found.ts_ns))
        known = self._greeks.get(symbol)
        return None if known is None else (known.greeks, self.now.mono_ns - known.mono_ns)

    def greeks_seen(self, symbol: str) -> int:
        """How many greeks of an option have come so far."""
        return self._greeks_seen[symbol]

    def instrument(self, symbol: str) -> Instrument | None:
        """What `symbol` is; None where it is not configured."""
        return self._accounts.instruments.get(symbol)

    def connections_lost(self) -> dict[str, int]:
        """The gateways that have lost their broker, each with the stamp of that (UTC)."""
        return self._lost

    @property
    def sees_market(self) -> bool:
        """Whether market data reaches this process, so that a missing price means something."""
        return self.newest is not None or bool(self._marks)

    def count(
        self, kind: type[Event], account: str, within_ns: int, scope: Scope = EVERYTHING
    ) -> int:
        """How many events of a kind the account had in the last `within_ns`: of orders and
        executions, those in a scope. Each order and each execution counts once."""
        return self.count_since(kind, account, self.ago(within_ns), scope)

    def count_since(
        self, kind: type[Event], account: str, moment: Now, scope: Scope = EVERYTHING
    ) -> int:
        """As `count`, since a moment, that included."""
        return self._counts.since(kind, account, moment, scope)

    def ago(self, passed_ns: int) -> Now:
        """The moment `passed_ns` before this one."""
        return Now(self._steady_ns - passed_ns, self.now.mono_ns - passed_ns)

    def day_began(self, account: str) -> Now:
        """The moment at which the account's trading day began."""
        today, known = self.trading_day(account), self._day_began.get(account)
        if known is None or known[0] != today:
            days = self._accounts.book.day_of.of(account)
            known = self._day_began[account] = today, day_began_ns(days, self._steady_ns)
        return self.ago(self._steady_ns - known[1])

    def price(self, symbol: str) -> tuple[Decimal, int] | None:
        """The newest price of a symbol and its age in nanoseconds; None where there is none. While
        no newer one comes it is the same object."""
        if self.newest is not None:
            known = self._priced_tick(symbol)
            return (known[1], self.now.wall_ns - known[0].ts_ns) if known is not None else None
        mark = self._marks.get(symbol)
        return (mark.price, self.now.mono_ns - mark.mono_ns) if mark is not None else None

    def prices(self, symbols: Iterable[str]) -> dict[str, Decimal]:
        """The newest prices of these, where there are some, as `price` gives them."""
        if self.newest is None:
            marks = self._marks
            return {symbol: marks[symbol].price for symbol in symbols if symbol in marks}
        priced = self._priced_tick
        return {symbol: one[1] for symbol in symbols if (one := priced(symbol)) is not None}

    def _priced_tick(self, symbol: str) -> tuple[Tick, Decimal] | None:
        """The newest tick of a symbol with its price, which is made a decimal once."""
        tick = self.newest(symbol) if self.newest is not None else None
        if tick is None or (tick.delayed and not self.takes_delayed):
            return None
        known = self._priced.get(symbol)
        if known is None or known[0] is not tick:
            price = price_of(tick)
            if price is None:
                return None
            known = self._priced[symbol] = tick, Decimal(repr(price))
        return known


def _time_of(tick: Tick) -> int:
    return tick.ts_ns


def price_of(tick: Tick) -> float | None:
    """A trade's price, or the midpoint of a quote if it has both sides."""
    return tick.price if isinstance(tick, Trade) else tick.mid
