"""`dead-letters`: what the processes could not use, and whether it is tried again."""

import json
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tapewire.common.amounts import counted
from tapewire.common.errors import ConfigError
from tapewire.common.events import name_of
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    RunDirOption,
    answer,
    command_group,
    line,
    load_started,
)
from tapewire.console.group import status
from tapewire.console.records import dead_letters, journals
from tapewire.console.records.dead_letters import Kept
from tapewire.console.views import times

NameArgument = Annotated[str, typer.Argument(help="PROCESS/NUMBER, as `tapewire dead-letters`")]
ANSWER_S: Final = 3.0
SHOWN_BYTES: Final = 512

letters = command_group("What could not be used; `tapewire dead-letters` lists it.")


@letters.command("list")
def list_letters(
    process: Annotated[str | None, typer.Option(help="only those of this process")] = None,
    limit: Annotated[int, typer.Option(min=1, help="the newest N")] = 50,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Each with its process, where it came from, and why it could not be used."""
    found = dead_letters.read(load_started(config, run_dir).run_dir, process)
    for kept in found[-limit:]:
        line({**_as_json(kept), "body": None} if as_json else _line(kept))
    if as_json:
        return
    older = len(found) - limit
    if not found:
        line("no dead letters")
    elif older > 0:
        line(f"{counted(older, 'older one')}; --limit shows more")


@letters.command("show")
def show_letter(
    name: NameArgument,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """One of them, with all that it was."""
    kept = dead_letters.find(load_started(config, run_dir).run_dir, name)
    answer(as_json, _as_json(kept), f"{_line(kept)}\n{_body(kept)}")


@letters.command("retry")
def retry_letter(
    name: NameArgument,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand one back to its process, once the cause is fixed.

    Only events that a handler failed on: whoever takes those in takes each once. A process that
    does not run takes it when it starts. Status 1 if it failed again.
    """
    folder = load_started(config, run_dir).run_dir
    kept = dead_letters.find(folder, name)
    dead_letters.want(folder, kept)
    became = _became(folder, kept)
    texts = {
        "taken": f"{kept.name} was taken",
        "failed": f"{kept.name} failed again: {_reason(folder, kept)}",
        "waits": f"{kept.name} is taken when {kept.role} runs",
    }
    answer(as_json, {"name": kept.name, "became": became, "text": texts[became]}, texts[became])
    raise typer.Exit(EXIT_FAILED if became == "failed" else 0)


@letters.command("drop")
def drop_letters(
    name: Annotated[str | None, typer.Argument(help="PROCESS/NUMBER")] = None,
    everything: Annotated[bool, typer.Option("--all", help="all that are kept now")] = False,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget one, or all."""
    folder = load_started(config, run_dir).run_dir
    if everything == (name is not None):
        raise ConfigError("dead-letters drop needs the name of one, or --all, and not both")
    chosen = dead_letters.read(folder) if name is None else [dead_letters.find(folder, name)]
    dropped = sum(dead_letters.drop(folder, kept) for kept in chosen)
    answer(as_json, {"dropped": dropped}, f"dropped {counted(dropped, 'dead letter')}")


def _became(folder: Path, kept: Kept) -> str:
    """Whether its process took it, failed on it, or has not looked yet."""
    if kept.role not in status.read(folder):
        return "waits"
    deadline = time.monotonic() + ANSWER_S
    while time.monotonic() < deadline:
        now = _now(folder, kept)
        if now is None:
            return "taken"
        if not now.letter.wanted:
            return "failed"
        time.sleep(0.05)
    return "waits"


def _now(folder: Path, kept: Kept) -> Kept | None:
    found = dead_letters.read(folder, kept.role)
    return next((one for one in found if one.name == kept.name), None)


def _reason(folder: Path, kept: Kept) -> str:
    now = _now(folder, kept)
    return now.letter.reason if now is not None else ""


def _line(kept: Kept) -> str:
    letter, event = kept.letter, dead_letters.event_of(kept.letter)
    what = name_of(event) if event is not None else counted(len(letter.body), "byte")
    tried = f" ({letter.attempts} attempts)" if letter.attempts > 1 else ""
    return (
        f"{times.iso(letter.ts_ns)}  {kept.name:<14} {letter.origin:<18} {what}:"
        f" {letter.reason}{tried}"
    )


def _body(kept: Kept) -> str:
    event = dead_letters.event_of(kept.letter)
    if event is not None:
        return json.dumps(journals.plain(event), indent=2, default=str)
    body = kept.letter.body
    rest = f" and {len(body) - SHOWN_BYTES} bytes more" if len(body) > SHOWN_BYTES else ""
    return f"{body[:SHOWN_BYTES]!r}{rest}" if body else "it has no bytes"


def _as_json(kept: Kept) -> dict[str, Any]:
    letter, event = kept.letter, dead_letters.event_of(kept.letter)
    return {
        "name": kept.name,
        "process": kept.role,
        "ts_ns": letter.ts_ns,
        "origin": letter.origin,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "wanted": bool(letter.wanted),
        "event": None if event is None else {"type": name_of(event), **journals.plain(event)},
        "body": letter.body.hex(),
    }


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(letters, name="dead-letters")
