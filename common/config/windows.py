"""Windows of time, from a CSV or TOML file: when each begins and ends, and for which symbols.

A CSV file has a header, and a TOML file a `[[windows]]` table for each. An entry has either `start`
and `end`, or `at` with how many minutes it begins before and ends after that.
"""

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tapewire.common.config.near import expected
from tapewire.common.config.syntax import parsed, sentence

KEYS: Final = ("start", "end", "at", "minutes_before", "minutes_after", "symbols", "name")
MINUTES_MAX: Final = 7 * 24 * 60
MINUTE_NS: Final = 60_000_000_000
_HEADER: Final = re.compile(r"\s*\[\[\s*windows\s*\]\]")
_TIME: Final = "2026-12-10T14:00:00-05:00"


class Window(msgspec.Struct, frozen=True, order=True):
    """From `start_ns` on, and before `end_ns` (UTC); no symbols stand for all."""

    start_ns: int
    end_ns: int
    name: str = ""
    symbols: tuple[str, ...] = ()


class Defaults(msgspec.Struct, frozen=True):
    """What holds where an entry does not say it."""

    minutes_before: float
    minutes_after: float
    zone: ZoneInfo | None


def load_windows(path: Path, before: float, after: float, zone: str = "") -> tuple[Window, ...]:
    """The windows of a file in the order in which they begin; ValueError names the line and what
    was expected. `before` and `after` are minutes; a time without an offset is one of `zone`."""
    defaults = Defaults(
        _minutes(before, "minutes_before"), _minutes(after, "minutes_after"), _zone(zone)
    )
    windows: list[Window] = []
    for line, entry in _entries(path):
        try:
            windows.append(_window(entry, defaults))
        except ValueError as error:
            raise ValueError(f"{path}:{line}: {error}") from error
    if not windows:
        raise ValueError(f"{path} has no windows; expected at least one")
    return tuple(sorted(windows))


# ---- the file ------------------------------------------------------------------------------------


def _entries(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each entry with the line that it is in, or begins in."""
    if path.suffix not in (".csv", ".toml"):
        raise ValueError(f"{path} must be a .csv or a .toml file")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}; expected a file in UTF-8") from error
    return _csv_entries(path, text) if path.suffix == ".csv" else _toml_entries(path, text)


def _csv_entries(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    rows = csv.DictReader(text.splitlines(), skipinitialspace=True)
    for column in rows.fieldnames or ():
        if column not in KEYS:
            raise ValueError(f"{path}:1: column {column!r} is not known; {expected(column, KEYS)}")
    for row in rows:
        if None in row:
            raise ValueError(f"{path}:{rows.line_num}: it has more fields than the header")
        found = {key: cell.strip() for key, cell in row.items() if cell and cell.strip()}
        if "symbols" in found:
            yield rows.line_num, {**found, "symbols": found["symbols"].split()}
        else:
            yield rows.line_num, found


def _toml_entries(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        found = parsed(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: {sentence(error, text, ['windows'])}") from error
    for key in found.keys() - {"windows"}:
        raise ValueError(f"{path}: {key} is not known; expected [[windows]]")
    entries = found.get("windows", [])
    lines = [n for n, line in enumerate(text.splitlines(), 1) if _HEADER.match(line)]
    if not isinstance(entries, list) or len(lines) != len(entries):
        raise ValueError(f"{path}: windows must be written as a [[windows]] table for each")
    yield from zip(lines, entries, strict=True)


# ---- one entry -----------------------------------------------------------------------------------


def _window(entry: Mapping[str, Any], defaults: Defaults) -> Window:
    for key in entry:
        if key not in KEYS:
            raise ValueError(f"{key} is not known; {expected(key, KEYS)}")
    given = {key for key in KEYS[:5] if key in entry}
    if "at" in given and not given & {"start", "end"}:
        at, again = _times_ns(entry["at"], "at", defaults)
        before = _minutes(entry.get("minutes_before", defaults.minutes_before), "minutes_before")
        after = _minutes(entry.get("minutes_after", defaults.minutes_after), "minutes_after")
        start, end = at - int(before * MINUTE_NS), again + int(after * MINUTE_NS)
    elif given == {"start", "end"}:
        start, _ = _times_ns(entry["start"], "start", defaults)
        _, end = _times_ns(entry["end"], "end", defaults)
    else:
        found = ", ".join(sorted(given)) or "no time"
        raise ValueError(f"found {found}; expected start and end, or at with minutes around it")
    if end <= start:
        raise ValueError("the window ends when it begins, or before; its end must be later")
    return Window(start, end, str(entry.get("name", "")), _symbols(entry.get("symbols", [])))


def _symbols(given: Any) -> tuple[str, ...]:
    if isinstance(given, list) and all(isinstance(one, str) and one for one in given):
        return tuple(given)
    raise ValueError(f"symbols is {given!r:.80}; expected a list of symbols")


def _times_ns(given: Any, key: str, defaults: Defaults) -> tuple[int, int]:
    """The first and the last moment that a time can mean: two where the clocks of its zone are put
    back over it, or forward, else the same one."""
    try:
        moment = given if isinstance(given, datetime) else datetime.fromisoformat(given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{key} is {given!r:.80}; expected a time such as {_TIME}") from error
    if moment.tzinfo is None:
        if defaults.zone is None:
            raise ValueError(
                f"{key} is {given}, which has no offset; expected a time such as {_TIME}, or set"
                " the rule's zone"
            )
        moment = moment.replace(tzinfo=defaults.zone)
    first, last = sorted(moment.replace(fold=fold).timestamp() for fold in (0, 1))
    return int(first * 1000) * 1_000_000, int(last * 1000) * 1_000_000


def _minutes(given: Any, key: str) -> float:
    try:
        minutes = float(given)
    except (TypeError, ValueError):
        minutes = -1
    if not 0 <= minutes <= MINUTES_MAX:
        raise ValueError(f"{key} is {given!r:.80}; expected minutes from 0 to {MINUTES_MAX}")
    return minutes


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(
            f"zone is {name!r:.80}; expected a time zone such as America/New_York"
        ) from error
