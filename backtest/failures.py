"""What strategies raised in a back-test: each error once, with how often, and on what at first."""

from collections.abc import Callable, Iterator
from typing import Final

from tapewire.strategy.loading.faults import Failure

TOLD_MAX: Final = 5
SUBJECT_MAX: Final = 120


class Failures:
    """Hears of what callbacks raise; `say` is told the traceback of each strategy's first."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._first: dict[tuple[str, str], Failure] = {}  # by strategy and error
        self._counts: dict[tuple[str, str], int] = {}
        self._told: set[str] = set()

    def add(self, failure: Failure) -> None:
        """One more."""
        kind = failure.strategy, failure.error
        self._first.setdefault(kind, failure)
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if failure.strategy not in self._told:
            self._told.add(failure.strategy)
            self._say(f"strategy {failure.strategy}: {failure.traceback.rstrip()}")

    def notes(self) -> Iterator[str]:
        """A sentence an error, in the order in which they came; few of very many."""
        for (strategy, error), first in [*self._first.items()][:TOLD_MAX]:
            count = self._counts[strategy, error]
            often = "once" if count == 1 else f"{count:,} times, the first"
            subject = first.subject[:SUBJECT_MAX]
            yield f"strategy {strategy} raised {error}, {often} on {subject}"
        more = len(self._first) - TOLD_MAX
        if more > 0:
            yield f"strategies raised {more:,} other errors as well"
