"""Answers about profit and loss, from the books, and about the positions of one account.

Profit and loss is sent when it is asked for, and then once per second while it changes. The day's
is what net liquidation has changed by since midnight, UTC, or since the start of the simulator.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from tapewire.common.amounts import ZERO
from tapewire.simulator.answers.family import Family, Handlers, forget_keys
from tapewire.simulator.answers.named import account_of
from tapewire.simulator.exchange.account import Accounts, Holding
from tapewire.simulator.exchange.margin import in_base, net_liquidation
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.protocol import profit_messages as ask
from tapewire.simulator.protocol.messages import Fields
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import duplicate, invalid
from tapewire.simulator.protocol.session import Session

EVERY_NS: Final = 1_000_000_000
DAY_NS: Final = 86_400_000_000_000
SINGLE: Final = "single"
WHOLE: Final = "whole"
Worths = dict[tuple[str, str], Decimal]


class _Subscription(msgspec.Struct):
    session: Session
    message: Callable[[], Fields]
    sent: Fields = []


class ProfitAnswers(Family):
    """Profit and loss, of accounts and of positions, and the positions of accounts."""

    def __init__(self, accounts: Accounts, exchange: Exchange, outbox: Outbox) -> None:
        self._accounts = accounts
        self._exchange = exchange
        self._outbox = outbox
        self._subscriptions: dict[tuple[int, str, int], _Subscription] = {}
        self._positions: dict[tuple[int, int], tuple[Session, ask.PositionsMulti]] = {}
        self._day = 0
        self._at_midnight: dict[str, Decimal] = {}
        self._worth_at_midnight: Worths = {}
        self._next_ns = 0

    def handlers(self) -> Handlers:
        """Who answers which request."""
        return {
            ask.Profit: self._profit,
            ask.ProfitSingle: self._profit_single,
            ask.CancelProfit: self._cancel(WHOLE),
            ask.CancelProfitSingle: self._cancel(SINGLE),
            ask.PositionsMulti: self._positions_multi,
            ask.CancelPositionsMulti: self._cancel_positions,
        }

    def forget(self, conn: int) -> None:
        """End a connection's subscriptions."""
        forget_keys(self._subscriptions, conn)
        forget_keys(self._positions, conn)

    def moved(self, account: str, holding: Holding) -> None:
        """A position has changed."""
        for session, request in self._positions.values():
            if request.account in ("", account):
                fields = ask.position_multi(request.req_id, account, request.model, holding)
                self._outbox.send(session, fields)

    def due_ns(self) -> int | None:
        """When profit and loss is looked at next."""
        return self._next_ns if self._subscriptions else None

    def pass_time(self, *, is_cut_off: bool) -> None:
        """Send what has changed; begin a day."""
        now_ns = self._outbox.now_ns
        if now_ns // DAY_NS != self._day:
            self._begin_day(now_ns // DAY_NS)
        if not self._subscriptions or now_ns < self._next_ns:
            return
        self._next_ns = now_ns + EVERY_NS
        if not is_cut_off:
            for one in self._subscriptions.values():
                self._send(one)

    # ---- profit and loss -------------------------------------------------------------------------

    def _profit(self, session: Session, request: ask.Profit) -> None:
        account = account_of(self._accounts, request.account, request.req_id)

        def message() -> Fields:
            books = self._accounts.books[account]
            unrealised = in_base(books, self._mark, self._unrealised)
            realised = in_base(books, self._mark, lambda one: one.realised)
            daily = net_liquidation(books, self._mark) - self._at_midnight[account]
            return ask.profit(request.req_id, daily, unrealised, realised)

        self._begin(session, WHOLE, request.req_id, message)

    def _profit_single(self, session: Session, request: ask.ProfitSingle) -> None:
        account = account_of(self._accounts, request.account, request.req_id)
        holdings = self._accounts.books[account].holdings.values()
        found = [one for one in holdings if one.instrument.con_id == request.con_id]
        if not found:
            raise invalid(request.req_id, f"Invalid contract id {request.con_id}.")
        symbol = found[0].instrument.symbol

        def message() -> Fields:
            holding = self._accounts.books[account].holdings[symbol]
            before = self._worth_at_midnight.get((account, symbol), ZERO)
            value = self._accounts.books[account].market_value(holding, self._mark(symbol))
            daily = self._earned(holding) - before
            unrealised = self._unrealised(holding)
            return ask.profit_single(request.req_id, holding, daily, unrealised, value)

        self._begin(session, SINGLE, request.req_id, message)

    def _begin(
        self, session: Session, kind: str, req_id: int, message: Callable[[], Fields]
    ) -> None:
        key = (session.conn, kind, req_id)
        if key in self._subscriptions:
            raise duplicate(req_id)
        self.pass_time(is_cut_off=False)
        if not self._subscriptions:
            self._next_ns = self._outbox.now_ns + EVERY_NS
        self._subscriptions[key] = _Subscription(session, message)
        self._send(self._subscriptions[key])

    def _send(self, one: _Subscription) -> None:
        fields = one.message()
        if fields != one.sent:
            one.sent = fields
            self._outbox.send(one.session, fields)

    def _cancel(self, kind: str) -> Callable[[Session, ask.CancelProfit], None]:
        def cancel(session: Session, request: ask.CancelProfit) -> None:
            self._subscriptions.pop((session.conn, kind, request.req_id), None)

        return cancel

    def _begin_day(self, day: int) -> None:
        """Note what accounts and positions are worth."""
        for name, books in self._accounts.books.items():
            self._at_midnight[name] = net_liquidation(books, self._mark)
            for holding in books.held():
                symbol = holding.instrument.symbol
                self._worth_at_midnight[name, symbol] = self._earned(holding)
        self._day = day

    def _earned(self, holding: Holding) -> Decimal:
        return holding.realised + self._unrealised(holding) - holding.commission

    def _unrealised(self, holding: Holding) -> Decimal:
        return holding.unrealised(self._mark(holding.instrument.symbol))

    def _mark(self, symbol: str) -> Decimal | None:
        return self._exchange.books[symbol].mark()

    # ---- positions -------------------------------------------------------------------------------

    def _positions_multi(self, session: Session, request: ask.PositionsMulti) -> None:
        req_id = request.req_id
        names = [account_of(self._accounts, request.account, req_id)] if request.account else None
        for account in names or self._accounts.books:
            for holding in self._accounts.books[account].held():
                if holding.quantity:
                    fields = ask.position_multi(req_id, account, request.model, holding)
                    self._outbox.send(session, fields)
        self._outbox.send(session, ask.position_multi_end(req_id))
        self._positions[session.conn, req_id] = (session, request)

    def _cancel_positions(self, session: Session, request: ask.CancelPositionsMulti) -> None:
        self._positions.pop((session.conn, request.req_id), None)
