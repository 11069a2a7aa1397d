"""Contracts that nobody has listed, as a client describes them.

Anything well-formed is a contract: a share with a ticker, a future with a month, two currencies, an
option with its expiry, strike and right. What a description cannot say, such as a price step, is
that of its kind.
"""

import re
import zlib
from datetime import date
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from tapewire.common import shorthands
from tapewire.common.instruments import DEFAULT_TICK, Instrument
from tapewire.common.options import (
    OPTION,
    OptionTerms,
    Right,
    instrument_of,
    name_of,
    read_expiry,
    read_name,
)
from tapewire.common.shorthands import FUTURE, PAIR, PAIR_EXCHANGE
from tapewire.simulator.exchange import futures
from tapewire.simulator.exchange.contracts import US_VENUES, ContractQuery

IN_USD: Final = {
    "USD": 1.0, "EUR": 1.08, "GBP": 1.27, "CHF": 1.13, "AUD": 0.66, "NZD": 0.6, "CAD": 0.73,
    "JPY": 0.0067, "SEK": 0.095, "NOK": 0.093, "DKK": 0.145, "HKD": 0.128, "SGD": 0.75,
    "CNH": 0.14, "MXN": 0.052, "ZAR": 0.055, "PLN": 0.25, "CZK": 0.043, "HUF": 0.0027,
    "ILS": 0.27, "TRY": 0.029,
}  # fmt: skip
"""About what a unit of each currency is worth in dollars."""
PAIR_TICK: Final = Decimal("0.00005")
LARGE_PAIR_TICK: Final = Decimal("0.005")
LARGE: Final = 20  # a pair above this, such as USD.JPY, has the larger step
CON_ID_MADE: Final = 100_000_000
CON_IDS: Final = 1_900_000_000
_TICKER: Final = re.compile(r"[A-Z0-9](?:[A-Z0-9. ]{0,10}[A-Z0-9])?", re.ASCII)
_ROOT: Final = re.compile(r"[A-Z0-9.]{1,6}", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


def con_id_of(seed: int, symbol: str) -> int:
    """The contract id of a symbol, the same in each run with a seed."""
    return CON_ID_MADE + zlib.crc32(f"{seed} {symbol}".encode()) % CON_IDS


def described(query: ContractQuery, today: date) -> Instrument | None:
    """The one contract that a query describes; None where it is not well-formed, or has expired."""
    if query.con_id:
        return None
    makers = {"STK": _stock, FUTURE: _future, PAIR: _pair, OPTION: _option}
    make = makers.get(query.sec_type)
    return None if make is None else make(query, today)


def dated(instrument: Instrument, today: date) -> dict[str, str]:
    """What the name of a future says, for a contract that is one: its underlying and its expiry."""
    named = futures.read_name(instrument.symbol, today) if instrument.sec_type == FUTURE else None
    return {} if named is None else {"underlying": named[0], "expiry": f"{named[1]:%Y%m%d}"}


def pair_level(base: str, quoted: str) -> float:
    """About what a unit of one currency costs in another; one that is not known is a dollar."""
    return IN_USD.get(base, 1.0) / IN_USD.get(quoted, 1.0)


def currencies_of(instrument: Instrument) -> tuple[str, str] | None:
    """What a pair of currencies buys, and what it is paid in; None for anything else."""
    pair = shorthands.named(instrument) if instrument.sec_type == PAIR else None
    return None if pair is None else (pair.root, pair.currency)


def with_step(instrument: Instrument) -> Instrument:
    """An instrument with the price step of its kind where none was configured: a pair's is not that
    of shares."""
    pair = currencies_of(instrument)
    if pair is None or instrument.min_tick != DEFAULT_TICK:
        return instrument
    return replace(instrument, min_tick=_pair_tick(*pair))


def _pair_tick(base: str, quoted: str) -> Decimal:
    return LARGE_PAIR_TICK if pair_level(base, quoted) > LARGE else PAIR_TICK


def _stock(query: ContractQuery, _today: date) -> Instrument | None:
    symbol = query.symbol or query.local_symbol
    is_named = bool(_TICKER.fullmatch(symbol)) and query.local_symbol in ("", symbol)
    is_named = is_named and not shorthands.is_dated(symbol)
    is_at_home = query.exchange in ("", "SMART", *US_VENUES)
    currency = query.currency or "USD"
    if not (is_named and is_at_home and _CURRENCY.fullmatch(currency)):
        return None
    return Instrument(symbol=symbol, currency=currency)


def _future(query: ContractQuery, today: date) -> Instrument | None:
    named = futures.read_name(query.local_symbol, today) or _root_and_expiry(query)
    if named is None or named[1] < today or query.symbol not in ("", named[0]):
        return None
    root, expiry = named
    product = futures.PRODUCTS.get(root, futures.OTHER)
    return Instrument(
        symbol=futures.name_of(root, expiry),
        sec_type=FUTURE,
        exchange=product.exchange if root in futures.PRODUCTS else query.exchange or "CME",
        currency=product.currency if root in futures.PRODUCTS else query.currency or "USD",
        multiplier=product.multiplier,
        min_tick=product.tick,
        underlying=root,
        expiry=f"{expiry:%Y%m%d}",
    )


def _root_and_expiry(query: ContractQuery) -> tuple[str, date] | None:
    """A future by its underlying and its month, or its last day."""
    if query.local_symbol or not _ROOT.fullmatch(query.symbol):
        return None
    try:
        if len(query.expiry) == len("202612"):
            month = read_expiry(f"{query.expiry}01")
            return query.symbol, futures.third_friday(month.year, month.month)
        return query.symbol, read_expiry(query.expiry)
    except ValueError:
        return None


def _pair(query: ContractQuery, _today: date) -> Instrument | None:
    base, _, quoted = query.local_symbol.partition(".")
    base, quoted = query.symbol or base, query.currency or quoted
    is_pair = base in IN_USD and quoted in IN_USD and base != quoted
    if not is_pair or query.local_symbol not in ("", f"{base}.{quoted}"):
        return None
    return Instrument(
        symbol=f"{base}.{quoted}",
        sec_type=PAIR,
        exchange=PAIR_EXCHANGE,
        currency=quoted,
        min_tick=_pair_tick(base, quoted),
        underlying=base,
    )


def _option(query: ContractQuery, today: date) -> Instrument | None:
    name = query.local_symbol or _occ_name(query)
    terms = read_name(name)
    if terms is None or terms.expiry < today or query.currency not in ("", "USD"):
        return None
    made = instrument_of(name)
    return made if query.symbol in ("", terms.underlying) else None


def _occ_name(query: ContractQuery) -> str:
    """The OCC name of an option in full; empty if anything is left out, or is not possible."""
    if query.right not in ("C", "P"):
        return ""
    right: Right = "C" if query.right == "C" else "P"
    try:
        strike = Decimal(query.strike or 0)
        return name_of(OptionTerms(query.symbol, read_expiry(query.expiry), strike, right))
    except ValueError:
        return ""
