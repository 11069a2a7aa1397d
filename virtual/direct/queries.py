"""The gateway's side of queries at a `DirectExchange`: what is asked there, and what comes back."""

from collections.abc import Callable
from typing import Any

from tapewire.common.events.queries import ChainQuery, HistoryQuery, TicksQuery
from tapewire.gateway.query_port import BrokerQuery, OpenQueries
from tapewire.virtual.direct.past import AskPast

UNKNOWN = "the exchange without TWS knows its accounts only as a summary has them"
NO_CONTRACTS = "the exchange without TWS has the configured instruments, and describes no others"


class DirectQueries(OpenQueries):
    """The queries of one login; satisfies `gateway.query_port.QueryPort`. `send` queues what goes
    to the exchange, `is_up` is whether it has answered the login."""

    def __init__(self, send: Callable[[Any], None], is_up: Callable[[], bool]) -> None:
        super().__init__("the exchange without TWS", is_up)
        self._send = send

    def ask(self, number: int, query: BrokerQuery) -> None:
        """See `QueryPort.ask`."""
        if not isinstance(query, HistoryQuery | TicksQuery | ChainQuery):
            is_contract = hasattr(query, "sec_type")
            raise ValueError(NO_CONTRACTS if is_contract else UNKNOWN)
        self._send(AskPast(number, query))
        self.opened(number)
