"""Combos by what traders write, and the legs that they come to.

    AAPL 20261218 C 230/240                      a vertical: buys the call at 230, sells that at 240
    AAPL 20261218 C230 - 2 AAPL 20261218 C240    any legs: + is bought, - is sold, with a ratio
    ES 202612 - ES 202703                        of futures, shares and currency pairs too

A combo is bought or sold as one order, and its text says what happens to each leg when it is
bought. A leg is a symbol, or an option in words: underlying, expiry, C or P with the strike. That
stands for the option's OCC name, which is its symbol everywhere else. `combo_name` writes legs in
the same way, so that what it has written can be read again.
"""

import re
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Final

from tapewire.common import shorthands
from tapewire.common.events import ComboLeg, GroupLeg, OrderTerms, Side, combo_name
from tapewire.common.events.order_commands import RATIO_MAX
from tapewire.common.options import OptionTerms, name_of, read_expiry

Strike = Decimal | int | str | float
"""A strike. A float stands for its shortest text: 0.1 is exactly one tenth."""
_SIDES: Final[dict[str, Side]] = {"+": "BUY", "-": "SELL"}
_BETWEEN: Final = re.compile(r"(?:^| )([+-]) ")
_VERTICAL: Final = re.compile(r"(\S+) (\S+) ([CP]) ?([^/ ]+)/([^/ ]+)")
_OPTION: Final = re.compile(r"([A-Z0-9.]+) (\d{8}) ([CP]) ?(\d[\d.]*)", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_RATIO: Final = re.compile(r"(\d+) +(.+)", re.ASCII)


def read(text: str) -> tuple[ComboLeg, ...]:
    """The legs of a combo; none if `text` is not written as one. Raises ValueError for one whose
    legs make no sense."""
    text = text.strip()
    if " " not in text:
        return ()
    if found := _VERTICAL.fullmatch(text):
        return vertical(*found.groups())
    first, *others = _BETWEEN.split(text)
    if not others:
        return ()
    signs, symbols = others[0::2], others[1::2]
    if first:
        signs, symbols = ["+", *signs], [first, *symbols]
    legs = tuple(_leg(sign, one) for sign, one in zip(signs, symbols, strict=True))
    if len(legs) < 2 or len({leg.symbol for leg in legs}) < len(legs):
        raise ValueError(
            f"{text!r:.200} is not a combo; it needs two symbols or more, each in one leg"
        )
    return legs


def meant(text: str, symbols: Collection[str]) -> tuple[str, tuple[ComboLeg, ...]]:
    """What is to be traded: one of `symbols` as it is, a combo's name with its legs, or whatever
    else a leg can be written as. Raises ValueError as `read` does."""
    if text in symbols:
        return text, ()
    legs = read(text)
    return (combo_name(legs), legs) if legs else (symbol_of(text), ())


def vertical(
    symbol: str, expiry: str, right: str, long_strike: Strike, short_strike: Strike
) -> tuple[ComboLeg, ComboLeg]:
    """The legs of a vertical on `symbol`: to buy it buys the option at `long_strike` and sells the
    one at `short_strike`. `expiry` is YYYYMMDD, `right` C or P. Raises ValueError."""
    names = [_option(symbol, expiry, right, one) for one in (long_strike, short_strike)]
    if names[0] == names[1]:
        raise ValueError(f"both strikes are {long_strike}; a vertical has two")
    return ComboLeg(names[0], 1, "BUY"), ComboLeg(names[1], 1, "SELL")


def symbol_of(text: str) -> str:
    """The symbol that a leg is written as: an option in words is its OCC name, all else is itself.
    Raises ValueError for an option that there cannot be."""
    found = _OPTION.fullmatch(text)
    if found is None:
        return text
    root, expiry, right, strike = found.groups()
    return _option(root, expiry, right, strike)


def combo_order(legs: Sequence[ComboLeg], terms: OrderTerms) -> GroupLeg:
    """One order that trades the legs as one, for a `GroupSignal` of the kind `combo`."""
    return GroupLeg("order", combo_name(legs), terms, legs=tuple(legs))


def _leg(sign: str, text: str) -> ComboLeg:
    """`[RATIO] SYMBOL`. What is a future by all of it has no ratio: `700 202612` is one on 700."""
    text = text.strip()
    ratio, symbol = 1, text
    if shorthands.read(text) is None and (found := _RATIO.fullmatch(text)):
        ratio, symbol = int(found[1]), found[2]
    if symbol[:1] in ("", "+", "-") or not 1 <= ratio <= RATIO_MAX:
        raise ValueError(f"leg {text!r:.80} must be a symbol, after a ratio of 1 to {RATIO_MAX}")
    return ComboLeg(symbol_of(symbol), ratio, _SIDES[sign])


def _option(symbol: str, expiry: str, right: str, strike: Strike) -> str:
    if right not in ("C", "P"):
        raise ValueError(f"right is {right!r:.20}; it must be C for calls or P for puts")
    digits = str(strike)
    if not _NUMBER.fullmatch(digits):
        raise ValueError(f"strike is {digits:.40}; it must be a number above 0, such as 230.5")
    terms = OptionTerms(symbol, read_expiry(expiry), Decimal(digits), "C" if right == "C" else "P")
    return name_of(terms)
