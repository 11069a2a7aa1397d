"""The market data part of ProjectX's adapter: quotes and trades of the contracts that are read."""

from collections.abc import Callable
from typing import Final

from tapewire.common.events import Tick
from tapewire.gateway.market_feed import FeedNews, TicksAlone
from tapewire.gateway.projectx.lines import Line
from tapewire.gateway.projectx.session import Session
from tapewire.gateway.projectx.words import Json

HUB_GONE: Final = "the market data hub of ProjectX was away"


class Market(TicksAlone):
    """The lines that are open. `say` writes a line to the link."""

    def __init__(self, session: Session, say: Callable[[Json], None]) -> None:
        self._session = session
        self._say = say
        self._lines: dict[str, Line] = {}
        self._news: list[FeedNews] = []

    @property
    def subscriptions(self) -> int:
        """See `Broker.subscriptions`."""
        return len(self._lines)

    def opened(self) -> None:
        """The hub is there: whatever is wanted is subscribed to again."""
        self._news.append(FeedNews("", "doubtful", HUB_GONE))
        self.watch_all()

    def watch_all(self) -> None:
        """Subscribe to all that is wanted."""
        for symbol in self._lines:
            self._watch(symbol)

    def hear(self, said: str, about: Json, now_ns: int) -> None:
        """A quote or trades of a contract. Raises ValueError or LookupError for what is neither."""
        line = self._lines.get(self._session.symbol_of(about["contract_id"]))
        if line is None:
            return
        found = about["data"]
        for one in found if isinstance(found, list) else [found]:
            (line.quote if said == "quote" else line.trade)(one, now_ns)

    def take_ticks(self) -> list[tuple[str, list[Tick]]]:
        """See `Broker.take_ticks`."""
        taken = [(line.symbol, line.ticks) for line in self._lines.values() if line.ticks]
        for symbol, _ in taken:
            self._lines[symbol].ticks = []
        return taken

    def trades(self, symbol: str) -> bool:
        """See `Broker.trades`."""
        return symbol in self._session.instruments

    def want(self, symbol: str) -> bool:
        """See `Broker.want`."""
        if not self.trades(symbol):
            return False
        self._lines.setdefault(symbol, Line(symbol))
        self._watch(symbol)
        return True

    def unwant(self, symbol: str) -> None:
        """See `Broker.unwant`."""
        contract_id = self._session.contracts.get(symbol)
        if self._lines.pop(symbol, None) is not None and contract_id:
            self._say({"unwatch": contract_id})

    def reopen(self, symbol: str) -> None:
        """See `Broker.reopen`."""
        self._watch(symbol)

    def _watch(self, symbol: str) -> None:
        if self._session.is_up and symbol in self._session.contracts:
            self._say({"watch": self._session.contracts[symbol]})

    def take_feed_news(self) -> list[FeedNews]:
        """See `Broker.take_feed_news`."""
        taken, self._news = self._news, []
        return taken
