"""Requests for profit and loss and for the positions of one account, and their answers."""

from collections.abc import Callable
from decimal import Decimal

from tapewire.common.amounts import text
from tapewire.simulator.exchange.account import Holding
from tapewire.simulator.protocol.messages import Fields as Message
from tapewire.simulator.protocol.messages import position
from tapewire.simulator.protocol.requests import Fields, Request, only_id


class Profit(Request, frozen=True):
    """Subscribe to an account's profit and loss."""

    req_id: int
    account: str
    model: str


class CancelProfit(Request, frozen=True):
    """End it."""

    req_id: int


class ProfitSingle(Request, frozen=True):
    """Subscribe to the profit and loss of one position."""

    req_id: int
    account: str
    model: str
    con_id: int


class CancelProfitSingle(Request, frozen=True):
    """End it."""

    req_id: int


class PositionsMulti(Request, frozen=True):
    """Subscribe to the positions of one account, or of all of them where none is named."""

    req_id: int
    account: str
    model: str


class CancelPositionsMulti(Request, frozen=True):
    """End it."""

    req_id: int


def _positions_multi(read: Fields, _version: int) -> Request:
    read.skip(1)
    return PositionsMulti(read.identity(), read.text(), read.text())


def _profit(read: Fields, _version: int) -> Request:
    return Profit(read.identity(), read.text(), read.text())


def _profit_single(read: Fields, _version: int) -> Request:
    return ProfitSingle(read.identity(), read.text(), read.text(), read.integer())


DECODERS: dict[int, Callable[[Fields, int], Request]] = {
    74: _positions_multi,
    75: only_id(CancelPositionsMulti, old=True),
    92: _profit,
    93: lambda read, _version: CancelProfit(read.identity()),
    94: _profit_single,
    95: lambda read, _version: CancelProfitSingle(read.identity()),
}


def profit(req_id: int, daily: Decimal, unrealised: Decimal, realised: Decimal) -> Message:
    """An account's profit and loss (94)."""
    return ["94", str(req_id), text(daily), text(unrealised), text(realised)]


def profit_single(
    req_id: int, holding: Holding, daily: Decimal, unrealised: Decimal, value: Decimal
) -> Message:
    """A position's profit and loss (95)."""
    amounts = (holding.quantity, daily, unrealised, holding.realised, value)
    return ["95", str(req_id), *map(text, amounts)]


def position_multi(req_id: int, account: str, model: str, holding: Holding) -> Message:
    """One position of an account and model (71)."""
    _, _, _, *fields = position(account, holding)
    return ["71", "1", str(req_id), account, *fields, model]


def position_multi_end(req_id: int) -> Message:
    """The end of the positions (72)."""
    return ["72", "1", str(req_id)]
