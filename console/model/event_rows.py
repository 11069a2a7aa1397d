"""The rows of events and of risk's decisions: the newest of both."""

from collections import deque
from typing import Any, Final

from tapewire.console.records import journals
from tapewire.console.records.decisions import WORDS, word_of
from tapewire.console.records.journals import Entry, Repeats
from tapewire.console.records.trace import id_of
from tapewire.console.views import words

EVENTS_MAX: Final = 200
DECISIONS_MAX: Final = 100

Row = dict[str, Any]


class EventRows:
    """The newest events that tell something new, and the newest decisions of risk."""

    def __init__(self) -> None:
        self._repeats = Repeats()
        self._newest: deque[Entry] = deque(maxlen=EVENTS_MAX)
        self._decided: deque[Entry] = deque(maxlen=DECISIONS_MAX)
        self._tables: dict[str, dict[str, Row]] = {}

    def on_entry(self, entry: Entry) -> None:
        """An entry of any journal."""
        if type(entry.event) in WORDS:
            self._decided.append(entry)
            self._tables.pop("decisions", None)
        if self._repeats.is_news(entry):
            self._newest.append(entry)
            self._tables.pop("events", None)

    def events(self) -> dict[str, Row]:
        """The newest events, by journal and place; the same object where there is no new one."""
        if "events" not in self._tables:
            self._tables["events"] = {_key(one): event_row(one) for one in self._newest}
        return self._tables["events"]

    def decisions(self) -> dict[str, Row]:
        """The newest decisions of risk, likewise."""
        if "decisions" not in self._tables:
            self._tables["decisions"] = {_key(one): _decision(one) for one in self._decided}
        return self._tables["decisions"]


def event_row(entry: Entry) -> Row:
    """An event as a line of a table."""
    return {
        "ts_ns": entry.ts_ns,
        "source": entry.source,
        "seq": entry.seq,
        "event": entry.name,
        "text": journals.as_text(entry),
        "intent_id": id_of(entry.event, "intent_id") or "",
        "exec_id": id_of(entry.event, "exec_id") or "",
    }


def _key(entry: Entry) -> str:
    return f"{entry.source}/{entry.seq}"


def _decision(entry: Entry) -> Row:
    return {
        "ts_ns": entry.ts_ns,
        "word": word_of(entry.event),
        "scope": str(getattr(entry.event, "scope", "")),
        "why": words.decision(entry.event),
    }
