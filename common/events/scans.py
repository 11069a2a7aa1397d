"""Scans: the contracts at the top of a ranking that the broker makes of a market."""

from typing import Annotated

import msgspec

from tapewire.common.events.base import PRICE_MAX, Event, Name, TimeNs
from tapewire.common.events.query_terms import TimeoutMs

RANKED_MAX = 50
"""The most contracts that TWS ranks in one scan."""
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"\A[A-Za-z0-9_.,-]+\Z")]
Above = Annotated[float, msgspec.Meta(ge=0, le=PRICE_MAX)]


class Scan(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is ranked, in TWS's words: the kind of instrument, where it is traded, and by what.

    The others leave contracts out: those that cost less than `price_min` or more than `price_max`,
    of which less than `volume_min` was traded today, or whose companies are worth less than
    `cap_min` or more than `cap_max`. 0 leaves nothing out.
    """

    code: Code
    instrument: Code = "STK"
    location: Code = "STK.US.MAJOR"
    rows: Annotated[int, msgspec.Meta(ge=1, le=RANKED_MAX)] = RANKED_MAX
    price_min: Above = 0.0
    price_max: Above = 0.0
    volume_min: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 2)] = 0
    cap_min: Above = 0.0
    cap_max: Above = 0.0


class ScanRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A contract at its place in the ranking, 0 for the first; texts are the broker's."""

    rank: int
    con_id: int
    symbol: str
    local_symbol: str
    sec_type: str
    exchange: str
    currency: str
    expiry: str = ""
    strike: str = ""
    right: str = ""
    distance: str = ""
    benchmark: str = ""
    projection: str = ""
    legs: str = ""


class ScanQuery(Event, frozen=True, tag="query.scan"):
    """Ask for the contracts at the top of a ranking: as the gateway has them already, or else as
    the broker sends them first."""

    id: Name
    scan: Scan
    timeout_ms: TimeoutMs = 30_000


class ScanPage(Event, frozen=True, tag="query.scan.page"):
    """A ranking, the first contract first; always one page. `taken_ns` is when the broker sent
    it."""

    ts_ns: TimeNs
    id: Name
    rows: tuple[ScanRow, ...]
    page: int = 1
    last: bool = True
    taken_ns: TimeNs = 0


class ScannerResultsReceived(Event, frozen=True, tag="scanner.results.received"):
    """A ranking that somebody reads has changed. `ts_ns` is when the broker sent it."""

    ts_ns: TimeNs
    scan: Scan
    rows: tuple[ScanRow, ...]
