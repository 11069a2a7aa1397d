"""What a back-test has to know of a file's rows, from its columns: the scan, and the samples.

Each is what `scan` and `Sampler` come to when they go through the rows one by one.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import numpy as np

from tapewire.backtest.report.data_quality import DataQuality
from tapewire.backtest.report.sampler import Mark, price_of
from tapewire.backtest.scan import PRICES_MAX, Scan
from tapewire.common.accounting.trading_days import Days, next_day_ns
from tapewire.common.ticks.table import ABSENT, TickTable, Times
from tapewire.simulator.market.file import tick_of
from tapewire.virtual.lane.flow import Flow, Places

PRICES: Final = ("bid", "ask", "last")
FEW: Final = 4
"""Times as many values as rows that a table of them may have."""


def survey(table: TickTable) -> Scan | None:
    """See `scan`; None for a table without rows."""
    if not len(table):
        return None
    found = {symbol: tick_of({Decimal(t) for t in texts}) for symbol, texts in _prices(table)}
    first_ns, last_ns = int(table.ts_ns[0]), int(table.ts_ns[-1])
    return Scan(len(table), first_ns, last_ns, found, _quality(table))


def _prices(table: TickTable) -> Iterator[tuple[str, set[str]]]:
    """Each symbol, in the order in which they begin, with its distinct prices: those of its first
    rows, until there are enough."""
    symbols = table.symbols.codes
    known, first_rows = np.unique(symbols, return_index=True)
    seen: dict[int, dict[str, int]] = {int(symbol): {} for symbol in known}
    for name in PRICES:
        codes, texts = table.values[name]
        given = np.flatnonzero(codes != ABSENT)
        pairs = symbols[given].astype(np.int64) * len(texts) + codes[given]
        pairs, rows_of = _firsts(pairs, given, len(table.symbols.texts) * len(texts))
        for pair, row in zip(pairs.tolist(), rows_of.tolist(), strict=True):
            symbol, code = divmod(pair, len(texts))
            rows = seen[symbol]
            rows[texts[code]] = min(row, rows.get(texts[code], row))
    for place in np.argsort(first_rows):
        symbol = int(known[place])
        yield table.symbols.texts[symbol], _enough(seen[symbol])


def _firsts(values: Places, rows: Places, number: int) -> tuple[Places, Places]:
    """The distinct values, with the first row of each. Where there can be few values, a table of
    them is much faster than to sort."""
    if number > FEW * len(values):
        values, places = np.unique(values, return_index=True)
        return values, rows[places]
    first = np.full(number, ABSENT)
    first[values[::-1]] = rows[::-1]
    known = np.flatnonzero(first != ABSENT)
    return known, first[known]


def _enough(rows: dict[str, int]) -> set[str]:
    """Of texts with the row of their first time: those of the first rows that have enough."""
    ordered = sorted(rows.values())
    last = ordered[min(PRICES_MAX, len(ordered)) - 1] if ordered else 0
    return {text for text, row in rows.items() if row <= last}


def _quality(table: TickTable) -> DataQuality:
    """Only rows that may be at fault are looked at one by one."""
    floats = [table.values[name].floats()[table.values[name].codes] for name in PRICES]
    bid, ask, _last = floats
    doubtful = bid > ask
    for name in PRICES:
        codes, texts = table.values[name]
        negative = np.array([*(text.startswith("-") for text in texts), False])
        doubtful |= negative[codes]
    quality = DataQuality()
    for row in np.flatnonzero(doubtful).tolist():
        quality.check(next(table.rows(row)))
    return quality


def marks_of(flow: Flow, every_ns: int, day_of: Days) -> dict[str, list[Mark]]:
    """See `Sampler`: each symbol's price at the end of each span in which it has a row."""
    times = flow.table.ts_ns
    ends_ns = _ends_ns(times, every_ns, day_of)
    new = (ends_ns[1:] != ends_ns[:-1]) | (times[1:] >= ends_ns[:-1])
    spans = np.cumsum(np.r_[0, new])
    found: dict[str, list[Mark]] = {}
    for symbol, name in enumerate(flow.symbols):
        for row in _last_of_each(flow.rows_between(symbol, 0, len(times)), spans):
            price = price_of(*(_text(flow, one, row) for one in PRICES))
            if price is not None:
                is_last = spans[row] == spans[-1]
                at_ns = int(times[-1] if is_last else ends_ns[row])
                found.setdefault(name, []).append((at_ns, price))
    return found


def _ends_ns(times: Times, every_ns: int, day_of: Days) -> Times:
    """When the span or the trading day of each row ends, whichever is first."""
    first_ns, last_ns = int(times[0]), int(times[-1])
    days = [next_day_ns(day_of, first_ns)]
    while days[-1] <= last_ns:
        days.append(next_day_ns(day_of, days[-1]))
    day_ends = np.array(days)[np.searchsorted(days, times, side="right")] - 1
    spans = (times - first_ns) // every_ns + 1
    return np.asarray(np.minimum(first_ns + spans * every_ns, day_ends))


def _last_of_each(rows: Places, spans: Places) -> list[int]:
    if not len(rows):
        return []
    of_rows = spans[rows]
    ends = np.r_[of_rows[1:] != of_rows[:-1], True]
    last: list[int] = rows[ends].tolist()
    return last


def _text(flow: Flow, name: str, row: int) -> str | None:
    code = int(flow.latest[name][row])
    return None if code == ABSENT else flow.table.values[name].texts[code]
