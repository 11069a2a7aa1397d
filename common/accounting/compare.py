"""Our books beside the broker's: one comparison, wherever the two meet.

Demo, back-test and simulation compare whole books when all is over (`compare`): what our journals
add up to, and what the simulator kept. A gateway compares while it trades (`reconcile`), with what
a broker lists when it is asked. Both sides are a `Picture` there, of one moment: ours is what was
known before the broker's word about a thing arrived, so what that word taught us is a difference.

What follows from a difference is in `RULES`, and nowhere else:

adopt   The broker's word counts. Executions are counted, orders that are none of ours count in
        every exposure, an order has the state that the broker says. Nothing is wrong: this is how
        a process that was away learns what happened.
alarm   The broker's word counts here too, and a person has to look: nothing that we know explains
        it. Positions limit what may be ordered by the worse of both sides, whatever the reason.
halt    Somebody else trades under our name, or an intent was sent twice. Nothing may add risk in
        that account and symbol until a person resumes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import chain
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from tapewire.common.accounting.book import ZERO, Book, Key
from tapewire.common.amounts import text
from tapewire.common.events import Difference
from tapewire.common.events.reconciliation import Rule

CENT: Final = Decimal("0.01")
Kind = Literal[
    "duplicate", "conflict", "execution", "foreign_order", "order_state", "missing_order",
    "opening_position", "position", "cash", "realised", "fees",
]  # fmt: skip

RULES: Final[Mapping[Kind, Rule]] = {
    "duplicate": "halt",  # two orders at the broker for one intent
    "conflict": "halt",  # an order bears our tag and is not ours
    "execution": "adopt",  # one that we did not have; of whole books, one that either lacks
    "foreign_order": "adopt",  # one works that is none of ours
    "order_state": "adopt",  # ours has another state than we knew
    "missing_order": "alarm",  # we have one working that the broker does not list
    "opening_position": "adopt",  # what an account held before it was looked at the first time
    "position": "alarm",  # one that executions do not explain
    "cash": "adopt",  # executions do not explain it: interest, dividends, fees, a deposit
    "realised": "alarm",
    "fees": "alarm",
}
"""What follows from each kind of difference."""


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """What the broker's books say. Positions, realised P&L and fees are by account and symbol,
    `orders` counts its orders by their reference, `exec_ids` are its executions."""

    positions: Mapping[Key, Decimal]
    realised: Mapping[Key, Decimal]
    fees: Mapping[Key, Decimal]
    orders: Mapping[str, int]
    exec_ids: frozenset[str]


def together(brokers: Iterable[Broker]) -> Broker:
    """The books of several brokers as if they were one's; no account is at two of them."""
    found = tuple(brokers)
    return Broker(
        positions=_all(one.positions for one in found),
        realised=_all(one.realised for one in found),
        fees=_all(one.fees for one in found),
        orders=Counter(chain.from_iterable(Counter(one.orders).elements() for one in found)),
        exec_ids=frozenset(chain.from_iterable(one.exec_ids for one in found)),
    )


def _all(parts: Iterable[Mapping[Key, Decimal]]) -> dict[Key, Decimal]:
    return dict(chain.from_iterable(part.items() for part in parts))


class Seen(NamedTuple):
    """An order as one side has it; `state` is "working", or how it ended, in that side's words."""

    account: str
    symbol: str
    state: str


class Picture(msgspec.Struct, kw_only=True):
    """One side of a reconciliation. Orders are by intent, or by the broker's name where they are
    none of ours; executions by their ids; cash by account and currency.

    `positions` are by account and symbol. A position that one side does not have is 0, unless
    nothing was ever compared: then ours is not known.
    """

    orders: dict[str, Seen] = {}
    executions: dict[str, Key] = {}
    positions: dict[Key, Decimal] = {}
    cash: dict[Key, Decimal] = {}
    first: bool = False
    """Whether nothing was compared before, so that what is held now was held all along."""


# ---- while it trades -----------------------------------------------------------------------------


def reconcile(ours: Picture, theirs: Picture) -> list[Difference]:
    """Every difference between what we knew and what the broker lists; none if they agree.

    The orders of both sides are those that work, and those that the other side has working.
    """
    held: Kind = "opening_position" if ours.first else "position"
    return [
        *_orders(ours.orders, theirs.orders),
        *_missed(ours.executions, theirs.executions),
        *_amounts(held, ours.positions, theirs.positions),
        *(replace(one, symbol="") for one in _money("cash", ours.cash, theirs.cash)),
    ]


def _orders(ours: Mapping[str, Seen], theirs: Mapping[str, Seen]) -> Iterator[Difference]:
    for name in sorted(ours.keys() | theirs.keys()):
        mine, its = ours.get(name), theirs.get(name)
        if mine is None and its is not None:
            yield _of(its, _unknown(its), name, "none", its.state)
        elif its is None and mine is not None:
            yield _of(mine, "missing_order", name, mine.state, "none")
        elif mine is not None and its is not None and mine.state != its.state:
            yield _of(its, "order_state", name, mine.state, its.state)


def _unknown(its: Seen) -> Kind:
    return "conflict" if its.state == "conflict" else "foreign_order"


def _of(seen: Seen, kind: Kind, name: str, mine: str, its: str) -> Difference:
    one = Decimal(1)
    return Difference(kind, name, mine, its, one, RULES[kind], seen.account, seen.symbol)


def _missed(ours: Mapping[str, Key], theirs: Mapping[str, Key]) -> Iterator[Difference]:
    for exec_id in sorted(theirs.keys() - ours.keys()):
        yield _difference("execution", exec_id, "none", "it", Decimal(1), theirs[exec_id])


# ---- when all is over ----------------------------------------------------------------------------


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
            (account, symbol): Decimal(amount)
            for account, of in accounts.items()
            for symbol, amount in of[name].items()
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
            yield _difference("duplicate", f"intent {ref}", "1 order", f"{count} orders", extra)


def _executions(ours: set[str], theirs: frozenset[str]) -> Iterator[Difference]:
    for exec_id in sorted(ours ^ theirs):
        here, there = ("it", "none") if exec_id in ours else ("none", "it")
        yield _difference("execution", exec_id, here, there, Decimal(1))


# ---- amounts -------------------------------------------------------------------------------------


def _amounts(
    kind: Kind, ours: Mapping[Key, Decimal], theirs: Mapping[Key, Decimal]
) -> Iterator[Difference]:
    for key in sorted(ours.keys() | theirs.keys()):
        mine, its = ours.get(key, ZERO), theirs.get(key, ZERO)
        if mine != its:
            subject = " ".join(key).strip()
            yield _difference(kind, subject, text(mine), text(its), abs(mine - its), key)


def _money(
    kind: Kind, ours: Mapping[Key, Decimal], theirs: Mapping[Key, Decimal]
) -> Iterator[Difference]:
    for one in _amounts(kind, ours, theirs):
        if one.amount.quantize(CENT):
            yield one


def _difference(
    kind: Kind, subject: str, mine: str, its: str, amount: Decimal, key: Key = ("", "")
) -> Difference:
    return Difference(kind, subject, mine, its, amount, RULES[kind], *key)
