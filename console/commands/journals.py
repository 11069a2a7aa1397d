"""`events`, `trace`: the journals as one stream, and a fill's way through them."""

import itertools
import json
import time
from typing import Annotated

import typer

from common.endpoints import STREAMS
from console import journals, tables_trading, times
from console import trace as tracing
from console.commands.common import (
    ConfigOption,
    JsonOption,
    load,
    note,
    out,
    require_known,
    require_starts,
)
from console.commands.streaming import line, printing
from console.journals import FOREVER_NS, Journals

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
    limit: Annotated[int | None, typer.Option(min=1, help="end after so many")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """The journals of all processes as one stream, in time order.

    What one process only repeats of another is left out, unless --all, --json, --type or --source
    asks for it.
    """
    require_starts("--type", types, journals.NAMES)
    require_known("--source", source, STREAMS)
    now_ns = time.time_ns()
    from_ns = times.parse("--from", since, now_ns) or 0
    to_ns = times.parse("--to", to, now_ns) or FOREVER_NS
    is_wanted = journals.wanted(tuple(types or ()), source)
    only = (source,) if source else None
    repeats = journals.Repeats()
    shown = 0
    with printing(), Journals(load(config).run_dir, from_ns, only) as found:
        stream = found.follow(to_ns, time.time_ns, time.sleep) if follow else found.until(to_ns)
        stream = filter(is_wanted, stream)
        if not (everything or as_json or types or source):
            stream = filter(repeats.is_news, stream)
        for entry in itertools.islice(stream, limit):
            shown += 1
            line(journals.as_json(entry) if as_json else _line(entry))
        if repeats.count:
            note(f"{repeats.count:,} that repeat another's word were left out; --all shows them")
        elif not (shown or as_json):
            of = f" of {', '.join(types)}" if types else ""
            note(f"no events{of} {'in that time' if since or to else 'yet'}")


def _line(entry: journals.Entry) -> str:
    place = f"{entry.source} {entry.seq}"
    return f"{times.iso(entry.ts_ns)}  {place:<14} {entry.name:<16} {journals.as_text(entry)}"


def trace(
    fill: Annotated[str, typer.Argument(help="exec id, intent id or signal id, or its start")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """A fill's way from the tick that caused it, with the time between the steps."""
    found = tracing.trace(load(config).run_dir, fill)
    if as_json:
        print(json.dumps(tracing.as_json(found)))
    else:
        out.print(tables_trading.trace(found))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (events, trace):
        app.command()(command)
