"""Ticks one by one: TWS's tick-by-tick messages, whose streams send every change of an instrument.

A message names its stream by the request's id, and says its type. One that answers no open stream
is late, or about nothing; one of another type than was asked for is a fault.
"""

from collections.abc import Callable, Mapping
from typing import Final

from tapewire.gateway.tws.beside import Beside
from tapewire.gateway.tws.by_request import Opened
from tapewire.gateway.tws.line import Line, check_fields, side_of
from tapewire.gateway.tws.streams import MIDPOINTS, QUOTES, TRADES

TYPES: Final[Mapping[bytes, tuple[int, tuple[str, ...]]]] = {
    b"1": (9, TRADES), b"2": (9, TRADES), b"3": (9, (QUOTES,)), b"4": (5, (MIDPOINTS,)),
}  # fmt: skip
"""Fields of a message, by its type, and the streams that it can be of."""
PAST_LIMIT, UNREPORTED = 1, 2  # bits of a trade's attributes


class ByTick:
    """Reads them. `opened` are all requests by id; `quote` and `trade` make ticks of a line."""

    def __init__(
        self,
        opened: Mapping[bytes, Opened],
        beside: Beside,
        quote: Callable[[Line, int], None],
        trade: Callable[[Line, float, float | None, int], None],
    ) -> None:
        self._opened = opened
        self._beside = beside
        self._quote = quote
        self._trade = trade

    def read(self, fields: list[bytes], now_ns: int) -> None:
        """Read one message; ValueError where it makes no sense."""
        if fields[2] not in TYPES:
            return
        count, kinds = TYPES[fields[2]]
        check_fields(fields, count)
        opened = self._opened.get(fields[1])
        if opened is None:
            return
        line = opened.line
        if opened.kind not in kinds or line is None:
            raise ValueError(f"its type is {fields[2].decode()}, and it answers {opened.kind}")
        if opened.kind == QUOTES:
            bid = side_of(float(fields[4]), float(fields[6]))
            ask = side_of(float(fields[5]), float(fields[7]))
            (line.bid, line.bid_size), (line.ask, line.ask_size) = bid, ask
            self._quote(line, now_ns)
        elif opened.kind == MIDPOINTS:
            self._beside.midpoint(line.symbol, float(fields[4]), now_ns)
        else:
            self._read_trade(line, fields, now_ns)
        opened.heard = True
        if opened.kind != MIDPOINTS:
            line.heard(trade=opened.kind != QUOTES)

    def _read_trade(self, line: Line, fields: list[bytes], now_ns: int) -> None:
        """A trade; one that is not a price of the market goes beside."""
        price, size = side_of(float(fields[4]), float(fields[5]))
        attributes = int(fields[6] or b"0")
        if price is None:
            return
        if not attributes & (UNREPORTED | PAST_LIMIT):
            self._trade(line, price, size, now_ns)
            return
        exchange, conditions = fields[7:9]
        self._beside.irregular(
            line.symbol, now_ns, price, size,
            unreported=bool(attributes & UNREPORTED), past_limit=bool(attributes & PAST_LIMIT),
            exchange=exchange, conditions=conditions,
        )  # fmt: skip
