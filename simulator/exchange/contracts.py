"""Finds the instrument that a client's contract describes."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Final, Protocol

import msgspec

from tapewire.common import shorthands
from tapewire.common.instruments import Instrument
from tapewire.common.options import OPTION, root_of, terms_of

BAG: Final = "BAG"
"""TWS's security type of a combo."""
CON_ID_FIRST = 1000
MARKET_RULE_FIRST = 26
US_VENUES: Final = ("AMEX", "NASDAQ", "NYSE", "ARCA", "BATS")
"""Where a share that SMART routes can be asked for too."""
NO_CONTRACT: Final = "No security definition has been found for the request"


class LegQuery(msgspec.Struct, frozen=True):
    """One leg of a combo, as a client describes it: by its id, or else by its symbol."""

    con_id: int
    ratio: int
    side: str
    exchange: str
    symbol: str = ""


class ContractQuery(msgspec.Struct, frozen=True):
    """The part of a client's contract that identifies an instrument; empty or 0 means any."""

    con_id: int
    symbol: str
    sec_type: str
    exchange: str
    currency: str
    local_symbol: str
    legs: tuple[LegQuery, ...] = ()
    expiry: str = ""
    strike: Decimal | None = None
    right: str = ""


class Chain(msgspec.Struct, frozen=True):
    """The options on an underlying that have one exchange, trading class and multiplier. Not each
    expiry need have each strike."""

    exchange: str
    trading_class: str
    multiplier: Decimal
    expiries: tuple[str, ...]
    strikes: tuple[Decimal, ...]


class Source(Protocol):
    """Where contracts come from that nobody has listed."""

    @property
    def is_full(self) -> bool:
        """Whether no more are made."""

    def describe(self, query: ContractQuery) -> Instrument | None:
        """The contract that a query describes."""

    def underlying_of(self, instrument: Instrument) -> Instrument | None:
        """What has to be listed before an instrument."""

    def add(self, instrument: Instrument) -> None:
        """Let an instrument trade from now on."""

    def chain(self, underlying: str) -> Chain | None:
        """The options on an underlying that can be asked for."""


class Contracts:
    """All instruments of the simulated TWS. With a `source` they grow with what clients ask for.
    `listeners` are called with each instrument that is added."""

    def __init__(self, instruments: Sequence[Instrument], source: Source | None = None) -> None:
        self._source = source
        self.listeners: list[Callable[[Instrument], None]] = []
        numbered = [
            msgspec.structs.replace(one, con_id=one.con_id or CON_ID_FIRST + index)
            for index, one in enumerate(instruments)
        ]
        self.by_symbol = {one.symbol: one for one in numbered}
        if len(self.by_symbol) != len(numbered):
            raise ValueError("simulator: two instruments have the same symbol, expected each once")
        if len({one.con_id for one in numbered}) != len(numbered):
            raise ValueError("simulator: two instruments have the same con_id, expected each once")
        self._steps: dict[Decimal, int] = {}
        for one in numbered:
            self.market_rule_of(one)

    def market_rule_of(self, instrument: Instrument) -> int:
        """The market rule that an instrument's prices follow: one per price step."""
        return self._steps.setdefault(instrument.min_tick, MARKET_RULE_FIRST + len(self._steps))

    def underlying_id(self, instrument: Instrument) -> int:
        """The contract id of what an option is on; 0 where that is not listed."""
        on = self.by_symbol.get(instrument.underlying) if instrument.sec_type == OPTION else None
        return 0 if on is None else on.con_id

    def step_of(self, market_rule: int) -> Decimal | None:
        """The price step of a market rule; None where there is no such rule."""
        return next((step for step, rule in self._steps.items() if rule == market_rule), None)

    def add(self, instrument: Instrument) -> Instrument:
        """One more instrument, as it is known from now on; one whose symbol is known stays."""
        if (known := self.by_symbol.get(instrument.symbol)) is not None:
            return known
        taken = {one.con_id for one in self.by_symbol.values()}
        con_id = instrument.con_id or max(taken, default=CON_ID_FIRST) + 1
        while con_id in taken:
            con_id += 1
        numbered = msgspec.structs.replace(instrument, con_id=con_id)
        self.by_symbol[instrument.symbol] = numbered
        for listener in self.listeners:
            listener(numbered)
        return numbered

    def resume(self, instrument: Instrument) -> None:
        """List what an earlier run has made, if this one makes contracts too."""
        if self._source is not None:
            self._make(instrument, self._source)

    def missing(self, query: ContractQuery) -> str:
        """Why nothing was found for a query, in the words of error 200."""
        source = self._source
        if source is None or not source.is_full or source.describe(query) is None:
            return NO_CONTRACT
        return (
            f"{NO_CONTRACT}: this simulator has made all the contracts that it makes in one run. "
            "Start it again, or with --symbols for those that you need."
        )

    def leg(self, query: LegQuery) -> Instrument | None:
        """The instrument that is a leg of a combo."""
        if not query.con_id:
            return self.by_symbol.get(query.symbol)
        return self.by_id(query.con_id)

    def by_id(self, con_id: int) -> Instrument | None:
        """The instrument that has a contract id."""
        return next((one for one in self.by_symbol.values() if one.con_id == con_id), None)

    def chains(self, underlying: str) -> list[Chain]:
        """The options on an underlying, all expiries and strikes in order."""
        expiries: dict[tuple[str, str, Decimal], set[str]] = {}
        strikes: dict[tuple[str, str, Decimal], set[Decimal]] = {}
        for kind, expiry, strike in self._options_on(underlying):
            expiries.setdefault(kind, set()).add(expiry)
            strikes.setdefault(kind, set()).add(strike)
        return [
            Chain(*kind, expiries=tuple(sorted(expiries[kind])), strikes=tuple(sorted(found)))
            for kind, found in strikes.items()
        ]

    def _options_on(
        self, underlying: str
    ) -> Iterator[tuple[tuple[str, str, Decimal], str, Decimal]]:
        """Exchange, trading class and multiplier, the expiry, and the strike of each option."""
        for one in self.by_symbol.values():
            if one.underlying == underlying and (terms := terms_of(one)) is not None:
                yield (one.exchange, root_of(one), one.multiplier), one.expiry, terms.strike
        made = self._source.chain(underlying) if self._source is not None else None
        if made is not None:
            kind = (made.exchange, made.trading_class, made.multiplier)
            for expiry in made.expiries:
                yield from ((kind, expiry, strike) for strike in made.strikes)

    def find(self, query: ContractQuery) -> list[Instrument]:
        """Every instrument that matches; an order or a subscription needs exactly one."""
        found = [one for one in self.by_symbol.values() if _fits(one, query)]
        source = self._source
        if found or source is None or source.is_full:
            return found
        described = source.describe(query)
        is_new = described is not None and described.symbol not in self.by_symbol
        if described is None or not is_new or not _fits(described, query):
            return []
        return [self._make(described, source)]

    def _make(self, instrument: Instrument, source: Source) -> Instrument:
        """List an instrument with a market of its own, and before it its underlying."""
        on = source.underlying_of(instrument)
        for one in (on, instrument):
            if one is not None and one.symbol not in self.by_symbol:
                source.add(self.add(one))
        return self.by_symbol[instrument.symbol]


def _fits(instrument: Instrument, query: ContractQuery) -> bool:
    if query.con_id:
        return instrument.con_id == query.con_id
    exchanges = {"", instrument.exchange}
    if instrument.sec_type in ("STK", OPTION):
        exchanges.add("SMART")
    if instrument.sec_type == "STK" and instrument.exchange == "SMART":
        exchanges.update(US_VENUES)
    return (
        (
            _is_named(instrument, query)
            or _is_on(instrument, query)
            or _is_shorthand(instrument, query)
        )
        and query.sec_type in ("", instrument.sec_type)
        and query.currency in ("", instrument.currency)
        and query.exchange in exchanges
    )


def _is_named(instrument: Instrument, query: ContractQuery) -> bool:
    """Whether the query has its name. With its own name, an option may be asked for as one on its
    underlying."""
    names = {name for name in (query.symbol, query.local_symbol) if name}
    if instrument.underlying and query.local_symbol == instrument.symbol:
        names.discard(instrument.underlying)
    return names == {instrument.symbol}


def _is_shorthand(instrument: Instrument, query: ContractQuery) -> bool:
    """Whether the query says what the instrument's name stands for. An expiry may be its month."""
    named = shorthands.named(instrument)
    return (
        named is not None
        and query.symbol == named.root
        and query.sec_type == named.sec_type
        and query.local_symbol in ("", instrument.symbol)
        and named.expiry.startswith(query.expiry)
    )


def _is_on(instrument: Instrument, query: ContractQuery) -> bool:
    """Whether it is one of the options, futures or pairs that the query describes by what they are
    on: what it leaves out may be any. An expiry may be a month."""
    return (
        query.sec_type == instrument.sec_type
        and not query.local_symbol
        and bool(query.symbol)
        and query.symbol == instrument.underlying
        and instrument.expiry.startswith(query.expiry)
        and query.strike in (None, instrument.strike)
        and query.right in ("", "0", "?", instrument.right)
    )
