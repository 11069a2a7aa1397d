"""The broker port: what order entry asks of a broker, and what a broker reports back.

The gateway's core decides and speaks no protocol. An adapter speaks one: `gateway.tws` to TWS in
bytes, `virtual.direct` to the simulated exchange by calls. An adapter is one folder with one class
that satisfies `Broker`; no other part of the gateway knows which one it has.

Commands do not go out when they are given. They wait in the adapter's outbox, and `release` asks
for each order at the moment of writing whether it may still go: what was admitted a moment ago may
not be admitted now. What a broker reports comes back from `take` as the events below.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal, NamedTuple, Protocol

import msgspec

from tapewire.common.accounting.identity import Names
from tapewire.common.clock import Now
from tapewire.common.events import (
    ComboLeg,
    ErrorClass,
    ErrorSubject,
    InstrumentDescribed,
    Side,
    SubmitOrder,
    TermChanges,
)
from tapewire.common.runtime.metrics import Histogram
from tapewire.gateway.effects import Effect
from tapewire.gateway.market_feed import MarketFeed
from tapewire.gateway.query_port import QueryPort

OPENED: Final = b"opened"
DATA: Final = b"data"
CLOSED: Final = b"closed"
"""The first frame of what an adapter's descriptor brings: a connection, what came over it, its end.
What follows is the adapter's own, but for the reason behind CLOSED."""

Status = Literal["working", "accepted", "cancelled", "rejected", "filled"]
"""What a report claims: it works and can fill; the broker has it; it is over, in one of three ways.
That it is filled is no more than a claim: executions are the truth."""
OVER: Final[tuple[Status, ...]] = ("cancelled", "rejected", "filled")
AccountValue = Literal[
    "equity", "cash", "buying_power", "available_funds", "excess_liquidity", "initial_margin",
    "maintenance_margin",
]  # fmt: skip
"""What a broker reports of an account: fields of `account.updated`."""
UNNAMED: Final = "#"
"""What the symbol of a leg begins with of which the broker says the contract alone, and nobody
knows yet what it is called here."""
Query = Literal["open_orders", "executions", "completed_orders", "all_orders"]


class BrokerError(ValueError):
    """What came cannot be from a broker that this adapter speaks with; the connection is closed."""


class BrokerEvent(msgspec.Struct, frozen=True):
    """Base of all that a broker reports, ticks excepted."""


class SessionProgress(BrokerEvent, frozen=True):
    """The connection is not usable yet; `waiting_for` says what is missing, in a sentence."""

    waiting_for: str


class SessionReady(BrokerEvent, frozen=True):
    """Logged in, or the login has changed: requests are answered from now on."""

    accounts: tuple[str, ...]
    version: int


class SessionRefused(BrokerEvent, frozen=True):
    """Logged in to what must not be traded on; says why."""

    reason: str


class SessionLost(BrokerEvent, frozen=True):
    """The connection has ended. Whatever was written may or may not have arrived. `refused`: the
    other side refuses our login, or speaks nothing that we know."""

    reason: str
    refused: bool = False


class ServerLost(BrokerEvent, frozen=True):
    """The broker's side has lost its own server; with `is_line` there is nothing else between."""

    reason: str
    is_line: bool = False


class ServerRestored(BrokerEvent, frozen=True):
    """The broker's side has its server again, and reads its orders from it again."""


class OrderReport(BrokerEvent, frozen=True):
    """What the broker says of one order. `reference` is its tag, the intent id for one of ours.

    `client_id`, `order_id` and `permanent_id` are the broker's names for it, whoever placed it;
    each is empty where the report does not say it. `status` and `terms` are None where it does not
    say those; `kind` is the order type that the terms are of, if it is one of ours. `filled` is
    what the broker claims; executions are the truth. `reason` is why it was rejected, if known.
    """

    reference: str = ""
    order_id: str = ""
    permanent_id: str = ""
    status: Status | None = None
    terms: TermChanges | None = None
    filled: Decimal | None = None
    listed: bool = False
    """Whether the report answers for the order's existence in a query."""
    is_open: bool = False
    """Whether it says that the order can still fill."""
    client_id: str = ""
    account: str = ""
    symbol: str = ""
    side: Side | None = None
    legs: tuple[ComboLeg, ...] = ()
    """What a combo trades; `symbol` is then a name for the whole."""
    kind: str = ""
    reason: str = ""

    @property
    def names(self) -> Names:
        """The broker's names for it."""
        return Names(self.client_id, self.order_id, self.permanent_id)

    @property
    def is_over(self) -> bool:
        """Whether a query answers that the order has ended."""
        return self.listed and not self.is_open and self.status in OVER

    def claims_beyond(self, filled: Decimal) -> bool:
        """Whether it claims more than `filled`, which the executions show."""
        return self.filled is not None and self.filled > filled


class OrderReturned(BrokerEvent, frozen=True):
    """The broker turned an order away unseen: it waits in the outbox again, by its intent's id."""

    reference: str


class ErrorReport(BrokerEvent, frozen=True):
    """The broker complains about something that is not an order. `subject` names it, and is empty
    for the connection. `answered` is whether somebody has asked, and gets this as the answer."""

    code: int
    text: str
    error_class: ErrorClass
    about: ErrorSubject
    subject: str
    advice: str
    answered: bool = False


class OrderError(BrokerEvent, frozen=True):
    """The broker complains about an order of this client."""

    order_id: str
    code: int
    text: str
    effect: Effect
    client_id: str = ""
    error_class: ErrorClass = "ignore"
    advice: str = ""


class ExecutionReport(BrokerEvent, frozen=True):
    """A trade in one of the login's accounts, whoever ordered it; `symbol` is ours, and the names
    are an `OrderReport`'s. Of a combo each leg's trades are reported, and nothing of the whole."""

    account: str
    exec_id: str
    reference: str
    permanent_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    client_id: str = ""
    order_id: str = ""
    listed: bool = False
    """Whether it answers a query; one that has just happened is reported by itself."""

    @property
    def names(self) -> Names:
        """The broker's names for its order."""
        return Names(self.client_id, self.order_id, self.permanent_id)


class WhatIfReport(BrokerEvent, frozen=True):
    """What an order that was asked about would do to its account, or why it would not be taken.

    `money` has the amounts by their names in `WhatIfAnswered`, as far as the broker says them.
    """

    order_id: str
    reason: str = ""
    money: dict[str, Decimal] = {}
    currency: str = ""
    warning: str = ""


class CommissionReport(BrokerEvent, frozen=True):
    """What an execution cost; always after its execution."""

    exec_id: str
    amount: Decimal
    currency: str


class PositionReport(BrokerEvent, frozen=True):
    """What an account holds of a symbol, whoever traded it."""

    account: str
    symbol: str
    quantity: Decimal
    average_cost: Decimal


class PositionsComplete(BrokerEvent, frozen=True):
    """All positions have been reported; what was not named is flat."""


class AccountListed(BrokerEvent, frozen=True):
    """What `list_account` asked for under this id has been reported: all open orders of the account
    as listed reports, and then all its positions; what was not named is over, or flat."""

    id: str


class AccountReport(BrokerEvent, frozen=True):
    """One of an account's values, in the account's own currency."""

    account: str
    value: AccountValue
    amount: Decimal
    currency: str


class AccountsComplete(BrokerEvent, frozen=True):
    """All values of all accounts have been reported."""


class QueryComplete(BrokerEvent, frozen=True):
    """A query is answered in full: `all_orders` are the open orders of all clients."""

    query: Query


class Complaint(BrokerEvent, frozen=True):
    """Something for a person: an error about no order, for example."""

    text: str
    payload: bytes = b""


class Unreadable(Complaint, frozen=True):
    """A message that could not be read. A list that it may be part of is not the whole list."""


Verdict = Literal["send", "wait", "drop"]
"""What is to become of an order whose turn has come: written; left in the queue with all behind it,
since it is not durable yet; dropped, since it may not go any more."""


class Released(NamedTuple):
    """What may be written now: its bytes, if the adapter speaks in bytes, and the intents and
    modifies that are among it."""

    data: bytes
    names: list[str]


class Broker(MarketFeed, Protocol):
    """One login at a broker. Every method is a decision without I/O: bytes in, bytes out."""

    @property
    def waiting(self) -> int:
        """How many commands wait in the outbox."""

    @property
    def waits(self) -> Mapping[str, Histogram]:
        """How long commands have waited in the outbox, by priority."""

    @property
    def messages(self) -> int:
        """How many market data messages were read."""

    @property
    def requests(self) -> int:
        """How many messages of any kind were written."""

    @property
    def subscriptions(self) -> int:
        """How many market data subscriptions are open."""

    def take(self, frames: list[bytes], now: Now) -> list[BrokerEvent]:
        """What the adapter's descriptor brought; raises `BrokerError` where it makes no sense."""

    def overdue(self, now: Now) -> str:
        """Why to hang up: the other side is late with what it must do; empty if all is well."""

    def held(self, now: Now) -> str:
        """Why nothing is written at this moment; empty if all is well. What is given meanwhile
        waits, and what may not go any more by then is dropped."""

    def closed(self, reason: str) -> BrokerEvent:
        """We hung up: what that amounts to, as if the other side had."""

    def trades(self, symbol: str) -> bool:
        """Whether `symbol` is one that can be traded here."""

    def start(self) -> None:
        """Ask for what is needed once per session: contracts, positions, market data."""

    def query_positions(self) -> bool:
        """Ask for all positions: a list, then each change. True: one not begun yet will do."""

    def query_accounts(self) -> None:
        """Ask for the values of all accounts: they follow, and then each change now and then."""

    def descriptions(self, now: Now) -> list[InstrumentDescribed]:
        """What has become known of the configured instruments since the last call on a connection.
        To be called time and again: each call may ask for a little more."""

    def query_all_orders(self) -> bool:
        """Ask for the open orders of all clients, as listed reports. True as `query_positions`."""

    def list_account(self, name: str, account: str) -> bool:
        """Ask for open orders and positions of one account: `AccountListed` with this id follows,
        or nothing where a list fails. False: this broker lists all accounts, or none."""

    def query(self) -> None:
        """Ask for open orders, executions and completed orders."""

    def give_up_query(self) -> None:
        """The last `query` was waited for in vain: an end that it has not had will not come."""

    def new_order_id(self) -> str:
        """An id for a new order, never used before; empty where the broker gives one itself."""

    def used_order_id(self, order_id: str) -> None:
        """An order has this id: it must not be given again, whatever the broker believes."""

    def submit(
        self,
        order_id: str,
        order: SubmitOrder,
        parent_order_id: str = "",
        *,
        transmit: bool = True,
    ) -> None:
        """Queue a new order; ValueError where the broker has no terms for it, or too many wait.

        `parent_order_id` is the broker's name for the order `order.parent_id`. With `transmit`
        false the broker holds the order until another one of its group comes with it true.
        """

    def join(self, name: str, intents: Sequence[str]) -> None:
        """Make one piece, `name`, of what is queued under `intents`: it goes at once, or not."""

    def what_if(self, order_id: str, order: SubmitOrder) -> None:
        """Ask what an order would do: a `WhatIfReport` follows. ValueError as in `submit`."""

    def modify(
        self, order_id: str, order: SubmitOrder, modify_id: str, parent_order_id: str = ""
    ) -> None:
        """Queue new terms for an order; `order` is the whole of it, with those terms."""

    def cancel(self, order_id: str) -> None:
        """Queue a cancel: it does not wait behind orders. ValueError where too many wait."""

    def cancel_all(self) -> None:
        """Queue a cancel of every order of the login, whoever placed it."""

    def withdraw(self, name: str | None = None) -> list[str]:
        """Drop what is queued under a name, or all orders and modifies; returns what never went."""

    def release(self, now: Now, verdict: Callable[[str], Verdict]) -> Released:
        """What may go now. `verdict` is asked about each order and modify at this moment."""

    @property
    def queries(self) -> QueryPort:
        """What answers queries."""

    @property
    def client_id(self) -> str:
        """The client that orders are placed under; empty where the broker knows no clients."""

    @property
    def accounts(self) -> Collection[str]:
        """The login's accounts, empty while they are not known."""
