"""Describing instruments: what TWS is asked about contracts, and what it says of them.

A contract whose id is not known is asked about at once, for its executions could not be told apart
without it. All others are asked about again on each connection, since hours are of a few days only:
but one at a time, whenever `take` is called, so that an order never waits behind such questions.

Price steps come apart from the rest, under the id of a market rule which many contracts share. TWS
lists a contract's rules in the order of its exchanges. A description waits for its rule, but not
for ever.
"""

from collections import deque
from typing import Final

from ibapi.contract import Contract

from tapewire.common.bus import wire
from tapewire.common.clock import Now
from tapewire.common.events import TEXT_MAX, InstrumentDescribed, OpenHours, PriceStep
from tapewire.common.events.base import NAME_MAX
from tapewire.common.events.instruments import LISTED_MAX
from tapewire.common.options import OPTION
from tapewire.gateway.outbox import Outbox
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.contracts import Contracts, contract_by_id
from tapewire.gateway.tws.hours import read_hours, zone_of
from tapewire.gateway.tws.session import TwsSession

DETAILS_REQUEST_ID: Final = 900_000_000
HOLDING_REQUEST_ID: Final = 950_000_000
RULE_LATE_NS: Final = 10_000_000_000


class Describing:
    """The questions of one session about contracts. Rules are kept for the life of the process."""

    def __init__(self, session: TwsSession, contracts: Contracts, outbox: Outbox[bytes]) -> None:
        self._session = session
        self._contracts = contracts
        self._outbox = outbox
        self._numbers = {symbol: n for n, symbol in enumerate(contracts.instruments)}
        self._holdings_asked = 0
        self._to_ask: deque[str] = deque()
        self._unanswered: dict[int, Contract] = {}  # by the question's id, on this connection
        self._found: dict[str, tws.ContractFound] = {}  # on this connection, by symbol
        self._waiting: dict[str, int | None] = {}  # not handed over yet, and since when it could be
        self._rules: dict[int, tuple[PriceStep, ...]] = {}
        self._rules_asked: set[int] = set()

    def start(self) -> None:
        """A session begins, or goes on after TWS had lost its server."""
        unresolved = self._contracts.unresolved()
        for symbol in unresolved:
            self._outbox.request(self._question(symbol))
        known = {*unresolved, *self._found}
        self._to_ask = deque(symbol for symbol in self._numbers if symbol not in known)

    def closed(self) -> None:
        """The session is over, and what was asked in it."""
        self._to_ask.clear()
        self._unanswered.clear()
        self._found.clear()
        self._waiting.clear()
        self._rules_asked.clear()

    def holding(self, symbol: str, con_id: int) -> None:
        """Ask what a holding is that is not configured: to be closed, it needs its contract."""
        if self._contracts.new_holding(symbol, con_id):
            request_id = HOLDING_REQUEST_ID + self._holdings_asked
            self._holdings_asked += 1
            self._outbox.request(self._details(request_id, symbol, contract_by_id(con_id)))

    def refused(self, request_id: int) -> None:
        """TWS refuses a question about a contract: it is not asked again on this connection."""
        self._unanswered.pop(request_id, None)

    def again(self) -> None:
        """Ask again what has had no answer. Two answers to a question are taken as one."""
        encode = self._session.encode
        for request_id, contract in self._unanswered.items():
            self._outbox.request(encode.contract_details(request_id, contract))
        for rule in sorted(self._rules_asked - self._rules.keys()):
            self._outbox.other(encode.market_rule(rule))

    def found(self, message: tws.ContractFound) -> tuple[()]:
        """TWS describes a contract. A second answer to a question is ambiguous, and ignored; one
        that no journal could keep raises ValueError, and nothing of it is believed."""
        symbol = self._contracts.about(message.request_id)
        if symbol in self._numbers:
            _require_kept(_description(symbol, message, (), 0))
        self._contracts.found(message)
        self._unanswered.pop(message.request_id, None)
        if symbol in self._numbers and symbol not in self._found:
            self._found[symbol], self._waiting[symbol] = message, None
            rule = self._rule_of(message)
            if rule is not None and rule not in self._rules and rule not in self._rules_asked:
                self._rules_asked.add(rule)
                self._outbox.other(self._session.encode.market_rule(rule))
        return ()

    def ruled(self, message: tws.MarketRule) -> tuple[()]:
        """TWS gives the steps of a market rule; ValueError for more of them than a journal can
        keep, and where they do not begin with the lowest prices."""
        edges = [step.from_price for step in message.steps]
        if len(edges) > LISTED_MAX or edges != sorted(edges):
            raise ValueError(
                f"market rule {message.rule} has {len(edges)} steps; there may be up to"
                f" {LISTED_MAX}, the lowest prices first"
            )
        self._rules[message.rule] = message.steps
        return ()

    def take(self, now: Now) -> list[InstrumentDescribed]:
        """What is known of instruments and was not handed over yet; asks about the next one."""
        if self._to_ask:
            self._outbox.other(self._question(self._to_ask.popleft()))
        ready = [symbol for symbol in self._waiting if self._is_ready(symbol, now.mono_ns)]
        for symbol in ready:
            del self._waiting[symbol]
        return [self._described(symbol, now.wall_ns) for symbol in ready]

    def _question(self, symbol: str) -> bytes:
        request_id = DETAILS_REQUEST_ID + self._numbers[symbol]  # a late answer finds its symbol
        return self._details(request_id, symbol, self._contracts.contract(symbol))

    def _details(self, request_id: int, symbol: str, contract: Contract) -> bytes:
        """A question that is remembered until its answer comes."""
        self._contracts.asked(request_id, symbol)
        self._unanswered[request_id] = contract
        return self._session.encode.contract_details(request_id, contract)

    def _is_ready(self, symbol: str, now_ns: int) -> bool:
        rule, since_ns = self._rule_of(self._found[symbol]), self._waiting[symbol]
        if rule is None or rule in self._rules:
            return True
        if since_ns is None:
            self._waiting[symbol] = now_ns
        return since_ns is not None and now_ns - since_ns >= RULE_LATE_NS

    def _rule_of(self, message: tws.ContractFound) -> int | None:
        """The market rule of the exchange that the contract is traded on here."""
        return message.rules.get(message.exchanges[0] if message.exchanges else "") or next(
            iter(message.rules.values()), None
        )

    def _described(self, symbol: str, now_ns: int) -> InstrumentDescribed:
        found = self._found[symbol]
        rule = self._rule_of(found)
        steps = self._rules.get(rule, ()) if rule is not None else ()
        return _description(symbol, found, steps, now_ns)


def _description(
    symbol: str, one: tws.ContractFound, steps: tuple[PriceStep, ...], now_ns: int
) -> InstrumentDescribed:
    """The event; ValueError for a number that is none."""
    return InstrumentDescribed(
        now_ns,
        symbol,
        one.con_id,
        one.sec_type,
        next(iter(one.exchanges), ""),
        one.currency,
        one.long_name[:TEXT_MAX],
        one.multiplier,
        one.min_tick,
        steps,
        trading_hours=hours_of(one.trading_hours, one.time_zone),
        liquid_hours=hours_of(one.liquid_hours, one.time_zone),
        time_zone=one.time_zone[:TEXT_MAX],
        underlying=one.symbol[:NAME_MAX] if one.sec_type == OPTION else "",
        expiry=one.expiry,
        strike=one.strike,
        right=one.right,
    )


def _require_kept(event: InstrumentDescribed) -> None:
    """Refuse an event that would be written and never read again: what is longer than its field may
    be shows when it is read, and then the journal is damaged."""
    wire.decode_event(wire.encode(event))


def hours_of(text: str, zone_name: str) -> tuple[OpenHours, ...]:
    """Hours in TWS's words; none where the zone or the text cannot be read."""
    zone = zone_of(zone_name)
    try:
        return read_hours(text, zone) if zone is not None else ()
    except ValueError:
        return ()
