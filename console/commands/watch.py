"""`watch`: the matches of a pattern, on the live streams or in what was recorded."""

import heapq
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tapewire.common import extras
from tapewire.common.amounts import counted
from tapewire.common.bus.derived import size_ns
from tapewire.common.errors import ConfigError
from tapewire.common.events import Bar, Event, Quote, Trade, name_of
from tapewire.common.patterns.match import Match
from tapewire.common.patterns.matcher import Matcher
from tapewire.common.patterns.named import patterns_named
from tapewire.common.ticks.aggregate import Bars, Every
from tapewire.console.commands.common import (
    ConfigOption,
    JsonOption,
    RunDirOption,
    line,
    load_started,
    note,
    printing,
    require_known,
)
from tapewire.console.commands.events import span_of
from tapewire.console.records import journals
from tapewire.console.records.journals import Entry, Journals
from tapewire.console.records.live_events import LiveEvents
from tapewire.console.views import times

if TYPE_CHECKING:
    from tapewire.common.config.settings import Config

GRACE_NS: Final = 500_000_000
"""How long an event may be on its way that would still be in time."""
SHOWN_MAX: Final = 3


def watch(
    pattern: Annotated[
        str, typer.Argument(help="module:name or file.py:name; without a name all patterns in it")
    ],
    symbols: Annotated[
        list[str] | None, typer.Option("--symbol", help="only this one; may be repeated")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="what was recorded: ISO time, UTC, or -10m")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="ISO time, UTC, or -10m")] = None,
    bars: Annotated[str | None, typer.Option(help="make bars of this size: 1m, 30s, 1h")] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="live: end after N seconds")] = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print each match of a pattern: live until Ctrl-C, or with --from or --to in what was
    recorded and in the journals.

    Live it sees the ticks that some strategy reads, and the events of all processes.
    """
    found = patterns_named("PATTERN", pattern)
    loaded = load_started(config, run_dir)
    known = [instrument.symbol for instrument in loaded.instruments]
    for symbol in symbols or ():
        require_known("--symbol", symbol, known)
    watching = Watching(list(found.values()), [*found], bars, symbols or known)
    with printing():
        if since is None and to is None:
            shown = _live(watching, loaded, seconds)
        else:
            span = span_of(since, to)
            shown = watching.all_of(_past(watching, loaded, span), span[1])
        matches = 0
        for match in shown:
            matches += 1
            line(watching.as_json(match) if as_json else watching.as_text(match))
    _summary(watching, matches, as_json)


class Watching:
    """The patterns that are watched for, fed with events; bars are made of the trades."""

    def __init__(
        self, patterns: list[Any], names: list[str], bars: str | None, symbols: list[str]
    ) -> None:
        self.matcher, self.symbols = Matcher(patterns), symbols
        self._names = {
            id(one): name for one, name in zip(self.matcher.patterns, names, strict=True)
        }
        self._bars = _bars(bars)
        self._shown: set[type[Exception]] = set()
        if Bar in self.matcher.kinds and self._bars is None:
            raise ConfigError("PATTERN is about bars; say of which size with --bars, such as 1m")

    @property
    def needs_ticks(self) -> bool:
        """Whether it looks at ticks, or at bars of them."""
        return bool(self.matcher.kinds & {Quote, Trade, Bar})

    @property
    def needs_events(self) -> bool:
        """Whether it looks at the journals' events."""
        return bool(self.matcher.kinds - {Quote, Trade, Bar})

    def take(self, event: Event) -> Iterator[Match]:
        """The matches of the next event."""
        symbol = getattr(event, "symbol", "")
        if isinstance(event, Quote | Trade) and symbol not in self.symbols:
            return
        if self._bars is not None and isinstance(event, Trade):
            for one in self._bars.add(event):
                yield from self.matcher.take(one)
        yield from self.matcher.take(event)
        self._show_failures()

    def advance(self, now_ns: int) -> Iterator[Match]:
        """The matches that are complete as all before this moment is known."""
        yield from self._of_bars(now_ns)
        yield from self.matcher.advance(now_ns)
        self._show_failures()

    def all_of(self, events: Iterable[Event], to_ns: int) -> Iterator[Match]:
        """The matches of events that come in the order of their times, all that there are up to
        `to_ns` (UTC), or up to now where that is to come."""
        for event in events:
            yield from self.advance(getattr(event, "ts_ns", 0))
            yield from self.take(event)
        end_ns = min(to_ns, time.time_ns())
        yield from self._of_bars(end_ns)
        yield from self.matcher.finish(end_ns)
        self._show_failures()

    def _of_bars(self, now_ns: int) -> Iterator[Match]:
        """The matches of bars that end by now."""
        if self._bars is not None:
            for one in self._bars.advance(now_ns):
                yield from self.matcher.take(one)

    def _show_failures(self) -> None:
        """Show what functions of `where` have raised, of each kind the first."""
        for failure in self.matcher.failures:
            if type(failure) not in self._shown:
                self._shown.add(type(failure))
                note(f"a function of where(...) raised {failure!r}; its condition did not hold")
        self.matcher.failures.clear()

    def as_text(self, match: Match) -> str:
        """A line for a person."""
        events = [*match.events[: SHOWN_MAX - 1], match.last][: len(match.events)]
        told = ", ".join(_told(one) for one in events)
        more = len(match.events) - len(events)
        rest = f" ({more} more)" if more else ""
        name = self._names[id(match.pattern)]
        return f"{times.iso(match.ts_ns)}  {name:<12} {'/'.join(match.key):<8} {told}{rest}"

    def as_json(self, match: Match) -> dict[str, Any]:
        """An object for a program."""
        return {
            "pattern": self._names[id(match.pattern)],
            "key": [*match.key],
            "ts_ns": match.ts_ns,
            "events": [{"event": name_of(one), **journals.plain(one)} for one in match.events],
        }


def _told(event: Event) -> str:
    found: Any = event
    if isinstance(event, Trade):
        return f"trade {event.price:g}"
    if isinstance(event, Quote):
        return f"quote {event.bid}/{event.ask}"
    if isinstance(event, Bar):
        return f"bar {event.close:g}"
    return journals.as_text(Entry(found.ts_ns, "", 0, event)) or name_of(event)


def _bars(size: str | None) -> Bars | None:
    if size is None:
        return None
    width_ns = size_ns(size)
    if not width_ns:
        raise ConfigError(f"--bars is {size!r}, expected a size such as 30s, 1m or 1h")
    return Bars(Every(width_ns=width_ns))


def _live(watching: Watching, loaded: "Config", seconds: float | None) -> Iterator[Match]:
    """What happens from now on."""
    with LiveEvents(loaded, watching.symbols, ticks=watching.needs_ticks) as events:
        for moment in events.read(seconds):
            if isinstance(moment, int):
                yield from watching.advance(moment - GRACE_NS)
            else:
                yield from watching.take(moment)
        if events.lost:
            note(f"{counted(events.lost, 'message')} lost on the way: matches may be missing")


def _past(watching: Watching, loaded: "Config", span: tuple[int, int]) -> Iterator[Event]:
    """What was recorded of ticks, and what is in the journals, in the order of their times."""
    from_ns, to_ns = span
    streams: list[Iterable[tuple[int, Event]]] = []
    if watching.needs_ticks:
        streams.append(_ticks(loaded, watching.symbols, from_ns, to_ns))
    if not watching.needs_events:
        yield from (event for _, event in heapq.merge(*streams, key=lambda one: one[0]))
        return
    with Journals(loaded.run_dir, from_ns) as found:
        streams.append(_stamped(filter(journals.Repeats().is_news, found.until(to_ns))))
        yield from (event for _, event in heapq.merge(*streams, key=lambda one: one[0]))


def _ticks(
    loaded: "Config", symbols: list[str], from_ns: int, to_ns: int
) -> Iterator[tuple[int, Event]]:
    extras.require("tapewire watch --from", "pyarrow", "data")
    from tapewire.recorder.folder import Folder
    from tapewire.recorder.store import Store

    folder = Folder(loaded.recorded().absolute())
    store = Store(folder)
    for fault in store.faults:
        note(fault)
    is_empty = True
    for tick in store.ticks(symbols, from_ns, to_ns):
        is_empty = False
        yield tick.ts_ns, tick
    if is_empty:
        note(
            f"no ticks of {', '.join(symbols)} and of that time are recorded in {folder.path};"
            " [recorder] enabled = true keeps them while the group runs"
        )


def _stamped(entries: Iterable[Entry]) -> Iterator[tuple[int, Event]]:
    """Entries with times that never go back: journals are merged by the latest time so far."""
    latest_ns = 0
    for entry in entries:
        latest_ns = max(latest_ns, entry.ts_ns)
        yield latest_ns, entry.event


def _summary(watching: Watching, matches: int, as_json: bool) -> None:
    tallies = watching.matcher.tallies
    left_out = sum(one.dropped + one.late + one.keys + one.window for one in tallies)
    if left_out:
        note(f"{counted(left_out, 'event or partial match')} left out: see docs/patterns.md")
    if watching.matcher.failed:
        note(f"functions of where(...) raised {counted(watching.matcher.failed, 'time')}")
    if not as_json:
        note(f"{matches:,} match{'es' * (matches != 1)}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(watch)
