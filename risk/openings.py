"""Openings: when a position was opened and when it was closed, each reported once.

Both follow from executions, which are in the gateways' journals. What could go wrong, and why this
is enough:

*   *A restart reports an opening again, or never.* What was reported is in risk's own journal, with
    the execution that did it. After a start, the executions of a position are walked in their
    order, and what comes behind the last one reported is news: also if risk was down meanwhile, or
    died before it had written it down.
*   *A gateway's past shows positions that never were*, read without that of the other one. So
    nothing is due before both are known to their end.
*   *An execution is corrected, or found at an earlier place in the order.* The walk begins again.
    Where a correction takes back what was reported, another report sets it right, and names the
    newest execution. So reports of a position always alternate, and the last one is true.
*   *A journal from before there were such reports.* Of a position that none is known of, only what
    is not older than a day counts, and what is open now.

A position's realised P&L is the difference of two totals, the account's in the symbol when it was
closed and when it was opened. What is corrected after a close is in the total that the next
position begins with.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, NamedTuple

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.book import ZERO, Key, Position
from tapewire.common.accounting.exec_ids import execution_key
from tapewire.common.clock import Now
from tapewire.common.events import (
    Event,
    Fill,
    PositionCarried,
    PositionClosed,
    PositionOpened,
    signed,
)

RECENT_NS: Final = 24 * 3_600_000_000_000

News = PositionOpened | PositionClosed


class Cause(NamedTuple):
    """The execution that opened or closed a position; `price` is None where a checkpoint has left
    it out, and `exec_id` the last one that is known."""

    exec_id: str
    price: Decimal | None = None


class Trace:
    """The executions of a position as far as they were walked: `count` of them came to `walked`.

    `of` is the book's position. The book makes a new one where the order of executions changes, or
    one of them is corrected: then a trace is worth nothing any more.
    """

    def __init__(self, of: Position, walked: Position, reported: int) -> None:
        self.of = of
        self.walked = walked
        self.count = 0
        self.reported = reported  # how many of them were walked when something was last reported


class Openings:
    """Which positions were opened and closed. State changes in `apply`, from risk's own journal;
    `note` takes each execution, and what a checkpoint holds of some, before `accounts` has it."""

    def __init__(self, accounts: Accounts[Any]) -> None:
        self._accounts = accounts
        self._book = accounts.book
        self._last: dict[Key, News] = {}  # that was reported of each position
        self._traces: dict[Key, Trace] = {}
        self._touched: set[Key] = set()

    def apply(self, event: Event) -> None:
        """Take in an event of the own journal."""
        if isinstance(event, News):
            self._last[event.account, event.symbol] = event

    def note(self, event: Fill | PositionCarried) -> None:
        """An execution is about to be counted, and a correction may move it to another position; or
        what a checkpoint holds in the place of executions."""
        self._touched.add((event.account, event.symbol))
        known = self._book.fill(event.exec_id) if isinstance(event, Fill) else None
        if known is not None:
            self._touched.add((known.account, known.symbol))

    def due(self, now: Now) -> list[Event]:
        """What is news, and applied already. Only when the past of all gateways is known."""
        events: list[Event] = []
        for key in sorted(self._touched):
            events += self._news(key, now)
        self._touched.clear()
        return events

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values."""
        return {"/".join(key): (type(one).__name__, one) for key, one in self._last.items()}

    # ---- one position --------------------------------------------------------------------------

    def _news(self, key: Key, now: Now) -> Iterator[Event]:
        position = self._book.position(*key)
        trace = self._traces.get(key)
        if trace is None or trace.of is not position:
            trace = self._traces[key] = self._trace(key, position)
        executions = self._book.executions(*key)
        while trace.count < len(executions):
            yield from self._step(trace, executions[trace.count], now)
        yield from self._set_right(key, position, now)

    def _trace(self, key: Key, position: Position) -> Trace:
        """A walk from the beginning."""
        walked = Position(position.symbol, position.multiplier, position.account)
        walked.begin(self._book.carried_by(*key, 0, 0))
        return Trace(position, walked, self._reported(key))

    def _reported(self, key: Key) -> int:
        """How many executions of a position there were when something was last reported of it: none
        of those that are kept, if a checkpoint has left the last one of them out."""
        last, executions = self._last.get(key), self._book.executions(*key)
        if last is None:
            return 0
        if (execution := execution_key(last.exec_id)) in executions:
            return executions.index(execution) + 1
        return len(executions) if self._book.fill(last.exec_id) is not None else 0

    def _step(self, trace: Trace, execution: str, now: Now) -> Iterator[Event]:
        fill, walked = self._book.fill_of(execution), trace.walked
        cause = Cause(fill.exec_id, fill.price)
        before = walked.quantity
        walked.trade(signed(fill.side, fill.quantity), fill.price)
        trace.count += 1
        if trace.count <= trace.reported or not self._counts(trace, execution, now):
            return
        if before and before * walked.quantity <= 0:
            yield from self._close(walked, before, cause, now)
        if walked.quantity and before * walked.quantity <= 0:
            yield from self._open(walked, cause, now)

    def _counts(self, trace: Trace, execution: str, now: Now) -> bool:
        key = (trace.of.account, trace.of.symbol)
        return key in self._last or self._book.reported_ns(execution) > now.wall_ns - RECENT_NS

    def _set_right(self, key: Key, position: Position, now: Now) -> Iterator[Event]:
        """Make what was reported last true, where the walk has not."""
        opened, executions = self._opened(key), self._book.executions(*key)
        reported = opened.quantity if opened is not None else ZERO
        if reported * position.quantity > 0 or reported == position.quantity:
            return
        last = opened.exec_id if opened is not None else ""
        fill = self._book.fill_of(executions[-1]) if executions else self._book.fill(last)
        if fill is None and not last:  # a checkpoint carries all of it
            return
        cause = Cause(fill.exec_id, fill.price) if fill is not None else Cause(last)
        yield from self._close(position, reported, cause, now)
        if position.quantity:
            yield from self._open(position, cause, now)

    def _opened(self, key: Key) -> PositionOpened | None:
        last = self._last.get(key)
        return last if isinstance(last, PositionOpened) else None

    def _open(self, position: Position, cause: Cause, now: Now) -> Iterator[Event]:
        """What was reported as open before, and is not since a correction, is closed first."""
        before = self._opened((position.account, position.symbol))
        if before is not None:
            yield from self._close(position, before.quantity, cause, now)
        opened = PositionOpened(
            now.wall_ns, position.account, position.symbol, position.quantity,
            position.average_cost, self._accounts.currency(position.symbol), position.realised,
            cause.exec_id,
        )  # fmt: skip
        self.apply(opened)
        yield opened

    def _close(
        self, position: Position, quantity: Decimal, cause: Cause, now: Now
    ) -> Iterator[Event]:
        """Nothing, where no opening was reported that this could close."""
        opened = self._opened((position.account, position.symbol))
        if opened is None:
            return
        closed = PositionClosed(
            now.wall_ns, position.account, position.symbol, quantity, cause.price, opened.currency,
            position.realised - opened.realised, cause.exec_id, opened.exec_id, opened.ts_ns,
        )  # fmt: skip
        self.apply(closed)
        yield closed
