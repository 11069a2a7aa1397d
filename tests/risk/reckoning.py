"""A second reckoning of the rules about money, from their text: with cash and lots of its own, and
trading days of its own. It shares no code with what it is compared with."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

CHICAGO = ZoneInfo("America/Chicago")
SECOND = 10**9


def trading_day(ts_ns: int, is_session: Callable[[date], bool]) -> date:
    """From 17:00 in Chicago on it is the next day's, and then the next one's with a session."""
    local = datetime.fromtimestamp(ts_ns / SECOND, CHICAGO)
    day = local.date() + timedelta(days=1 if local.hour >= 17 else 0)
    while not is_session(day):
        day += timedelta(days=1)
    return day


@dataclass
class Reckoning:
    """What one account came to in one symbol, whose average cost counts."""

    start: Fraction
    is_session: Callable[[date], bool]
    cash: Fraction = Fraction(0)
    quantity: int = 0
    cost: Fraction = Fraction(0)  # of all that is held
    price: Fraction = Fraction(0)
    days: dict[date, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    today: date = date.min
    morning: Fraction = Fraction(0)
    high: Fraction = Fraction(0)
    highest_end: Fraction = Fraction(0)
    equity_before: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        self.high = self.highest_end = self.equity_before = self.start

    @property
    def open_profit(self) -> Fraction:
        return self.quantity * self.price - self.cost

    @property
    def equity(self) -> Fraction:
        return self.start + self.cash + self.quantity * self.price

    def moment(self, ts_ns: int) -> None:
        """Time passes. What was last seen of a day is its end."""
        day = trading_day(ts_ns, self.is_session)
        if day != self.today:
            first = self.today == date.min
            self.morning = Fraction(0) if first else self.open_profit
            self.highest_end = max(self.highest_end, self.equity)
            self.today = day
            self.days[day] += 0

    def trades(self, quantity: int, price: Fraction, fee: Fraction) -> None:
        self.cash -= quantity * price + fee
        self.days[self.today] -= fee
        same_side = self.quantity * quantity >= 0
        closing = 0 if same_side else min(abs(quantity), abs(self.quantity))
        if closing:
            average = self.cost / self.quantity
            sign = 1 if self.quantity > 0 else -1
            self.days[self.today] += sign * closing * (price - average)
            self.cost -= sign * closing * average
            self.quantity -= sign * closing
            quantity += sign * closing
        self.quantity += quantity
        self.cost += quantity * price
        self.sees(price)

    def sees(self, price: Fraction) -> None:
        self.price = price
        self.high = max(self.high, self.equity)

    # ---- what the rules say --------------------------------------------------------------------

    def has_lost(self, limit: int, *, unrealised: bool) -> bool:
        made = self.days[self.today]
        if unrealised:
            made += self.open_profit - self.morning
        return -made >= limit

    def has_won(self, limit: int) -> bool:
        return self.days[self.today] >= limit

    def has_fallen(self, limit: int, *, end_of_day: bool, stops: bool) -> bool:
        floor = (self.highest_end if end_of_day else self.high) - limit
        return self.equity <= (min(floor, self.start) if stops else floor)

    def is_inconsistent(self, percent: int, profit_min: int) -> bool:
        whole, best = sum(self.days.values()), max(self.days.values())
        if whole <= 0 or whole < profit_min or self.days[self.today] != best:
            return False
        return best * 100 > percent * whole


def exact(value: Any) -> Fraction:
    return Fraction(str(value))
