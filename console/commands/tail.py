"""`tail`: what goes over the bus, as it goes."""

import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from common.endpoints import prepare_run_dir
from console import times
from console.commands.common import ConfigOption, JsonOption, err, load
from console.commands.streaming import line, printing
from console.tail import Message, Tail


def tail(
    topics: Annotated[
        list[str] | None,
        typer.Argument(
            help="start of a topic: tick.AAPL, gateway, executor, risk, heartbeat, last"
        ),
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="end by itself")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print live messages of the bus, until Ctrl-C. Without TOPICS: ticks and journaled events."""
    loaded = load(config)
    with Tail(loaded.bus, prepare_run_dir(loaded.run_dir), topics or ()) as listening:
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
            err.print(text, style="red" if counts["lost"] else None, highlight=False)


def _json(message: Message) -> Iterator[dict[str, Any]]:
    """One object an event; what was lost before it stands with the first of its message."""
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
