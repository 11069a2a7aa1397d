"""What TWS sends beside ticks: midpoints, and trades that are no prices of the market."""

from tapewire.common.events import IrregularTrade, Midpoint
from tapewire.common.events.beside import WORDS_MAX
from tapewire.gateway.market_feed import BesideTicks
from tapewire.gateway.tws.line import side_of


class Beside:
    """What came of one session and was not taken yet."""

    def __init__(self) -> None:
        self._came: list[BesideTicks] = []

    def take(self) -> list[BesideTicks]:
        """What came since the last call, in order."""
        if not self._came:
            return []
        taken, self._came = self._came, []
        return taken

    def midpoint(self, symbol: str, price: float, now_ns: int) -> None:
        """A midpoint; ValueError for a price that nobody would read."""
        checked, _ = side_of(price, None)
        if checked is not None:
            self._came.append(Midpoint(symbol, now_ns, checked))

    def irregular(
        self,
        symbol: str,
        now_ns: int,
        price: float,
        size: float | None,
        *,
        unreported: bool,
        past_limit: bool,
        exchange: bytes,
        conditions: bytes,
    ) -> None:
        """A trade that is no price of the market."""
        words = (one.decode(errors="replace")[:WORDS_MAX] for one in (exchange, conditions))
        self._came.append(
            IrregularTrade(symbol, now_ns, price, size, unreported, past_limit, *words)
        )
