"""Shorthands: symbols that say which contract they are, in the words that traders use for it.

    AAPL                    a share: what any other symbol is
    ES 202612, ES 20261218  a future on ES, by its month or its last day
    EUR.USD                 a pair of currencies: what is bought, and what it is paid in
    AAPL  261218C00190000   an option, by its OCC name (see `common.options`)

They are names like any other, and stand for the contract wherever a symbol does. What they do not
say (a future's exchange and multiplier) has to be configured; TWS's word is held against it. A name
written as a future or an option, of a day that does not exist, is refused: it is not a share.
"""

import re
from typing import Any, Final, NamedTuple

from tapewire.common import options
from tapewire.common.instruments import Instrument

FUTURE: Final = "FUT"
PAIR: Final = "CASH"
PAIR_EXCHANGE: Final = "IDEALPRO"
_FUTURE: Final = re.compile(r"([A-Z0-9]{1,8}) (\d{6}(?:\d{2})?)", re.ASCII)
_PAIR: Final = re.compile(r"([A-Z]{3})\.([A-Z]{3})", re.ASCII)


class Named(NamedTuple):
    """What a shorthand says. `root` is the broker's symbol; `expiry` is a future's, YYYYMM or
    YYYYMMDD; `currency` is what a pair is paid in."""

    sec_type: str
    root: str
    expiry: str = ""
    currency: str = ""


def read(symbol: str) -> Named | None:
    """What a symbol says, as a future or a pair; None if it is neither."""
    if (found := _FUTURE.fullmatch(symbol)) and _is_date(found[2]):
        return Named(FUTURE, found[1], expiry=found[2])
    if found := _PAIR.fullmatch(symbol):
        return Named(PAIR, found[1], currency=found[2])
    return None


def is_dated(symbol: str) -> bool:
    """Whether a symbol is written as a future, of a day that exists or not: no share is."""
    return _FUTURE.fullmatch(symbol) is not None


def _is_date(expiry: str) -> bool:
    try:
        options.read_expiry(expiry if len(expiry) == len("20261218") else f"{expiry}01")
    except ValueError:
        return False
    return True


def _require_possible(symbol: str) -> None:
    """Raise ValueError for what is written as a future or an option, and cannot be one."""
    if is_dated(symbol) and read(symbol) is None:
        raise ValueError(
            f"a future of a month or day that exists, such as `ES 202612`; {symbol} names none"
        )
    if options.is_misnamed(symbol):
        raise ValueError(f"an option with a date and a strike that exist; {symbol} has none")


def named(instrument: Instrument) -> Named | None:
    """What an instrument's symbol says of it; None where it is another kind of thing by its own
    account, such as a share that is called like a pair."""
    found = read(instrument.symbol)
    return found if found is not None and found.sec_type == instrument.sec_type else None


def completed(given: dict[str, Any]) -> dict[str, Any]:
    """An instrument's fields with what its symbol says, for those that are not given. Raises
    ValueError for a symbol that says something impossible, unless it is given as something else."""
    fields = options.completed(given)
    symbol = str(fields.get("symbol", ""))
    if fields.get("sec_type") in (None, FUTURE, options.OPTION):
        _require_possible(symbol)
    found = read(symbol)
    if found is None or fields.get("sec_type", found.sec_type) != found.sec_type:
        return fields
    known = {"sec_type": found.sec_type}
    if found.sec_type == PAIR:
        known |= {"exchange": PAIR_EXCHANGE, "currency": found.currency}
    return {**known, **fields}


def fault(instrument: Instrument) -> str:
    """What an instrument must be by its symbol and is not; "" if nothing."""
    found = named(instrument)
    if found is None:
        return ""
    if found.sec_type == PAIR and instrument.currency != found.currency:
        return f'without a currency, or with "{found.currency}", as {instrument.symbol} says'
    if found.sec_type == FUTURE and instrument.exchange == "SMART":
        return "given an exchange, such as CME: no future trades on SMART"
    return ""
