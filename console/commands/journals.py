"""`events`, `trace`: the journals as one stream, and a fill's way through them."""

import itertools
import json
import time
from collections import deque
from collections.abc import Iterable
from typing import Annotated

import typer

from tapewire.common.bus.endpoints import STREAMS
from tapewire.common.config.settings import Config, ConfigError
from tapewire.console.commands.common import (
    ConfigOption,
    JsonOption,
    RunDirOption,
    load_started,
    note,
    require_known,
    require_starts,
)
from tapewire.console.commands.streaming import line, printing
from tapewire.console.group.supervisor import STRATEGY
from tapewire.console.records import journals
from tapewire.console.records import trace as tracing
from tapewire.console.records.journals import FOREVER_NS, Journals
from tapewire.console.views import tables_trading, times
from tapewire.console.views.terminal import out

FromOption = Annotated[str | None, typer.Option("--from", help="ISO time, UTC, or -10m")]
ToOption = Annotated[str | None, typer.Option("--to", help="ISO time, UTC, or -10m")]
TypeOption = Annotated[
    list[str] | None, typer.Option("--type", help="start of an event's name; may be repeated")
]


def events(
    since: FromOption = None,
    to: ToOption = None,
    types: TypeOption = None,
    source: Annotated[str | None, typer.Option(help="one journal alone: gateway, ...")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="also what only repeats another's word")
    ] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on as they grow")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="the last N; with --from or --follow the first")
    ] = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """The journals of all processes as one stream, in time order.

    What one process only repeats of another is left out, unless --all, --json, --type or --source
    asks for it.
    """
    require_starts("--type", types, journals.NAMES)
    loaded = load_started(config, run_dir)
    _require_journal(source, loaded)
    now_ns = time.time_ns()
    from_ns = times.parse("--from", since, now_ns) or 0
    to_ns = times.parse("--to", to, now_ns) or FOREVER_NS
    is_wanted = journals.wanted(tuple(types or ()), source)
    only = (source,) if source else None
    repeats = journals.Repeats()
    shown = 0
    with printing(), Journals(loaded.run_dir, from_ns, only) as found:
        stream = found.follow(to_ns, time.time_ns, time.sleep) if follow else found.until(to_ns)
        stream = filter(is_wanted, stream)
        if not (everything or as_json or types or source):
            stream = filter(repeats.is_news, stream)
        for entry in _limited(stream, limit, last=not (since or follow)):
            shown += 1
            line(journals.as_json(entry) if as_json else _line(entry))
        if repeats.count:
            note(f"{repeats.count:,} that repeat another's word were left out; --all shows them")
        elif not (shown or as_json):
            of = f" of {', '.join(types)}" if types else ""
            note(f"no events{of} {'in that time' if since or to else 'yet'}")


def _limited(
    stream: Iterable[journals.Entry], limit: int | None, last: bool
) -> Iterable[journals.Entry]:
    """All, or no more than `limit`: the newest of them, or those that come first."""
    return deque(stream, limit) if limit and last else itertools.islice(stream, limit)


def _require_journal(source: str | None, config: Config) -> None:
    """Refuse a source without a journal; a strategy is the one that is looked for in vain."""
    base = (source or "").removeprefix(STRATEGY)
    if config.instance(base)[0] in {s.name for s in config.strategies}:
        log = config.run_dir / "logs" / f"{STRATEGY}{base}.log"
        raise ConfigError(
            f"--source {source}: a strategy has a log ({log}) and no journal;"
            f" `tapewire orders --strategy {base}` shows what it did"
        )
    require_known("--source", source, STREAMS)


def _line(entry: journals.Entry) -> str:
    place = f"{entry.source} {entry.seq}"
    return f"{times.iso(entry.ts_ns)}  {place:<14} {entry.name:<16} {journals.as_text(entry)}"


def trace(
    fill: Annotated[str, typer.Argument(help="exec id, intent id or signal id, or its start")],
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """A fill's way from the tick that caused it, with the time between the steps."""
    found = tracing.trace(load_started(config, run_dir).run_dir, fill)
    if as_json:
        print(json.dumps(tracing.as_json(found)))
    else:
        out.print(tables_trading.trace(found))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (events, trace):
        app.command()(command)
