"""What the executions that are left out came to for each strategy.

A strategy folds its own executions, which the gateway reports with its name, and takes from them
what a flatten has closed (see `strategy.portfolio`): what the gateway had taken by a place in its
journal. The same is done here with what is left out of that journal.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from tapewire.common import roles
from tapewire.common.accounting.book import ZERO, Book
from tapewire.common.accounting.exec_ids import execution_key
from tapewire.common.events import (
    Fill,
    FlattenCompleted,
    JournalShortened,
    OrderIntended,
    Scope,
    StrategyPositionCarried,
    signed,
)
from tapewire.common.retention.policy import Record


class Part(NamedTuple):
    """Some of a strategy's position, and up to where its orders were taken."""

    strategy: str
    account: str
    symbol: str
    quantity: Decimal
    gateway_seq: int


class StrategyPositions:
    """Follows the journal of the gateway `role`, and risk's. `book` is the fold of the former."""

    def __init__(self, book: Book, role: str = roles.GATEWAY) -> None:
        self._book = book
        self._role = role
        self._carried: list[Part] = []
        self._intended_seq: dict[str, int] = {}
        self._first_seq: dict[str, int] = {}
        self._flattened_seq: dict[Scope, int] = {}

    def look(self, record: Record) -> None:
        """Take note of a record."""
        source, seq, event = record
        if source == roles.RISK and isinstance(event, FlattenCompleted):
            if event.reason or event.keep:
                return
            before = self._flattened_seq.get(event.scope, 0)
            self._flattened_seq[event.scope] = max(before, event.seq_of(self._role))
        elif source == roles.RISK and isinstance(event, JournalShortened):
            if event.gateway == self._role:
                for scope, seq in self._flattened_seq.items():
                    self._flattened_seq[scope] = min(seq, event.head_seq)
        elif source != self._role:
            return
        elif isinstance(event, OrderIntended):
            self._intended_seq[event.order.intent_id] = seq
        elif isinstance(event, Fill):
            self._first_seq.setdefault(execution_key(event.exec_id), seq)
        elif isinstance(event, StrategyPositionCarried):
            self._carried.append(
                Part(event.strategy, event.account, event.symbol, event.quantity, event.gateway_seq)
            )

    def positions(self, gone: set[str], now_ns: int) -> Iterator[StrategyPositionCarried]:
        """What the executions in `gone` came to, with all that was carried before."""
        found: dict[tuple[str, str, str], tuple[Decimal, int]] = {}
        for part in (*self._carried, *self._parts(gone)):
            if not self._is_closed(part):
                key = (part.strategy, part.account, part.symbol)
                quantity, seq = found.get(key, (ZERO, 0))
                found[key] = (quantity + part.quantity, max(seq, part.gateway_seq))
        for key, (quantity, seq) in sorted(found.items()):
            if quantity:
                yield StrategyPositionCarried(now_ns, *key, quantity, seq)

    def _parts(self, gone: set[str]) -> Iterator[Part]:
        for fill in self._book.fills():
            execution = execution_key(fill.exec_id)
            if execution in gone and fill.strategy:
                seq = self._intended_seq.get(fill.intent_id or "", self._first_seq[execution])
                change = signed(fill.side, fill.quantity)
                yield Part(fill.strategy, fill.account, fill.symbol, change, seq)

    def _is_closed(self, part: Part) -> bool:
        return any(
            part.gateway_seq <= seq and scope.covers(part.account, scope.strategy, part.symbol)
            for scope, seq in self._flattened_seq.items()
        )
