"""Requests for market depth, their layout and their answers."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from tapewire.common.amounts import text
from tapewire.simulator.exchange.contracts import ContractQuery
from tapewire.simulator.protocol.history_messages import size_text
from tapewire.simulator.protocol.messages import Fields as Message
from tapewire.simulator.protocol.requests import Fields, Request

INSERT, UPDATE, DELETE = "0", "1", "2"
ASK, BID = "0", "1"


class MarketDepth(Request, frozen=True):
    """Subscribe to the book of a contract; `is_smart`: of all exchanges, with their names."""

    req_id: int
    contract: ContractQuery
    rows: int
    is_smart: bool


class CancelMarketDepth(Request, frozen=True):
    """End a subscription to a book."""

    req_id: int


class DepthExchanges(Request, frozen=True):
    """Ask which exchanges have depth."""


class Change(NamedTuple):
    """A change of one level of a side: `place` counts from the best price, which is 0."""

    place: int
    operation: str
    side: str
    price: Decimal
    size: Decimal


class Venue(NamedTuple):
    """An exchange with depth for a type of contract: `Deep` with names of its market makers."""

    exchange: str
    sec_type: str
    service: str


def _market_depth(read: Fields, _version: int) -> Request:
    read.skip(1)
    found = MarketDepth(read.identity(), read.contract(), read.integer(), read.flag())
    read.skip(1)  # options
    return found


def _cancel_market_depth(read: Fields, _version: int) -> Request:
    read.skip(1)
    req_id = read.identity()
    read.flag()  # isSmartDepth
    return CancelMarketDepth(req_id)


DECODERS: dict[int, Callable[[Fields, int], Request]] = {
    10: _market_depth,
    11: _cancel_market_depth,
    82: lambda _read, _version: DepthExchanges(),
}


def depth(version: int, req_id: int, one: Change) -> Message:
    """A change of a level (12)."""
    size = size_text(version, float(one.size))
    place = str(one.place)
    return ["12", "1", str(req_id), place, one.operation, one.side, text(one.price), size]


def smart_depth(version: int, req_id: int, exchange: str, one: Change) -> Message:
    """A change of a level of an exchange (13)."""
    _, _, _, place, operation, side, price, size = depth(version, req_id, one)
    return ["13", "1", str(req_id), place, exchange, operation, side, price, size, "1"]


def depth_exchanges(venues: Sequence[Venue]) -> Message:
    """The exchanges that have depth (80)."""
    rows = (field for one in venues for field in (one.exchange, one.sec_type, "", one.service, "1"))
    return ["80", str(len(venues)), *rows]
