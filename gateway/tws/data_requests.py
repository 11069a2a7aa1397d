"""The requests for market data, as ibapi encodes them."""

from typing import Any, Final

from ibapi.contract import Contract

DELAYED: Final = 3  # of TWS's types of market data
BAR_S: Final = 5  # the one width of real-time bars


class DataRequests:
    """A part of the encoder, as `QueryRequests` is."""

    _client: Any

    def _taken(self) -> bytes:
        raise NotImplementedError

    def market_data(self, request_id: int, contract: Contract, generic: str = "") -> bytes:
        """Top of book of a contract, with generic ticks by their numbers."""
        self._client.reqMktData(request_id, contract, generic, False, False, [])
        return self._taken()

    def cancel_market_data(self, request_id: int) -> bytes:
        """No more of a contract's top of book."""
        self._client.cancelMktData(request_id)
        return self._taken()

    def tick_by_tick(self, request_id: int, contract: Contract, kind: str) -> bytes:
        """Every change of a contract: `BidAsk`, `Last`, `AllLast` or `MidPoint`."""
        self._client.reqTickByTickData(request_id, contract, kind, 0, False)
        return self._taken()

    def cancel_tick_by_tick(self, request_id: int) -> bytes:
        """No more of a contract's changes."""
        self._client.cancelTickByTickData(request_id)
        return self._taken()

    def depth(self, request_id: int, contract: Contract, rows: int, *, is_smart: bool) -> bytes:
        """The book of a contract; `is_smart`: of all exchanges together."""
        self._client.reqMktDepth(request_id, contract, rows, is_smart, [])
        return self._taken()

    def cancel_depth(self, request_id: int, *, is_smart: bool) -> bytes:
        """No more of a contract's book."""
        self._client.cancelMktDepth(request_id, is_smart)
        return self._taken()

    def real_time_bars(self, request_id: int, contract: Contract, show: str) -> bytes:
        """A bar of every five seconds, outside of regular hours too."""
        self._client.reqRealTimeBars(request_id, contract, BAR_S, show, False, [])
        return self._taken()

    def cancel_real_time_bars(self, request_id: int) -> bytes:
        """No more of these bars."""
        self._client.cancelRealTimeBars(request_id)
        return self._taken()

    def delayed_data(self) -> bytes:
        """From now on delayed data where the login may not have live ones."""
        self._client.reqMarketDataType(DELAYED)
        return self._taken()
