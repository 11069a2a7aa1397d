"""The books of both sides: what the journals say was traded, and what the broker's audit says."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tapewire.common import roles
from tapewire.common.accounting.book import Book
from tapewire.common.accounting.compare import broker_of, compare, together
from tapewire.common.config.settings import Config
from tapewire.common.events import Commission, Difference, Event, Fill, OrderIntended, RiskHalted
from tapewire.common.logins import Login
from tapewire.common.runtime.journal import SqliteJournal, events_of
from tapewire.console.group import control


class Traded:
    """What the journals of a run directory add up to."""

    def __init__(self, config: Config, run_dir: Path) -> None:
        self.book = Book({i.symbol: i.multiplier for i in config.all_instruments()})
        self.orders = 0
        self.fills = 0
        self.halts = 0
        for source in (*gateways_in(run_dir), roles.RISK):
            for event in read_journal(run_dir, source):
                self._apply(event, source)

    @property
    def exec_ids(self) -> set[str]:
        """The ids of all executions, corrected ones in their newest version."""
        return self.book.exec_ids

    def _apply(self, event: Event, source: str) -> None:
        if isinstance(event, Fill | Commission):
            changed = self.book.apply(event, source)  # in the order of both journals
            self.fills += changed and isinstance(event, Fill)
        elif isinstance(event, OrderIntended):
            self.orders += 1
        elif isinstance(event, RiskHalted):
            self.halts += 1


def gateways_in(run_dir: Path) -> tuple[str, ...]:
    """The gateways of the group that was last started there, or, where that is not known, those of
    the logins of which any gateway has a journal."""
    launched = control.read(run_dir)
    if launched is not None:
        return launched.logins.gateways
    found = (path.stem for path in sorted((run_dir / "journals").glob("*.sqlite")))
    names = dict.fromkeys(roles.login_name(one) for one in found if roles.has_broker(one))
    return tuple(role for name in names or ("",) for role in Login(name).gateways)


def all_broker_books(run_dir: Path) -> list[dict[str, Any]]:
    """The books of every simulator of a group, as `broker_books`."""
    return [broker_books(audit) for audit in sorted(run_dir.glob("audit*.jsonl"))]


def read_journal(run_dir: Path, source: str) -> list[Event]:
    """All events of a source's journal; none if it does not have one yet."""
    path = run_dir / "journals" / f"{source}.sqlite"
    if not path.exists():
        return []
    journal = SqliteJournal(path, read_only=True)
    try:
        return list(events_of(journal))
    finally:
        journal.close()


def broker_books(audit: Path) -> dict[str, Any]:
    """The simulator's own books, as it wrote them when it ended; {} before that."""
    books: dict[str, Any] = {}
    with audit.open("rb") as lines:
        for line in lines:
            if b'"kind":"books"' in line[:64]:
                books = json.loads(line)
    return books


def differences(traded: Traded, books: Iterable[dict[str, Any]]) -> list[Difference]:
    """Everything in which the journals and the brokers' books differ."""
    return compare(traded.book, together(map(broker_of, books)))
