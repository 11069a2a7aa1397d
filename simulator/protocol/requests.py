"""What clients ask: each request decoded from its text fields, strictly.

A request with a field too few, too many or unreadable raises BadRequest, which names the
error code TWS answers with; it never harms more than itself.
"""

from decimal import Decimal, InvalidOperation

import msgspec

from tapewire.simulator.exchange.contracts import ContractQuery
from tapewire.simulator.protocol.messages import NO_ID

READ_FAULT = 320
VALIDATION = 321
_UNSET = {"", "1.7976931348623157e308", "2147483647", "9223372036854775807"}


class BadRequest(Exception):
    """A request that cannot be read; `code` and `req_id` are what the error answer carries."""

    def __init__(self, req_id: int, code: int, text: str) -> None:
        super().__init__(text)
        self.req_id = req_id
        self.code = code
        self.text = text


class Request(msgspec.Struct, frozen=True):
    """Any request; its class says which."""


class StartApi(Request, frozen=True):
    """The client says who it is and wants to be served."""

    client_id: int


class Identify(Request, frozen=True):
    """The group's own client asks for the nonce before it starts; see `tapewire.common.config.tws_address`."""


class MarketData(Request, frozen=True):
    """Ticks of a contract, or its present values alone."""

    req_id: int
    contract: ContractQuery
    snapshot: bool


class CancelMarketData(Request, frozen=True):
    """No more of these ticks."""

    req_id: int


class TickByTick(Request, frozen=True):
    """Every quote or every trade of a contract."""

    req_id: int
    contract: ContractQuery
    kind: str


class CancelTickByTick(Request, frozen=True):
    """No more of this stream."""

    req_id: int


class PlaceOrder(Request, frozen=True, kw_only=True):
    """A new order, or the new terms of one that is known."""

    order_id: int
    contract: ContractQuery
    action: str
    quantity: Decimal | None
    order_type: str
    limit: Decimal | None
    tif: str
    account: str
    order_ref: str
    transmit: bool
    outside_rth: bool
    what_if: bool
    unsupported: str = ""  # the first thing it asks for that is not simulated


class CancelOrder(Request, frozen=True):
    """Take one of the client's own orders back."""

    order_id: int


class GlobalCancel(Request, frozen=True):
    """Take all orders of all clients back."""


class OpenOrders(Request, frozen=True):
    """The open orders of this client or of everyone."""

    everyone: bool


class CompletedOrders(Request, frozen=True):
    """The orders that are done with."""


class Executions(Request, frozen=True, kw_only=True):
    """The day's executions; a blank filter lets all through, client id 0 too."""

    req_id: int
    client_id: int
    account: str
    since: str
    symbol: str
    sec_type: str
    exchange: str
    side: str


class AccountUpdates(Request, frozen=True):
    """The account's values and holdings, until it is cancelled."""

    subscribe: bool
    account: str


class AccountUpdatesMulti(Request, frozen=True):
    """The account's values under a request id."""

    req_id: int
    account: str
    model: str


class AccountSummary(Request, frozen=True):
    """Some of the account's values; `tags` is a comma-separated list."""

    req_id: int
    tags: str


class Positions(Request, frozen=True):
    """The positions and their changes."""


class CancelPositions(Request, frozen=True):
    """No more positions."""


class NextIds(Request, frozen=True):
    """The next order id."""


class ManagedAccounts(Request, frozen=True):
    """The accounts."""


class CurrentTime(Request, frozen=True):
    """The time."""


class ContractDetails(Request, frozen=True):
    """All instruments that fit a contract."""

    req_id: int
    contract: ContractQuery


class MarketDataType(Request, frozen=True):
    """Which kind of data to send; there is one kind here."""

    kind: int


class Ignored(Request, frozen=True):
    """Accepted, with nothing to answer."""


class Fields:
    """A request's fields, read from the left; every getter takes one."""

    def __init__(self, fields: list[str]) -> None:
        self._fields = fields
        self._at = 1  # after the message id
        self.req_id = NO_ID

    def text(self) -> str:
        """A field as it is."""
        if self._at >= len(self._fields):
            raise self.fault(f"ends after {len(self._fields)} fields")
        self._at += 1
        return self._fields[self._at - 1]

    def skip(self, count: int) -> None:
        """Pass over `count` fields that this TWS does not use."""
        for _ in range(count):
            self.text()

    def integer(self) -> int:
        """A whole number of up to 18 digits."""
        found = self.text()
        digits = found.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
            raise self.fault(f"field {self._at} is {found[:40]!r}, expected an integer")
        return int(found)

    def identity(self) -> int:
        """The request's own id, which its error answers carry."""
        self.req_id = self.integer()
        return self.req_id

    def flag(self) -> bool:
        """A yes or no; blank is no."""
        found = self.text()
        if found.lower() not in ("", "0", "1", "true", "false"):
            raise self.fault(f"field {self._at} is {found[:40]!r}, expected 0 or 1")
        return found.lower() in ("1", "true")

    def number(self) -> Decimal | None:
        """A decimal number; every spelling of "unset" is None."""
        found = self.text()
        if found.lower().replace("+", "") in _UNSET:
            return None
        try:
            value = Decimal(found)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or abs(value.adjusted()) > 20:
            raise self.fault(f"field {self._at} is {found[:40]!r}, expected a number")
        return value

    def contract(self) -> ContractQuery:
        """The twelve contract fields that most requests share."""
        con_id, symbol, sec_type = self.integer(), self.text(), self.text()
        self.skip(4)  # expiry, strike, right, multiplier
        exchange, _primary, currency = self.text(), self.text(), self.text()
        local_symbol, _trading_class = self.text(), self.text()
        return ContractQuery(con_id, symbol, sec_type, exchange, currency, local_symbol)

    def end(self) -> None:
        """The request must end here."""
        if self._at != len(self._fields):
            raise self.fault(f"has {len(self._fields)} fields, expected {self._at}")

    def fault(self, text: str) -> BadRequest:
        """What to raise about the field read last."""
        name = self._fields[0][:20]
        return BadRequest(self.req_id, READ_FAULT, f"Error reading request. Message {name} {text}")


def refused(req_id: int, text: str) -> BadRequest:
    """A request that reads well and asks for what cannot be."""
    return BadRequest(req_id, VALIDATION, f"Error validating request.-'bN' : cause - {text}")
