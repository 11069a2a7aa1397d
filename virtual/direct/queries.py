"""The gateway's side of queries at a `DirectExchange`: what is asked there, and what comes back."""

from collections.abc import Callable
from typing import Any

from tapewire.common.events.queries import ChainQuery, HistoryQuery, TicksQuery
from tapewire.gateway.query_port import BrokerQuery, Found, Refused
from tapewire.gateway.scan_port import NoScans, ScanPort
from tapewire.virtual.direct.past import AskPast

LOST = "the connection to the exchange was lost before it answered"
UNKNOWN = "the exchange without TWS knows its accounts only as a summary has them"
NO_CONTRACTS = "the exchange without TWS has the configured instruments, and describes no others"


class DirectQueries:
    """The queries of one login; satisfies `gateway.query_port.QueryPort`. `send` queues what goes
    to the exchange, `is_up` is whether it has answered the login."""

    def __init__(self, send: Callable[[Any], None], is_up: Callable[[], bool]) -> None:
        self._send = send
        self._is_up = is_up
        self._open: set[int] = set()
        self._reports: list[Found | Refused] = []
        self.scans: ScanPort = NoScans("the exchange without TWS makes no rankings")

    def problem(self) -> str:
        """See `QueryPort.problem`."""
        return "" if self._is_up() else "the gateway is not connected to the exchange"

    def ask(self, number: int, query: BrokerQuery) -> None:
        """See `QueryPort.ask`."""
        if not isinstance(query, HistoryQuery | TicksQuery | ChainQuery):
            is_contract = hasattr(query, "sec_type")
            raise ValueError(NO_CONTRACTS if is_contract else UNKNOWN)
        self._send(AskPast(number, query))
        self._open.add(number)

    def give_up(self, number: int) -> None:
        """See `QueryPort.give_up`."""
        self._open.discard(number)

    def take(self) -> list[Found | Refused]:
        """See `QueryPort.take`."""
        taken, self._reports = self._reports, []
        return taken

    def arrived(self, report: Found | Refused) -> None:
        """The exchange has answered."""
        if report.number in self._open:
            self._open.discard(report.number)
            self._reports.append(report)

    def closed(self) -> None:
        """The connection is gone, and all that was asked on it."""
        self._reports += [Refused(number, 0, LOST, "lost") for number in sorted(self._open)]
        self._open.clear()
