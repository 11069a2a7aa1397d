"""Queries at TWS that take several questions: all values of accounts, profit and loss.

TWS has no question for the values of all accounts, and none for the profit and loss of all
positions. So each account and each position is asked about by itself, under a request id of its
own, and the query is over once each of them has its answer. What TWS answers is a subscription,
which ends with its first answer here.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from tapewire.common.events.account_queries import AccountQuery, AccountRow, PnlRow
from tapewire.common.events.base import TEXT_MAX
from tapewire.gateway.outbox import Outbox, OutboxFull
from tapewire.gateway.query_port import Found, ProfitAsked, Refused, Row
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws import query_messages as answers
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.session import TwsSession

REQUEST_ID: Final = 995_000_000
REQUESTS_MAX: Final = 3_000_000


class Part(NamedTuple):
    """One question of query `number`: about an account, or with a symbol about a position."""

    number: int
    account: str
    symbol: str
    end: bytes
    """The request that ends it."""
    has_values: bool
    """Whether it is about all values of the account, and not about gains."""


class TwsAccountQueries:
    """The account queries of one session. `report` takes what comes of them."""

    def __init__(
        self,
        session: TwsSession,
        contracts: Contracts,
        outbox: Outbox[bytes],
        report: Callable[[Found | Refused], None],
    ) -> None:
        self._session = session
        self._contracts = contracts
        self._outbox = outbox
        self._report = report
        self._parts: dict[int, Part] = {}  # by request id
        self._left: dict[int, set[int]] = {}  # by number: the request ids without an answer
        self._asked = 0

    def ask(self, number: int, query: AccountQuery | ProfitAsked) -> None:
        """Queue all questions of a query; ValueError where TWS has no words for one of them."""
        asked = list(
            self._values(query) if isinstance(query, AccountQuery) else self._profits(query)
        )
        self._left[number] = set()
        try:
            for account, symbol, request_id, begin, end in asked:
                self._outbox.other(begin)
                has_values = isinstance(query, AccountQuery)
                self._parts[request_id] = Part(number, account, symbol, end, has_values)
                self._left[number].add(request_id)
        except ValueError:
            self.give_up(number)
            raise

    def give_up(self, number: int) -> bool:
        """Whether it was one of these; its questions end."""
        left = self._left.pop(number, None)
        for request_id in left or ():
            self._end(self._parts.pop(request_id))
        return left is not None

    def closed(self) -> list[int]:
        """The connection is gone; the queries that were open on it."""
        lost = list(self._left)
        self._parts.clear()
        self._left.clear()
        return lost

    def refused(self, message: tws.TwsError, *, only_informs: bool) -> bool:
        """Whether an error is about one of these. An account of which TWS says nothing ends the
        query; a position has a row that says why."""
        part = self._parts.get(message.request_id)
        if part is None:
            return False
        if only_informs:
            return True
        del self._parts[message.request_id]
        if part.symbol:
            reason = f"{message.text} ({message.code})"
            row = PnlRow(part.account, part.symbol, reason=reason[:TEXT_MAX])
            self._answered(message.request_id, part, (row,))
        else:
            self._left[part.number].discard(message.request_id)
            self.give_up(part.number)
            self._report(Refused(part.number, message.code, message.text))
        return True

    def readers(self) -> Mapping[type[tws.TwsMessage], Callable[[Any], tuple[()]]]:
        """What reads the answers."""
        return {
            answers.ListedValue: self._value,
            answers.ListedValuesEnd: self._values_end,
            answers.ProfitFound: self._profit,
        }

    # ---- what TWS says ---------------------------------------------------------------------------

    def _value(self, message: answers.ListedValue) -> tuple[()]:
        part = self._open(message.request_id, has_values=True)
        if part is not None and part.account == message.account:
            row = AccountRow(message.account, message.key, message.value, message.currency)
            self._report(Found(part.number, (row,)))
        return ()

    def _values_end(self, message: answers.ListedValuesEnd) -> tuple[()]:
        if self._open(message.request_id, has_values=True) is not None:
            self._over(message.request_id, ())
        return ()

    def _profit(self, message: answers.ProfitFound) -> tuple[()]:
        part = self._open(message.request_id, has_values=False)
        if part is not None:
            row = PnlRow(
                part.account, part.symbol, message.daily, message.unrealised, message.realised,
                message.quantity, message.value,
            )  # fmt: skip
            self._over(message.request_id, (row,))
        return ()

    def _open(self, request_id: int, *, has_values: bool) -> Part | None:
        """The question that an answer is for; ValueError for one of the other kind."""
        part = self._parts.get(request_id)
        if part is not None and part.has_values != has_values:
            raise ValueError(f"it answers request {request_id}, which asked for something else")
        return part

    def _over(self, request_id: int, rows: tuple[Row, ...]) -> None:
        """A question has its answer: it ends at TWS."""
        part = self._parts.pop(request_id, None)
        if part is not None:
            self._end(part)
            self._answered(request_id, part, rows)

    def _end(self, part: Part) -> None:
        """What comes after the first answer finds nobody. Where too much waits to say so, TWS goes
        on with it until the connection ends."""
        with suppress(OutboxFull):
            self._outbox.other(part.end)

    def _answered(self, request_id: int, part: Part, rows: tuple[Row, ...]) -> None:
        left = self._left[part.number]
        left.discard(request_id)
        if not left:
            del self._left[part.number]
        self._report(Found(part.number, rows, last=not left))

    # ---- what is asked ---------------------------------------------------------------------------

    def _values(self, query: AccountQuery) -> Iterator[tuple[str, str, int, bytes, bytes]]:
        encode = self._session.encode
        for account in (query.account,) if query.account else self._session.accounts:
            request_id = self._next_id()
            begin = encode.account_values(request_id, account)
            yield account, "", request_id, begin, encode.cancel_account_values(request_id)

    def _profits(self, query: ProfitAsked) -> Iterator[tuple[str, str, int, bytes, bytes]]:
        encode = self._session.encode
        for account, symbol in query.of:
            request_id = self._next_id()
            if not symbol:
                begin, end = encode.profit(request_id, account), encode.cancel_profit(request_id)
            elif con_id := self._contracts.con_id(symbol):
                begin = encode.position_profit(request_id, account, con_id)
                end = encode.cancel_position_profit(request_id)
            else:
                raise ValueError(f"TWS has not given the contract id of {symbol} yet; try again")
            yield account, symbol, request_id, begin, end

    def _next_id(self) -> int:
        self._asked += 1
        return REQUEST_ID + self._asked % REQUESTS_MAX
