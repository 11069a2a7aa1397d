"""Whether an account can afford an order, and what the order would do to it.

An order is judged by the largest position that it can lead to, together with all other orders that
work: what is bought on one side, or sold on the other, whichever is worse. Of a one-cancels-all
group the largest counts; children that wait for their parent do not, as they reduce what it builds.
An order that adds nothing to the initial margin is always taken: it closes.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.account import ZERO, Accounts, Books
from tapewire.simulator.exchange.margin import Margin, account_margin, net_liquidation
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.orders import Order

CENT = Decimal("0.01")


class Impact(msgspec.Struct, frozen=True):
    """What an order would do to its account, if all of it filled. `warning` says whether the order
    would be rejected."""

    before: Margin
    after: Margin
    equity: Decimal
    warning: str


class Credit:
    """Judges orders by the margin of their accounts."""

    def __init__(self, exchange: Exchange, accounts: Accounts, currency: str) -> None:
        self._exchange = exchange
        self._accounts = accounts
        self._currency = currency

    def refusal(self, order: Order, instead_of: Order | None = None) -> str:
        """Why the account cannot have this order, in TWS's words; "" if it can. A modify makes it
        one `instead_of` another."""
        working = [
            one
            for one in self._exchange.open_orders()
            if one.account == order.account and one.hold != "parent"
        ]
        others = [one for one in working if one not in (order, instead_of)]
        replaced = [] if instead_of is None else [instead_of]
        return self._impact(order, [*others, *replaced], others).warning

    def impact(self, order: Order) -> Impact:
        """What the order alone would do to the account as it is."""
        return self._impact(order, [], [])

    def _impact(self, order: Order, before: list[Order], others: list[Order]) -> Impact:
        """The account with the orders `before`, and with the order and the `others`."""
        books = self._accounts.books[order.account]
        was = account_margin(books, self._mark, _worst(books, before))
        after = account_margin(books, self._mark, _worst(books, [*others, order]))
        equity = net_liquidation(books, self._mark)
        is_short = after.initial > was.initial and after.initial > equity
        return Impact(was, after, equity, self._sentence(equity, after) if is_short else "")

    def _mark(self, symbol: str) -> Decimal | None:
        return self._exchange.books[symbol].mark()

    def _sentence(self, equity: Decimal, after: Margin) -> str:
        return (
            "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH "
            f"LOAN VALUE [{equity.quantize(CENT)} {self._currency}] MUST EXCEED THE INITIAL MARGIN "
            f"[{after.initial.quantize(CENT)} {self._currency}]"
        )


def _worst(books: Books, orders: Iterable[Order]) -> list[tuple[Instrument, Decimal]]:
    """Each instrument with the largest position that the account can come to, as a size."""
    change: dict[str, list[Decimal]] = {}
    for order in _counted(orders):
        for instrument, signed in order.parts:
            sides = change.setdefault(instrument.symbol, [ZERO, ZERO])
            sides[signed < 0] += signed * order.remaining
    held = {one.instrument.symbol: one.quantity for one in books.held()}
    return [
        (
            books.holdings[symbol].instrument,
            _larger(held.get(symbol, ZERO), *change.get(symbol, ())),
        )
        for symbol in {**held, **change}
    ]


def _larger(quantity: Decimal, bought: Decimal = ZERO, sold: Decimal = ZERO) -> Decimal:
    return max(abs(quantity + bought), abs(quantity + sold))


def _counted(orders: Iterable[Order]) -> list[Order]:
    """The orders that can fill together: of a group, the one with the most left."""
    counted: list[Order] = []
    largest: dict[str, Order] = {}
    for order in orders:
        if not order.oca_group:
            counted.append(order)
            continue
        known = largest.get(order.oca_group)
        if known is None or order.remaining > known.remaining:
            largest[order.oca_group] = order
    return counted + list(largest.values())
