"""Our books beside the broker's: one comparison, wherever the two meet.

Demo, back-test, simulation and reconciliation all ask here whether what our journals say is what
the broker says. `Broker` is the broker's side, whatever it was read from: the simulator's books, or
what a real TWS answered.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from tapewire.common.accounting.book import ZERO, Book, Key

CENT: Final = Decimal("0.01")
Kind = Literal["duplicate", "execution", "position", "realised", "fees"]


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """What the broker says. Positions, realised P&L and fees are by account and symbol, `orders`
    counts its orders by their reference, `exec_ids` are its executions."""

    positions: Mapping[Key, Decimal]
    realised: Mapping[Key, Decimal]
    fees: Mapping[Key, Decimal]
    orders: Mapping[str, int]
    exec_ids: frozenset[str]


class Difference(msgspec.Struct, frozen=True):
    """One thing on which the two sides differ. `amount` is how much, `subject` what it is about."""

    kind: Kind
    subject: str
    ours: str
    theirs: str
    amount: Decimal

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: we have {self.ours}, the broker has {self.theirs}"


def compare(book: Book, broker: Broker) -> list[Difference]:
    """Every difference between our book and the broker's; none if they agree.

    Money is compared to the cent: both sides round a quotient somewhere.
    """
    return [
        *_duplicates(broker),
        *_executions(book.exec_ids, broker.exec_ids),
        *_amounts("position", {k: p.quantity for k, p in book.positions.items()}, broker.positions),
        *_money("realised", {k: p.realised for k, p in book.positions.items()}, broker.realised),
        *_money("fees", {k: p.fees for k, p in book.positions.items()}, broker.fees),
    ]


def total(differences: Iterable[Difference], *kinds: Kind) -> Decimal:
    """How far apart the sides are, summed over the differences of these kinds."""
    return sum((d.amount for d in differences if d.kind in kinds), ZERO)


def broker_of(books: Mapping[str, Any]) -> Broker:
    """The broker's side from the books that the simulator keeps and writes when it ends."""
    accounts: Mapping[str, Any] = books.get("accounts", {})

    def amounts(name: str) -> dict[Key, Decimal]:
        return {
            (account, symbol): Decimal(text)
            for account, of in accounts.items()
            for symbol, text in of[name].items()
        }

    return Broker(
        positions=amounts("positions"),
        realised=amounts("realised"),
        fees=amounts("commissions"),
        orders={ref: count for ref, count in books.get("orders_by_ref", {}).items() if ref},
        exec_ids=frozenset(books.get("exec_ids", ())),
    )


def _duplicates(broker: Broker) -> Iterator[Difference]:
    for ref, count in sorted(broker.orders.items()):
        if count > 1:
            extra = Decimal(count - 1)
            yield Difference("duplicate", f"intent {ref}", "1 order", f"{count} orders", extra)


def _executions(ours: set[str], theirs: frozenset[str]) -> Iterator[Difference]:
    for exec_id in sorted(ours ^ theirs):
        here, there = ("it", "none") if exec_id in ours else ("none", "it")
        yield Difference("execution", exec_id, here, there, Decimal(1))


def _amounts(
    kind: Kind, ours: Mapping[Key, Decimal], theirs: Mapping[Key, Decimal]
) -> Iterator[Difference]:
    for account, symbol in sorted(ours.keys() | theirs.keys()):
        mine, its = ours.get((account, symbol), ZERO), theirs.get((account, symbol), ZERO)
        if mine != its:
            subject = f"{account} {symbol}".strip()
            yield Difference(kind, subject, f"{mine:f}", f"{its:f}", abs(mine - its))


def _money(
    kind: Kind, ours: Mapping[Key, Decimal], theirs: Mapping[Key, Decimal]
) -> Iterator[Difference]:
    for one in _amounts(kind, ours, theirs):
        if one.amount.quantize(CENT):
            yield one
