"""`up`, `down`, `status`, `run`: the group's life, and a look at it."""

import json
import signal
import time

import typer
from rich.live import Live

from console import status as told
from console import tables
from console.commands.common import EXIT_FAILED, ConfigOption, JsonOption, answer, err, load, out
from console.group import Group

REFRESH_S = 0.5


def up(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Start the group in the background."""
    group = Group(load(config))
    group.up()
    found = {"run_dir": str(group.run_dir), "processes": group.names()}
    answer(as_json, found, f"started {', '.join(group.names())}; `tapewire status` shows them")


def down(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Stop the group, strategies first."""
    group = Group(load(config))
    names = group.names()
    stopped = group.down(err.print if as_json else out.print)
    found = {"run_dir": str(group.run_dir), "stopped": names, "orders": stopped._asdict()}
    answer(as_json, found, "stopped")


def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every process, its state and what it has done. Status 1 unless all are READY."""
    group = Group(load(config))
    statuses = told.read(group.run_dir, group.broken())
    if as_json:
        print(json.dumps({name: statuses.get(name) for name in group.names()}))
    else:
        out.print(tables.live(statuses, group.names(), {}))
    states = [told.state_of(statuses[n])[0] if n in statuses else "" for n in group.names()]
    raise typer.Exit(0 if all(s == "READY" for s in states) else EXIT_FAILED)


def run(config: ConfigOption = None) -> None:
    """Start the group, show it live, stop it on Ctrl-C."""
    group = Group(load(config))
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


def _watch(group: Group) -> None:
    """Redraw until Ctrl-C, or until supervisord is gone."""
    before: dict[str, int] = {}
    before_s = time.monotonic()
    with Live(console=out, refresh_per_second=4, screen=out.is_terminal) as view:
        while group.is_up():
            time.sleep(REFRESH_S)
            statuses, now_s = told.read(group.run_dir, group.broken()), time.monotonic()
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


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (up, down, status, run):
        app.command()(command)
