"""The pages of an answer: each kind of query has its own, with so many rows at most."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from tapewire.common.clock import Now
from tapewire.common.events.account_queries import (
    AccountPage,
    AccountQuery,
    PnlPage,
    PnlQuery,
    PortfolioPage,
    PortfolioQuery,
    SummaryPage,
    SummaryQuery,
)
from tapewire.common.events.queries import (
    ChainPage,
    ChainQuery,
    ContractQuery,
    ContractsPage,
    HistoryPage,
    HistoryQuery,
    Page,
    Query,
    SnapshotPage,
    SnapshotQuery,
    TicksPage,
    TicksQuery,
)
from tapewire.common.events.scans import RANKED_MAX, ScanPage, ScanQuery

PAGES: Final[dict[type[Query], tuple[Callable[..., Page], int]]] = {
    HistoryQuery: (HistoryPage, 1000),
    TicksQuery: (TicksPage, 1000),
    ChainQuery: (ChainPage, 10),
    ContractQuery: (ContractsPage, 100),
    SnapshotQuery: (SnapshotPage, 1),
    ScanQuery: (ScanPage, RANKED_MAX),
    SummaryQuery: (SummaryPage, 100),
    AccountQuery: (AccountPage, 500),
    PortfolioQuery: (PortfolioPage, 500),
    PnlQuery: (PnlPage, 500),
}
"""The pages of the answer to each kind of query, and how many rows one has at most."""


def pages_of(
    query: Query, query_id: str, rows: Sequence[Any], more: tuple[int, ...], now: Now
) -> Iterator[Page]:
    """The pages of an answer, at least one; `more` is what each of them has beside its rows."""
    page, rows_max = PAGES[type(query)]
    begins = range(0, len(rows), rows_max) or range(1)
    for number, begin in enumerate(begins, 1):
        part = tuple(rows[begin : begin + rows_max])
        yield page(now.wall_ns, query_id, part, number, number == len(begins), *more)
