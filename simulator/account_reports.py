"""Answers to questions about account values, and what those who asked are sent of later changes.

As with TWS, what has changed is sent every three minutes. A subscription to account updates, of one
account or under a request's id, is also sent it at once when a position of the account changes; a
summary is not.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Final

from tapewire.simulator.answers.family import forget_keys
from tapewire.simulator.answers.named import account_of
from tapewire.simulator.exchange.account import Accounts, Holding
from tapewire.simulator.exchange.full_values import BASE, full_values, ledger
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.values import Refresh, Value
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import NO_ID, Fields
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import (
    AccountSummary,
    AccountUpdates,
    AccountUpdatesMulti,
    BadRequest,
    CancelAccountSummary,
    CancelAccountUpdatesMulti,
)
from tapewire.simulator.protocol.session import Session

LEDGER: Final = "$LEDGER"
"""The tag of a summary's ledger; with a currency, or ALL, after a colon."""
SUMMARIES_MAX: Final = 2  # of one client at a time
TOO_MANY: Final = "Maximum number of account summary requests exceeded"
Write = Callable[[str, Value], Fields]
"""Makes the message about a value of an account."""


class Subscription:
    """Values that a client has asked for. `keys` are those it wants, None for all; `at_once` sends
    them when a position changes too; `portfolio` sends what the account holds as well."""

    def __init__(
        self,
        session: Session,
        accounts: list[str],
        write: Write,
        keys: frozenset[str] | None = None,
        *,
        at_once: bool = False,
        portfolio: bool = False,
    ) -> None:
        self.session = session
        self.accounts = accounts
        self.write = write
        self.at_once = at_once
        self.portfolio = portfolio
        self.keys = keys
        self._ledgers = None if keys is None else _ledgers_in(keys)
        self._sent: dict[tuple[str, str, str], Value] = {}

    def wanted(self, values: list[Value]) -> list[Value]:
        """Those of an account's values that were asked for."""
        return [one for one in values if self.keys is None or one[0] in self.keys]

    def ledger(self, values: Iterable[Value]) -> list[Value]:
        """Those of an account's ledger that were asked for."""
        return [one for one in values if self._ledgers is None or one[2] in self._ledgers]

    def news(self, account: str, values: list[Value]) -> Iterator[Fields]:
        """The messages about those values that are not what was sent last."""
        for value in values:
            key = (account, value[0], value[2])
            if self._sent.get(key) != value:
                self._sent[key] = value
                yield self.write(account, value)


def _ledgers_in(tags: Iterable[str]) -> frozenset[str] | None:
    """The currencies whose ledgers a summary asks for: `$LEDGER` is the one in the base currency,
    `$LEDGER:EUR` that of EUR, and `$LEDGER:ALL` all of them, which is None."""
    found = [tag.partition(":")[2] or BASE for tag in tags if tag.partition(":")[0] == LEDGER]
    return None if "ALL" in found else frozenset(found)


class AccountReports:
    """The account values of one TWS. Clients have one subscription to the updates of an account,
    and any number under ids of their own."""

    def __init__(
        self, currency: str, exchange: Exchange, accounts: Accounts, outbox: Outbox
    ) -> None:
        self._currency = currency
        self._exchange = exchange
        self._accounts = accounts
        self._outbox = outbox
        self._refresh = Refresh()
        self._subscriptions: dict[tuple[int, str, int], Subscription] = {}  # connection, kind, id

    # ---- questions -----------------------------------------------------------------------------

    def updates(self, session: Session, request: AccountUpdates) -> None:
        """Answer reqAccountUpdates: one account's values and holdings, now and as they change."""
        key = (session.conn, "updates", NO_ID)
        if not request.subscribe:
            self._subscriptions.pop(key, None)
            return
        account = account_of(self._accounts, request.account, NO_ID)
        one = Subscription(session, [account], messages.account_value, at_once=True, portfolio=True)
        self._begin(key, one)
        self._outbox.send(session, messages.account_download_end(account))

    def updates_multi(self, session: Session, request: AccountUpdatesMulti) -> None:
        """Answer reqAccountUpdatesMulti: the values of one account or of all of them."""
        req_id, model = request.req_id, request.model
        accounts = list(self._accounts.books)
        if request.account:
            accounts = [account_of(self._accounts, request.account, req_id)]

        def write(account: str, value: Value) -> Fields:
            return messages.account_update_multi(req_id, account, model, value)

        key = (session.conn, "multi", req_id)
        self._begin(key, Subscription(session, accounts, write, at_once=True))
        self._outbox.send(session, messages.account_update_multi_end(req_id))

    def summary(self, session: Session, request: AccountSummary) -> None:
        """Answer reqAccountSummary: the requested tags of all accounts."""
        req_id, key = request.req_id, (session.conn, "summary", request.req_id)
        others = [k for k in self._subscriptions if k[:2] == key[:2] and k != key]
        if len(others) >= SUMMARIES_MAX:
            text = f"Error processing request.-'bN' : cause - {TOO_MANY}"
            raise BadRequest(req_id, 322, text)

        def write(account: str, value: Value) -> Fields:
            return messages.account_summary(req_id, account, value)

        tags = frozenset(tag.strip() for tag in request.tags.split(","))
        self._begin(key, Subscription(session, list(self._accounts.books), write, tags))
        self._outbox.send(session, messages.account_summary_end(req_id))

    def cancel_multi(self, session: Session, request: CancelAccountUpdatesMulti) -> None:
        """End what reqAccountUpdatesMulti has begun."""
        self._subscriptions.pop((session.conn, "multi", request.req_id), None)

    def cancel_summary(self, session: Session, request: CancelAccountSummary) -> None:
        """End what reqAccountSummary has begun."""
        self._subscriptions.pop((session.conn, "summary", request.req_id), None)

    def forget(self, conn: int) -> None:
        """End a connection's subscriptions."""
        forget_keys(self._subscriptions, conn)

    # ---- changes -------------------------------------------------------------------------------

    def position_changed(self, account: str, holding: Holding) -> None:
        """A position has changed: send what goes with it to those who get it at once."""
        self.moved()
        for one in self._subscriptions.values():
            if one.at_once and account in one.accounts:
                self._send_values(one, account)
                if one.portfolio:
                    self._send_holding(one.session, account, holding)
                    self._send_time(one.session)

    def moved(self) -> None:
        """Prices or holdings may have changed."""
        self._refresh.moved(self._outbox.now_ns)

    def due_ns(self) -> int | None:
        """When `pass_time` is to be called next; None: when something has changed."""
        return self._refresh.due_ns() if self._subscriptions else None

    def pass_time(self) -> None:
        """Send what is due."""
        if self._refresh.take(self._outbox.now_ns):
            for one in self._subscriptions.values():
                self._send(one)

    # ---- inside --------------------------------------------------------------------------------

    def _begin(self, key: tuple[int, str, int], one: Subscription) -> None:
        self._refresh.start(self._outbox.now_ns)
        self._subscriptions[key] = one
        self._send(one)

    def _send(self, one: Subscription) -> None:
        for account in one.accounts:
            self._send_values(one, account)
            if one.portfolio:
                for holding in self._accounts.books[account].held():
                    self._send_holding(one.session, account, holding)
                self._send_time(one.session)

    def _send_values(self, one: Subscription, account: str) -> None:
        values = one.wanted(self._values(account))
        values += one.ledger(self._ledger(account))
        for fields in one.news(account, values):
            self._outbox.send(one.session, fields)

    def _send_holding(self, session: Session, account: str, holding: Holding) -> None:
        mark = self._mark(holding.instrument.symbol)
        self._outbox.send(session, messages.portfolio_value(account, holding, mark))

    def _send_time(self, session: Session) -> None:
        self._outbox.send(session, messages.account_time(self._outbox.now_ns))

    def _values(self, account: str) -> list[Value]:
        """An account's values as (key, value, currency), without its ledger."""
        return full_values(account, self._accounts.books[account], self._mark, self._currency)

    def _ledger(self, account: str) -> Iterator[Value]:
        return ledger(self._accounts.books[account], self._mark)

    def _mark(self, symbol: str) -> Decimal | None:
        return self._exchange.books[symbol].mark()
