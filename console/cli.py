"""`tapewire`: start, watch, steer and try the group."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from rich.console import Console
from rich.live import Live

from common import config as configuration
from common.config import Config, ConfigError
from common.journal import JournalError
from console import control, demo, tables
from console import status as told
from console.group import Group, GroupError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
out, err = Console(), Console(stderr=True)

ConfigOption = Annotated[str | None, typer.Option("--config", help="configuration file")]
JsonOption = Annotated[bool, typer.Option("--json", help="one JSON object, for programs")]
ReasonOption = Annotated[str, typer.Option("--reason", help="kept in risk's journal")]

EXIT_FAILED, EXIT_USAGE = 1, 2
REFRESH_S = 0.5


@app.command()
def up(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Start the group in the background."""
    group = Group(_load(config))
    group.up()
    _answer(
        as_json,
        {"run_dir": str(group.run_dir), "processes": group.names()},
        f"started {', '.join(group.names())}; `tapewire status` shows them",
    )


@app.command()
def down(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Stop the group, strategies first."""
    group = Group(_load(config))
    group.down()
    _answer(as_json, {"run_dir": str(group.run_dir), "stopped": group.names()}, "stopped")


@app.command()
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every process, its state and what it has done. Status 1 unless all are READY."""
    loaded = _load(config)
    group = Group(loaded)
    statuses = told.read(group.run_dir)
    if as_json:
        print(json.dumps({name: statuses.get(name) for name in group.names()}))
    else:
        out.print(tables.live(statuses, group.names(), {}))
    states = [told.state_of(statuses[n])[0] if n in statuses else "" for n in group.names()]
    raise typer.Exit(0 if all(s == "READY" for s in states) else EXIT_FAILED)


@app.command()
def run(config: ConfigOption = None) -> None:
    """Start the group, show it live, stop it on Ctrl-C."""
    group = Group(_load(config))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    group.up()
    try:
        _watch(group)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it
        out.print("stopping")
        group.down()
        out.print(f"stopped; journals and logs are in {group.run_dir}")


@app.command(name="demo")
def demo_(
    ticks: Annotated[Path, typer.Option(help="CSV of ticks, .gz too")],
    start: Annotated[str | None, typer.Option("--from", help="ISO time, UTC")] = None,
    seconds: Annotated[float, typer.Option(min=0, help="0: to the file's end")] = 0,
    speed: Annotated[str, typer.Option(help="times real time, or max")] = "1",
    as_json: JsonOption = False,
) -> None:
    """Run the whole group on a file of ticks and print its figures.

    Status 0 only if nothing was lost, doubled or different from the simulator's books.
    """
    found = demo.run(ticks, start, seconds, _speed(speed), err.print)
    if as_json:
        print(json.dumps(found))
    else:
        out.print(tables.figures(found))
    raise typer.Exit(EXIT_FAILED if found["faults"] else 0)


@app.command()
def halt(
    reason: ReasonOption = "asked by hand", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Stop everything that adds risk, at once and until `resume`."""
    _control("halt", reason, config, as_json)


@app.command()
def resume(
    reason: ReasonOption = "asked by hand", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Lift a halt; refused while a rule is broken."""
    _control("resume", reason, config, as_json)


@app.command()
def flatten(
    reason: ReasonOption = "asked by hand", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Halt, cancel every order and close every position."""
    _control("flatten", reason, config, as_json)


def main() -> NoReturn:
    """Run the command line; what goes wrong is one sentence and an exit status."""
    try:
        app(standalone_mode=True)
    except (ConfigError, GroupError, control.NoAnswer, JournalError, ValueError, OSError) as error:
        err.print(f"tapewire: {error}", style="red", highlight=False, soft_wrap=True)
        sys.exit(EXIT_USAGE if isinstance(error, ConfigError) else EXIT_FAILED)
    sys.exit(0)


def _load(path: str | None) -> Config:
    if path is not None:
        os.environ["TAPEWIRE_CONFIG"] = str(Path(path).absolute())  # the group's processes read it
    return configuration.load()


def _watch(group: Group) -> None:
    """Redraw until Ctrl-C, or until supervisord is gone."""
    before: dict[str, int] = {}
    before_s = time.monotonic()
    with Live(console=out, refresh_per_second=4, screen=out.is_terminal) as view:
        while group.is_up():
            time.sleep(REFRESH_S)
            statuses, now_s = told.read(group.run_dir), time.monotonic()
            totals = _totals(statuses)
            rates = {k: (v - before.get(k, v)) / (now_s - before_s) for k, v in totals.items()}
            before, before_s = totals, now_s
            view.update(tables.live(statuses, group.names(), rates))


def _totals(statuses: dict[str, told.Status]) -> dict[str, int]:
    gateway = statuses.get("gateway", {})
    signals = sum(s.get("signals", 0) for n, s in statuses.items() if n.startswith("strategy-"))
    return {
        "ticks": told.counter(gateway, "ticks_published"),
        "signals": signals,
        "orders": told.counter(gateway, "orders_sent"),
    }


def _control(
    action: Literal["halt", "resume", "flatten"], reason: str, path: str | None, as_json: bool
) -> None:
    reply = control.ask(_load(path), action, reason)
    found = {"ok": reply.ok, "state": reply.state, "text": reply.text}
    _answer(as_json, found, f"trading is {reply.state}{': ' + reply.text if reply.text else ''}")
    raise typer.Exit(0 if reply.ok else EXIT_FAILED)


def _answer(as_json: bool, found: dict[str, Any], sentence: str) -> None:
    print(json.dumps(found)) if as_json else out.print(sentence, highlight=False)


def _speed(text: str) -> float:
    try:
        return 0.0 if text == "max" else float(text)
    except ValueError:
        raise ConfigError(f"--speed is {text!r}, must be a number or `max`") from None


if __name__ == "__main__":
    main()
