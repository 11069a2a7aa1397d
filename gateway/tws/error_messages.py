"""TWS's error messages: what each is about, what it means, and what the adapter does about it."""

from collections.abc import Collection, Iterator
from typing import Final

from tapewire.common.events import ErrorClass, ErrorSubject
from tapewire.gateway import broker
from tapewire.gateway.broker import BrokerEvent
from tapewire.gateway.tws import errors
from tapewire.gateway.tws.connectivity import Connectivity
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.lines import Lines
from tapewire.gateway.tws.market_data import MarketData
from tapewire.gateway.tws.messages import TwsError
from tapewire.gateway.tws.session import TwsSession
from tapewire.gateway.tws.what_if import WhatIfOrders

IN_USE: Final = (
    "TWS says that client id {} is in use (326); trying again, it can stay taken for a while after"
    " a crash"
)


class ErrorMessages:
    """Reads the error messages of one login. `order_ids` are those of its orders, so far."""

    def __init__(
        self,
        session: TwsSession,
        market: MarketData,
        contracts: Contracts,
        lines: Lines,
        what_ifs: WhatIfOrders,
        order_ids: Collection[int],
    ) -> None:
        self.last_word = ""  # why TWS is about to close, in its own words
        self._session = session
        self._market = market
        self._contracts = contracts
        self._lines = lines
        self._what_ifs = what_ifs
        self._order_ids = order_ids
        self._connectivity = Connectivity()

    def closed(self, reason: str) -> str:
        """The connection is gone; returns why, which TWS may have said before."""
        self._connectivity.closed()
        reason, self.last_word = self.last_word or reason, ""
        return reason

    def read(self, message: TwsError) -> Iterator[BrokerEvent]:
        """What an error message amounts to: its report, and then what follows from it."""
        row = errors.meaning(message.code)
        if message.request_id in self._order_ids and message.request_id not in self._what_ifs:
            error_class = errors.class_of(row, "order")
            yield broker.OrderError(
                str(message.request_id), message.code, message.text, row.effect,
                str(self._session.client_id), error_class, row.sentences,
            )  # fmt: skip
        else:
            about, subject = self._subject(message.request_id)
            error_class = errors.class_of(row, about)
            answer = self._what_ifs.refusal(message)
            yield broker.ErrorReport(
                message.code, message.text, error_class, about, subject, row.sentences,
                answered=answer is not None,
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
        """What the class of an error asks of the connection."""
        if error_class == "reconnect":
            in_use = message.code == errors.CLIENT_ID_IN_USE
            own = f"TWS says: {message.text} ({message.code})"
            self.last_word = IN_USE.format(self._session.client_id) if in_use else own
            return
        change = self._connectivity.change(error_class)
        if change == "lost":
            yield broker.ServerLost(f"TWS lost its server: {message.text}")
        elif change == "restored":
            if error_class == "data_lost":
                self._market.close_all()
                self._lines.closed()
            yield broker.ServerRestored()
