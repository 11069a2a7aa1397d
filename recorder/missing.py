"""Where a market was open and nothing is there: whole sessions without ticks, and bars that nobody
has asked for, between the first and the last that there is of a symbol.

Ticks have holes of their own, by their seqs (see `streams`). A recorder that was not running leaves
none behind, so a session without a tick is looked for by its time.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from tapewire.recorder.folder import BARS, TICKS, family
from tapewire.recorder.parquet import DamagedError, Known
from tapewire.recorder.spans import Market, Span, gaps
from tapewire.recorder.store import Store

SESSION_MIN_NS: Final = 20 * 3_600_000_000_000
"""The least time without ticks that may be a session: a day that is missing has its nights too."""


class Missing(NamedTuple):
    """What is missing of a symbol: of which table, and of which time."""

    table: str
    key: str
    span: Span


def missing(store: Store, market: Market) -> Iterator[Missing]:
    """All of it, symbol by symbol."""
    there: dict[tuple[str, str], list[Span]] = {}
    for piece in store.pieces:
        if family(piece.part.table) in (TICKS, BARS):
            try:
                known = piece.known()[1]
            except DamagedError:  # which the list and the verification say
                continue
            there.setdefault((piece.part.table, piece.part.key), []).extend(_spans(known))
    for (table, key), spans in there.items():
        for gap in gaps(spans):
            if _is_missing(table, gap, market):
                yield Missing(table, key, gap)


def _spans(known: Known) -> list[Span]:
    covered = [Span(*one) for one in known.covered]
    return covered or [Span(known.from_ns, known.to_ns + 1)]


def _is_missing(table: str, gap: Span, market: Market) -> bool:
    if family(table) == BARS:
        return market.is_open_in(gap)
    return gap.to_ns - gap.from_ns >= SESSION_MIN_NS and market.has_session(gap)
