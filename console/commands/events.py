"""`events`, `trace`: the journals as one stream, and a fill's way through them."""

import itertools
import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from tapewire.common import roles
from tapewire.common.config.settings import Config, ConfigError
from tapewire.console.commands.common import (
    ConfigOption,
    JsonOption,
    RunDirOption,
    command_group,
    line,
    load_started,
    note,
    printing,
    require_home,
    require_known,
    require_starts,
)
from tapewire.console.commands.mirror import reading
from tapewire.console.records import journals, mirrored
from tapewire.console.records import trace as tracing
from tapewire.console.records.journals import FOREVER_NS, Entry, Journals
from tapewire.console.views import tables_trading, times
from tapewire.console.views.terminal import out

FromOption = Annotated[str | None, typer.Option("--from", help="ISO time, UTC, or -10m")]
ToOption = Annotated[str | None, typer.Option("--to", help="ISO time, UTC, or -10m")]
AtOption = Annotated[
    str | None, typer.Option("--at", help="as it was then: ISO time, UTC, or -10m")
]
TypeOption = Annotated[
    list[str] | None, typer.Option("--type", help="start of an event's name; may be repeated")
]
SourceOption = Annotated[str | None, typer.Option(help="only this journal: gateway, ...")]
MirrorOption = Annotated[
    bool, typer.Option("--from-mirror", help="from the mirror in NATS; needs no journal here")
]
AllOption = Annotated[bool, typer.Option("--all", help="also what only repeats another event")]

events = command_group("All journals as one stream; `tapewire events` lists it.")


class Filter(NamedTuple):
    """Which events to show: of these types, of this journal, with repetitions or without."""

    types: tuple[str, ...]
    source: str | None
    repetitions: bool

    @property
    def sources(self) -> tuple[str, ...] | None:
        """The journals to open; None for all."""
        return (self.source,) if self.source else None

    def of(self, stream: Iterable[Entry], repeats: journals.Repeats) -> Iterator[Entry]:
        """The entries to show; those that only repeat another are counted in `repeats`."""
        wanted = filter(journals.wanted(self.types, self.source), stream)
        return wanted if self.repetitions else filter(repeats.is_news, wanted)


@events.command("list")
def list_events(
    since: FromOption = None,
    to: ToOption = None,
    types: TypeOption = None,
    source: SourceOption = None,
    everything: AllOption = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="the last N; with --from the first N")
    ] = None,
    from_mirror: MirrorOption = False,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """The events of all processes in time order.

    What only repeats another process's event is left out, unless --all, --json, --type or --source
    asks for it.
    """
    what = (types, source, everything)
    _show(config, run_dir, (since, to), what, limit, as_json, from_mirror)


@events.command("replay")
def replay_events(
    since: FromOption = None,
    to: ToOption = None,
    types: TypeOption = None,
    source: SourceOption = None,
    from_mirror: MirrorOption = False,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Past events from the first to the last, each as its process wrote it down, repetitions too.

    A program is given them by `replay` of tapewire.client; see docs/client.md.
    """
    _show(config, run_dir, (since, to), (types, source, True), None, as_json, from_mirror)


@contextmanager
def _opened(
    config: Config, from_ns: int, sources: tuple[str, ...] | None, from_mirror: bool
) -> Iterator[Callable[[int], Iterator[Entry]]]:
    """The journals of a run directory, or their mirrors: what gives their entries from a time on up
    to another one."""
    if from_mirror:
        with reading(config) as mirrors:
            found = mirrored.readers(mirrors, config.logins().roles, from_ns, sources)
            yield partial(journals.in_time_order, found)
    else:
        require_home(config)
        with Journals(config.run_dir, from_ns, sources) as opened:
            yield opened.until


def _show(
    config: str | None,
    run_dir: Path | None,
    span: tuple[str | None, str | None],
    what: tuple[list[str] | None, str | None, bool],
    limit: int | None,
    as_json: bool,
    from_mirror: bool,
) -> None:
    """Print the events of a span: `what` has their types, their journal, and whether all of them;
    of those that are more than `limit` the newest, or the first from where the span begins."""
    since, to = span
    types, source, everything = what
    loaded = load_started(config, run_dir)
    wanted = _filter(loaded, types, source, everything or as_json)
    from_ns, to_ns = span_of(since, to)
    repeats = journals.Repeats()
    with printing(), _opened(loaded, from_ns, wanted.sources, from_mirror) as until:
        stream = wanted.of(until(to_ns), repeats)
        shown = _print(_limited(stream, limit, last=not since), as_json)
        if repeats.count:
            note(f"left out {repeats.count:,} that repeat another event; --all shows them")
        elif not (shown or as_json):
            of = f" of {', '.join(wanted.types)}" if wanted.types else ""
            note(f"no events{of} {'in that time' if since or to else 'yet'}")


@events.command("follow")
def follow_events(
    since: FromOption = None,
    to: ToOption = None,
    types: TypeOption = None,
    source: SourceOption = None,
    everything: AllOption = False,
    limit: Annotated[int | None, typer.Option(min=1, help="end after N")] = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """As `list`, then new events as they are written, until Ctrl-C."""
    loaded = load_started(config, run_dir)
    require_home(loaded)
    wanted = _filter(loaded, types, source, everything or as_json)
    from_ns, to_ns = span_of(since, to)
    with printing(), Journals(loaded.run_dir, from_ns, wanted.sources) as found:
        stream = found.follow(to_ns, time.time_ns, time.sleep)
        _print(_limited(wanted.of(stream, journals.Repeats()), limit, last=False), as_json)


def _filter(config: Config, types: list[str] | None, source: str | None, every: bool) -> Filter:
    """The filter that the options name; refuses one that could never match."""
    require_starts("--type", types, journals.NAMES)
    _require_journal(source, config)
    return Filter(tuple(types or ()), source, bool(every or types or source))


def span_of(since: str | None, to: str | None) -> tuple[int, int]:
    """From when to when --from and --to mean, in UTC; without them all of time. Refuses a span that
    ends before it begins."""
    now_ns = time.time_ns()
    from_ns, to_ns = times.parse("--from", since, now_ns), times.parse("--to", to, now_ns)
    if from_ns is not None and to_ns is not None and to_ns < from_ns:
        raise ConfigError(
            f"--to is {times.iso(to_ns)}, before --from, {times.iso(from_ns)};"
            " expected a later time"
        )
    return from_ns or 0, to_ns or FOREVER_NS


def _print(stream: Iterable[Entry], as_json: bool) -> int:
    """Print each entry; returns how many there were."""
    shown = 0
    as_line: Callable[[Entry], object] = journals.as_json if as_json else _line
    for entry in stream:
        shown += 1
        line(as_line(entry))
    return shown


def _limited(stream: Iterable[Entry], limit: int | None, last: bool) -> Iterable[Entry]:
    """All of them, or at most `limit`: the newest, or the first."""
    return deque(stream, limit) if limit and last else itertools.islice(stream, limit)


def _require_journal(source: str | None, config: Config) -> None:
    """Refuse a source without a journal; for a strategy, point to its log."""
    name = roles.strategy_name(source or "")
    if config.instance(name)[0] in {s.name for s in config.strategies}:
        log = config.run_dir / "logs" / f"{roles.strategy_role(name)}.log"
        raise ConfigError(
            f"--source {source}: a strategy has a log ({log}) and no journal;"
            f" `tapewire orders --strategy {name}` shows what it did"
        )
    require_known("--source", source, config.logins().roles)


def _line(entry: Entry) -> str:
    place = f"{entry.source} {entry.seq}"
    return f"{times.iso(entry.ts_ns)}  {place:<14} {entry.name:<19} {journals.as_text(entry)}"


def trace(
    fill: Annotated[str, typer.Argument(help="exec id, intent id or signal id, or its start")],
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """A fill's way from the tick that caused it, with the time between the steps."""
    loaded = load_started(config, run_dir)
    require_home(loaded)
    found = tracing.trace(loaded.run_dir, fill)
    if as_json:
        print(json.dumps(tracing.as_json(found)))
    else:
        out.print(tables_trading.trace(found))


def register(app: typer.Typer) -> None:
    """Add the group and the command."""
    app.add_typer(events, name="events")
    app.command()(trace)
