"""`up`, `down`, `status`, `run`: the group's life, and a look at it."""

import json
import signal
import time
from typing import Annotated

import typer
from rich.live import Live

from console import status as told
from console import tables
from console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    answer,
    load,
    note,
    out,
)
from console.group import Group

REFRESH_S = 0.5
READY_WITHIN_S = 15.0
GOES_ON = "what starts or waits goes on by itself; `tapewire status` shows it"
NEXT_STEP = {
    "HALTED": "a halt stays over restarts; `tapewire resume` lifts it",
    "BROKEN": "what is BROKEN has to be mended; then `tapewire down` and `tapewire up`",
}
"""By the state of what is not READY what a person does next."""

WaitOption = Annotated[
    float, typer.Option("--wait", min=0, help="seconds until all are READY; 0: do not wait")
]


def up(
    wait: WaitOption = READY_WITHIN_S, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Start the group in the background. Status 1 unless all are READY within --wait."""
    group = Group(load(config))
    group.up()
    late = group.wait_ready(wait) if wait else {}
    found = {
        "run_dir": str(group.run_dir),
        "processes": group.names(),
        "not_ready": {n: {"state": state, "reason": why} for n, (state, why) in late.items()},
    }
    answer(as_json, found, _started(group, wait, late))
    raise typer.Exit(EXIT_FAILED if late else 0)


def _started(group: Group, wait: float, late: dict[str, told.State]) -> str:
    """What `up` says: who is not READY, why, and what a person does next."""
    started = f"started {len(group.names())} processes in {group.run_dir}"
    if not wait:
        return f"{started}; `tapewire status` shows them"
    if not late:
        return f"{started}, all READY"
    reasons = [f"  {n}: {state}{': ' + why if why else ''}" for n, (state, why) in late.items()]
    steps = dict.fromkeys(NEXT_STEP.get(state, GOES_ON) for state, _ in late.values())
    return "\n".join([f"{started}; not READY:", *reasons, *steps])


def down(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Stop the group, strategies first."""
    group = Group(load(config))
    names = group.names()
    stopped = group.down(note if as_json else out.print)
    found = {"run_dir": str(group.run_dir), "stopped": names, "orders": stopped._asdict()}
    answer(as_json, found, "stopped")


def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every process, its state and what it has done. Status 1 unless all are READY."""
    group = Group(load(config))
    names = group.names()
    statuses = told.read(group.run_dir, group.broken())
    if as_json:
        print(json.dumps({name: statuses.get(name) for name in names}))
    elif group.is_up():
        out.print(tables.live(statuses, names, {}))
    elif statuses:
        out.print(tables.ended(statuses, names, str(group.run_dir)))
    else:
        out.print(
            f"no group has run in {group.run_dir} yet; `tapewire up` starts one", soft_wrap=True
        )
    raise typer.Exit(EXIT_FAILED if told.not_ready(statuses, names) else 0)


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
        out.print(f"stopped; journals and logs are in {group.run_dir}", soft_wrap=True)


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
