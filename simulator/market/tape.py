"""What the market has shown: every row, when clients were sent it, for as long as there is room.

History is made from it, so that it says of a minute what was streamed in that minute. Taking a row
down costs an append. The newest rows of a symbol are kept as they are; older ones are packed, some
thousand at a time, and each minute of them is summed up, so that the bars of a day need not unpack
a day. Of packed rows the oldest are dropped once there are too many; their minutes stay.
"""

import zlib
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from tapewire.common.ticks.rows import Row
from tapewire.simulator.market.screen import Screen
from tapewire.simulator.market.summary import Summary, join, summarise

NS_PER_MINUTE: Final = 60_000_000_000
LOOSE_MAX: Final = 262_144
"""Rows of all symbols together that are not packed; a symbol has `PACK` of them at least."""
PACK: Final = 4_096
UNPACKED_MAX: Final = 8
PACKS_MAX: Final = 500
"""Packs of one symbol: some two million rows, of ten bytes or so."""
MINUTES_MAX: Final = 30 * 24 * 60

Shown = tuple[int, Row]
"""A row, and when it was sent to clients, in nanoseconds UTC."""


def _time(shown: Shown) -> int:
    return shown[0]


class _Packed(NamedTuple):
    first_ns: int
    last_ns: int
    data: bytes

    def rows(self) -> list[Shown]:
        return _unpacked(self.data)


@lru_cache(UNPACKED_MAX)
def _unpacked(data: bytes) -> list[Shown]:
    return msgspec.msgpack.decode(zlib.decompress(data), type=list[tuple[int, Row]])


class Reel:
    """The rows of one symbol, oldest first. `take` is on the market's way, hence an append."""

    def __init__(self, loose_max: int = LOOSE_MAX) -> None:
        self.loose_max = loose_max
        self._loose: list[Shown] = []
        self._packs: list[_Packed] = []
        self._minutes: OrderedDict[int, Summary] = OrderedDict()
        self._screen = Screen()  # as the packed rows leave it

    def take(self, row: Row, now_ns: int) -> None:
        """Take down what is sent now."""
        self._loose.append((now_ns, row))
        if len(self._loose) >= self.loose_max:
            self._pack()

    def rows(self, from_ns: int, to_ns: int) -> Iterator[Shown]:
        """The rows from `from_ns` on and before `to_ns`."""
        for pack in self._packs:
            if pack.last_ns >= from_ns and pack.first_ns < to_ns:
                yield from (one for one in pack.rows() if from_ns <= one[0] < to_ns)
        at = bisect_left(self._loose, from_ns, key=_time)
        end = bisect_left(self._loose, to_ns, at, key=_time)
        yield from self._loose[at:end]

    def summary(self, from_ns: int, to_ns: int) -> Summary:
        """What the rows from `from_ns` on and before `to_ns` come to."""
        whole: Summary = {}
        at_ns = from_ns
        packed_ns = self._packs[-1].last_ns // NS_PER_MINUTE * NS_PER_MINUTE if self._packs else 0
        while at_ns < min(to_ns, packed_ns):
            end_ns = at_ns // NS_PER_MINUTE * NS_PER_MINUTE + NS_PER_MINUTE
            if at_ns % NS_PER_MINUTE == 0 and end_ns <= min(to_ns, packed_ns):
                join(whole, self._minutes.get(at_ns // NS_PER_MINUTE, {}))
            else:
                join(whole, self._of_rows(at_ns, min(end_ns, to_ns)))
            at_ns = end_ns
        if at_ns < to_ns:
            join(whole, self._of_rows(at_ns, to_ns))
        return whole

    def screen(self, before_ns: int) -> Screen:
        """The quote just before a moment."""
        return Screen.after(self._backwards(before_ns))

    def first(self) -> int | None:
        """When its first row was sent."""
        if self._minutes:
            return next(iter(self._minutes)) * NS_PER_MINUTE
        return self._loose[0][0] if self._loose else None

    def _of_rows(self, from_ns: int, to_ns: int) -> Summary:
        whole: Summary = {}
        screen = self.screen(from_ns)
        for _, row in self.rows(from_ns, to_ns):
            summarise(row, screen, whole)
        return whole

    def _backwards(self, before_ns: int) -> Iterator[Row]:
        at = bisect_left(self._loose, before_ns, key=_time)
        yield from (self._loose[n][1] for n in range(at - 1, -1, -1))
        for pack in reversed(self._packs):
            if pack.first_ns < before_ns:
                yield from (row for ns, row in reversed(pack.rows()) if ns < before_ns)

    def _pack(self) -> None:
        rows, self._loose = self._loose[:PACK], self._loose[PACK:]
        data = zlib.compress(msgspec.msgpack.encode(rows), 1)
        self._packs.append(_Packed(rows[0][0], rows[-1][0], data))
        if len(self._packs) > PACKS_MAX:
            del self._packs[0]
        for now_ns, row in rows:
            summarise(row, self._screen, self._minutes.setdefault(now_ns // NS_PER_MINUTE, {}))
        while len(self._minutes) > MINUTES_MAX:
            self._minutes.popitem(last=False)
