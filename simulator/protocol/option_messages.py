"""Requests to work an option out or to exercise it, and their layout."""

from collections.abc import Callable

from tapewire.simulator.exchange.contracts import ContractQuery
from tapewire.simulator.protocol.requests import Fields, Request, only_id


class ImpliedVolatility(Request, frozen=True):
    """Ask at which volatility an option would be worth `price`."""

    req_id: int
    contract: ContractQuery
    price: float
    spot: float


class OptionPrice(Request, frozen=True):
    """Ask what an option is worth at a volatility."""

    req_id: int
    contract: ContractQuery
    volatility: float
    spot: float


class CancelCalculation(Request, frozen=True):
    """Cancel a calculation, which was answered at once."""

    req_id: int


class ExerciseOptions(Request, frozen=True, kw_only=True):
    """Exercise (`action` 1) or let lapse (2) options that an account holds; `override`: even where
    nobody would."""

    req_id: int
    contract: ContractQuery
    action: int
    quantity: int
    account: str
    override: bool


def _calculation(
    request: Callable[[int, ContractQuery, float, float], Request],
) -> Callable[[Fields, int], Request]:
    def decoder(read: Fields, _version: int) -> Request:
        read.skip(1)
        req_id, contract = read.identity(), read.contract()
        found = request(req_id, contract, float(read.number() or 0), float(read.number() or 0))
        read.skip(2)  # how many options, and these
        return found

    return decoder


def _exercise(read: Fields, _version: int) -> Request:
    read.skip(1)
    return ExerciseOptions(
        req_id=read.identity(),
        contract=read.contract(has_primary=False),
        action=read.integer(),
        quantity=read.integer(),
        account=read.text(),
        override=read.flag(),
    )


DECODERS: dict[int, Callable[[Fields, int], Request]] = {
    21: _exercise,
    54: _calculation(ImpliedVolatility),
    55: _calculation(OptionPrice),
    56: only_id(CancelCalculation, old=True),
    57: only_id(CancelCalculation, old=True),
}
