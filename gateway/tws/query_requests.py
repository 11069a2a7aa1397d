"""The requests that queries make: history, options, account values, profit and loss, scans."""

from typing import Any, Final

from ibapi.common import UNSET_DOUBLE, UNSET_INTEGER
from ibapi.contract import Contract
from ibapi.scanner import ScannerSubscription
from ibapi.server_versions import MIN_SERVER_VER_SCANNER_GENERIC_OPTS

from tapewire.common.events.scans import Scan

NO_MODEL: Final = ""
"""Of a login without models: portfolios that an adviser has within an account."""


class QueryRequests:
    """A part of the encoder; `_client` is ibapi's, and `_taken` what it has encoded."""

    _client: Any

    def _taken(self) -> bytes:
        raise NotImplementedError

    def history(
        self,
        request_id: int,
        contract: Contract,
        end: str,
        back: str,
        bars: str,
        show: str,
        *,
        regular_hours: bool,
    ) -> bytes:
        """Bars of the past, with times in seconds since 1970."""
        self._client.reqHistoricalData(
            request_id, contract, end, back, bars, show, int(regular_hours), 2, False, []
        )
        return self._taken()

    def cancel_history(self, request_id: int) -> bytes:
        """No more of those bars."""
        self._client.cancelHistoricalData(request_id)
        return self._taken()

    def history_ticks(
        self,
        request_id: int,
        contract: Contract,
        start: str,
        end: str,
        count: int,
        show: str,
        *,
        regular_hours: bool,
    ) -> bytes:
        """Ticks of the past, from `start` on or up to `end`."""
        self._client.reqHistoricalTicks(
            request_id, contract, start, end, count, show, int(regular_hours), False, []
        )
        return self._taken()

    def option_chains(
        self, request_id: int, symbol: str, exchange: str, sec_type: str, con_id: int
    ) -> bytes:
        """Expiries and strikes of the options on a contract."""
        self._client.reqSecDefOptParams(request_id, symbol, exchange, sec_type, con_id)
        return self._taken()

    def account_values(self, request_id: int, account: str) -> bytes:
        """All values of an account, now and as they change."""
        self._client.reqAccountUpdatesMulti(request_id, account, NO_MODEL, False)
        return self._taken()

    def cancel_account_values(self, request_id: int) -> bytes:
        """No more of those values."""
        self._client.cancelAccountUpdatesMulti(request_id)
        return self._taken()

    def profit(self, request_id: int, account: str) -> bytes:
        """What an account has gained, now and as that changes."""
        self._client.reqPnL(request_id, account, NO_MODEL)
        return self._taken()

    def cancel_profit(self, request_id: int) -> bytes:
        """No more of what an account has gained."""
        self._client.cancelPnL(request_id)
        return self._taken()

    def position_profit(self, request_id: int, account: str, con_id: int) -> bytes:
        """What a position has gained, now and as that changes."""
        self._client.reqPnLSingle(request_id, account, NO_MODEL, con_id)
        return self._taken()

    def cancel_position_profit(self, request_id: int) -> bytes:
        """No more of what a position has gained."""
        self._client.cancelPnLSingle(request_id)
        return self._taken()

    def scan(self, request_id: int, scan: Scan) -> bytes:
        """The contracts at the top of a ranking, now and every half a minute."""
        has_options = self._client.serverVersion_ >= MIN_SERVER_VER_SCANNER_GENERIC_OPTS
        self._client.reqScannerSubscription(
            request_id, _subscription(scan), [], [] if has_options else None
        )
        return self._taken()

    def cancel_scan(self, request_id: int) -> bytes:
        """No more of that ranking."""
        self._client.cancelScannerSubscription(request_id)
        return self._taken()


def _subscription(scan: Scan) -> ScannerSubscription:
    """A scan in ibapi's fields; what leaves nothing out is unset there."""
    found = ScannerSubscription()
    found.numberOfRows = scan.rows
    found.instrument, found.locationCode = scan.instrument, scan.location
    found.scanCode = scan.code
    found.abovePrice = scan.price_min or UNSET_DOUBLE
    found.belowPrice = scan.price_max or UNSET_DOUBLE
    found.aboveVolume = scan.volume_min or UNSET_INTEGER
    found.marketCapAbove = scan.cap_min or UNSET_DOUBLE
    found.marketCapBelow = scan.cap_max or UNSET_DOUBLE
    return found
