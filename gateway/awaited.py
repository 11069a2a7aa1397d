"""Queries that are answered by what the gateway reads from the broker anyway: ticks and scans.

Nothing is asked for such a query but that the gateway read it. It is answered as soon as that has
something, which may be at once.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from tapewire.common.clock import Now
from tapewire.common.events import Query, SnapshotQuery, Tick
from tapewire.common.events.scans import ScanQuery
from tapewire.gateway.scans import TOO_MANY, Scans

AwaitedQuery = SnapshotQuery | ScanQuery


class Known(NamedTuple):
    """The answer: its rows, and what its page has more than that."""

    rows: tuple[Any, ...]
    more: tuple[int, ...] = ()


class Unknown(NamedTuple):
    """There will be no answer: why not, and the broker's code."""

    reason: str
    code: int = 0


class Awaited:
    """`newest` is the newest tick of a symbol that the gateway has, and `need` has its market data
    opened; it returns False for one that is not configured."""

    def __init__(
        self,
        newest: Callable[[str], Tick | None],
        need: Callable[[str, Now], bool],
        scans: Scans,
    ) -> None:
        self._newest = newest
        self._need = need
        self._scans = scans

    def look(self, query: AwaitedQuery, now: Now, *, is_asked: bool) -> Known | Unknown | None:
        """What there is, None while there is nothing. What `is_asked` was looked at before."""
        if isinstance(query, ScanQuery):
            return self._look_at_scan(query, now)
        tick = self._newest(query.symbol)
        if tick is not None:
            return Known((tick,))
        if not is_asked and not self._need(query.symbol, now):
            return Unknown(f"symbol {query.symbol} is not configured")
        return None

    def _look_at_scan(self, query: ScanQuery, now: Now) -> Known | Unknown | None:
        if not self._scans.ask(query.scan, now):  # for as long as somebody waits
            return Unknown(f"this scan {TOO_MANY}")
        if (failure := self._scans.failure(query.scan)) is not None:
            return Unknown(failure.reason, failure.code)
        found = self._scans.ranking(query.scan, now)
        return None if found is None else Known(found[0], (found[1],))


def silence(query: Query) -> str:
    """What did not come in time."""
    if isinstance(query, SnapshotQuery):
        return f"no tick of {query.symbol} came"
    return "the broker sent no ranking"
