"""Queries at TWS: what is asked about the past, about contracts and about options, and its answers.

Each query has a request id of its own, which is not used again on a connection: what still comes
for one that was given up finds nobody. The options on an underlying are asked for by its contract
id, so the contract itself is asked about first, under the same request id.
"""

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from ibapi.contract import Contract

from tapewire.common import shorthands
from tapewire.common.events import name_of
from tapewire.common.events.account_queries import AccountQuery
from tapewire.common.events.queries import (
    ChainQuery,
    ContractQuery,
    ContractRow,
    HistoryQuery,
    OptionChain,
    TicksQuery,
)
from tapewire.common.instruments import Instrument
from tapewire.gateway.outbox import Outbox, OutboxFull
from tapewire.gateway.query_port import BrokerQuery, Found, ProfitAsked, Refused, Row, Why
from tapewire.gateway.tws import errors
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws import query_messages as answers
from tapewire.gateway.tws.account_queries import TwsAccountQueries
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.encoder import contract_of, date_of
from tapewire.gateway.tws.scans import TwsScans
from tapewire.gateway.tws.session import TwsSession

REQUEST_ID: Final = 985_000_000
REQUESTS_MAX: Final = 10_000_000
GIVEN_UP_MAX: Final = 200
"""How many queries that nobody waits for are remembered, since TWS says of each that it is over."""
LOST: Final = "the connection to TWS was lost before it answered"
HISTORY_CODES: Final = (162, 165, 10187)
Symbolic = HistoryQuery | TicksQuery | ChainQuery | ContractQuery
"""The queries about a symbol."""
Answer = (
    answers.BarsFound | answers.TicksFound | answers.ChainFound | answers.ChainsEnd
    | tws.ContractFound | tws.ContractsEnd
)  # fmt: skip
CONTRACTS: Final = (tws.ContractFound, tws.ContractsEnd)
ANSWERS: Final[Mapping[type[Symbolic], tuple[type[Answer], ...]]] = {
    HistoryQuery: (answers.BarsFound,),
    TicksQuery: (answers.TicksFound,),
    ContractQuery: CONTRACTS,
    ChainQuery: (answers.ChainFound, answers.ChainsEnd),
}
"""What answers a query; of a chain, the second of its two questions."""


class TwsQueries:
    """The queries of one session; satisfies `gateway.query_port.QueryPort`."""

    def __init__(self, session: TwsSession, contracts: Contracts, outbox: Outbox[bytes]) -> None:
        self._session = session
        self._contracts = contracts
        self._outbox = outbox
        self._open: dict[int, tuple[int, Symbolic]] = {}  # by request id: number, query
        self._underlyings: dict[int, list[tws.ContractFound]] = {}  # of chains, by request id
        self._given_up: deque[int] = deque(maxlen=GIVEN_UP_MAX)  # request ids; TWS confirms each
        self._reports: list[Found | Refused] = []
        self._accounts = TwsAccountQueries(session, contracts, outbox, self._report)
        self.scans = TwsScans(session, outbox)

    def __repr__(self) -> str:
        return f"<TwsQueries, {len(self._open)} open>"

    # ---- the port --------------------------------------------------------------------------------

    def problem(self) -> str:
        """See `QueryPort.problem`."""
        if self._session.state == "UP":
            return ""
        return f"the gateway is not connected to TWS: its session is {self._session.state}"

    def ask(self, number: int, query: BrokerQuery) -> None:
        """See `QueryPort.ask`."""
        if isinstance(query, AccountQuery | ProfitAsked):
            self._accounts.ask(number, query)
            return
        request_id = _request_id(number)
        self._outbox.other(self._encoded(request_id, query))
        self._open[request_id] = number, query
        if isinstance(query, ChainQuery):
            self._underlyings[request_id] = []

    def give_up(self, number: int) -> None:
        """See `QueryPort.give_up`. Of the queries about a symbol only bars can be cancelled."""
        if self._accounts.give_up(number):
            return
        request_id = _request_id(number)
        _, query = self._open.pop(request_id, (0, None))
        self._given_up.append(request_id)
        self._underlyings.pop(request_id, None)
        if isinstance(query, HistoryQuery) and self._session.state == "UP":
            with suppress(OutboxFull):
                self._outbox.other(self._session.encode.cancel_history(request_id))

    def take(self) -> list[Found | Refused]:
        """See `QueryPort.take`."""
        taken, self._reports = self._reports, []
        return taken

    def _report(self, report: Found | Refused) -> None:
        self._reports.append(report)

    # ---- what TWS says ---------------------------------------------------------------------------

    def data_lost(self) -> None:
        """TWS is back, and has forgotten what was subscribed to."""
        self.scans.data_lost()

    def closed(self) -> None:
        """The connection is gone, and all that was asked on it."""
        lost = [number for number, _ in self._open.values()] + self._accounts.closed()
        self._reports += [Refused(number, 0, LOST, "lost") for number in lost]
        self.scans.closed()
        self._open.clear()
        self._given_up.clear()
        self._underlyings.clear()

    def refused(self, message: tws.TwsError) -> bool:
        """Whether an error is about a query; unless it only informs, the query is over."""
        if message.request_id in self._given_up:
            return True
        informs = errors.only_informs(message.code)
        if message.request_id not in self._open:
            is_account = self._accounts.refused(message, only_informs=informs)
            return is_account or self.scans.refused(message, only_informs=informs)
        if not informs:
            self._refuse(message.request_id, message.text, message.code)
        return True

    def readers(
        self, found: Callable[[tws.ContractFound], Any]
    ) -> Mapping[type[tws.TwsMessage], Callable[[Any], Any]]:
        """What reads the answers; `found` takes the contracts that no query has asked about."""
        return {
            answers.BarsFound: lambda m: self._rows(m, m.bars, is_last=True),
            answers.TicksFound: lambda m: self._rows(m, m.ticks, is_last=m.done),
            answers.ChainFound: self._chain,
            answers.ChainsEnd: lambda m: self._rows(m, (), is_last=True),
            tws.ContractFound: lambda m: (
                self._contract(m) if m.request_id in self._open else found(m)
            ),
            tws.ContractsEnd: self._contracts_end,
            **self._accounts.readers(),
            **self.scans.readers(),
        }

    def _rows(self, message: Answer, rows: tuple[Row, ...], *, is_last: bool = False) -> tuple[()]:
        request_id = message.request_id
        if request_id in self._open:
            self._check_kind(message)
            self._reports.append(Found(self._open[request_id][0], rows, is_last))
            if is_last:
                del self._open[request_id]
        return ()

    def _check_kind(self, message: Answer) -> None:
        """ValueError for an answer of another kind than the question, which it must not end: who
        asked for bars cannot read ticks, and would take none at all for all that there are."""
        _, query = self._open[message.request_id]
        is_first = message.request_id in self._underlyings  # of a chain's two questions
        kinds = CONTRACTS if is_first else ANSWERS[type(query)]
        if not isinstance(message, kinds):
            raise ValueError(f"it answers {name_of(query)}, and is of another kind")

    def _chain(self, message: answers.ChainFound) -> tuple[()]:
        chain = OptionChain(
            message.exchange, message.trading_class, message.multiplier,
            tuple(sorted(message.expiries)), tuple(sorted(message.strikes)),
        )  # fmt: skip
        return self._rows(message, (chain,))

    def _contract(self, message: tws.ContractFound) -> tuple[()]:
        if message.request_id in self._underlyings:
            self._underlyings[message.request_id].append(message)
            return ()
        return self._rows(message, (_row(message),))

    def _contracts_end(self, message: tws.ContractsEnd) -> tuple[()]:
        """All contracts are described. Of a chain, this was the first of two questions."""
        found = self._underlyings.pop(message.request_id, None)
        if found is None:
            return self._rows(message, (), is_last=True)
        if len(found) != 1:
            reason = (
                f"TWS knows {len(found)} contracts of that name; configure the one that is meant"
            )
            self._refuse(message.request_id, reason)
            return ()
        (one,) = found
        exchange = next(iter(one.exchanges), "") if one.sec_type == "FUT" else ""
        try:
            self._outbox.other(
                self._session.encode.option_chains(
                    message.request_id, one.symbol, exchange, one.sec_type, one.con_id
                )
            )
        except ValueError as error:
            self._refuse(message.request_id, str(error))
        return ()

    def _refuse(self, request_id: int, reason: str, code: int = 0) -> None:
        number, _ = self._open.pop(request_id)
        self._underlyings.pop(request_id, None)
        self._reports.append(Refused(number, code, reason, why_of(code, reason)))

    # ---- what is asked ---------------------------------------------------------------------------

    def _encoded(self, request_id: int, query: Symbolic) -> bytes:
        encode, contract = self._session.encode, self._contract_of(query)
        if isinstance(query, HistoryQuery):
            return encode.history(
                request_id, contract, _moment(query.end_ns), query.back, query.bars, query.show,
                regular_hours=query.regular_hours,
            )  # fmt: skip
        if isinstance(query, TicksQuery):
            if query.start_ns and query.end_ns:
                raise ValueError("give the start of the ticks, or their end, not both")
            return encode.history_ticks(
                request_id, contract, _moment(query.start_ns), _moment(query.end_ns),
                query.count, query.show, regular_hours=query.regular_hours,
            )  # fmt: skip
        return encode.contract_details(request_id, contract)

    def _contract_of(self, query: Symbolic) -> Contract:
        """The contract that is meant: the one of that name in the configuration, or else what a
        shorthand says, or what the query says, which is a US share if it says nothing."""
        symbol = query.symbol
        if symbol in self._contracts.instruments or self._contracts.holds(symbol):
            return self._contracts.contract(symbol)
        fields = shorthands.completed({"symbol": symbol})
        if isinstance(query, ContractQuery) and len(fields) == 1:
            fields |= {
                "sec_type": query.sec_type, "exchange": query.exchange, "currency": query.currency,
            }  # fmt: skip
        return contract_of(Instrument(**fields))


def why_of(code: int, text: str) -> Why:
    """What a refusal about history means: TWS has one code for all of them."""
    if code not in HISTORY_CODES:
        return ""
    if "no data" in text.lower():
        return "no data"
    return "too fast" if "pacing violation" in text.lower() else ""


def _request_id(number: int) -> int:
    return REQUEST_ID + number % REQUESTS_MAX


def _moment(ts_ns: int) -> str:
    """A time as TWS takes it, to the second; empty for 0."""
    return date_of(ts_ns) if ts_ns else ""


def _row(message: tws.ContractFound) -> ContractRow:
    return ContractRow(
        message.con_id, message.symbol, message.local_symbol, message.sec_type,
        next(iter(message.exchanges), ""), message.currency, str(message.multiplier),
        str(message.min_tick), message.long_name, message.expiry,
        "" if message.strike is None else str(message.strike), message.right,
    )  # fmt: skip
