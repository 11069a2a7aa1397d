"""The calendars of exchange_calendars, as lists of sessions. Nothing here loads the library: a
process of its own does for a moment (`export`), once for each calendar and span of years.
"""

import subprocess
import sys
from datetime import date
from functools import cache
from typing import Final

import msgspec

from tapewire.common import extras
from tapewire.common.calendars.sessions import Session
from tapewire.common.config.near import expected
from tapewire.common.errors import ConfigError

MODULE: Final = "exchange_calendars"
YEARS_BACK: Final = 10
"""What is older than that is asked for once more: a journal seldom is."""
TIMEOUT_S: Final = 60
EXPORT: Final = "tapewire.common.calendars.export"


class Listing(msgspec.Struct, frozen=True):
    """What the library knows of a calendar: all names that it `known`s if this is none of them,
    else where its hours are local, the time at which its day ends, and its sessions in the days
    from `first` to `last`. It knows nothing of a span that ends before it begins."""

    known: tuple[str, ...]
    zone: str = ""
    ends: str = ""
    first: date = date.max
    last: date = date.min
    sessions: tuple[Session, ...] = ()


def years_of(year: int) -> tuple[date, date]:
    """The days that are looked up for moments in a year: to the end of the next one."""
    return date(max(year - YEARS_BACK, 1), 1, 1), date(year + 1, 12, 31)


@cache
def load(name: str, year: int) -> Listing:
    """The sessions of a calendar around a year. Raises `ConfigError` where there is no such
    calendar, and where the library is missing or fails."""
    if lacking := extras.missing(MODULE, extras.command("risk")):
        raise ConfigError(f"calendar {name}: {lacking}")
    first, last = years_of(year)
    work = [sys.executable, "-P", "-m", EXPORT, name, str(first), str(last)]
    try:
        done = subprocess.run(work, capture_output=True, check=True, timeout=TIMEOUT_S)
        found = msgspec.json.decode(done.stdout, type=Listing)
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
        said = getattr(error, "stderr", None) or b""
        why = said.decode(errors="replace").strip().rpartition("\n")[2] or error
        raise ConfigError(f"calendar {name} cannot be read from {MODULE}: {why}") from error
    if not found.zone:
        raise ConfigError(
            f"calendar is {name!r}, which is not known; {expected(name, found.known)}"
        )
    return found
