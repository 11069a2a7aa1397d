"""Market data lines: which symbols are read, opened once per session."""

from tapewire.gateway.outbox import Outbox
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.market_data import MarketData
from tapewire.gateway.tws.session import TwsSession


class Lines:
    """The symbols that somebody reads. A line stays open until the session ends."""

    def __init__(
        self, session: TwsSession, market: MarketData, contracts: Contracts, outbox: Outbox[bytes]
    ) -> None:
        self._session = session
        self._market = market
        self._contracts = contracts
        self._outbox = outbox
        self._wanted: dict[str, bool] = {}  # with whether it is open

    def want(self, symbol: str) -> bool:
        """Somebody reads `symbol`: open its line. False if it is not configured."""
        if symbol not in self._contracts.instruments:
            return False
        if symbol not in self._wanted:
            self._wanted[symbol] = False
            self.subscribe()
        return True

    def closed(self) -> None:
        """All lines are gone; those who read them still do."""
        self._wanted = dict.fromkeys(self._wanted, False)

    def subscribe(self) -> None:
        """Open what is wanted and not open."""
        if self._session.state != "UP":
            return
        for symbol, open_already in self._wanted.items():
            if not open_already:
                self._wanted[symbol] = True
                self._open(symbol)

    def _open(self, symbol: str) -> None:
        instrument = self._contracts.instruments[symbol]
        contract, encode = self._contracts.contract(symbol), self._session.encode
        ids = self._market.open(instrument)
        if instrument.feed == "top":
            self._outbox.request(encode.market_data(ids[0], contract))
            return
        for request_id, kind in zip(ids, ("BidAsk", "AllLast"), strict=True):
            self._outbox.request(encode.tick_by_tick(request_id, contract, kind))
