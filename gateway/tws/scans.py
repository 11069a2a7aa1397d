"""Scans at TWS: subscriptions to rankings, and what TWS says of them.

TWS sends a ranking when it is asked for, and again every half a minute, whole each time. One that
has no contract is sent with error 165, which refuses nothing.
"""

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from tapewire.common.events.scans import Scan
from tapewire.gateway.outbox import Outbox, OutboxFull
from tapewire.gateway.scan_port import Ranking, ScanEnded
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws import query_messages as answers
from tapewire.gateway.tws.session import TwsSession

REQUEST_ID: Final = 998_000_000
REQUESTS_MAX: Final = 1_000_000
SCANS_MAX: Final = 10
NOTHING_FOUND: Final = 165
LOST: Final = "the connection to TWS was lost"


class TwsScans:
    """The scans of one session; satisfies `gateway.scan_port.ScanPort`."""

    scans_max = SCANS_MAX

    def __init__(self, session: TwsSession, outbox: Outbox[bytes]) -> None:
        self._session = session
        self._outbox = outbox
        self._open: dict[int, int] = {}  # by request id: number
        self._ended: deque[int] = deque(maxlen=2 * SCANS_MAX)  # request ids; TWS confirms each
        self._reports: list[Ranking | ScanEnded] = []

    def open(self, number: int, scan: Scan) -> None:
        """See `ScanPort.open`."""
        request_id = REQUEST_ID + number % REQUESTS_MAX
        self._outbox.other(self._session.encode.scan(request_id, scan))
        self._open[request_id] = number

    def close(self, number: int) -> None:
        """See `ScanPort.close`."""
        request_id = REQUEST_ID + number % REQUESTS_MAX
        if self._open.pop(request_id, None) is not None:
            with suppress(OutboxFull):
                self._outbox.other(self._session.encode.cancel_scan(request_id))
            self._ended.append(request_id)

    def take_rankings(self) -> list[Ranking | ScanEnded]:
        """See `ScanPort.take_rankings`."""
        taken, self._reports = self._reports, []
        return taken

    def data_lost(self) -> None:
        """TWS is back, and may have forgotten what was asked, or go on with it: to be sure that it
        counts none twice, each is ended before it is asked for again."""
        for request_id in self._open:
            with suppress(OutboxFull):
                self._outbox.other(self._session.encode.cancel_scan(request_id))
        ended = list(self._open)
        self.closed()
        self._ended.extend(ended)

    def closed(self) -> None:
        """The connection is gone, and all that was asked on it."""
        self._reports += [ScanEnded(one, 0, LOST, lost=True) for one in self._open.values()]
        self._open.clear()
        self._ended.clear()

    def refused(self, message: tws.TwsError, *, only_informs: bool) -> bool:
        """Whether an error is about a scan. Unless it only informs, the scan is over."""
        if message.request_id in self._ended:
            return True
        number = self._open.get(message.request_id)
        if number is None:
            return False
        if message.code == NOTHING_FOUND:
            self._reports.append(Ranking(number, ()))
        elif not only_informs:
            del self._open[message.request_id]
            self._reports.append(ScanEnded(number, message.code, message.text))
        return True

    def readers(self) -> Mapping[type[tws.TwsMessage], Callable[[Any], tuple[()]]]:
        """What reads the rankings."""
        return {answers.Ranked: self._ranked}

    def _ranked(self, message: answers.Ranked) -> tuple[()]:
        number = self._open.get(message.request_id)
        if number is not None:
            self._reports.append(Ranking(number, message.rows))
        return ()
