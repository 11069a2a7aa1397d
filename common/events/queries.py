"""Queries: what clients may ask a broker, apart from orders and live market data.

Whoever asks gives a query its id. It ends in pages of an answer that bear this id, of which the
last says that it is, or in one `QueryFailed`. None of them is journaled: a query changes nothing.
"""

from typing import Annotated, Literal

import msgspec

from tapewire.common.events.account_queries import AccountPages, AccountQueries
from tapewire.common.events.base import Event, Name, Price, Size, Text, TimeNs
from tapewire.common.events.market import Quote, Trade
from tapewire.common.events.query_terms import MaybeWords, TimeoutMs, Words
from tapewire.common.events.scans import ScanPage, ScanQuery

Show = Literal["TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK", "ADJUSTED_LAST"]
TickShow = Literal["TRADES", "MIDPOINT", "BID_ASK"]
TICKS_MAX = 1000
"""The most ticks of the past that TWS gives in one answer."""


class HistoryQuery(Event, frozen=True, tag="query.history"):
    """Ask for bars of the past: `bars` is their size and `back` how far they reach back from
    `end_ns`, as TWS writes them (`1 min`, `2 D`). An `end_ns` of 0 is now. With a `start_ns` they
    begin there, whatever `back` is. More than the broker gives at once is asked for in parts."""

    id: Name
    symbol: Words
    bars: Words = "1 min"
    back: Words = "1 D"
    end_ns: TimeNs = 0
    show: Show = "TRADES"
    regular_hours: bool = False
    timeout_ms: TimeoutMs = 60_000
    start_ns: TimeNs = 0


class TicksQuery(Event, frozen=True, tag="query.ticks"):
    """Ask for ticks of the past: the first ones since `start_ns`, or the last ones before `end_ns`.
    With neither, the newest; with both, all ticks between them, asked for in parts."""

    id: Name
    symbol: Words
    start_ns: TimeNs = 0
    end_ns: TimeNs = 0
    count: Annotated[int, msgspec.Meta(ge=1, le=TICKS_MAX)] = TICKS_MAX
    show: TickShow = "TRADES"
    regular_hours: bool = False
    timeout_ms: TimeoutMs = 60_000


class ChainQuery(Event, frozen=True, tag="query.chain"):
    """Ask which options there are on an underlying."""

    id: Name
    symbol: Words
    timeout_ms: TimeoutMs = 30_000


class ContractQuery(Event, frozen=True, tag="query.contracts"):
    """Ask which contracts fit a description. A symbol of the configuration is described by that,
    and the other fields are ignored."""

    id: Name
    symbol: Words
    sec_type: Words = "STK"
    exchange: MaybeWords = "SMART"
    currency: MaybeWords = "USD"
    timeout_ms: TimeoutMs = 30_000


class SnapshotQuery(Event, frozen=True, tag="query.snapshot"):
    """Ask for the newest tick of a symbol; its market data are opened for it if nobody reads
    them."""

    id: Name
    symbol: Name
    timeout_ms: TimeoutMs = 10_000


Query = (
    HistoryQuery | TicksQuery | ChainQuery | ContractQuery | SnapshotQuery | AccountQueries
    | ScanQuery
)  # fmt: skip


class HistoryBar(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A bar of the past. `ts_ns` is its beginning; of a bar of a day or more, midnight UTC of the
    date that the broker gives it. What the broker does not know of it is None."""

    ts_ns: TimeNs
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Size | None = None
    average: Price | None = None
    count: int | None = None


class HistoryTick(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A tick of the past, to the second: a trade or midpoint has a `price`, a quote both sides."""

    ts_ns: TimeNs
    price: Price | None = None
    size: Size | None = None
    bid: Price | None = None
    ask: Price | None = None
    bid_size: Size | None = None
    ask_size: Size | None = None


class OptionChain(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The options of one class at one exchange; not each pair of expiry (YYYYMMDD) and strike needs
    to exist."""

    exchange: MaybeWords
    trading_class: MaybeWords
    multiplier: MaybeWords
    expiries: tuple[MaybeWords, ...]
    strikes: tuple[Price, ...]


class ContractRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A contract as the broker describes it."""

    con_id: int
    symbol: str
    local_symbol: str
    sec_type: str
    exchange: str
    currency: str
    multiplier: str
    min_tick: str
    long_name: str = ""
    expiry: str = ""
    strike: str = ""
    right: str = ""


class HistoryPage(Event, frozen=True, tag="query.history.page"):
    """A part of the bars that were asked for, the oldest first."""

    ts_ns: TimeNs
    id: Name
    rows: tuple[HistoryBar, ...]
    page: int = 1
    last: bool = True


class TicksPage(Event, frozen=True, tag="query.ticks.page"):
    """A part of the ticks that were asked for, the oldest first."""

    ts_ns: TimeNs
    id: Name
    rows: tuple[HistoryTick, ...]
    page: int = 1
    last: bool = True


class ChainPage(Event, frozen=True, tag="query.chain.page"):
    """A part of the options that there are; no rows at all where there are none."""

    ts_ns: TimeNs
    id: Name
    rows: tuple[OptionChain, ...]
    page: int = 1
    last: bool = True


class ContractsPage(Event, frozen=True, tag="query.contracts.page"):
    """A part of the contracts that fit."""

    ts_ns: TimeNs
    id: Name
    rows: tuple[ContractRow, ...]
    page: int = 1
    last: bool = True


class SnapshotPage(Event, frozen=True, tag="query.snapshot.page"):
    """The newest tick of a symbol; always one page."""

    ts_ns: TimeNs
    id: Name
    rows: tuple[Quote | Trade, ...]
    page: int = 1
    last: bool = True


class QueryProgress(Event, frozen=True, tag="query.progress"):
    """How far a query is that is asked in parts. Sent at its beginning, after each part, and every
    few seconds; whoever waits knows by it that the gateway is at it.

    `rows` were sent so far. They are all that there are before `up_to_ns`. `left_ms` is the least
    time that the broker's limits let the rest take.
    """

    ts_ns: TimeNs
    id: Name
    parts_done: int
    parts: int
    rows: int = 0
    left_ms: int = 0
    up_to_ns: TimeNs = 0


class QueryCancel(Event, frozen=True, tag="query.cancel"):
    """Nobody waits for the query of that id any more. It is not answered; what was sent of its
    answer stays."""

    id: Name


class QueryFailed(Event, frozen=True, tag="query.failed"):
    """A query has no answer. `code` is the broker's own, 0 where the gateway itself gives up."""

    ts_ns: TimeNs
    id: Name
    reason: Text
    code: int = 0


Page = HistoryPage | TicksPage | ChainPage | ContractsPage | SnapshotPage | AccountPages | ScanPage
QueryAnswer = Page | QueryProgress | QueryFailed
