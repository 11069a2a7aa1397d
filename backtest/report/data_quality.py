"""Implausible ticks: bids above asks, stocks with a price below 0."""

from collections.abc import Iterator, Sequence

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.common.ticks.stamps import iso


class DataQuality:
    """Checks each row; `notes` are a sentence for each kind of fault, with its count and first."""

    def __init__(self) -> None:
        self._crossed = 0
        self._first_crossed: Row | None = None
        self._below: dict[str, tuple[int, int]] = {}  # by symbol: number of rows, the first's time

    def check(self, row: Row) -> None:
        """Take in the next row."""
        bid, ask, last = row.bid, row.ask, row.last
        if bid and ask and bid != ask and float(bid) > float(ask):
            self._crossed += 1
            self._first_crossed = self._first_crossed or row
        if (bid and bid[0] == "-") or (ask and ask[0] == "-") or (last and last[0] == "-"):
            count, first_ns = self._below.get(row.symbol, (0, row.ts_ns))
            self._below[row.symbol] = count + 1, first_ns

    def notes(self, instruments: Sequence[Instrument]) -> Iterator[str]:
        """What was found. Prices below 0 are a fault for stocks alone: a future or a spread may
        have them."""
        first = self._first_crossed
        if first is not None:
            yield (
                f"{_counted(self._crossed, 'quote')} with the bid above the ask, the first of"
                f" {first.symbol} at {iso(first.ts_ns)}: {first.bid} and {first.ask}"
            )
        for stock in (i.symbol for i in instruments if i.sec_type == "STK"):
            if stock in self._below:
                count, first_ns = self._below[stock]
                yield (
                    f"{stock}, a stock, has {_counted(count, 'row')} with a price below 0,"
                    f" the first at {iso(first_ns)}"
                )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
