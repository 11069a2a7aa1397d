"""TWS's error messages: what each is about, what it means, and what the adapter does about it."""

from collections.abc import Collection, Iterator
from typing import Final

from tapewire.common.events import ErrorClass, ErrorSubject
from tapewire.gateway import broker
from tapewire.gateway.broker import BrokerEvent
from tapewire.gateway.tws import errors
from tapewire.gateway.tws.account_summary import AccountSummary
from tapewire.gateway.tws.attempt import Attempt
from tapewire.gateway.tws.connectivity import Connectivity
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.describing import Describing
from tapewire.gateway.tws.lines import Lines
from tapewire.gateway.tws.market_data import MarketData
from tapewire.gateway.tws.messages import TwsError
from tapewire.gateway.tws.queries import TwsQueries
from tapewire.gateway.tws.throttle import Throttle
from tapewire.gateway.tws.what_if import WhatIfOrders

SAID_MAX: Final = 300
"""How much of TWS's words is part of a reason: what is longer would not fit into an event."""


class ErrorMessages:
    """Reads the error messages of one login. `order_ids` are those of its orders, so far."""

    def __init__(
        self,
        attempt: Attempt,
        market: MarketData,
        contracts: Contracts,
        lines: Lines,
        describing: Describing,
        summary: AccountSummary,
        what_ifs: WhatIfOrders,
        queries: TwsQueries,
        throttle: Throttle,
        order_ids: Collection[int],
    ) -> None:
        self._attempt = attempt
        self._market = market
        self._contracts = contracts
        self._lines = lines
        self._describing = describing
        self._summary = summary
        self._what_ifs = what_ifs
        self._queries = queries
        self._throttle = throttle
        self._order_ids = order_ids
        self.connectivity = Connectivity()

    def closed(self) -> None:
        """The connection is gone."""
        self.connectivity.closed()
        self._throttle.closed()

    def read(self, message: TwsError) -> Iterator[BrokerEvent]:
        """What an error message amounts to: its report, and then what follows from it."""
        row = errors.meaning(message.code)
        if message.request_id in self._order_ids and message.request_id not in self._what_ifs:
            error_class = errors.class_of(row, "order")
            yield errors.order_error(
                str(message.request_id), message.code, message.text, row.effect,
                str(self._attempt.client_id),
            )  # fmt: skip
        else:
            about, subject = self._subject(message.request_id)
            error_class = errors.class_of(row, about)
            answer = self._what_ifs.refusal(message)
            yield broker.ErrorReport(
                message.code, message.text, error_class, about, subject, row.sentences,
                answered=self._queries.refused(message) or answer is not None,
            )  # fmt: skip
            if answer is not None:
                yield answer
        yield from self._follows(error_class, message)

    def _subject(self, request_id: int) -> tuple[ErrorSubject, str]:
        symbol = self._contracts.about(request_id) or self._market.about(request_id)
        if symbol is not None:
            return "symbol", symbol
        return ("request", str(request_id)) if request_id >= 0 else ("connection", "")

    def _follows(self, error_class: ErrorClass, message: TwsError) -> Iterator[BrokerEvent]:
        """What an error asks of market data, and its class of the connection."""
        text = message.text[:SAID_MAX]
        self._lines.trouble(message.request_id, message.code, text)
        if error_class == "throttle":
            self._throttle.hit()
        elif error_class == "request":
            self._describing.refused(message.request_id)
            self._summary.refused(message.request_id)
        elif error_class == "reconnect":
            if message.code == errors.CLIENT_ID_IN_USE:
                yield self._attempt.client_id_in_use()
            else:
                self._attempt.last_word = f"TWS says: {text} ({message.code})"
        change = self.connectivity.change(error_class)
        if change == "lost":
            yield broker.ServerLost(f"TWS lost its server: {text}")
        elif change == "restored":
            if error_class == "data_lost":
                self._lines.closed()
                self._queries.data_lost()
            yield broker.ServerRestored()
