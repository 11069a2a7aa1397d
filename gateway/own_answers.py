"""Answers about accounts from what the gateway knows itself, and what is left to ask the broker.

Limits and risk act on the account values, positions and prices that the gateway has. So whoever
asks is shown those, and not a second set that may differ from it by a moment. Of a position whose
price nobody reads here, the broker is asked what it is worth.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec.structs import replace

from tapewire.common.events import AccountUpdated, Quote, Tick, Trade
from tapewire.common.events.account_queries import (
    AccountQuery,
    PnlQuery,
    PnlRow,
    PortfolioQuery,
    PortfolioRow,
    SummaryQuery,
)
from tapewire.common.events.queries import Query
from tapewire.common.events.scans import ScanRow
from tapewire.common.instruments import Instrument
from tapewire.gateway.orders.holdings import Held
from tapewire.gateway.query_port import BrokerQuery, ProfitAsked, Row
from tapewire.risk.rules.view import price_of

OfAccounts = SummaryQuery | AccountQuery | PortfolioQuery | PnlQuery
Rows = Sequence[Row | Quote | Trade | AccountUpdated | PortfolioRow | ScanRow]


class OwnAnswers:
    """What one gateway knows. `accounts` are the login's, `values` are by account, `held` are all
    positions that are not flat, `newest` is the newest tick of a symbol."""

    def __init__(
        self,
        accounts: Callable[[], Collection[str]],
        values: Callable[[], Mapping[str, AccountUpdated]],
        held: Callable[[], Iterable[Held]],
        newest: Callable[[str], Tick | None],
        instruments: Mapping[str, Instrument],
    ) -> None:
        self._accounts = accounts
        self._values = values
        self._held = held
        self._newest = newest
        self._instruments = instruments

    def asked(self, query: Query) -> BrokerQuery | None:
        """What the broker has to be asked for an answer; None for nothing. ValueError for an
        account that is not the login's."""
        if isinstance(query, OfAccounts):
            self._check(query.account)
        if isinstance(query, PortfolioQuery):
            unpriced = tuple(
                (one.account, one.symbol)
                for one in self._positions(query.account)
                if one.symbol not in self._instruments or self._price(one.symbol)[0] is None
            )
            return ProfitAsked(unpriced) if unpriced else None
        if isinstance(query, PnlQuery):
            return ProfitAsked(tuple(self._gains(query)))
        return query if isinstance(query, BrokerQuery) else None

    def rows(self, query: Query, found: Rows) -> Rows:
        """The rows of an answer; `found` are the broker's."""
        if isinstance(query, SummaryQuery):
            return [one for name, one in self._values().items() if query.account in ("", name)]
        if isinstance(query, PortfolioQuery):
            gains = {(r.account, r.symbol): r for r in found if isinstance(r, PnlRow)}
            return [
                self._priced(one, gains.get((one.account, one.symbol)))
                for one in self._positions(query.account)
            ]
        return found

    def _check(self, account: str) -> None:
        known = sorted({*self._accounts(), *self._values()})
        if account and account not in known:
            has = f"it has {', '.join(known)}" if known else "it is not logged in yet"
            raise ValueError(f"account {account} is not one of this login: {has}")

    def _positions(self, account: str) -> list[Held]:
        held = (one for one in self._held() if account in ("", one.account))
        return sorted(held, key=lambda one: (one.account, one.symbol))

    def _gains(self, query: PnlQuery) -> Iterator[tuple[str, str]]:
        for account in (query.account,) if query.account else self._accounts():
            yield account, ""
        for one in self._positions(query.account) if query.positions else ():
            yield one.account, one.symbol

    def _price(self, symbol: str) -> tuple[Decimal | None, int]:
        """A symbol's price, and when it was news; one that is delayed is none."""
        tick = self._newest(symbol)
        price = price_of(tick) if tick is not None and not tick.delayed else None
        if tick is None or price is None:
            return None, 0
        return Decimal(repr(price)), tick.ts_ns

    def _priced(self, held: Held, gains: PnlRow | None) -> PortfolioRow:
        """A position at the price that is known here, or else as the broker values it."""
        instrument = self._instruments.get(held.symbol)
        price, priced_ns = self._price(held.symbol)
        row = PortfolioRow(
            held.account, held.symbol, held.quantity, held.average_cost,
            currency=instrument.currency if instrument is not None else "",
        )  # fmt: skip
        if price is None or instrument is None:
            value = gains.value if gains is not None else None
            return replace(row, value=value, unrealised=gains.unrealised if gains else None)
        value = held.quantity * price * instrument.multiplier
        cost = held.average_cost
        return replace(
            row, price=price, priced_ns=priced_ns, value=value,
            unrealised=None if cost is None else value - held.quantity * cost,
        )  # fmt: skip
