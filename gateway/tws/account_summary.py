"""TWS's account summary: what is asked about the values of accounts, and what TWS answers.

A summary is of all accounts of the login at once, which account updates are not: TWS sends those of
one account at a time. It comes in full as the answer, and then each three minutes what has changed.
To have it sooner it has to be asked for again. TWS allows a client two summaries at a time, so the
one before is ended first.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from tapewire.gateway import broker
from tapewire.gateway.broker import AccountValue, BrokerEvent
from tapewire.gateway.outbox import Outbox
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.session import TwsSession

REQUEST_ID: Final = 980_000_000  # of the first question; each next one has the next
VALUES: Final[Mapping[str, AccountValue]] = {
    "NetLiquidation": "equity",
    "TotalCashValue": "cash",
    "BuyingPower": "buying_power",
    "AvailableFunds": "available_funds",
    "ExcessLiquidity": "excess_liquidity",
    "InitMarginReq": "initial_margin",
    "MaintMarginReq": "maintenance_margin",
}
"""The values that are asked for, by TWS's tags. TWS gives each in the account's own currency."""


class AccountSummary:
    """The summary of one session."""

    def __init__(self, session: TwsSession, outbox: Outbox[bytes]) -> None:
        self._session = session
        self._outbox = outbox
        self._request_id = REQUEST_ID
        self._is_open = False
        self._is_answered = False

    def closed(self) -> None:
        """The connection is gone, and the summary with it."""
        self._is_open = False

    def refused(self, request_id: int) -> None:
        """TWS refuses a question: if it is the newest, there is no summary."""
        if request_id == self._request_id:
            self._is_open = False

    def again(self) -> None:
        """Ask again, where the question has no answer."""
        if self._is_open and not self._is_answered:
            self.ask()

    def ask(self) -> None:
        """Ask for all values."""
        encode = self._session.encode
        if self._is_open:
            self._outbox.request(encode.cancel_account_summary(self._request_id))
        self._request_id += 1
        self._is_open, self._is_answered = True, False
        self._outbox.request(encode.account_summary(self._request_id, ",".join(VALUES)))

    def events_of(self, message: tws.AccountSummary) -> Iterator[BrokerEvent]:
        """What an answer means; the end of an earlier one means nothing."""
        if isinstance(message, tws.AccountSummaryEnd):
            if message.request_id == self._request_id:
                self._is_answered = True
                yield broker.AccountsComplete()
        elif message.tag in VALUES:
            yield broker.AccountReport(
                message.account, VALUES[message.tag], message.amount, message.currency
            )
