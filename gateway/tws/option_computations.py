"""TWS's option computations (message 21): greeks of an option's bid, ask, last trade and model.

    21  [version, below 156]  request  tick type  [base, from 156]  implied volatility  delta  price
        present value of dividends  gamma  vega  theta  price of the underlying

TWS writes -1 for a volatility or a price, and -2 for a greek, that it has not computed; a delta of
-1 is a put deep in the money. An empty field, NaN, infinity and a double's largest value are none.
(IBKR, TWS API: tickOptionComputation; ibapi 9.81.1, decoder.)
"""

from collections.abc import Callable, Sequence
from typing import Final

from tapewire.common.events import Basis, Greeks
from tapewire.common.events.base import PRICE_MAX
from tapewire.gateway.tws.line import Line, check_fields

OPTION_COMPUTATION: Final = b"21"
_FIELDS: Final = 12
BASES: Final[dict[bytes, Basis]] = {
    b"10": "bid", b"11": "ask", b"12": "last", b"13": "model",
    b"80": "bid", b"81": "ask", b"82": "last", b"83": "model",
}  # fmt: skip
"""Tick types, live and delayed. Another one (53) answers a question that is not asked here."""
DELAYED: Final = frozenset({b"80", b"81", b"82", b"83"})
NOT_AN_AMOUNT: Final = -1.0
NOT_A_GREEK: Final = -2.0


class Computations:
    """The newest greeks of each option and basis that were not taken yet. `line` finds the line
    whose top of book a request is."""

    def __init__(self, line: Callable[[bytes], Line | None]) -> None:
        self._line = line
        self._newest: dict[tuple[str, Basis], Greeks] = {}

    def read(self, fields: list[bytes], now_ns: int) -> None:
        """Read one message; ValueError where it makes no sense."""
        check_fields(fields, _FIELDS)
        place = 1 if self._line(fields[1]) else 2  # behind a version from an old server
        line, basis = self._line(fields[place]), BASES.get(fields[place + 1])
        if line is None or basis is None:
            return
        delayed = fields[place + 1] in DELAYED
        greeks = greeks_of(fields, line.symbol, basis, now_ns, delayed=delayed)
        if greeks is not None:
            self._newest[line.symbol, basis] = greeks

    def take(self) -> list[Greeks]:
        """What came since the last call."""
        taken, self._newest = [*self._newest.values()], {}
        return taken

    def forget(self, symbol: str) -> None:
        """Nobody reads an option any more."""
        self._newest = {key: one for key, one in self._newest.items() if key[0] != symbol}


def greeks_of(
    fields: Sequence[bytes], symbol: str, basis: Basis, now_ns: int, *, delayed: bool = False
) -> Greeks | None:
    """What a computation says; None if it has no greek at all. Raises ValueError."""
    vol, delta, price, _dividends, gamma, vega, theta, underlying = (
        _number(one) for one in fields[4:_FIELDS]
    )
    delta, gamma, vega, theta = (
        None if one == NOT_A_GREEK else one for one in (delta, gamma, vega, theta)
    )
    vol, price, underlying = (
        None if one is None or one < 0 else one for one in (vol, price, underlying)
    )
    if delta is None and gamma is None and vega is None and vol is None:
        return None
    return Greeks(
        symbol, now_ns, "tws", basis, vol, delta, gamma, vega, theta, price, underlying, delayed
    )


def _number(text: bytes) -> float | None:
    value = float(text) if text else None
    return value if value is not None and -PRICE_MAX <= value <= PRICE_MAX else None
