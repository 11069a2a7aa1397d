"""Costs: which commission that the broker reports is news, and of which execution.

A commission comes after its execution, and says nothing but that one's id. One whose execution is
not known here would be worth nothing, and a broker that reports such ones without end would fill
the disk. So it waits until its execution is reported, and only so many wait: what the executions of
an account can be is bounded by its trading, what waits is bounded here. Those that waited longest
are dropped, and a person learns of it. A broker that reports the execution later, after a
connection for example, reports its commission again.

Of an execution that is known one commission is taken, and one more of the version that counts,
which takes the place of the first. So nobody can make a flood of versions either.
"""

from collections.abc import Callable
from typing import Final

from tapewire.common.accounting.book import Book
from tapewire.common.accounting.carried import CarriedIds, commission_entry
from tapewire.common.clock import Now
from tapewire.common.events import Commission, Event, ExecutionsCarried, Fill
from tapewire.gateway.broker import CommissionReport

WAITING_MAX: Final = 1_000


class Costs:
    """The commissions of one gateway. State changes in `apply`, from events that are on disk; what
    waits is not durable. `counts` says whether an execution was counted, in this version or in a
    later one."""

    def __init__(self, book: Book, counts: Callable[[str], bool]) -> None:
        self.carried = CarriedIds()
        self._book = book
        self._counts = counts
        self._known: set[str] = set()
        self._waiting: dict[str, CommissionReport] = {}
        self._is_dropping = False

    def __repr__(self) -> str:
        return f"<Costs: {len(self._known)} known, {len(self._waiting)} waiting>"

    def apply(self, event: Commission | ExecutionsCarried) -> None:
        """Take in an event of the own journal."""
        if isinstance(event, Commission):
            self._known.add(event.exec_id)
        else:
            self.carried.add(event.commissions)

    def snapshot(self) -> list[str]:
        """The durable state: the executions whose commissions are known."""
        return sorted(self._known)

    def on_report(
        self, report: CommissionReport, now: Now, complaints: list[tuple[str, bytes]]
    ) -> list[Event]:
        """What an execution cost, once; its account is the execution's. What a person has to know
        goes to `complaints`."""
        exec_id = report.exec_id
        if exec_id in self._known:
            return []
        if self.carried and commission_entry(exec_id) in self.carried:
            return []
        if not self._counts(exec_id):
            complaints += self._wait(report)
            return []
        fill = self._book.fill(exec_id)
        is_newest = fill is not None and fill.exec_id == exec_id
        if not is_newest and self._book.commission(exec_id) is not None:
            return []
        account = fill.account if fill is not None else ""
        return [Commission(now.wall_ns, account, exec_id, report.amount, report.currency)]

    def of(self, fill: Fill, now: Now) -> list[Event]:
        """What an execution has cost by a report that came before it."""
        report = self._waiting.pop(fill.exec_id, None)
        return self.on_report(report, now, []) if report is not None else []

    def _wait(self, report: CommissionReport) -> list[tuple[str, bytes]]:
        self._waiting[report.exec_id] = report
        if len(self._waiting) <= WAITING_MAX:
            return []
        dropped = next(iter(self._waiting))
        del self._waiting[dropped]
        if self._is_dropping:
            return []
        self._is_dropping = True
        return [(
            f"the broker reports what executions cost that it has not reported: {WAITING_MAX} such"
            f" commissions wait, the oldest are dropped from now on, that of {dropped} first;"
            " compare the fees of the day with the broker's",
            b"",
        )]  # fmt: skip
