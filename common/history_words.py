"""Bar sizes and durations in TWS's words, and how much of a size TWS gives in one answer."""

import math
import re
from typing import Final

DAY_S: Final = 86_400
WEEK_S: Final = 7 * DAY_S
YEAR_S: Final = 365 * DAY_S
UNITS: Final = {"S": 1, "D": DAY_S, "W": WEEK_S, "M": 30 * DAY_S, "Y": YEAR_S}
"""Seconds of a duration's unit: a month counts as 30 days, a year as 365."""
SIZE_UNITS: Final = {
    "sec": 1, "secs": 1, "min": 60, "mins": 60, "hour": 3600, "hours": 3600, "day": DAY_S,
    "week": WEEK_S, "month": 31 * DAY_S,
}  # fmt: skip
STEPS_S: Final = {1: 1_800, 5: 3_600, 10: 14_400, 15: 14_400, 30: 28_800}
"""The longest answer by the seconds of its bars, from IB's table of step sizes (TWS API, historical
data limitations). For bars of a minute and more TWS has lifted the limits of that table, and asks
for no more than a few thousand bars at a time: `BARS_MAX`, and a year at most."""
BARS_MAX: Final = 10_080
_SIZE: Final = re.compile(r"(\d{1,2}) ([a-z]+)", re.ASCII)
_DURATION: Final = re.compile(r"(\d{1,5}) +([SDWMY])", re.ASCII)


def size_s(bars: str) -> int | None:
    """The seconds of a bar size, such as `5 mins`; None for what is none."""
    found = _SIZE.fullmatch(bars.strip())
    unit = SIZE_UNITS.get(found[2]) if found is not None else None
    return None if found is None or unit is None else int(found[1]) * unit or None


def duration_s(back: str) -> int | None:
    """The seconds of a duration, such as `2 D`; None for what is none."""
    found = _DURATION.fullmatch(back.strip().upper())
    return None if found is None else int(found[1]) * UNITS[found[2]] or None


def duration_of(seconds: int) -> str:
    """A duration of at least so many seconds: TWS takes seconds up to a day, and days up to a
    year."""
    if seconds <= DAY_S:
        return f"{seconds} S"
    days = math.ceil(seconds / DAY_S)
    return f"{days} D" if days <= YEAR_S // DAY_S else f"{math.ceil(days * DAY_S / YEAR_S)} Y"


def answer_max_s(size: int) -> int | None:
    """How many seconds of bars of `size` seconds one answer has at most; None for those of a week
    and more, of which all that there is makes one answer."""
    if size >= WEEK_S:
        return None
    if size in STEPS_S:
        return STEPS_S[size]
    return min(YEAR_S, BARS_MAX * size // DAY_S * DAY_S or BARS_MAX * size)
