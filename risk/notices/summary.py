"""The daily summary: what a trading day came to, a line for each account."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.book import ZERO, Key, Position
from tapewire.common.accounting.orders import Order
from tapewire.common.amounts import counted, money, text
from tapewire.common.config.notices import Kind
from tapewire.common.events import signed
from tapewire.risk.notices.message import counts

HELD_MAX: Final = 10
SATURDAY: Final = 5


class Sums:
    """What a day came to in one account: executions, and money by currency."""

    def __init__(self) -> None:
        self.executions = 0
        self.realised: dict[str, Decimal] = {}
        self.commission: dict[str, Decimal] = {}

    def add(self, realised: Decimal, currency: str) -> None:
        """An execution that realised this much."""
        self.executions += 1
        self.realised[currency] = self.realised.get(currency, ZERO) + realised

    def charge(self, amount: Decimal, currency: str) -> None:
        """What an execution cost."""
        self.commission[currency] = self.commission.get(currency, ZERO) + amount

    def __str__(self) -> str:
        found = [
            _amounts(currency, self.realised.get(currency, ZERO), self.commission.get(currency))
            for currency in sorted({*self.realised, *self.commission})
        ]
        return ", ".join([*found, counted(self.executions, "execution")])


def summary(accounts: Accounts[Order], day: date, told: Mapping[Kind, int]) -> list[str]:
    """The lines of a day, none if there is nothing to say: a weekend on which nothing happened.
    `told` is how many notices of each kind there were on it."""
    sums, held = _sums(accounts, day), _held(accounts)
    lines = [
        f"{day} {name}: {sums.get(name) or 'no executions'}; {held.get(name, 'flat')}"
        for name in sorted({*sums, *held})
    ]
    if told:
        lines.append(f"{day}: {counts(told)}")
    if not lines and day.weekday() < SATURDAY:
        lines.append(f"{day}: no executions, and nothing is held")
    return lines if sums or told or day.weekday() < SATURDAY else []


def _sums(accounts: Accounts[Order], day: date) -> dict[str, Sums]:
    """What the day came to in each account that traded on it."""
    found: dict[str, Sums] = {}
    for account, symbol in accounts.book.traded():
        for execution, realised in _realised(accounts, (account, symbol)):
            if accounts.book.trading_day(execution) != day:
                continue
            one = found.setdefault(account, Sums())
            one.add(realised, accounts.currency(symbol))
            cost = accounts.book.commission(accounts.book.fill_of(execution).exec_id)
            if cost is not None:
                one.charge(cost.amount, cost.currency)
    return found


def _realised(accounts: Accounts[Order], key: Key) -> Iterator[tuple[str, Decimal]]:
    """What each execution of a position realised, by the book's own method."""
    book, (account, symbol) = accounts.book, key
    position = Position(symbol, book.position(account, symbol).multiplier, account)
    position.begin(book.carried_by(account, symbol, 0, 0))
    for execution in book.executions(account, symbol):
        fill = book.fill_of(execution)
        yield execution, position.trade(signed(fill.side, fill.quantity), fill.price)


def _held(accounts: Accounts[Order]) -> dict[str, str]:
    """What each account holds."""
    found: dict[str, list[str]] = {}
    for (account, symbol), quantity in sorted(accounts.held().items()):
        found.setdefault(account, []).append(f"{text(quantity)} {symbol}")
    return {account: f"holds {_listed(held)}" for account, held in found.items()}


def _listed(held: list[str]) -> str:
    more = f" and {len(held) - HELD_MAX} more" if len(held) > HELD_MAX else ""
    return f"{', '.join(held[:HELD_MAX])}{more}"


def _amounts(currency: str, realised: Decimal, commission: Decimal | None) -> str:
    cost = commission or ZERO
    whole = f"net {money(realised - cost)} {currency}"
    return f"{whole} ({money(realised)} realised, {money(cost)} commission)"
