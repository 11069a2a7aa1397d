"""What a page or a program asks beside the live tables: events, traces, days, audits, logs, scans.

They are worked out when somebody asks, from the journals, by the functions that the commands use.
"""

import itertools
import time
from collections import deque
from typing import Any, Final

import msgspec

from tapewire.common import roles
from tapewire.common.events.scans import Scan, ScanQuery
from tapewire.console.group import questions
from tapewire.console.model.event_rows import event_row
from tapewire.console.records import audit, logs, trace
from tapewire.console.records.journals import FOREVER_NS, Journals, wanted
from tapewire.console.records.log_entries import LEVELS
from tapewire.console.records.log_entries import Entry as LogEntry
from tapewire.console.views import times, trading_json
from tapewire.web.access import Refused
from tapewire.web.desk import Desk

READ_MAX: Final = 50_000
"""So many events of each journal are read for one request, the newest; the command line has all."""
EVENTS_MAX: Final = 1_000
DAYS_MAX: Final = 400
DECISIONS_MAX: Final = 100
LOG_LINES_MAX: Final = 500
SCANS_MAX: Final = 50
SCAN_FRESH_S: Final = 10.0


def events(
    desk: Desk, since: str | None, to: str | None, types: tuple[str, ...], limit: int
) -> list[dict[str, Any]]:
    """The newest events of a time, of types that begin so, oldest first; those among the newest
    `READ_MAX` of each journal up to its end."""
    now_ns = time.time_ns()
    from_ns = times.parse("from", since, now_ns) or 0
    to_ns = times.parse("to", to, now_ns) or FOREVER_NS
    fits = wanted(types, None)
    with Journals(desk.config.run_dir, max(from_ns, _read_from(desk, to_ns))) as journals:
        found = deque(filter(fits, journals.until(to_ns)), maxlen=max(1, min(limit, EVENTS_MAX)))
    return [event_row(one) for one in found]


def traced(desk: Desk, about: str) -> dict[str, Any]:
    """The way of an order or a fill, from its tick to its cost."""
    try:
        return trace.as_json(trace.trace(desk.config.run_dir, about, _read_from(desk)))
    except trace.NotFound as missing:
        raise Refused(404, f"{missing}. `tapewire trace` looks at what is older, too") from None


def days(desk: Desk) -> list[dict[str, Any]]:
    """What each trading day came to, the newest first, of what the model has read already."""
    return [trading_json.day(one) for one in desk.days()[: -DAYS_MAX - 1 : -1]]


def decisions(desk: Desk) -> list[dict[str, Any]]:
    """The last decisions of risk, each with its causes and what came of it, the newest first."""
    found = audit.read(desk.config.run_dir, read_from_ns=_read_from(desk))
    return [audit.as_json(one) for one in found[: -DECISIONS_MAX - 1 : -1]]


def _read_from(desk: Desk, to_ns: int = FOREVER_NS) -> int:
    with Journals(desk.config.run_dir) as journals:
        return journals.back(READ_MAX, to_ns)


# ---- logs ----------------------------------------------------------------------------------------


def log(desk: Desk, process: str, count: int) -> list[dict[str, Any]]:
    """The last entries of a process's log, oldest first."""
    if process not in desk.table("processes"):
        raise Refused(404, f"{process[:80]!r} is not a process of {desk.name}")
    found = logs.last(desk.config.run_dir / "logs", [process], count, LEVELS[0])
    return [{"ts_ns": e.time_ns, "level": e.level, "text": _text(e)} for e in found]


def _text(entry: LogEntry) -> str:
    """An entry as `tapewire logs` shows it, without its time and process."""
    first, *more = entry.lines()
    return "\n".join([first.split("  ", 2)[2], *more])


# ---- scans ---------------------------------------------------------------------------------------


class Scans:
    """The last rankings that somebody asked for: the broker allows few scans, and a ranking that is
    a few seconds old is as good as a new one."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Scan], tuple[float, dict[str, Any]]] = {}

    def ask(self, desk: Desk, scan: Scan) -> dict[str, Any]:
        """A ranking with its age in seconds, and whether it comes from here."""
        key, now_s = (desk.name, scan), time.monotonic()
        known = self._found.get(key)
        is_cached = known is not None and now_s - known[0] < SCAN_FRESH_S
        if not is_cached:
            known = self._found[key] = (now_s, _ranked(desk, scan))
            for old in [*itertools.islice(self._found, max(0, len(self._found) - SCANS_MAX))]:
                self._found.pop(old, None)
        assert known is not None
        age_s = (time.time_ns() - known[1]["taken_ns"]) / 1e9
        return {**known[1], "age_s": round(max(0.0, age_s), 1), "is_cached": is_cached}


def _ranked(desk: Desk, scan: Scan) -> dict[str, Any]:
    launched = desk.launched()
    login = next(iter(launched.logins), None)
    role = login.gateway if login is not None else roles.GATEWAY
    query = msgspec.structs.replace(ScanQuery("-", scan), id=questions.new_id())
    page: Any = questions.pages(launched, role, query)[-1]
    rows = [msgspec.to_builtins(row) for row in page.rows]
    names = page.rows[0].__struct_fields__ if page.rows else ()
    return {
        "taken_ns": page.taken_ns,
        "columns": list(names),
        "rows": [[str(value) for value in row] for row in rows],
    }
