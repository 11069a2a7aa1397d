"""The lines of a process's log, made entries.

Processes write JSON lines. What is not JSON was written by a library, or by Python itself as it
ended, such as a traceback: it belongs to the entry above it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from tapewire.common.config.text import printable
from tapewire.console.views import times
from tapewire.simulator.market.times import time_ns

SUPERVISOR: Final = "supervisord"
LEVELS: Final = ("debug", "info", "warning", "error")
MORE_MAX: Final = 1000
"""Lines that one entry takes up beside its own; what comes after is an entry of its own."""

_OWN: Final = frozenset({"timestamp", "process", "level", "event"})
_SUPERVISORS: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3}) (\w+) (.*)")
_LEVEL_OF: Final = {"CRIT": "warning", "ERRO": "error", "WARN": "warning", "DEBG": "debug"}


class Entry(NamedTuple):
    """One entry: `event` is what happened, `fields` its details; `more` are the lines below it that
    have no stamp of their own. `time_ns` is UTC; that of the entry before where it has none."""

    time_ns: int
    process: str
    level: str
    event: str
    fields: dict[str, Any]
    more: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """For a person: one line, and below it, indented, what has several lines."""
        short, long = [], list(self.more)
        for name, value in self.fields.items():
            text = value if isinstance(value, str) else json.dumps(value)
            if "\n" in text:
                long += [f"{name}:", *text.rstrip("\n").split("\n")]
            elif text:
                short.append(f"{name}={text}" if re.fullmatch(r"\S+", text) else f"{name}={text!r}")
        level = "" if self.level == "info" else f"{self.level.upper()} "
        head = f"{times.clock(self.time_ns)}  {self.process}  {level}{self.event}"
        return [printable(" ".join((head, *short))), *(f"    {printable(one)}" for one in long)]


class Parser:
    """Makes entries of one process's lines; `take` may get them in pieces."""

    def __init__(self, process: str) -> None:
        self._process = process
        self._open: Entry | None = None
        self._more: list[str] = []
        self._last_ns = 0

    def take(self, lines: Iterable[str]) -> Iterator[Entry]:
        """The entries that are complete: one is when the next begins."""
        for line in filter(None, (one.rstrip() for one in lines)):
            begun = self._begun(line)
            if begun is None and self._open is not None and len(self._more) < MORE_MAX:
                self._more.append(line)
                continue
            yield from self.end()
            self._open = begun or Entry(self._last_ns, self._process, "info", line, {})
            self._last_ns = self._open.time_ns

    def end(self) -> Iterator[Entry]:
        """The entry that is still open: nothing has come for a while, or will come."""
        if self._open is not None:
            yield self._open._replace(more=tuple(self._more))
        self._open, self._more = None, []

    def _begun(self, line: str) -> Entry | None:
        if self._process == SUPERVISOR:
            return _supervisors(line)
        try:
            found = json.loads(line)
            at_ns = time_ns(found["timestamp"])
            level, event = str(found.get("level", "info")), str(found.get("event", ""))
        except (ValueError, TypeError, KeyError, OverflowError):
            return None
        fields = {name: value for name, value in found.items() if name not in _OWN}
        return Entry(at_ns, self._process, level, event, fields)


def _supervisors(line: str) -> Entry | None:
    """supervisord's own lines, whose stamps are in the machine's zone."""
    found = _SUPERVISORS.fullmatch(line)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found[1]).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    at_ns = (int(moment.timestamp()) * 1000 + int(found[2])) * 1_000_000
    return Entry(at_ns, SUPERVISOR, _LEVEL_OF.get(found[3], "info"), found[4], {})


def last_word(process: str, lines: Iterable[str]) -> str:
    """What a process wrote last, such as the error that it ended with; empty without a line."""
    parser = Parser(process)
    entries: list[Entry] = [*parser.take(lines), *parser.end()]
    if not entries:
        return ""
    entry = entries[-1]
    if entry.more:
        return entry.more[-1].strip()
    return str(entry.fields.get("error") or entry.event).strip()


def is_at_least(entry: Entry, level: str) -> bool:
    """Whether `entry` is of that level or a graver one; a level that is not known counts as one."""
    return entry.level not in LEVELS or LEVELS.index(entry.level) >= LEVELS.index(level)
