"""Options: their names as the OCC writes them, and what a name says of the contract.

The name is 21 characters: the option's root, filled up with blanks to six; the expiry as YYMMDD; C
or P; and the strike in thousandths. `AAPL  261218C00190000` is the call on AAPL at 190 that expires
on 18 December 2026. (OCC, "Options Symbology Initiative", 2008.)
"""

import re
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from tapewire.common.instruments import Instrument

Right = Literal["C", "P"]
OPTION: Final = "OPT"
STOCK_OPTION_MULTIPLIER: Final = Decimal(100)
"""Shares per contract of US equity options, but for those of companies that split or merged."""
YEAR_NS: Final = 365 * 86_400 * 1_000_000_000
_CLOSE: Final = time(16)
_CENTURY: Final = 2000
_THOUSAND: Final = Decimal(1000)
_NAME: Final = re.compile(r"([A-Z0-9.]{1,6}) {0,5}(\d\d)(\d\d)(\d\d)([CP])(\d{8})", re.ASCII)
_ROOT: Final = re.compile(r"[A-Z0-9.]{1,6}", re.ASCII)
_LENGTH: Final = 21
_THOUSANDTHS_MAX: Final = 10**8


class OptionTerms(NamedTuple):
    """What an option is on, until when, at which price, and which way: C to buy, P to sell."""

    underlying: str
    expiry: date
    strike: Decimal
    right: Right


def read_name(symbol: str) -> OptionTerms | None:
    """What an OCC name says; None if `symbol` is not one. Its root stands for the underlying, which
    is so for all but a few, such as SPXW on SPX."""
    found = _NAME.fullmatch(symbol) if len(symbol) == _LENGTH else None
    if found is None:
        return None
    root, year, month, day, right, strike = found.groups()
    try:
        expiry = date(_CENTURY + int(year), int(month), int(day))
    except ValueError:
        return None
    thousandths = Decimal(strike)
    if not thousandths:
        return None
    return OptionTerms(root, expiry, thousandths / _THOUSAND, "C" if right == "C" else "P")


def is_misnamed(symbol: str) -> bool:
    """Whether a symbol is written as an OCC name and is none: its date or its strike cannot be."""
    is_written_so = len(symbol) == _LENGTH and _NAME.fullmatch(symbol) is not None
    return is_written_so and read_name(symbol) is None


def name_of(terms: OptionTerms) -> str:
    """The OCC name of an option, with its underlying as the root; ValueError if it has none."""
    root, expiry, strike, right = terms
    if not _ROOT.fullmatch(root):
        raise ValueError(
            f"{root!r:.40} is not a root of an option; it is 1 to 6 capitals or digits"
        )
    if expiry.year // 100 * 100 != _CENTURY:
        raise ValueError(f"expiry is {expiry}; it must be in this century")
    thousandths = strike * _THOUSAND if strike.is_finite() else Decimal(0)
    if not 0 < thousandths < _THOUSANDTHS_MAX or thousandths % 1:
        raise ValueError(
            f"strike is {strike}; it must be above 0, below 100000 and of whole thousandths"
        )
    return f"{root:<6}{expiry:%y%m%d}{right}{int(thousandths):08d}"


def read_expiry(text: str) -> date:
    """The date that `YYYYMMDD` stands for; raises ValueError."""
    if not re.fullmatch(r"\d{8}", text, re.ASCII):
        raise ValueError(f"{text!r} is not a date as YYYYMMDD")
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def years_left(expiry: date, now_ns: int) -> float:
    """Years of 365 days from `now_ns` (UTC) to 16:00 in New York on the last day; 0 after that."""
    return max(0.0, (_end_ns(expiry) - now_ns) / YEAR_NS)


@cache
def _end_ns(expiry: date) -> int:
    end = datetime.combine(expiry, _CLOSE, ZoneInfo("America/New_York"))
    return int(end.timestamp()) * 1_000_000_000


def terms_of(instrument: Instrument) -> OptionTerms | None:
    """What an option is on; None for anything else, and for one of which that is not known."""
    if instrument.sec_type != OPTION or not instrument.right or instrument.strike is None:
        return None
    expiry = read_expiry(instrument.expiry)
    return OptionTerms(instrument.underlying, expiry, instrument.strike, instrument.right)


def fault(instrument: Instrument) -> str:
    """What an instrument must be and is not, as an option or as anything else; "" if nothing."""
    parts = {
        name: getattr(instrument, name) for name in ("underlying", "expiry", "strike", "right")
    }
    given = {name for name, value in parts.items() if value not in ("", None)}
    if instrument.sec_type != OPTION:
        return f'an option (sec_type = "OPT") to have {min(given)}' if given else ""
    if given and len(given) < len(parts):
        return f"given {', '.join(sorted(parts.keys() - given))} too, or none of its terms"
    named, terms = read_name(instrument.symbol), terms_of(instrument)
    if named is not None and terms is not None and named[1:] != terms[1:]:
        return f"without expiry, strike and right, or with those that {instrument.symbol} says"
    return ""


def root_of(instrument: Instrument) -> str:
    """The trading class: the root of an OCC name, else the underlying."""
    return instrument.symbol[:6].rstrip() if read_name(instrument.symbol) else instrument.underlying


def completed(given: dict[str, Any]) -> dict[str, Any]:
    """An instrument's fields with what its symbol says, if that is an OCC name, for those that are
    not given. An option in dollars is on 100 units of its underlying."""
    fields = {k: value for k, value in given.items() if k == "symbol" or value not in ("", None)}
    terms = read_name(str(given.get("symbol", "")))
    if terms is not None and fields.get("sec_type", OPTION) == OPTION:
        known = {"sec_type": OPTION, **terms._asdict(), "expiry": f"{terms.expiry:%Y%m%d}"}
        fields = {**known, **fields}
    if fields.get("sec_type") == OPTION and fields.get("currency", "USD") == "USD":
        fields.setdefault("multiplier", STOCK_OPTION_MULTIPLIER)
    return fields


def instrument_of(symbol: str, **given: Any) -> Instrument:
    """An instrument by its symbol, which says all about it if it is an OCC name."""
    return Instrument(**completed({"symbol": symbol, **given}))
