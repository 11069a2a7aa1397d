"""Finds the instrument that a client's contract describes."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tapewire.common import shorthands
from tapewire.common.instruments import Instrument
from tapewire.common.options import OPTION, root_of, terms_of

CON_ID_FIRST = 1000
MARKET_RULE_FIRST = 26


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


class Contracts:
    """All instruments of the simulated TWS."""

    def __init__(self, instruments: Sequence[Instrument]) -> None:
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

    def step_of(self, market_rule: int) -> Decimal | None:
        """The price step of a market rule; None where there is no such rule."""
        return next((step for step, rule in self._steps.items() if rule == market_rule), None)

    def add(self, instrument: Instrument) -> Instrument:
        """One more instrument, as it is known from now on; one whose symbol is known stays."""
        last = max((one.con_id for one in self.by_symbol.values()), default=CON_ID_FIRST)
        numbered = msgspec.structs.replace(instrument, con_id=instrument.con_id or last + 1)
        return self.by_symbol.setdefault(instrument.symbol, numbered)

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
        found: dict[tuple[str, str, Decimal], list[Instrument]] = {}
        for one in self.by_symbol.values():
            if one.underlying == underlying and terms_of(one) is not None:
                kind = (one.exchange, root_of(one), one.multiplier)
                found.setdefault(kind, []).append(one)
        return [
            Chain(
                *kind,
                expiries=tuple(sorted({one.expiry for one in options})),
                strikes=tuple(sorted({one.strike for one in options if one.strike is not None})),
            )
            for kind, options in found.items()
        ]

    def find(self, query: ContractQuery) -> list[Instrument]:
        """Every instrument that matches; an order or a subscription needs exactly one."""
        return [one for one in self.by_symbol.values() if _fits(one, query)]


def _fits(instrument: Instrument, query: ContractQuery) -> bool:
    if query.con_id:
        return instrument.con_id == query.con_id
    exchanges = {"", instrument.exchange}
    if instrument.sec_type in ("STK", OPTION):
        exchanges.add("SMART")
    return (
        (
            _is_named(instrument, query)
            or _is_option(instrument, query)
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


def _is_option(instrument: Instrument, query: ContractQuery) -> bool:
    """Whether it is one of the options that the query describes: what it leaves out may be any. An
    expiry may be a month."""
    return (
        query.sec_type == OPTION == instrument.sec_type
        and not query.local_symbol
        and bool(query.symbol)
        and query.symbol == instrument.underlying
        and instrument.expiry.startswith(query.expiry)
        and query.strike in (None, instrument.strike)
        and query.right in ("", "0", "?", instrument.right)
    )
