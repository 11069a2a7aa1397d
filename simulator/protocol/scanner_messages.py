"""Requests to scan the market, their layout and their answers."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from tapewire.common.instruments import Instrument
from tapewire.simulator.protocol.messages import Fields as Message
from tapewire.simulator.protocol.messages import class_text, strike_text, underlying_text
from tapewire.simulator.protocol.requests import Fields, Request, only_id


class ScannerParameters(Request, frozen=True):
    """Ask what can be scanned for, as XML."""


class Scan(Request, frozen=True, kw_only=True):
    """Subscribe to the contracts at the top of a ranking."""

    req_id: int
    rows: int
    instrument: str
    location: str
    code: str
    above: Decimal | None
    below: Decimal | None
    volume_above: Decimal | None


class CancelScan(Request, frozen=True):
    """End a scan."""

    req_id: int


def _scan(read: Fields, _version: int) -> Request:
    found = Scan(
        req_id=read.identity(),
        rows=read.integer(),
        instrument=read.text(),
        location=read.text(),
        code=read.text(),
        above=read.number(),
        below=read.number(),
        volume_above=read.number(),
    )
    read.skip(16)  # ratings, coupons, dates, setting pairs and options
    return found


def _scanner_parameters(read: Fields, _version: int) -> Request:
    read.skip(1)
    return ScannerParameters()


DECODERS: dict[int, Callable[[Fields, int], Request]] = {
    22: _scan,
    23: only_id(CancelScan, old=True),
    24: _scanner_parameters,
}


def scanner_parameters(xml: str) -> Message:
    """What can be scanned for (19)."""
    return ["19", "1", xml]


def scanner_data(req_id: int, found: Sequence[Instrument]) -> Message:
    """A ranking (20), the first contract first."""
    rows = (field for rank, one in enumerate(found) for field in _ranked(rank, one))
    return ["20", "3", str(req_id), str(len(found)), *rows]


def _ranked(rank: int, one: Instrument) -> list[str]:
    return [
        str(rank),
        str(one.con_id),
        underlying_text(one),
        one.sec_type,
        one.expiry,
        strike_text(one),
        one.right,
        one.exchange,
        one.currency,
        one.symbol,
        class_text(one),  # marketName
        class_text(one),
        "",  # distance
        "",  # benchmark
        "",  # projection
        "",  # legs
    ]
