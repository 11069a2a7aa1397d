"""The requests of clients, each decoded strictly from its text fields.

A request with too few fields, too many, or one that cannot be read raises BadRequest with the
error code that TWS answers. It affects nothing but itself.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

import msgspec

from tapewire.simulator.exchange.contracts import ContractQuery, LegQuery
from tapewire.simulator.protocol.messages import NO_ID

READ_FAULT = 320
LEGS_MAX = 100
VALIDATION = 321
_UNSET = {"", "1.7976931348623157e308", "2147483647", "9223372036854775807"}


class BadRequest(Exception):
    """A request that is answered with an error and nothing else, under `req_id` and `code`."""

    def __init__(self, req_id: int, code: int, text: str) -> None:
        super().__init__(text)
        self.req_id = req_id
        self.code = code
        self.text = text


class Request(msgspec.Struct, frozen=True):
    """Any request; its class says which."""


class StartApi(Request, frozen=True):
    """Start the session under a client id."""

    client_id: int


class Identify(Request, frozen=True):
    """Ask for the nonce, as the group's own client does first; see `common/config/tws_address`."""


class MarketData(Request, frozen=True):
    """Subscribe to the ticks of a contract, or ask for a snapshot of them. `generic` are the ids of
    further kinds of ticks."""

    req_id: int
    contract: ContractQuery
    snapshot: bool
    generic: tuple[str, ...] = ()


class CancelMarketData(Request, frozen=True):
    """End a market data subscription."""

    req_id: int


class TickByTick(Request, frozen=True):
    """Subscribe to every quote, trade or midpoint of a contract, after `past` of those before."""

    req_id: int
    contract: ContractQuery
    kind: str
    past: int = 0


class CancelTickByTick(Request, frozen=True):
    """End a tick-by-tick subscription."""

    req_id: int


class PlaceOrder(Request, frozen=True, kw_only=True):
    """Place a new order, or modify one that is known.

    What `aux` means depends on the order type. `unsupported` is the first attribute that asks for
    something that is not simulated.
    """

    order_id: int
    contract: ContractQuery
    side: str
    quantity: Decimal | None
    order_type: str
    limit: Decimal | None
    aux: Decimal | None
    tif: str
    account: str
    order_ref: str
    transmit: bool
    outside_rth: bool
    what_if: bool
    trail_stop: Decimal | None = None
    trail_percent: Decimal | None = None
    limit_offset: Decimal | None = None
    trigger_method: int = 0
    good_after_ns: int | None = None
    good_till_ns: int | None = None
    parent_id: int = 0
    oca_group: str = ""
    oca_type: int = 0
    unsupported: str = ""


class CancelOrder(Request, frozen=True):
    """Cancel one of the client's own orders."""

    order_id: int


class GlobalCancel(Request, frozen=True):
    """Cancel all orders of all clients."""


class OpenOrders(Request, frozen=True):
    """Ask for the open orders of this client or of all clients."""

    everyone: bool


class CompletedOrders(Request, frozen=True):
    """Ask for the orders that are filled, cancelled or rejected."""


class Executions(Request, frozen=True, kw_only=True):
    """Ask for the day's executions; an empty filter, or client id 0, matches all of them."""

    req_id: int
    client_id: int
    account: str
    since: str
    symbol: str
    sec_type: str
    exchange: str
    side: str


class AccountUpdates(Request, frozen=True):
    """Subscribe to one account's values and holdings, or end the subscription."""

    subscribe: bool
    account: str


class AccountUpdatesMulti(Request, frozen=True):
    """Ask for the values of one account, or of all of them where none is named."""

    req_id: int
    account: str
    model: str


class AccountSummary(Request, frozen=True):
    """Ask for some values of every account; `tags` is a comma-separated list."""

    req_id: int
    tags: str


class CancelAccountUpdatesMulti(Request, frozen=True):
    """End the values that were asked for under `req_id`."""

    req_id: int


class CancelAccountSummary(Request, frozen=True):
    """End the summary that was asked for under `req_id`."""

    req_id: int


class Positions(Request, frozen=True):
    """Subscribe to the positions of all accounts."""


class CancelPositions(Request, frozen=True):
    """End the subscription to positions."""


class NextIds(Request, frozen=True):
    """Ask for the next order id."""


class ManagedAccounts(Request, frozen=True):
    """Ask for the accounts of this login."""


class CurrentTime(Request, frozen=True):
    """Ask for the time."""


class ContractDetails(Request, frozen=True):
    """Ask for all instruments that match a contract."""

    req_id: int
    contract: ContractQuery


class OptionChains(Request, frozen=True):
    """Ask for expiries and strikes of the options on an underlying. `exchange` is for options on
    futures."""

    req_id: int
    symbol: str
    exchange: str
    sec_type: str
    con_id: int


class MarketRule(Request, frozen=True):
    """Ask for the price steps of a market rule."""

    rule: int


class MarketDataType(Request, frozen=True):
    """Choose live (1), frozen (2), delayed (3) or delayed-frozen (4) data."""

    kind: int


class Ignored(Request, frozen=True):
    """A request that is accepted and has no answer."""


class Fields:
    """A request's fields, read from the left; every getter takes one."""

    def __init__(self, fields: list[str]) -> None:
        self._fields = fields
        self._at = 1  # after the message id
        self.req_id = NO_ID
        self.is_combo = False  # the contract that was read last has legs, further on

    def text(self) -> str:
        """A field as it is."""
        if self._at >= len(self._fields):
            raise self.fault(f"ends after {len(self._fields)} fields")
        self._at += 1
        return self._fields[self._at - 1]

    def last(self) -> str:
        """The field that was read last, once more."""
        return self._fields[self._at - 1]

    def skip(self, count: int) -> None:
        """Skip `count` fields."""
        for _ in range(count):
            self.text()

    def integer(self) -> int:
        """A whole number of up to 18 digits; 0 for every spelling of "unset"."""
        return 0 if _is_unset(self.text()) else self._whole()

    def required(self) -> int:
        """A whole number that cannot be left out."""
        self.skip(1)
        return self._whole()

    def identity(self) -> int:
        """The request's own id, which its error answers carry."""
        self.req_id = self.required()
        return self.req_id

    def flag(self) -> bool:
        """True or false; an empty field is false."""
        found = self.text()
        if found.lower() not in ("", "0", "1", "true", "false"):
            raise self.fault(f"field {self._at} is {found[:40]!r}, expected 0 or 1")
        return found.lower() in ("1", "true")

    def number(self) -> Decimal | None:
        """A decimal number; None for every spelling of "unset"."""
        found = self.text()
        if _is_unset(found):
            return None
        try:
            value = Decimal(found)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or abs(value.adjusted()) > 20:
            raise self.fault(f"field {self._at} is {found[:40]!r}, expected a number")
        return value

    def contract(self, *, has_primary: bool = True) -> ContractQuery:
        """The twelve contract fields that most requests share, or eleven without the primary
        exchange."""
        con_id, symbol, sec_type = self.integer(), self.text(), self.text()
        expiry, strike, right = self.text(), self.number() or None, self.text()
        self.skip(1)  # multiplier
        exchange = self.text()
        self.skip(1 if has_primary else 0)  # primary exchange
        currency = self.text()
        local_symbol, _trading_class = self.text(), self.text()
        return ContractQuery(
            con_id, symbol, sec_type, exchange, currency, local_symbol,
            expiry=expiry, strike=strike, right=right[:1],
        )  # fmt: skip

    def count_of_legs(self) -> int:
        """How many legs of a combo follow."""
        found = self.integer()
        if not 0 <= found <= LEGS_MAX:
            raise self.fault(f"field has {found} legs, expected at most {LEGS_MAX}")
        return found

    def legs(self, more: int = 0) -> tuple[LegQuery, ...]:
        """The legs of a combo, each with `more` fields behind those that say which it is."""
        return tuple(self._leg(more) for _ in range(self.count_of_legs()))

    def _leg(self, more: int) -> LegQuery:
        leg = LegQuery(self.integer(), self.integer(), self.text(), self.text())
        self.skip(more)
        return leg

    def end(self) -> None:
        """The request must end here."""
        if self._at != len(self._fields):
            raise self.fault(f"has {len(self._fields)} fields, expected {self._at}")

    def _whole(self) -> int:
        """The field that was read last, as a whole number."""
        found = self.last()
        digits = found.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
            raise self.fault(f"field {self._at} is {found[:40]!r}, expected an integer")
        return int(found)

    def fault(self, text: str) -> BadRequest:
        """The error about the field that was read last."""
        name = self._fields[0][:20]
        return BadRequest(self.req_id, READ_FAULT, f"Error reading request. Message {name} {text}")


def only_id(request: Callable[[int], Request], *, old: bool) -> Callable[[Fields, int], Request]:
    """Reads a request with nothing but its id, which in `old` ones a version number precedes."""

    def decoder(read: Fields, _version: int) -> Request:
        read.skip(1 if old else 0)
        return request(read.identity())

    return decoder


def _is_unset(found: str) -> bool:
    return found.lower().replace("+", "") in _UNSET


def duplicate(req_id: int) -> BadRequest:
    """The error for an id that a subscription has already."""
    return BadRequest(req_id, 102, "Duplicate ticker ID.")


def not_found(req_id: int) -> BadRequest:
    """The error for the end of a subscription that there is not."""
    return BadRequest(req_id, 300, f"Can't find EId with tickerId:{req_id}")


def invalid(req_id: int, text: str) -> BadRequest:
    """The error for a request that can be read but asks for something impossible."""
    return BadRequest(req_id, VALIDATION, f"Error validating request.-'bN' : cause - {text}")
