"""Futures by name: `ESZ6` is the ES that expires in December of a year that ends in 6."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

MONTHS: Final = "FGHJKMNQUVXZ"
"""The letter of each contract month, January first."""
FRIDAY: Final = 4
_NAME: Final = re.compile(rf"([A-Z0-9]{{1,5}})([{MONTHS}])(\d)", re.ASCII)


class Product(NamedTuple):
    """What all futures on one underlying have in common; `level` is about where they trade."""

    exchange: str
    multiplier: Decimal
    tick: Decimal
    level: int
    currency: str = "USD"


def _product(
    exchange: str, multiplier: int, tick: str, level: int, currency: str = "USD"
) -> Product:
    return Product(exchange, Decimal(multiplier), Decimal(tick), level, currency)


PRODUCTS: Final = {
    "ES": _product("CME", 50, "0.25", 6_000),
    "MES": _product("CME", 5, "0.25", 6_000),
    "NQ": _product("CME", 20, "0.25", 21_000),
    "MNQ": _product("CME", 2, "0.25", 21_000),
    "RTY": _product("CME", 50, "0.1", 2_200),
    "YM": _product("CBOT", 5, "1", 43_000),
    "ZN": _product("CBOT", 1_000, "0.015625", 110),
    "ZB": _product("CBOT", 1_000, "0.03125", 117),
    "CL": _product("NYMEX", 1_000, "0.01", 70),
    "NG": _product("NYMEX", 10_000, "0.001", 3),
    "GC": _product("COMEX", 100, "0.1", 2_600),
    "SI": _product("COMEX", 5_000, "0.005", 30),
    "FESX": _product("EUREX", 10, "1", 5_000, "EUR"),
    "FDAX": _product("EUREX", 25, "1", 20_000, "EUR"),
}
OTHER: Final = _product("CME", 50, "0.25", 4_000)
"""A future on anything else."""


def third_friday(year: int, month: int) -> date:
    """When the futures and the options of a month expire."""
    first = date(year, month, 1)
    return first + timedelta(days=(FRIDAY - first.weekday()) % 7 + 14)


def name_of(root: str, expiry: date) -> str:
    """The name of a future that expires on a day."""
    return f"{root}{MONTHS[expiry.month - 1]}{expiry.year % 10}"


def read_name(name: str, today: date) -> tuple[str, date] | None:
    """The root and the expiry of a future that has not expired; None if it is no such name."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    root, letter, digit = found.groups()
    month = MONTHS.index(letter) + 1
    years = (today.year + ahead for ahead in range(11))
    days = (third_friday(year, month) for year in years if year % 10 == int(digit))
    return root, next(day for day in days if day >= today)
