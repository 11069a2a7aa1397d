"""An account that rules about money watch: its trades, its prices and its time, for the tests."""

from decimal import Decimal
from types import SimpleNamespace

from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.clock import Now
from tapewire.common.events import Commission, Event, RiskViolation, Trade
from tapewire.risk.monitor import RiskMonitor
from tests.risk.orders import NOW, SECOND, T0, book, fill, monitor, order

DAY = 24 * 3600 * SECOND


class Account:
    """One monitor with the given rules, at a moment that the test moves on."""

    def __init__(
        self,
        *entries: SimpleNamespace,
        journal: list[Event] | None = None,
        day_of: TradingDays | None = None,
    ) -> None:
        self.rules, self.day_of = book(*entries), day_of
        self.monitor: RiskMonitor = monitor(rules=self.rules, journal=journal or [], day_of=day_of)
        self.now = NOW
        self.events: list[Event] = []
        self.fills: list[Event] = []
        self._number = 0

    def later(self, seconds: float) -> "Account":
        """Time passes, and everything is checked."""
        self.now += int(seconds * SECOND)
        return self.check()

    def check(self) -> "Account":
        self.events += self.monitor.check(self.now, timer=True)
        return self

    def trade(
        self, quantity: int, price: float, fee: float = 0, *, symbol: str = "AAPL", **more: object
    ) -> "Account":
        """Buy, or sell with a negative quantity."""
        self._number += 1
        one = order(f"{self._number}", "BUY" if quantity > 0 else "SELL", symbol=symbol, **more)
        exec_id = f"e{self._number}.01"
        done = fill(one, abs(quantity), exec_id, price=Decimal(str(price)), ts_ns=self.now.wall_ns)
        self.report(done)
        if fee:
            account, amount = one.account, Decimal(str(fee))
            self.report(Commission(self.now.wall_ns, account, exec_id, amount, "USD"))
        return self

    def report(self, event: Event) -> None:
        self.fills.append(event)
        self.monitor.on_broker(event)

    def price(self, price: float, symbol: str = "AAPL") -> "Account":
        """A trade at a price is reported, and what it broke is looked at."""
        self.monitor.on_ticks([Trade(symbol, self.now.wall_ns, price, 1.0)], self.now)
        self.events += self.monitor.check(self.now)
        return self

    def holds(self, price: float, seconds: float = 1.5) -> "Account":
        """A price that lasts: it is reported again and again."""
        for _ in range(3):
            self.price(price)
            self.later(seconds / 3)
        return self.price(price)

    def restarted(self, *entries: SimpleNamespace) -> "Account":
        """What another process makes of the journals."""
        after = Account(*entries, journal=self.events, day_of=self.day_of)
        after.now = Now(self.now.wall_ns, 7 * SECOND)
        after._number, after.events, after.fills = self._number, list(self.events), []
        for event in self.fills:
            after.report(event)
        return after.check()

    @property
    def violations(self) -> list[str]:
        return [e.reason for e in self.events if isinstance(e, RiskViolation)]

    def denial(self, quantity: int, symbol: str = "AAPL") -> str:
        """Why an order would be denied in a process that has all fills."""
        wanted = order("x", "BUY" if quantity > 0 else "SELL", abs(quantity), symbol=symbol)
        return self.rules.denial(wanted, self.monitor.view.at(self.now))


def next_day(account: Account) -> Account:
    """A day later."""
    return account.later(DAY / SECOND)


__all__ = ["DAY", "T0", "Account", "next_day"]
