"""What TWS said, as values: its sentinels, camelCase and floats of money end here."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from tapewire.common.events import PriceStep, Side


class TwsMessage(msgspec.Struct, frozen=True):
    """Base of all messages of the session, ticks excepted."""


class SessionStarted(TwsMessage, frozen=True):
    """The handshake is done, and TWS has reported its version."""

    server_version: int


class IdentityAsked(TwsMessage, frozen=True):
    """The peer has reported its version, and must now prove that it is the group's simulator."""


class NextValidId(TwsMessage, frozen=True):
    """The lowest order id that TWS will take from this client id; can be lower than before."""

    order_id: int


class CurrentTime(TwsMessage, frozen=True):
    """TWS's time: it has read all that was sent before it was asked."""

    epoch_s: int


class ManagedAccounts(TwsMessage, frozen=True):
    """The accounts of this login."""

    accounts: tuple[str, ...]


class Leg(msgspec.Struct, frozen=True):
    """One leg of a combo; see `ComboLeg`."""

    con_id: int
    ratio: int
    side: Side


class OpenOrder(TwsMessage, frozen=True):
    """An order as TWS holds it, whoever placed it; one entered by hand has order id 0.

    `order_ref` is the intent's id for Tapewire's own. `quantity` is the whole one, None where TWS
    reports none. `kind` is the order's type, if it is one of ours, and `prices` are those that it
    has, under our names; the stop of a
    trailing order is apart from them, in `trailing_stop`, for it moves by itself. `legs` are a
    combo's.
    """

    order_id: int
    client_id: int
    perm_id: int
    order_ref: str
    status: str
    quantity: Decimal | None = None
    prices: dict[str, Decimal] = {}
    account: str = ""
    side: Side = "BUY"
    con_id: int = 0
    symbol: str = ""
    local_symbol: str = ""
    trailing_stop: Decimal | None = None
    legs: tuple[Leg, ...] = ()
    kind: str = ""


class WhatIfEstimate(TwsMessage, frozen=True):
    """TWS's answer about an order that was not placed. TWS answers twice: `money` is empty the
    first time. Its amounts are under our names."""

    order_id: int
    client_id: int
    money: dict[str, Decimal]
    currency: str
    warning: str


class OrderStatus(TwsMessage, frozen=True):
    """A change of an order; comes in duplicates, or not at all for one that fills at once."""

    order_id: int
    client_id: int
    perm_id: int
    status: str
    filled: Decimal
    why_held: str


class Execution(TwsMessage, frozen=True):
    """A trade of the account: the truth about fills. `listed` ones answer a request; others have
    just happened."""

    account: str
    exec_id: str
    order_id: int
    client_id: int
    perm_id: int
    order_ref: str
    con_id: int
    symbol: str
    local_symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    listed: bool = False


class CommissionReported(TwsMessage, frozen=True):
    """What an execution cost."""

    exec_id: str
    amount: Decimal
    currency: str


class CompletedOrder(TwsMessage, frozen=True):
    """An order of today that is over; carries no order id. `filled` is None where TWS does not say
    it."""

    perm_id: int
    order_ref: str
    status: str
    completed_status: str
    filled: Decimal | None = None


class PositionReported(TwsMessage, frozen=True):
    """A position of an account, whoever traded it."""

    account: str
    con_id: int
    symbol: str
    local_symbol: str
    quantity: Decimal
    average_cost: Decimal


class AccountValue(TwsMessage, frozen=True):
    """One of the values of an account that request `request_id` asked for."""

    request_id: int
    account: str
    tag: str
    amount: Decimal
    currency: str


class AccountSummaryEnd(TwsMessage, frozen=True):
    """All values that request `request_id` asked for have been listed."""

    request_id: int


class PositionsEnd(TwsMessage, frozen=True):
    """All positions have been listed; what was not named is flat."""


class ContractFound(TwsMessage, frozen=True):
    """TWS knows the contract that request `request_id` described.

    `exchanges` are those that take orders for it, the one that it is listed at first; `rules` are
    their market rules. Hours and their zone are in TWS's words. An option has its expiry
    (YYYYMMDD), strike and right.
    """

    request_id: int
    con_id: int
    local_symbol: str
    min_tick: Decimal
    symbol: str = ""
    sec_type: str = ""
    currency: str = ""
    exchanges: tuple[str, ...] = ()
    multiplier: Decimal = Decimal(1)
    long_name: str = ""
    rules: Mapping[str, int] = {}
    trading_hours: str = ""
    liquid_hours: str = ""
    time_zone: str = ""
    expiry: str = ""
    strike: Decimal | None = None
    right: str = ""


class ContractsEnd(TwsMessage, frozen=True):
    """All contracts that request `request_id` described have been listed."""

    request_id: int


class MarketRule(TwsMessage, frozen=True):
    """The price steps of a market rule, the lowest prices first."""

    rule: int
    steps: tuple[PriceStep, ...]


class OpenOrdersEnd(TwsMessage, frozen=True):
    """All open orders have been listed."""


class ExecutionsEnd(TwsMessage, frozen=True):
    """All executions have been listed."""


class CompletedOrdersEnd(TwsMessage, frozen=True):
    """All completed orders have been listed."""


class TwsError(TwsMessage, frozen=True):
    """An error, warning or notice; `request_id` is an order id, a request id or -1."""

    request_id: int
    code: int
    text: str


class Undecodable(TwsMessage, frozen=True):
    """A message that could not be read; kept, counted, and passed over."""

    reason: str
    payload: bytes


AccountSummary = AccountValue | AccountSummaryEnd
"""What answers the question for account values."""
