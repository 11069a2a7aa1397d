"""Notes on a run: why signals and orders came to nothing, and what strategies raised."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from tapewire.common import roles
from tapewire.common.events import (
    Event,
    OrderCreated,
    OrderDenied,
    OrderIntended,
    OrderRejected,
    SubmitOrder,
)
from tapewire.strategy.loading.faults import Failure

Case = tuple[str, str, str]
"""The strategy, what happened to its signal or order, and the kind of reason."""
SHOWN_MAX: Final = 5
WITH_DIGITS: Final = re.compile(r"\S*\d\S*")
SUBJECT_MAX: Final = 120
FATES: Final = {
    roles.EXECUTOR: ("signal", "denied by the executor"),
    roles.GATEWAY: ("order", "denied by the gateway"),
    "broker": ("order", "rejected"),
}
"""Who turned it down, what that was, and the words for it."""


def rejections(executor: Sequence[Event], gateways: Sequence[Event]) -> Iterator[str]:
    """A sentence for each strategy and reason, with a count and the first case, from what the
    executor and the gateways have journaled."""
    counts: dict[Case, int] = {}
    firsts: dict[Case, str] = {}
    orders = {
        event.order.intent_id: event.order
        for event in (*executor, *gateways)
        if isinstance(event, OrderCreated | OrderIntended)
    }
    for case, reason in _cases(executor, gateways, orders):
        counts[case] = counts.get(case, 0) + 1
        firsts.setdefault(case, reason)
    for case, count in counts.items():
        strategy, by, _ = case
        noun, fate = FATES[by]
        yield (
            f"{strategy}: {count:,} {noun}{'s' * (count != 1)} {fate},"
            f" the first because: {firsts[case]}"
        )


def _cases(
    executor: Sequence[Event], gateways: Sequence[Event], orders: dict[str, SubmitOrder]
) -> Iterator[tuple[Case, str]]:
    """Denied signals, which the executor journals, then denied and rejected orders."""
    for event in executor:
        if isinstance(event, OrderDenied):
            yield (event.strategy, roles.EXECUTOR, _kind(event.reason)), event.reason
    for event in gateways:
        if not isinstance(event, OrderDenied | OrderRejected) or event.intent_id not in orders:
            continue
        order = orders[event.intent_id]
        what = f"{order.terms} of {order.symbol}"
        if isinstance(event, OrderRejected):
            case = order.strategy, "broker", str(event.code)
            yield case, f"{event.reason} (error {event.code}, {what})"
        else:
            yield (order.strategy, roles.GATEWAY, _kind(event.reason)), f"{event.reason} ({what})"


def _kind(reason: str) -> str:
    """What reasons of one kind share: the words before a colon, without ids and numbers."""
    return WITH_DIGITS.sub("#", reason).partition(":")[0]


class Failures:
    """Counts the exceptions of callbacks, and prints the traceback of each strategy's first."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._first: dict[tuple[str, str], Failure] = {}  # by strategy and error
        self._counts: dict[tuple[str, str], int] = {}
        self._printed: set[str] = set()

    def add(self, failure: Failure) -> None:
        """Count one more."""
        kind = failure.strategy, failure.error
        self._first.setdefault(kind, failure)
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if failure.strategy not in self._printed:
            self._printed.add(failure.strategy)
            self._say(f"strategy {failure.strategy}: {failure.traceback.rstrip()}")

    def notes(self) -> Iterator[str]:
        """A sentence for each error, in the order of their first occurrence, up to `SHOWN_MAX`."""
        for (strategy, error), first in [*self._first.items()][:SHOWN_MAX]:
            count = self._counts[strategy, error]
            often = "once" if count == 1 else f"{count:,} times, the first"
            subject = first.subject[:SUBJECT_MAX]
            yield f"strategy {strategy} raised {error}, {often} on {subject}"
        more = len(self._first) - SHOWN_MAX
        if more > 0:
            yield f"strategies raised {more:,} other error{'s' * (more != 1)} as well"
