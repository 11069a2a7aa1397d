"""Earnings: what the trading day has come to, and what each strategy has earned, by the ledger.

The ledger works all executions out from the beginning, since a correction may change any of them.
So it is asked only when executions have changed, and the more it takes the less often.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.ledger import Entry, Ledger, by_day
from tapewire.common.accounting.lots import Method
from tapewire.common.instruments import Instrument
from tapewire.console.model.curve import CurvePoint
from tapewire.console.records.blotter import Trading

SECOND_NS: Final = 1_000_000_000


class Sum:
    """What was realised and paid, in one currency."""

    def __init__(self) -> None:
        self.executions = 0
        self.realised = ZERO
        self.commission = ZERO

    @property
    def net(self) -> Decimal:
        """What was realised, less commission."""
        return self.realised - self.commission

    def add(self, executions: int, realised: Decimal, commission: Decimal) -> None:
        """Add to it."""
        self.executions += executions
        self.realised += realised
        self.commission += commission


class Earnings:
    """What `entries` of the ledger come to on the trading day `today`, and since the first of them.

    `day` is by currency and of the accounts' positions, as the broker has them. `strategies_today`
    and `strategies` are by strategy and currency, and of what each strategy has built up; what no
    strategy of ours traded is under no name. `curve` is, by currency, the day's net after each
    execution.
    """

    def __init__(self, entries: Iterable[Entry] = (), today: date | None = None) -> None:
        self.today = today
        self.day: dict[str, Sum] = {}
        self.strategies_today: dict[tuple[str, str], Sum] = {}
        self.strategies: dict[tuple[str, str], Sum] = {}
        self.holdings: Mapping[str, Mapping[str, Decimal]] = {}
        self.curve: dict[str, list[CurvePoint]] = {}
        found = list(entries)
        of_today = [one for one in found if one.day == today]
        for of, sums in by_day(found).items():
            named = (of.strategy, of.currency)
            earned = (sums.executions, sums.realised, sums.commission)
            self.strategies.setdefault(named, Sum()).add(*earned)
            if of.day == today:
                self.strategies_today.setdefault(named, Sum()).add(*earned)
                self.day.setdefault(of.currency, Sum()).add(
                    sums.executions, sums.account_realised, sums.commission
                )
        self._draw(of_today)

    def _draw(self, entries: Iterable[Entry]) -> None:
        """The day's curve, a point per execution; several of a second are one."""
        net: dict[str, Decimal] = {}
        for entry in entries:
            parts = [(entry.currency, entry.account_realised)]
            if entry.commission is not None:
                parts.append((entry.commission.currency, -entry.commission.amount))
            for currency, amount in parts:
                net[currency] = net.get(currency, ZERO) + amount
                points = self.curve.setdefault(currency, [])
                second = entry.reported_ns // SECOND_NS
                if points and points[-1].second == second:
                    points.pop()
                points.append(CurvePoint(second, net[currency]))


def of_trading(
    trading: Trading, instruments: Iterable[Instrument], method: Method, today: date
) -> Earnings:
    """What all executions come to."""
    ledger = Ledger(trading, instruments, method)
    earnings = Earnings(ledger.entries, today)
    held: dict[str, dict[str, Decimal]] = {}
    for owner, holding in ledger.holdings.items():
        if holding.quantity:
            by_symbol = held.setdefault(owner.strategy, {})
            by_symbol[owner.symbol] = by_symbol.get(owner.symbol, ZERO) + holding.quantity
    earnings.holdings = held
    return earnings
