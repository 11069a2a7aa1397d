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
from tapewire.common.ticks.table import ABSENT, Codes, TickTable
from tapewire.virtual.lane.numbers import Flags, Numbers
from tapewire.virtual.network import HOP_NS

Places = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
RECENT_NS: Final = 1_100_000_000
"""A tick that is older has reached risk as a mark: longer than the rhythm in which marks are sent,
and an idle turn."""
SIDES: Final = (("bid", "bid_size"), ("ask", "ask_size"))
QUOTED: Final = ("bid", "bid_size", "ask", "ask_size")
TRADED: Final = ("last", "last_size")


class Ticks(NamedTuple):
    """One tick per place. `row` is the row that it is of, `symbol` its number; a quote has four
    values (bid, its size, ask, its size), a trade two, by their codes in `Flow.numbers`. `head`: it
    begins a message."""

    row: Places
    symbol: Codes
    is_trade: Flags
    head: Flags
    values: tuple[Codes, Codes, Codes, Codes]


class Side(NamedTuple):
    """A bid or an ask after each row, as ticks have it: the codes of its price and size."""

    price: Codes
    size: Codes


class Flow:
    """The rows of `table` and their ticks. `latest` has, by column, the code of each row's symbol
    after that row; `odd` is whether there is a row that has to be run in turns; `is_news` has the
    rows that TWS sends anything for."""

    def __init__(self, table: TickTable) -> None:
        self.table = table
        self.numbers = {name: Numbers(column.texts) for name, column in table.values.items()}
        self.symbols = table.symbols.texts
        self._names = np.array(self.symbols, dtype=object)
        self._order = _order(table.symbols.codes)
        self._back = np.empty_like(self._order)
        self._back[self._order] = np.arange(len(table))
        self._begins = self._begin_of_segments()
        self.latest = {name: self._filled(name) for name in table.values if "last" not in name}
        self._add_trades()
        self._prices: dict[str, Floats] = {}
        self._after: dict[str, Side] = {}
        self.odd = not all(self._is_plain(name) for name in table.values)
        self.first_tick: Places  # of each row, and behind the last one the number of all
        self.is_news: Flags = table.values["last"].codes >= 0
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

    def _filled(self, name: str) -> Codes:
        given = self.table.values[name].codes
        if (given >= 0).all():
            return given
        codes = given[self._order]
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

    def recent(self, start: int) -> int:
        """The first row that may still be on its way to risk, as a mark, before `start` comes."""
        if start >= len(self.table):
            return start
        return self.table.place(int(self.table.ts_ns[start]) - RECENT_NS, 0)

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
        bid, ask = (self._side(*names) for names in SIDES)
        last, last_size, traded = self._trades()
        counts = [bid[4], ask[4], traded]
        ends = np.cumsum(np.sum(counts, axis=0, dtype=np.int64))
        starts = ends - np.sum(counts, axis=0)
        pieces = (
            (starts, bid[4], False, (bid[0], bid[1], ask[2], ask[3])),
            (starts + bid[4], ask[4], False, (bid[0], bid[1], ask[0], ask[1])),
            (starts + bid[4] + ask[4], traded, True, (last, last_size, last, last)),
        )
        total = int(ends[-1]) if len(ends) else 0
        self.first_tick = np.r_[starts, total]
        row, is_trade = np.empty(total, np.int64), np.zeros(total, np.bool_)
        values = tuple(np.empty(total, np.int32) for _ in range(4))
        for places, given, kind, found in pieces:
            rows = np.flatnonzero(given)
            at = places[rows]
            row[at], is_trade[at] = rows, kind
            for into, value in zip(values, found, strict=True):
                into[at] = value[rows]
        return self._by_message(row, is_trade, values)

    def _side(self, price: str, size: str) -> tuple[Codes, Codes, Codes, Codes, Flags]:
        """Price and size after each row, price and size before it, and whether they differ."""
        has_price, has_size = (self.table.values[one].codes >= 0 for one in (price, size))
        prices, sizes = (self.numbers[one].of(self.latest[one]) for one in (price, size))
        empty = self._is_nothing(price, size)
        side = shown = Side(prices, sizes)
        if empty.any() or (has_price != has_size).any():
            side = self._shown(shown, has_size, empty, size)
        self._after[price] = side
        before, differs = self._changed(side)
        self.is_news |= differs if side is shown else self._is_sent(shown, size)
        first = has_price & (self._before(prices) == ABSENT)
        return *side, *before, (has_price | has_size) & (differs | first)

    def _changed(self, side: Side) -> tuple[Side, Flags]:
        """A side before each row, and whether the row has changed it."""
        before = Side(*map(self._before, side))
        return before, (side.price != before.price) | (side.size != before.size)

    def _is_sent(self, shown: Side, size: str) -> Flags:
        """Whether TWS sends anything for each row: a size that never came is 0 to it."""
        before, sizes = Side(*map(self._before, shown)), self.numbers[size]
        now, was = (np.where(one == ABSENT, sizes.zero, one) for one in (shown.size, before.size))
        return np.asarray((shown.price != before.price) | (now != was))

    def _is_nothing(self, price: str, size: str) -> Flags:
        """After each row: whether its newest price is -1, without a size."""
        is_least = self.numbers[price].floats == -1
        has_none = np.nan_to_num(self.numbers[size].floats) == 0
        if not is_least.any():
            return np.zeros(len(self.table), np.bool_)
        return np.asarray(is_least[self.latest[price]] & has_none[self.latest[size]])

    def _shown(self, raw: Side, has_size: Flags, empty: Flags, size: str) -> Side:
        """A side after each row, where `empty` has those at which it is so. A size that never came
        is 0 beside a price; and one of 0 where there is none, and no price, changes nothing."""
        zero = self.numbers[size].zero
        counts = has_size & (raw.size != zero)
        has_counted = (self._newest(counts[self._order]) >= 0)[self._back]
        alone = np.where(has_counted, raw.size, ABSENT)
        beside = np.where(raw.size == ABSENT, zero, raw.size)
        sizes = np.where(raw.price == ABSENT, alone, beside)
        found = (np.where(empty, ABSENT, one) for one in (raw.price, sizes))
        return Side(*(one.astype(np.int32) for one in found))

    def side(self, column: str, row: int) -> tuple[float | None, float | None, bool]:
        """The price and the size of the bid or the ask after a row, as ticks have them, and
        whether a price has come at all."""
        price, size = (
            self.numbers[name].objects[codes[row]]
            for name, codes in zip((column, f"{column}_size"), self._after[column], strict=True)
        )
        return price, size, bool(self.latest[column][row] >= 0)

    def prices(self, column: str) -> Floats:
        """The bid, the ask, their midpoint (`mid`) or the last trade after each row, or that of the
        row itself (`trade`); NaN for none."""
        found = self._prices.get(column)
        if found is None and column == "mid":
            found = self._prices[column] = (self.prices("bid") + self.prices("ask")) / 2
        elif found is None and column == "trade":
            codes = self.table.values["last"].codes
            found = self._prices[column] = self.numbers["last"].floats[codes]
        elif found is None:
            found = self.numbers[column].floats[self.latest[column]]
            if column != "last":
                found[self._is_nothing(column, f"{column}_size")] = np.nan
            self._prices[column] = found
        return found

    def _before(self, values: Codes) -> Codes:
        """The value of the row before, of the same symbol; absent for its first."""
        ordered = values[self._order]
        moved = np.r_[ABSENT, ordered[:-1]].astype(np.int32) if len(ordered) else ordered
        moved[self._begins == np.arange(len(ordered))] = ABSENT
        return np.asarray(moved[self._back])

    def _trades(self) -> tuple[Codes, Codes, Flags]:
        codes, sizes = (self.table.values[one].codes for one in ("last", "last_size"))
        price, size = (self.numbers[one] for one in ("last", "last_size"))
        given = size.of(sizes)
        given = np.where(given == ABSENT, size.zero, given).astype(np.int32)
        is_nothing = (price.floats == -1)[codes] & (given == size.zero)
        return price.of(codes), given, (codes >= 0) & ~is_nothing

    def _is_plain(self, name: str) -> bool:
        """Whether `virtual.direct.ticks` takes all that a column has."""
        most = SIZE_MAX if name.endswith("size") else PRICE_MAX
        least = 0 if name.endswith("size") else -most
        return self.numbers[name].are_within(self.table.values[name].codes, least, most)

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
        is_trade = self.ticks.is_trade[places]
        if not is_trade.any():
            return self._of_kind(Quote, places)
        out = np.empty(len(places), dtype=object)
        for kind, wanted in ((Quote, ~is_trade), (Trade, is_trade)):
            at = places[wanted]
            out[wanted] = np.fromiter(self._of_kind(kind, at), object, len(at))
        found: list[Tick] = out.tolist()
        return found

    def _of_kind(self, kind: type[Tick], places: Places) -> list[Tick]:
        ticks, names = self.ticks, TRADED if kind is Trade else QUOTED
        stamps = (self.table.ts_ns[ticks.row[places]] + HOP_NS).tolist()
        symbols = self._names[ticks.symbol[places]].tolist()
        columns = (
            self.numbers[name].objects[codes[places]].tolist()
            for name, codes in zip(names, ticks.values, strict=False)
        )
        return list(map(kind, symbols, stamps, *columns))


def _order(symbols: Codes) -> Places:
    """Sorts by symbol and keeps the order of each; small numbers are sorted much faster."""
    few = symbols.astype(np.uint16) if not len(symbols) or symbols.max() < 1 << 16 else symbols
    return np.argsort(few, kind="stable")


def _grouped(places: Places, symbols: Codes, number: int) -> list[Places]:
    """Places by their symbol's number, each in its order."""
    order = _order(symbols)
    return np.split(places[order], np.searchsorted(symbols[order], np.arange(1, number)))
