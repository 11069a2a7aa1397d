"""Times as a person writes and reads them: ISO in UTC, or as far back as `-10m`."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from tapewire.common.config.settings import ConfigError
from tapewire.simulator.market.times import time_ns

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DAYS: Final = re.compile(r"-(\d{1,5})d")
_RELATIVE: Final = re.compile(r"-(\d{1,9})([smhd])")


def parse(option: str, text: str | None, now_ns: int) -> int | None:
    """The time that `text` names, in nanoseconds UTC; None for None. `option` is for the error."""
    if text is None:
        return None
    relative = _RELATIVE.fullmatch(text)
    if relative:
        return now_ns - int(relative[1]) * _UNITS_S[relative[2]] * 1_000_000_000
    try:
        return time_ns(text)
    except (ValueError, OverflowError):
        raise ConfigError(
            f"{option} is {text!r}, must be a time in UTC such as 2026-11-20T14:30:00,"
            " or a span back from now such as -10m (s, m, h, d)"
        ) from None


def day(option: str, text: str | None, today: date) -> date | None:
    """The trading day that `text` names; None for None. `today` is the present one."""
    if text is None:
        return None
    if text == "today":
        return today
    if relative := _DAYS.fullmatch(text):
        return today - timedelta(days=int(relative[1]))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{option} is {text!r}, must be a trading day such as 2026-11-20, or today, or days"
            " back from that such as -7d"
        ) from None


def iso(ns: int) -> str:
    """Date and time in UTC, to the microsecond."""
    moment = datetime.fromtimestamp(ns // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ns // 1000 % 1_000_000:06d}Z"


def clock(ns: int, places: int = 3) -> str:
    """The time of day in UTC alone, with `places` digits of the second (0 to 6)."""
    shown = iso(ns)[11:-1]
    return shown[: 9 + places] if places else shown[:8]
