"""The flow: a window of a file as the ticks that a gateway makes of its rows, in columns.

It repeats `virtual.direct.ticks.Line` for all rows at once: a `Quote` for each side that a row
changed, first the bid's and then the ask's, and a `Trade` for its trade. A file with a price or a
size out of bounds is `odd`: it is run in turns.

An empty side is -1 without a size. Until a price comes again it has none, and a size counts only if
it came later; `_side` says that of columns.

Within one turn a strategy gets all ticks of a symbol in one message, and messages in the order of
their first ticks. So rows of the same time are put together by symbol.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tapewire.common.events import Quote, Tick, Trade
from tapewire.common.events.base import PRICE_MAX, SIZE_MAX
from tapewire.common.ticks.table import TickTable
from tapewire.virtual.network import HOP_NS

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
SIDES: Final = (("bid", "bid_size"), ("ask", "ask_size"))


class Ticks(NamedTuple):
    """One tick per place. `row` is the row that it is of, `symbol` its number; a quote has four
    values (bid, its size, ask, its size), a trade two. `head`: it begins a message."""

    row: Places
    symbol: npt.NDArray[np.int32]
    is_trade: Flags
    head: Flags
    values: tuple[Floats, Floats, Floats, Floats]


class Side(NamedTuple):
    """A bid or an ask after each row, as ticks have it; NaN where there is none."""

    price: Floats
    size: Floats


class Flow:
    """The rows of `table` and their ticks. `latest` has, by column, the code of each row's symbol
    after that row; `prices` the bid, ask and last trade that orders meet after it, as numbers;
    `odd` is whether there is a row that has to be run in turns."""

    def __init__(self, table: TickTable) -> None:
        self.table = table
        self.symbols = table.symbols.texts
        self._order = np.argsort(table.symbols.codes, kind="stable")
        self._back = np.empty_like(self._order)
        self._back[self._order] = np.arange(len(table))
        self._begins = self._begin_of_segments()
        self.latest = {name: self._filled(name) for name in table.values if "last" not in name}
        self._add_trades()
        self.prices: dict[str, Floats] = {}
        self._after: dict[str, Side] = {}
        self.odd = False
        self.first_tick: Places  # of each row, and behind the last one the number of all
        self.ticks = self._ticks()
        self._by_symbol = self._places_by_symbol()

    # ---- rows ------------------------------------------------------------------------------------

    def _begin_of_segments(self) -> Places:
        """By row in the order of symbols: the place at which its symbol begins."""
        codes = self.table.symbols.codes[self._order]
        new = np.r_[True, codes[1:] != codes[:-1]]
        return np.maximum.accumulate(np.where(new, np.arange(len(codes)), 0))

    def _newest(self, is_given: Flags) -> Places:
        """By row in the order of symbols: the last place up to it with a value, or -1."""
        places = np.arange(len(is_given))
        found = np.maximum.accumulate(np.where(is_given, places, -1))
        return np.where(found >= self._begins, found, -1)

    def _filled(self, name: str) -> npt.NDArray[np.int32]:
        codes = self.table.values[name].codes[self._order]
        newest = self._newest(codes >= 0)
        return np.where(newest >= 0, codes[newest], -1)[self._back].astype(np.int32)

    def _add_trades(self) -> None:
        """A trade without a size leaves none: the two come together."""
        given = self.table.values["last"].codes[self._order] >= 0
        newest = self._newest(given)
        for name in ("last", "last_size"):
            codes = self.table.values[name].codes[self._order]
            filled = np.where(newest >= 0, codes[newest], -1)
            self.latest[name] = filled[self._back].astype(np.int32)

    def rows_of(self, symbol: int, before: int) -> int | None:
        """The last row of a symbol before a row; None where there is none."""
        rows = self._by_symbol[symbol][0]
        place = int(np.searchsorted(rows, before)) - 1
        return int(rows[place]) if place >= 0 else None

    def rows_between(self, symbol: int, start: int, stop: int) -> Places:
        """The rows of a symbol from `start` on and before `stop`."""
        rows = self._by_symbol[symbol][0]
        first, last = np.searchsorted(rows, (start, stop))
        return rows[first:last]

    def message(self, place: int) -> tuple[str, int, int]:
        """A tick's symbol, the number of its message, from 1, and its place in that."""
        symbol = int(self.ticks.symbol[place])
        heads = self._by_symbol[symbol][3]
        number = int(np.searchsorted(heads, place, side="right"))
        return self.symbols[symbol], number, place - int(heads[number - 1])

    def newest_ticks(self, symbol: int, before: int) -> list[int]:
        """The places of a symbol's newest quote and trade before a tick, the older one first."""
        found = []
        for places in self._by_symbol[symbol][1:3]:
            place = int(np.searchsorted(places, before)) - 1
            if place >= 0:
                found.append(int(places[place]))
        return sorted(found)

    def _places_by_symbol(self) -> list[tuple[Places, Places, Places, Places]]:
        """By symbol: its rows, its quotes, its trades, and the first ticks of its messages."""
        ticks, number = self.ticks, len(self.symbols)
        quotes = np.flatnonzero(~ticks.is_trade)
        trades, heads = np.flatnonzero(ticks.is_trade), np.flatnonzero(ticks.head)
        return list(
            zip(
                _grouped(np.arange(len(self.table)), self.table.symbols.codes, number),
                _grouped(quotes, ticks.symbol[quotes], number),
                _grouped(trades, ticks.symbol[trades], number),
                _grouped(heads, ticks.symbol[heads], number),
                strict=True,
            )
        )

    # ---- ticks -----------------------------------------------------------------------------------

    def _ticks(self) -> Ticks:
        sides = [self._side(*names) for names in SIDES]
        last, last_size, traded = self._trades()
        counts = [side[4] for side in sides] + [traded]
        ends = np.cumsum(np.sum(counts, axis=0))
        starts = ends - np.sum(counts, axis=0)
        bid, ask = sides
        pieces = (
            (starts, bid[4], False, (bid[0], bid[1], ask[2], ask[3])),
            (starts + bid[4], ask[4], False, (bid[0], bid[1], ask[0], ask[1])),
            (starts + bid[4] + ask[4], traded, True, (last, last_size, last, last)),
        )
        total = int(ends[-1]) if len(ends) else 0
        self.first_tick = np.r_[starts, total]
        row, is_trade = np.empty(total, np.int64), np.zeros(total, np.bool_)
        values = tuple(np.empty(total) for _ in range(4))
        for places, given, kind, found in pieces:
            at = places[given]
            row[at], is_trade[at] = np.flatnonzero(given), kind
            for into, value in zip(values, found, strict=True):
                into[at] = value[given]
        return self._by_message(row, is_trade, values)

    def _side(self, price: str, size: str) -> tuple[Floats, Floats, Floats, Floats, Flags]:
        """Price and size after each row, price and size before it, and whether they differ."""
        has_price, has_size = (self.table.values[one].codes >= 0 for one in (price, size))
        prices = self.table.values[price].floats()[self.latest[price]]
        sizes = self.table.values[size].floats()[self.latest[size]]
        is_nothing = (prices == -1) & (np.nan_to_num(sizes) == 0)
        self.prices[price] = np.where(is_nothing, np.nan, prices)
        side = self._emptied(prices, sizes, has_price, has_size, has_price & is_nothing)
        self._after[price] = side
        given = has_price | has_size
        self._look_for_odd(side.price[given], side.size[given])
        before = [self._before(one) for one in side]
        differs = _differ(side.price, before[0]) | _differ(side.size, before[1])
        first = has_price & np.isnan(self._before(prices))
        return *side, before[0], before[1], given & (differs | first)

    def _emptied(
        self, prices: Floats, sizes: Floats, has_price: Flags, has_size: Flags, empties: Flags
    ) -> "Side":
        """A side after each row; `empties` has the rows that leave it empty. A size that came no
        later is none, but 0 beside a price."""
        newest = [self._newest(one[self._order])[self._back] for one in (has_price, has_size)]
        emptied = self._newest(empties[self._order])[self._back]
        has_size = newest[1] > emptied
        price = np.where(newest[0] > emptied, prices, np.nan)
        without = np.where(np.isnan(price), np.nan, 0.0)
        return Side(price, np.where(has_size, sizes, without))

    def side(self, column: str, row: int) -> tuple[float | None, float | None, bool]:
        """The price and the size of the bid or the ask after a row, as ticks have them, and
        whether a price has come at all."""
        price, size = (_plain(one[row : row + 1])[0] for one in self._after[column])
        return price, size, bool(self.latest[column][row] >= 0)

    def _before(self, values: Floats) -> Floats:
        """The value of the row before, of the same symbol; NaN for its first."""
        ordered = values[self._order]
        moved = np.r_[np.nan, ordered[:-1]] if len(ordered) else ordered
        moved[self._begins == np.arange(len(ordered))] = np.nan
        return np.asarray(moved[self._back])

    def _trades(self) -> tuple[Floats, Floats, Flags]:
        column, sizes = self.table.values["last"], self.table.values["last_size"]
        price = column.floats()[column.codes]
        size = np.nan_to_num(sizes.floats()[sizes.codes])
        traded = (column.codes >= 0) & ~((price == -1) & (size == 0))
        self.prices["last"] = column.floats()[self.latest["last"]]
        self._look_for_odd(price[traded], size[traded])
        return price, size, traded

    def _look_for_odd(self, prices: Floats, sizes: Floats) -> None:
        """What `virtual.direct.ticks` would refuse."""
        plain = (np.abs(prices) <= PRICE_MAX) | np.isnan(prices)
        plain &= ((sizes >= 0) & (sizes <= SIZE_MAX)) | np.isnan(sizes)
        self.odd = self.odd or not bool(np.all(plain))

    def _by_message(self, row: Places, is_trade: Flags, values: tuple[Any, ...]) -> Ticks:
        """Ticks of the same time together by symbol, in the order of the first of each."""
        symbol = self.table.symbols.codes[row]
        times = self.table.ts_ns
        turn = np.cumsum(np.r_[0, times[1:] != times[:-1]])[row] if len(times) else row
        mixed = (turn[1:] == turn[:-1]) & (symbol[1:] != symbol[:-1])
        if mixed.any():
            key = turn * len(self.symbols) + symbol
            _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
            order = np.argsort(first[inverse], kind="stable")
            row, symbol, turn, is_trade = row[order], symbol[order], turn[order], is_trade[order]
            values = tuple(one[order] for one in values)
        new = (turn[1:] != turn[:-1]) | (symbol[1:] != symbol[:-1])
        head = np.r_[True, new] if len(row) else np.zeros(0, np.bool_)
        return Ticks(row, symbol, is_trade, head, values)

    def made(self, places: Places) -> list[Tick]:
        """The ticks at these places, as the gateway stamps them."""
        ticks, names = self.ticks, self.symbols
        out = np.empty(len(places), dtype=object)
        is_trade = ticks.is_trade[places]
        for kind, wanted in ((Quote, ~is_trade), (Trade, is_trade)):
            at = places[wanted]
            if len(at):
                numbers = ticks.values[: 4 if kind is Quote else 2]
                stamps = (self.table.ts_ns[ticks.row[at]] + HOP_NS).tolist()
                symbols = map(names.__getitem__, ticks.symbol[at].tolist())
                columns = (_plain(one[at]) for one in numbers)
                out[wanted] = list(map(kind, symbols, stamps, *columns))
        found: list[Tick] = out.tolist()
        return found


def _differ(values: Floats, before: Floats) -> Flags:
    """Where they do; nothing does not differ from nothing."""
    return np.asarray((values != before) & ~(np.isnan(values) & np.isnan(before)))


def _plain(values: Floats) -> list[float | None]:
    """As Python has them; None for a side that has not been seen."""
    found: list[float | None] = values.tolist()
    for place in np.flatnonzero(np.isnan(values)).tolist():
        found[place] = None
    return found


def _grouped(places: Places, symbols: npt.NDArray[np.int32], number: int) -> list[Places]:
    """Places by their symbol's number, each in its order."""
    order = np.argsort(symbols, kind="stable")
    return np.split(places[order], np.searchsorted(symbols[order], np.arange(1, number)))
