"""`tail`: the messages on the bus, as they are sent."""

import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from tapewire.common import roles
from tapewire.common.bus.sequenced import OF_SYMBOLS
from tapewire.common.config.settings import Config
from tapewire.console.commands.common import (
    ConfigOption,
    JsonOption,
    RunDirOption,
    line,
    load_started,
    note,
    printing,
    require_starts,
)
from tapewire.console.group import status
from tapewire.console.group.status import Status
from tapewire.console.group.supervisor import Group
from tapewire.console.records.tail import Message, Tail
from tapewire.console.views import times, words
from tapewire.console.views.terminal import err
from tapewire.risk.publishing import TOPICS


def tail(
    topics: Annotated[
        list[str] | None,
        typer.Argument(
            help="start of a topic: tick.AAPL, greeks, gateway, executor, risk, positions,"
            " heartbeat, last"
        ),
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="end after N seconds")] = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print live messages on the bus until Ctrl-C. Without TOPICS: ticks and journaled events."""
    loaded = load_started(config, run_dir)
    require_starts("TOPIC", topics, _topics(loaded))
    group = Group(loaded)
    if not (as_json or group.is_up()):
        note(f"no group runs in {group.run_dir}; listening until one starts")
    elif not as_json:
        _note_unread(topics or [], status.read(group.run_dir))
    with Tail(loaded.bus, group.run_dir, topics or (), loaded.logins()) as listening:
        with printing():
            for message in listening.read(seconds):
                for shown in _json(message) if as_json else _text(message):
                    line(shown)
        counts = listening.counts()
        if as_json:
            with printing():
                line(counts)
        else:
            text = ", ".join(f"{count:,} {name}" for name, count in counts.items())
            err.print(text, style="red" if counts["lost"] else None)


def _topics(config: Config) -> list[str]:
    """Every topic that the configured group can publish."""
    symbols = [instrument.symbol for instrument in config.instruments]
    ticks = [f"{kind}.{symbol}" for kind in (*OF_SYMBOLS, "last") for symbol in symbols]
    streams = config.logins().roles
    return [*streams, *TOPICS, *(f"heartbeat.{source}" for source in streams), *ticks]


def _note_unread(topics: list[str], statuses: dict[str, Status]) -> None:
    """Warn about symbols that no strategy reads: the gateway publishes no ticks of them. On a far
    host that is not known."""
    if words.is_far(statuses):
        return
    gateways = status.of_kind(statuses, roles.GATEWAY).values()
    read = {symbol for one in gateways for symbol in one.get("tick_seqs", {})}
    for topic in topics:
        kind, _, start = topic.partition(".")
        if kind in ("tick", "last") and not any(symbol.startswith(start) for symbol in read):
            note(f"no strategy reads {start or 'any symbol'} now; ticks start once one does")


def _json(message: Message) -> Iterator[dict[str, Any]]:
    """One object per event; the first of a message carries how many were lost before it."""
    for place, (name, *fields) in enumerate(message.events):
        yield {
            "topic": message.topic,
            "source": message.source,
            "epoch": message.epoch,
            "seq": message.seq,
            "place": place,
            "lost": message.lost if place == 0 else 0,
            "event": name,
            "fields": fields,
        }


def _text(message: Message) -> Iterator[str]:
    now = times.clock(time.time_ns())
    if message.lost:
        yield f"{now}  {message.topic}  {message.lost} lost"
    for name, *fields in message.events:
        shown = " ".join("-" if field is None else str(field) for field in fields)
        yield f"{now}  {message.topic:<12} {message.seq:<7} {name!s:<15} {shown}"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(tail)
