"""Live and delayed market data: who may have which, as TWS grants it by symbol."""

from collections.abc import Iterable
from typing import Final

from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import BadRequest, MarketDataType
from tapewire.simulator.protocol.session import Session

LIVE: Final = 1
DELAYED_TYPES: Final = (3, 4)
NO_DATA: Final = (
    354,
    "Requested market data is not subscribed. Delayed market data is available. Ask for it with "
    "market data type 3.",
)
DELAYED: Final = (10167, "Requested market data is not subscribed. Displaying delayed market data.")


class DataKinds:
    """What kind of data each connection gets. For the symbols that are `delayed` nobody has
    subscribed to live data."""

    def __init__(self, delayed: Iterable[str], outbox: Outbox) -> None:
        self._delayed = frozenset(delayed)
        self._outbox = outbox
        self._asked: dict[int, int] = {}  # what a connection has asked for

    def choose(self, session: Session, request: MarketDataType) -> None:
        """Take note of reqMarketDataType; frozen data (2) is live here, for nothing closes."""
        self._asked[session.conn] = request.kind

    def are_live(self, symbols: Iterable[str]) -> bool:
        """Whether there are live data of all of them."""
        return self._delayed.isdisjoint(symbols)

    def of(self, session: Session, symbols: Iterable[str], req_id: int) -> int:
        """Live or delayed data; raises BadRequest where neither is to be had."""
        if self.are_live(symbols):
            return LIVE
        kind = self._asked.get(session.conn, LIVE)
        if kind not in DELAYED_TYPES:
            raise BadRequest(req_id, *NO_DATA)
        self._outbox.error(session, *DELAYED, req_id)
        return kind

    def forget(self, conn: int) -> None:
        """A connection is over."""
        self._asked.pop(conn, None)
