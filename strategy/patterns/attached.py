"""The patterns of one strategy: its ticks, bars and events in, its methods called.

A method is called with what completes its pattern, before the tick's own callback: as with a bar,
the strategy then knows of it when the tick comes. What an event was late for is not waited for,
except by what must not come: the end of its time comes `GRACE_NS` later, so that an event that is
on its way by then still counts.
"""

from collections.abc import Callable, Iterable
from copy import copy
from typing import Any

from tapewire.common.events import Event, Quote, Tick, Trade
from tapewire.common.patterns.match import Match
from tapewire.common.patterns.matcher import Matcher
from tapewire.strategy.base import Strategy
from tapewire.strategy.callbacks import Callbacks
from tapewire.strategy.failures import Failures
from tapewire.strategy.patterns.decorator import pattern_of
from tapewire.strategy.symbol_bars import GRACE_NS

OnQuote = Callable[[Quote], None]
OnTrade = Callable[[Trade], None]


class Attached:
    """Calls `strategy`'s methods with what `@pattern` above them says; none is fine."""

    def __init__(self, strategy: Strategy[Any], callbacks: Callbacks, failures: Failures) -> None:
        self._callbacks, self._failures = callbacks, failures
        names = (name for name in dir(type(strategy)) if not name.startswith("__"))
        found = [
            (copy(one), getattr(strategy, name))
            for name in names
            for one in pattern_of(getattr(type(strategy), name, None))
        ]
        self._methods = {id(one): method for one, method in found}
        self._matcher = Matcher([one for one, _ in found])
        self.kinds = self._matcher.kinds
        self.are_timed = any(one.absence or one.reorder_ns for one, _ in found)
        """Whether time alone can complete one."""

    def before(self, on_quote: OnQuote, on_trade: OnTrade) -> tuple[OnQuote, OnTrade]:
        """Callbacks that have ticks looked at first, of the kinds that a pattern is about."""
        quote = self._looking(on_quote) if Quote in self.kinds else on_quote
        return quote, self._looking(on_trade) if Trade in self.kinds else on_trade

    def take(self, event: Event) -> None:
        """Take a bar, or an event of a journal."""
        if type(event) in self.kinds:
            self._call(self._matcher.take(event))

    def advance(self, taken_ns: int) -> None:
        """All that had arrived by then was taken."""
        if self.are_timed and (found := self._matcher.advance(taken_ns - GRACE_NS)):
            self._call(found)

    @property
    def due_ns(self) -> int | None:
        """When `advance` may have something (wall time); None: never."""
        due_ns = self._matcher.due_ns if self.are_timed else None
        return None if due_ns is None else due_ns + GRACE_NS + 1

    def left_out(self) -> dict[str, int]:
        """What was left out, since the bounds allow no more or it came too late."""
        tallies = self._matcher.tallies
        return {
            "dropped": sum(one.dropped for one in tallies),
            "late": sum(one.late for one in tallies),
            "keys": sum(one.keys for one in tallies),
            "window": sum(one.window for one in tallies),
        }

    def _looking(self, then: Callable[[Any], None]) -> Callable[[Any], None]:
        take = self._matcher.take

        def taken(tick: Tick) -> None:
            if found := take(tick):
                self._call(found)
            if self._matcher.failures:
                self._call(())
            then(tick)

        return taken

    def _call(self, matches: Iterable[Match]) -> None:
        for match in matches:
            self._callbacks.call(self._methods[id(match.pattern)], match)
        failures = self._matcher.failures
        while failures:
            self._failures.add(failures.pop(), "where(...)", self._callbacks.now)
