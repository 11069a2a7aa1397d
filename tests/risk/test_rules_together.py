"""Rules about orders, over any sequence of events and restarts: each alone, and all together.

A machine feeds one monitor with orders, fills, cancels, positions, foreign orders and time, lets it
die, and lets things happen while it is dead. Beside it stands a plain account of the same events,
which says from the text of each rule whether it is broken. After every step, whoever ever broke a
rule is halted, and nobody else is.
"""

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from tapewire.common.events import (
    Event,
    ForeignOrderReported,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderTerms,
    Scope,
    SubmitOrder,
    Trade,
)
from tapewire.risk.monitor import RiskMonitor
from tests.risk.orders import (
    NOW,
    SECOND,
    book,
    entry,
    fill,
    foreign,
    held,
    intended,
    monitor,
    order,
)

accounts = st.sampled_from(["DU1", "DU2"])
symbols = st.sampled_from(["AAPL", "MSFT"])
sides = st.sampled_from(["BUY", "SELL"])
quantities = st.integers(1, 6)

OPEN, TRADES, SIZE, GROSS, GRACE_S, PRICE = 3, 3, 5, 1500, 10, 100
RULES = {
    "MaxOpenOrders": {"limit": OPEN},
    "MaxOrderSize": {"limit": SIZE},
    "TradeFrequencyLimit": {"limit": TRADES, "per": "minute"},
    "SymbolBlock": {"symbols": ("MSFT",)},
    "NoStopLossGrace": {"grace_ms": GRACE_S * 1000},
    "MaxNotional": {"gross": GROSS, "confirm_ms": 0, "confirm_marks": 0},
}


class Plain:
    """What is so at the broker, and which rules it has broken, each with its account or position
    and what it is halted for."""

    def __init__(self) -> None:
        self.held: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.orders: dict[str, SubmitOrder] = {}
        self.left: dict[str, int] = {}
        self.foreign: dict[str, ForeignOrderReported] = {}
        self.trades: defaultdict[str, list[int]] = defaultdict(list)
        self.allowed: dict[str, int] = {}
        self.bare_since: dict[tuple[str, str], int] = {}

    def broken(self, now_ns: int, rules: Collection[str]) -> set[Scope]:
        """What has to be halted because of what is so now, by these rules."""
        found = set()
        for account in ("DU1", "DU2"):
            recent = [ts_ns for ts_ns in self.trades[account] if now_ns - ts_ns <= 60 * SECOND]
            broken = {
                "MaxOpenOrders": self._open(account) > OPEN,
                "MaxOrderSize": any(self._is_too_large(one) for one in self._foreign(account)),
                "TradeFrequencyLimit": len(recent) > TRADES,
                "SymbolBlock": self._has_grown(account),
                "MaxNotional": self._gross(account) > GROSS,
            }
            if any(broken.get(name) for name in rules):
                found.add(Scope(account))
        for (account, symbol), since_ns in self._bare(now_ns).items():
            if now_ns - since_ns > GRACE_S * SECOND and "NoStopLossGrace" in rules:
                found.add(Scope(account, symbol=symbol))
        return found

    def _foreign(self, account: str) -> list[ForeignOrderReported]:
        return [one for one in self.foreign.values() if one.account == account]

    def _mine(self, account: str) -> list[SubmitOrder]:
        return [one for one in self.orders.values() if one.account == account]

    def _open(self, account: str) -> int:
        """Those that could do more than reduce a position."""
        mine = [(one.symbol, one.terms.side) for one in self._mine(account)]
        theirs = [(one.symbol, one.side) for one in self._foreign(account)]
        return sum(not self._only_reduces(account, *each) for each in [*mine, *theirs])

    def _only_reduces(self, account: str, symbol: str, side: str) -> bool:
        position = self.held[account, symbol] * (1 if side == "SELL" else -1)
        return position > 0 and self.working(account, symbol, side) <= position

    def working(self, account: str, symbol: str, side: str) -> int:
        mine = sum(
            self.left[one.intent_id]
            for one in self._mine(account)
            if (one.symbol, one.terms.side) == (symbol, side)
        )
        return mine + sum(
            int(one.remaining)
            for one in self._foreign(account)
            if (one.symbol, one.side) == (symbol, side)
        )

    def _gross(self, account: str) -> int:
        total = 0
        for symbol in ("AAPL", "MSFT"):
            position = self.held[account, symbol]
            long = position + self.working(account, symbol, "BUY")
            short = self.working(account, symbol, "SELL") - position
            total += max(long, short) * PRICE
        return total

    def _is_too_large(self, one: ForeignOrderReported) -> bool:
        return one.quantity > SIZE and not self._only_reduces(one.account, one.symbol, one.side)

    def _has_grown(self, account: str) -> bool:
        position, before = self.held[account, "MSFT"], self.allowed.get(account, 0)
        if position * before < 0 or abs(position) > abs(before):
            return True
        self.allowed[account] = position
        return False

    def _bare(self, now_ns: int) -> dict[tuple[str, str], int]:
        bare = {}
        for (account, symbol), position in self.held.items():
            side = "SELL" if position > 0 else "BUY"
            stops = sum(
                self.left[one.intent_id]
                for one in self._mine(account)
                if (one.symbol, one.terms.side, one.terms.type) == (symbol, side, "STP")
            )
            if position and stops < abs(position):
                bare[account, symbol] = self.bare_since.get((account, symbol), now_ns)
        self.bare_since = bare
        return bare


class Machine(RuleBasedStateMachine):
    """The monitor, and what it has to come to."""

    names: Collection[str] = RULES

    def __init__(self) -> None:
        super().__init__()
        self.plain, self.now, self.numbers = Plain(), NOW, count(1)
        self.journal: list[Event] = []  # the gateway's
        self.decisions: list[Event] = []  # risk's own
        self.must: set[Scope] = set()
        self.one: RiskMonitor | None = None

    @initialize()
    def start(self) -> None:
        """Risk starts: it reads its journal and the gateway's, and looks at everything."""
        rules = book(*(entry(name, **RULES[name]) for name in self.names))
        self.one = monitor(rules=rules, journal=self.decisions)
        for event in self.journal:
            self.one.on_broker(event)
        prices = [Trade(symbol, self.now.wall_ns, PRICE, 1.0) for symbol in ("AAPL", "MSFT")]
        self.one.on_ticks(prices, self.now)
        self.look()

    def look(self) -> None:
        """Everything is checked, where risk is alive; and what must follow is known."""
        if self.one is not None:
            self.decisions += self.one.check(self.now, timer=True)
            self.must |= self.plain.broken(self.now.wall_ns, self.names)

    def happened(self, *events: Event) -> None:
        for event in events:
            self.journal.append(event)
            if self.one is not None:
                self.one.view.at(self.now)
                self.one.on_broker(event)
        self.look()

    # ---- what may happen -----------------------------------------------------------------------

    @rule(account=accounts, symbol=symbols, side=sides, quantity=quantities, stop=st.booleans())
    def an_order_works(
        self, account: str, symbol: str, side: str, quantity: int, stop: bool
    ) -> None:
        name = f"o{next(self.numbers)}"
        one = order(name, side, quantity, symbol=symbol, account=account)
        if stop:
            one = replace(one, terms=OrderTerms(side, Decimal(quantity), "STP", stop=Decimal(90)))
        self.plain.orders[name], self.plain.left[name] = one, quantity
        self.happened(intended(one), OrderAccepted(self.now.wall_ns, account, name, name, name))

    @rule(number=st.integers(0, 9), quantity=quantities)
    def an_order_fills(self, number: int, quantity: int) -> None:
        if self.plain.orders:
            one = [*self.plain.orders.values()][number % len(self.plain.orders)]
            self.happened(*self._filled(one, quantity))

    @rule(account=accounts, symbol=symbols, side=sides, quantity=quantities)
    def an_order_fills_at_once(self, account: str, symbol: str, side: str, quantity: int) -> None:
        one = order(f"o{next(self.numbers)}", side, quantity, symbol=symbol, account=account)
        name = one.intent_id
        self.plain.orders[name], self.plain.left[name] = one, quantity
        self.happened(intended(one), *self._filled(one, quantity))

    def _filled(self, one: SubmitOrder, quantity: int) -> list[Event]:
        key, name, now_ns = (one.account, one.symbol), one.intent_id, self.now.wall_ns
        done = min(quantity, self.plain.left[name])
        self.plain.left[name] -= done
        self.plain.held[key] += done if one.terms.side == "BUY" else -done
        self.plain.trades[one.account].append(now_ns)
        over: list[Event] = []
        if not self.plain.left[name]:
            del self.plain.orders[name]
            over = [OrderFilled(now_ns, one.account, name)]
        exec_id = f"e{next(self.numbers)}.01"
        reported = held(self.plain.held[key], one.symbol, account=one.account)
        return [fill(one, done, exec_id, ts_ns=now_ns), *over, reported]

    @rule(number=st.integers(0, 9))
    def an_order_is_cancelled(self, number: int) -> None:
        if self.plain.orders:
            name = [*self.plain.orders][number % len(self.plain.orders)]
            one = self.plain.orders.pop(name)
            self.happened(OrderCancelled(self.now.wall_ns, one.account, name))

    @rule(account=accounts, symbol=symbols, side=sides, quantity=quantities)
    def somebody_else_orders(self, account: str, symbol: str, side: str, quantity: int) -> None:
        one = foreign(next(self.numbers), quantity, side=side, symbol=symbol, account=account)
        self.plain.foreign[one.id] = one
        self.happened(one)

    @rule(number=st.integers(0, 9))
    def somebody_else_cancels(self, number: int) -> None:
        if self.plain.foreign:
            order_id = [*self.plain.foreign][number % len(self.plain.foreign)]
            gone = replace(self.plain.foreign.pop(order_id), remaining=Decimal(0))
            self.happened(gone)

    @rule(seconds=st.integers(1, 25))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND
        self.look()

    @rule()
    def risk_dies(self) -> None:
        self.one = None

    @rule()
    def risk_starts_again(self) -> None:
        if self.one is None:
            self.start()

    # ---- what must be so -----------------------------------------------------------------------

    @invariant()
    def whoever_broke_a_rule_is_halted_and_nobody_else(self) -> None:
        if self.one is not None:
            assert set(self.one.halts) == self.must


def machine(*names: str) -> type:
    """The test of these rules."""
    test = type("Machine", (Machine,), {"names": names}).TestCase
    test.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
    return test


TestMaxOpenOrders = machine("MaxOpenOrders")
TestMaxOrderSize = machine("MaxOrderSize")
TestTradeFrequencyLimit = machine("TradeFrequencyLimit")
TestSymbolBlock = machine("SymbolBlock")
TestNoStopLossGrace = machine("NoStopLossGrace")
TestMaxNotional = machine("MaxNotional")
TestAllOfThem = machine(*RULES)
