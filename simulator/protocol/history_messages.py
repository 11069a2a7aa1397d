"""Requests for history and for bars as they are made, their layout and their answers."""

from collections.abc import Callable, Sequence

from tapewire.simulator.exchange.contracts import BAG, ContractQuery
from tapewire.simulator.market.plain import digits
from tapewire.simulator.market.summary import Bar
from tapewire.simulator.protocol.messages import Fields as Message
from tapewire.simulator.protocol.requests import Fields, Request, only_id
from tapewire.simulator.protocol.times import NO_HISTORY_TIME, moment

FRACTIONS_SINCE = 163
"""Clients of older versions read the sizes in history as integers."""
Tick = tuple[int, list[str]]
"""A tick: its second, and its other fields."""


class HistoricalData(Request, frozen=True, kw_only=True):
    """Ask for bars; with `keep` for those to come too. `end_ns` is None for now."""

    req_id: int
    contract: ContractQuery
    end_ns: int | None
    bar_size: str
    duration: str
    use_rth: bool
    what: str
    date_format: int
    keep: bool


class CancelHistoricalData(Request, frozen=True):
    """End bars that are kept up to date."""

    req_id: int


class HistoricalTicks(Request, frozen=True, kw_only=True):
    """Ask for ticks from a moment on or up to one."""

    req_id: int
    contract: ContractQuery
    start_ns: int | None
    end_ns: int | None
    count: int
    what: str
    use_rth: bool


class HeadTimestamp(Request, frozen=True):
    """Ask for the earliest moment of which there is history."""

    req_id: int
    contract: ContractQuery
    what: str
    date_format: int


class Histogram(Request, frozen=True):
    """Ask how much was traded at which price."""

    req_id: int
    contract: ContractQuery
    use_rth: bool
    period: str


class CancelQuestion(Request, frozen=True):
    """Cancel a question that was answered at once."""

    req_id: int


class RealTimeBars(Request, frozen=True):
    """Subscribe to a bar every five seconds."""

    req_id: int
    contract: ContractQuery
    size: int
    what: str
    use_rth: bool


class CancelRealTimeBars(Request, frozen=True):
    """End a subscription to bars."""

    req_id: int


def _moment(read: Fields) -> int | None:
    return moment(read, NO_HISTORY_TIME)


def _historical_data(read: Fields, _version: int) -> Request:
    req_id, contract = read.identity(), read.contract()
    read.flag()  # includeExpired
    end_ns, bar_size, duration = _moment(read), read.text(), read.text()
    use_rth, what, date_format = read.flag(), read.text(), read.integer()
    if contract.sec_type == BAG:
        read.legs()
    keep = read.flag()
    read.skip(1)  # chartOptions
    return HistoricalData(
        req_id=req_id, contract=contract, end_ns=end_ns, bar_size=bar_size, duration=duration,
        use_rth=use_rth, what=what, date_format=date_format, keep=keep,
    )  # fmt: skip


def _historical_ticks(read: Fields, _version: int) -> Request:
    req_id, contract = read.identity(), read.contract()
    read.flag()  # includeExpired
    found = HistoricalTicks(
        req_id=req_id,
        contract=contract,
        start_ns=_moment(read),
        end_ns=_moment(read),
        count=read.integer(),
        what=read.text(),
        use_rth=read.flag(),
    )
    read.flag()  # ignoreSize
    read.skip(1)  # miscOptions
    return found


def _head_timestamp(read: Fields, _version: int) -> Request:
    req_id, contract = read.identity(), read.contract()
    read.skip(2)  # includeExpired, useRTH
    return HeadTimestamp(req_id, contract, read.text(), read.integer())


def _histogram(read: Fields, _version: int) -> Request:
    req_id, contract = read.identity(), read.contract()
    read.flag()  # includeExpired
    return Histogram(req_id, contract, read.flag(), read.text())


def _real_time_bars(read: Fields, _version: int) -> Request:
    read.skip(1)
    found = RealTimeBars(read.identity(), read.contract(), read.integer(), read.text(), read.flag())
    read.skip(1)  # options
    return found


DECODERS: dict[int, Callable[[Fields, int], Request]] = {
    20: _historical_data,
    25: only_id(CancelHistoricalData, old=True),
    50: _real_time_bars,
    51: only_id(CancelRealTimeBars, old=True),
    87: _head_timestamp,
    88: _histogram,
    89: only_id(CancelQuestion, old=False),
    90: only_id(CancelQuestion, old=False),
    96: _historical_ticks,
}


def size_text(version: int, size: float) -> str:
    """A size as clients of a version read it."""
    return digits(size) if version >= FRACTIONS_SINCE else str(round(size))


def _traded(version: int, bar: Bar, has_trades: bool) -> tuple[str, str, str]:
    """Volume, average price and count of a bar; -1 for each if it is not of trades."""
    if not has_trades:
        return "-1", "-1", "-1"
    return size_text(version, bar.volume), digits(bar.average), str(bar.count)


def historical_data(
    version: int, req_id: int, begin: str, end: str, bars: Sequence[tuple[str, Bar]], trades: bool
) -> Message:
    """Bars (17), each with its date."""
    fields = ["17", str(req_id), begin, end, str(len(bars))]
    for date, bar in bars:
        prices = (digits(price) for price in (bar.open, bar.high, bar.low, bar.close))
        fields += [date, *prices, *_traded(version, bar, trades)]
    return fields


def historical_data_update(version: int, req_id: int, date: str, bar: Bar, trades: bool) -> Message:
    """The newest bar as it is now (90)."""
    volume, average, count = _traded(version, bar, trades)
    prices = (digits(price) for price in (bar.open, bar.close, bar.high, bar.low))
    return ["90", str(req_id), count, date, *prices, average, volume]


def historical_schedule(
    req_id: int, begin: str, end: str, sessions: Sequence[tuple[str, str, str]]
) -> Message:
    """The sessions of a time (106): begin, end and day of each, in UTC."""
    rows = (field for session in sessions for field in session)
    return ["106", str(req_id), begin, end, "UTC", str(len(sessions)), *rows]


def real_time_bar(version: int, req_id: int, second: int, bar: Bar, trades: bool) -> Message:
    """The bar of the five seconds from `second` on (50)."""
    volume, average, count = _traded(version, bar, trades)
    prices = (digits(price) for price in (bar.open, bar.high, bar.low, bar.close))
    return ["50", "3", str(req_id), str(second), *prices, volume, average, count]


def historical_ticks(kind: str, req_id: int, ticks: Sequence[Tick]) -> Message:
    """Ticks: of midpoints (`kind` 96), quotes (97) or trades (98)."""
    rows = (field for second, rest in ticks for field in (str(second), *rest))
    return [kind, str(req_id), str(len(ticks)), *rows, "1"]  # and no more


def head_timestamp(req_id: int, text: str) -> Message:
    """The earliest moment of which there is history (88)."""
    return ["88", str(req_id), text]


def histogram(req_id: int, counts: Sequence[tuple[float, float]]) -> Message:
    """How much was traded at each price (89)."""
    rows = (field for price, size in counts for field in (digits(price), str(round(size))))
    return ["89", str(req_id), str(len(counts)), *rows]
