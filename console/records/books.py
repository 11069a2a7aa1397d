"""The books of both sides: what the journals say was traded, and what the broker's audit says."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from tapewire.common.accounting.book import Book
from tapewire.common.config.settings import Config
from tapewire.common.events import Commission, Event, Fill, OrderIntended, RiskHalted
from tapewire.common.runtime.journal import SqliteJournal, events_of

CENT = Decimal("0.01")


class Traded:
    """What the journals of a run directory add up to."""

    def __init__(self, config: Config, run_dir: Path) -> None:
        self.book = Book({i.symbol: i.multiplier for i in config.all_instruments()})
        self.orders = 0
        self.fills = 0
        self.halts = 0
        self.exec_ids: set[str] = set()
        for source in ("gateway", "way-out", "risk"):
            for event in read_journal(run_dir, source):
                self._apply(event)

    def _apply(self, event: Event) -> None:
        if isinstance(event, Fill):
            self.fills += self.book.apply_fill(event)
            self.exec_ids.add(event.exec_id)
        elif isinstance(event, Commission):
            self.book.apply_commission(event)
        elif isinstance(event, OrderIntended):
            self.orders += 1
        elif isinstance(event, RiskHalted):
            self.halts += 1


def read_journal(run_dir: Path, source: str) -> list[Event]:
    """All events of a source's journal; none if it has not got one yet."""
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


def duplicates(books: dict[str, Any]) -> int:
    """Broker orders beyond the first of their intent."""
    counts: Counter[str] = Counter(books.get("orders_by_ref", {}))
    return sum(count - 1 for count in counts.values() if count > 1)


def position_difference(traded: Traded, books: dict[str, Any]) -> Decimal:
    """How far the positions are apart, summed over the symbols."""
    ours = {s: p.quantity for s, p in traded.book.positions.items()}
    return _apart(ours, _decimals(books, "positions"))


def pnl_difference(traded: Traded, books: dict[str, Any]) -> Decimal:
    """How far realised P&L and commissions are apart, summed over the symbols, to the cent."""
    realised = {s: p.realised for s, p in traded.book.positions.items()}
    paid = {s: p.commission for s, p in traded.book.positions.items()}
    apart = _apart(realised, _decimals(books, "realised"))
    return (apart + _apart(paid, _decimals(books, "commissions"))).quantize(CENT)


def _decimals(books: dict[str, Any], key: str) -> dict[str, Decimal]:
    return {symbol: Decimal(value) for symbol, value in books.get(key, {}).items()}


def _apart(ours: dict[str, Decimal], theirs: dict[str, Decimal]) -> Decimal:
    zero = Decimal(0)
    return sum(
        (abs(ours.get(s, zero) - theirs.get(s, zero)) for s in ours.keys() | theirs.keys()), zero
    )
