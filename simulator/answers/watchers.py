"""Who is shown every row of a symbol as it passes: depth, and ticks that are worked out."""

from collections.abc import Callable
from typing import NamedTuple

from tapewire.common.ticks.rows import Row

Show = Callable[[Row], None]


class Watched(NamedTuple):
    """One subscription: of which kind, of which connection, under which request id."""

    kind: str
    conn: int
    req_id: int


class Watchers:
    """Subscriptions by symbol. Looking up a symbol that nobody watches costs next to nothing."""

    def __init__(self) -> None:
        self.by_symbol: dict[str, dict[Watched, Show]] = {}
        self._symbols: dict[Watched, str] = {}

    def add(self, symbol: str, one: Watched, show: Show) -> None:
        """Show every row of a symbol, after the books have taken it."""
        self.by_symbol.setdefault(symbol, {})[one] = show
        self._symbols[one] = symbol

    def has(self, one: Watched) -> bool:
        """Whether there is such a subscription."""
        return one in self._symbols

    def count(self, kind: str, conn: int) -> int:
        """The subscriptions of a connection."""
        return sum(one.kind == kind and one.conn == conn for one in self._symbols)

    def remove(self, one: Watched) -> bool:
        """End a subscription; whether there was one."""
        symbol = self._symbols.pop(one, None)
        if symbol is None:
            return False
        del self.by_symbol[symbol][one]
        if not self.by_symbol[symbol]:
            del self.by_symbol[symbol]
        return True

    def forget(self, kind: str, conn: int) -> None:
        """End all of a connection's subscriptions of a kind."""
        for one in [one for one in self._symbols if one.kind == kind and one.conn == conn]:
            self.remove(one)

    def show(self, row: Row) -> None:
        """Show a row to those who watch its symbol."""
        for show in list(self.by_symbol[row.symbol].values()):
            show(row)
