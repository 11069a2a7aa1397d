"""Answers about options: what one would be worth, at which volatility, and its exercise."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from tapewire.common.amounts import ZERO
from tapewire.common.instruments import Instrument
from tapewire.common.options import OptionTerms, terms_of, years_left
from tapewire.simulator.answers.family import Family, Handlers
from tapewire.simulator.answers.named import only
from tapewire.simulator.exchange.account import Accounts
from tapewire.simulator.exchange.black_scholes import VOL_MAX, worth
from tapewire.simulator.exchange.contracts import ContractQuery, Contracts
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.market.computations import values_at, values_of
from tapewire.simulator.protocol import option_messages as ask
from tapewire.simulator.protocol.messages import option_computation
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import BadRequest, invalid
from tapewire.simulator.protocol.session import Session

CUSTOM: Final = "53"
"""The tick type of a computation that was asked for."""
EXERCISE, LAPSE = 1, 2
Moved = Callable[[str, str], None]


class OptionAnswers(Family):
    """Calculations by the model that the greeks come from, and exercises against the books.
    `moved` is called with the account and the symbol of each position that an exercise changes."""

    def __init__(
        self,
        contracts: Contracts,
        exchange: Exchange,
        accounts: Accounts,
        moved: Moved,
        outbox: Outbox,
    ) -> None:
        self._contracts = contracts
        self._exchange = exchange
        self._accounts = accounts
        self._moved = moved
        self._outbox = outbox

    def handlers(self) -> Handlers:
        """Who answers which request."""
        return {
            ask.ImpliedVolatility: self._implied_volatility,
            ask.OptionPrice: self._price,
            ask.CancelCalculation: lambda _session, _request: None,
            ask.ExerciseOptions: self._exercise,
        }

    def _implied_volatility(self, session: Session, request: ask.ImpliedVolatility) -> None:
        terms = self._terms(request.contract, request.req_id)
        values = values_of(terms, request.price, request.spot or None, self._outbox.now_ns)
        self._answer(session, request.req_id, values)

    def _price(self, session: Session, request: ask.OptionPrice) -> None:
        terms = self._terms(request.contract, request.req_id)
        if not (0 < request.volatility <= VOL_MAX and request.spot > 0):
            text = f"Volatility must be above 0 and at most {VOL_MAX:g}, the price above 0."
            raise invalid(request.req_id, text)
        years = years_left(terms.expiry, self._outbox.now_ns)
        price = worth(
            terms.right, float(terms.strike), request.spot, years, request.volatility
        ).price
        values = values_at(terms, price, request.spot, years, request.volatility)
        self._answer(session, request.req_id, values)

    def _answer(self, session: Session, req_id: int, values: list[str]) -> None:
        self._outbox.send(session, option_computation(session.version, req_id, CUSTOM, values))

    def _exercise(self, _session: Session, request: ask.ExerciseOptions) -> None:
        """The option goes, and its underlying comes or goes at the strike."""
        req_id = request.req_id
        option = only(self._contracts, request.contract, req_id)
        terms = terms_of(option)
        account = self._accounts.resolve(request.account)
        on = self._contracts.by_symbol.get(option.underlying)
        if terms is None or on is None or not account:
            raise invalid(req_id, "Exercise is for options on known symbols, of a known account.")
        if request.action not in (EXERCISE, LAPSE) or request.quantity < 1:
            raise invalid(req_id, "Exercise action must be 1 or 2, its quantity above 0.")
        books = self._accounts.books[account]
        if books.holdings[option.symbol].quantity < request.quantity:
            raise _refused(
                req_id, f"No unlapsed position exists in this option in account {account}"
            )
        quantity = Decimal(request.quantity)
        if request.action == EXERCISE:
            if not request.override and not self._is_in_the_money(terms, on):
                raise _refused(req_id, "Exercise ignored because option is not in-the-money.")
            units = quantity * option.multiplier * (1 if terms.right == "C" else -1)
            books.transfer(on.symbol, units, terms.strike)
        books.transfer(option.symbol, -quantity, ZERO)
        for symbol in (option.symbol, on.symbol):
            if books.holdings[symbol].executions:
                self._moved(account, symbol)

    def _is_in_the_money(self, terms: OptionTerms, on: Instrument) -> bool:
        mark = self._exchange.books[on.symbol].mark()
        if mark is None:
            return False
        return mark > terms.strike if terms.right == "C" else mark < terms.strike

    def _terms(self, query: ContractQuery, req_id: int) -> OptionTerms:
        terms = terms_of(only(self._contracts, query, req_id))
        if terms is None:
            raise invalid(req_id, "Invalid contract for calculation: it must be an option.")
        return terms


def _refused(req_id: int, why: str) -> BadRequest:
    return BadRequest(req_id, 322, f"Error processing request.-'bN' : cause - {why}")
