"""The matcher: events in, matches out. One state per key, all of it bounded.

It reads no clock. `take` is given events, `advance` the time, for what is complete because
something did not come.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Final

from tapewire.common.events import Event, Tick
from tapewire.common.patterns.compiling import Failed, Feed, Program
from tapewire.common.patterns.declare import BY_SYMBOL, Pattern
from tapewire.common.patterns.expressions import Kind
from tapewire.common.patterns.match import Match
from tapewire.common.patterns.partials import NEVER_NS, Partials, Tally
from tapewire.common.patterns.sources import path_to
from tapewire.common.ticks.aggregate import InOrder

KEYS_MAX: Final = 10_000
"""The keys that one pattern is matched for; beyond that the oldest is forgotten, and counted."""
FAILURES_MAX: Final = 20
"""What is kept of the failures that nobody has taken; those beyond that are only counted."""
HELD_MAX: Final = 100_000
"""The events of one key that wait for older ones; beyond that the oldest waits no longer."""


class Matcher:
    """Matches `patterns`; the matches of one event come in the order of the patterns."""

    def __init__(self, patterns: Sequence[Pattern[Any]]) -> None:
        self.patterns = tuple(pattern.checked() for pattern in patterns)
        self.tallies = [Tally() for _ in patterns]
        """What was left out, pattern by pattern."""
        self.failures: list[Exception] = []
        """What functions of `where` have raised, the first of it, for the caller to take."""
        self.failed = 0
        """How often they have raised."""
        self._found: list[tuple[int, Match]] = []
        grouped: dict[Any, list[int]] = {}
        for place, one in enumerate(self.patterns):
            grouped.setdefault((one.by_names, one.reads, one.reorder_ns), []).append(place)
        self._groups = [_Group(self, places) for places in grouped.values()]
        self._by_kind: dict[Kind, list[_Group]] = {}
        for group in self._groups:
            for kind in group.program.kinds:
                self._by_kind.setdefault(kind, []).append(group)

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of events that it needs; it ignores others."""
        return frozenset(self._by_kind)

    @property
    def due_ns(self) -> int | None:
        """When `advance` may find something though no event comes (UTC); None: never."""
        first = min((group.due_ns for group in self._groups), default=NEVER_NS)
        return None if first == NEVER_NS else first

    def take(self, event: Event) -> list[Match]:
        """Take an event; returns what is complete with it, or was before it."""
        for group in self._by_kind.get(type(event), ()):
            group.take(event)
        return self._taken() if self._found else []

    def take_ticks(self, symbol: str, ticks: Sequence[Tick]) -> list[Match]:
        """As `take`, of many ticks of one symbol at once, which is faster."""
        for group in self._groups:
            group.take_ticks(symbol, ticks)
        return self._taken() if self._found else []

    def advance(self, now_ns: int) -> list[Match]:
        """The time of all keys is `now_ns` (UTC): events before that are here."""
        for group in self._groups:
            if group.due_ns < now_ns:
                group.advance(now_ns)
        return self._taken() if self._found else []

    def finish(self, end_ns: int) -> list[Match]:
        """Nothing comes any more, and all up to `end_ns` (UTC) is here: as `advance`, but what
        `reorder` holds back has its turn."""
        for group in self._groups:
            group.advance(end_ns + (group.reorder_ns or 0))
        return self._taken() if self._found else []

    def key_of(self, event: Event) -> Any:
        """By what an event is matched; the first of its patterns says."""
        return self._by_kind[type(event)][0].key_of(event)

    def found(self, place: int, match: Match) -> None:
        """A match of the pattern at a place."""
        self._found.append((place, match))

    def note_failure(self, error: Exception) -> None:
        """A function of `where` has raised."""
        self.failed += 1
        if len(self.failures) < FAILURES_MAX:
            self.failures.append(error)

    def _taken(self) -> list[Match]:
        found, self._found = self._found, []
        if len(found) > 1:
            found.sort(key=lambda one: (one[1].ts_ns, one[0]))
        return [match for _, match in found]


class _Key:
    """What one key has: its function, its partial matches that wait for time to pass, and the
    events that wait for older ones."""

    def __init__(
        self, feed: Feed, timed: list[Partials], order: InOrder[Any] | None, tally: Tally
    ) -> None:
        self.feed, self.timed, self._order, self._tally = feed, timed, order, tally
        self._late = 0

    @property
    def due_ns(self) -> int:
        """After which moment `advance` finds something though no event comes."""
        due_ns = min((one.due_ns for one in self.timed), default=NEVER_NS)
        if self._order is None or (due_ns == NEVER_NS and not len(self._order)):
            return due_ns
        turn_ns = self._order.turn_ns
        held_ns = NEVER_NS if turn_ns is None else turn_ns - 1
        return min(due_ns + self._order.lateness_ns, held_ns)

    def take(self, events: Sequence[Event]) -> None:
        """Take the next events of the key."""
        if self._order is None:
            self.feed(events)
            return
        for event in events:
            self.feed(self._order.add(event))
            if len(self._order) > HELD_MAX:
                self.feed(self._order.release_oldest())
        self._tally.late += self._order.late - self._late
        self._late = self._order.late

    def advance(self, now_ns: int) -> None:
        """The time is `now_ns`."""
        if self._order is not None:
            self.feed(self._order.advance(now_ns))
            now_ns = self._order.complete_to_ns
        for one in self.timed:
            if one.due_ns < now_ns:
                one.pass_time(now_ns)


class _Group:
    """The patterns that see the same kinds of events by the same key."""

    def __init__(self, matcher: Matcher, places: list[int]) -> None:
        self._matcher, self._places = matcher, places
        self._patterns = [matcher.patterns[place] for place in places]
        first = self._patterns[0]
        self.program = Program(self._patterns)
        self.reorder_ns = first.reorder_ns
        self.due_ns = NEVER_NS
        self._is_timed = any(one.absence is not None for one in self._patterns)
        self._by_symbol = first.by_names == BY_SYMBOL
        self._keys: dict[Any, _Key] = {}
        self._key_of = {kind: _getter(kind, first.by_names) for kind in self.program.kinds}
        self._ticks = bool({*self.program.kinds} & {*Tick.__args__})

    def take(self, event: Event) -> None:
        """Take an event of one of the kinds."""
        key = self.key_of(event)
        found = self._keys.get(key)
        found = self._begin(key) if found is None else found
        found.take((event,))
        if self.reorder_ns is not None:
            self.due_ns = min(self.due_ns, found.due_ns)

    def key_of(self, event: Event) -> Any:
        """By what an event is matched."""
        return self._key_of[type(event)](event)

    def take_ticks(self, symbol: str, ticks: Sequence[Tick]) -> None:
        """Take ticks of one symbol."""
        if not self._ticks:
            return
        if self._by_symbol and self.reorder_ns is None:
            found = self._keys.get(symbol)
            (self._begin(symbol) if found is None else found).take(ticks)
            return
        for tick in ticks:
            if type(tick) in self._key_of:
                self.take(tick)

    def advance(self, now_ns: int) -> None:
        """The time is `now_ns`."""
        for one in [*self._keys.values()]:
            one.advance(now_ns)
        self.due_ns = min((one.due_ns for one in self._keys.values()), default=NEVER_NS)

    def _note_due(self, due_ns: int) -> None:
        self.due_ns = min(self.due_ns, due_ns)

    def _begin(self, key: Any) -> _Key:
        matcher = self._matcher
        tallies = [matcher.tallies[place] for place in self._places]
        texts = tuple(map(str, key)) if isinstance(key, tuple) else (str(key),)
        emits = [self._emit(place, texts) for place in self._places]
        note_failure: Failed = matcher.note_failure
        feed, partials = self.program.state(emits, tallies, self._note_due, note_failure)
        order = None if self.reorder_ns is None else InOrder[Any](self.reorder_ns)
        timed = partials if self._is_timed else []
        found = self._keys[key] = _Key(feed, timed, order, tallies[0])
        if len(self._keys) > KEYS_MAX:
            del self._keys[next(iter(self._keys))]
            for tally in tallies:
                tally.keys += 1
        return found

    def _emit(self, place: int, key: tuple[str, ...]) -> Callable[[tuple[Any, ...], int], None]:
        matcher, pattern = self._matcher, self._matcher.patterns[place]

        def emit(events: tuple[Any, ...], ts_ns: int) -> None:
            matcher.found(place, Match(pattern, key, events, ts_ns))

        return emit


def _getter(kind: Kind, names: Iterable[str]) -> Callable[[Event], Any]:
    """Takes an event's key from it."""
    paths = [".".join(path_to(kind, name) or ()) for name in names]
    return attrgetter(*paths) if paths else lambda _event: ()
