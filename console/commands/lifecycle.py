"""`up`, `down`, `status`, `run`: the group's life, and a look at it."""

import json
import signal
import time
from typing import Annotated

import typer
from rich.live import Live

from tapewire.common.config.settings import Config
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    RunDirOption,
    answer,
    load,
    load_started,
    note,
    require_file,
)
from tapewire.console.group import launch_config as started
from tapewire.console.group import status as told
from tapewire.console.group.supervisor import STRATEGY, Group, GroupError
from tapewire.console.views import flattening, tables, times
from tapewire.console.views.clip import Fitting
from tapewire.console.views.terminal import out

REFRESH_S = 0.5
READY_WITHIN_S = 15.0
GOES_ON = "what starts or waits goes on by itself; `tapewire status` shows it"
RESUME = "a halt stays over restarts; `tapewire resume` lifts it"
CORRECT = "correct the HALTED strategy, then `tapewire down` and `tapewire up`"
COMPARE = "compare orders and positions with TWS, then `tapewire down` and `tapewire up`"
MEND = (
    "what is BROKEN has to be mended, `tapewire doctor` says more; then `tapewire down` and"
    " `tapewire up`"
)

ContinueOption = Annotated[
    bool,
    typer.Option("--continue-flatten", help="a flatten that was asked of another account"),
]
WaitOption = Annotated[
    float, typer.Option("--wait", min=0, help="seconds until all are READY; 0: do not wait")
]


def up(
    wait: WaitOption = READY_WITHIN_S,
    continue_flatten: ContinueOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start the group in the background. Status 1 unless all are READY within --wait."""
    group = _begin(config, continue_flatten)
    late = group.wait_ready(wait) if wait else {}
    found = {
        "run_dir": str(group.run_dir),
        "processes": group.names(),
        "not_ready": late_as_json(late),
    }
    answer(as_json, found, _started(group, wait, late))
    raise typer.Exit(EXIT_FAILED if late else 0)


def _started(group: Group, wait: float, late: dict[str, told.State]) -> str:
    """What `up` says: who is not READY, why, and what a person does next."""
    begun = f"started {len(group.names())} processes in {group.run_dir}"
    if not wait:
        return f"{begun}; `tapewire status` shows them"
    if not late:
        return f"{begun}, all READY"
    return "\n".join([f"{begun}; not READY:", *reasons(late)])


def reasons(late: dict[str, told.State]) -> list[str]:
    """A line for each that is not READY, then what a person does about them."""
    lines = [f"  {n}: {state}{': ' + why if why else ''}" for n, (state, why) in late.items()]
    return [*lines, *dict.fromkeys(next_step(name, state) for name, (state, _) in late.items())]


def late_as_json(late: dict[str, told.State]) -> dict[str, dict[str, str]]:
    """Those that are not READY, each with its state and the reason."""
    return {name: {"state": state, "reason": why} for name, (state, why) in late.items()}


def next_step(name: str, state: str) -> str:
    """What a person does about a process that is not READY."""
    if state == "BROKEN":
        return MEND
    if state != "HALTED":
        return GOES_ON
    return RESUME if name == "risk" else CORRECT if name.startswith(STRATEGY) else COMPARE


def _begin(path: str | None, continue_flatten: bool) -> Group:
    """Start the group; before anything starts it is said, or refused, what it would go on with."""
    require_file(path)
    group = Group(load(path))
    if not group.is_up():
        _consider_flatten(group.config, continue_flatten)
    group.up(note)
    return group


def _consider_flatten(config: Config, continue_flatten: bool) -> None:
    """Say that a flatten is not over; refuse to let it loose on an account it was not asked of."""
    asked, before = flattening.unfinished(config.run_dir), started.read(config.run_dir)
    if asked is None:
        return
    said = f"a flatten asked at {times.iso(asked.ts_ns)[:19]}Z ({asked.reason}) is under way"
    if before and started.of_another_account(before, config) and not continue_flatten:
        raise GroupError(
            f"{said}, and this is another TWS than it was asked of:"
            " `tapewire up --continue-flatten` lets it cancel every order and close every"
            " position of whatever account answers; start with the TWS of then to end it there, or"
            " with another run_dir to do without it"
        )
    note(f"{said}: it cancels every order and closes every position of whatever account answers")


def down(
    config: ConfigOption = None, run_dir: RunDirOption = None, as_json: JsonOption = False
) -> None:
    """Stop the group, strategies first."""
    group = Group(load_started(config, run_dir))
    names = group.names()
    stopped = group.down(note if as_json else lambda said: out.print(said, soft_wrap=True))
    found = {"run_dir": str(group.run_dir), "stopped": names, "orders": stopped._asdict()}
    answer(as_json, found, "stopped")


def status(
    config: ConfigOption = None, run_dir: RunDirOption = None, as_json: JsonOption = False
) -> None:
    """Show every process, its state and what it has done. Status 1 unless all are READY."""
    group = Group(load_started(config, run_dir))
    names = group.names()
    statuses = group.statuses()
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


def run(continue_flatten: ContinueOption = False, config: ConfigOption = None) -> None:
    """Start the group, show it live, stop it on Ctrl-C, or if no strategy could be started.

    Status 1 if a strategy was stopped or is BROKEN.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    group = _begin(config, continue_flatten)
    lost: dict[str, told.State] = {}
    try:
        _watch(group)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it
        lost = _lost(group.statuses())
        out.print("stopping")
        group.down()
        out.print(f"stopped; journals and logs are in {group.run_dir}", soft_wrap=True)
    if lost:
        note("\n".join(reasons(lost)))
        raise typer.Exit(EXIT_FAILED)


def _lost(statuses: dict[str, told.Status]) -> dict[str, told.State]:
    """The strategies that get nothing more: stopped for what they raised, or BROKEN."""
    return {
        name: told.state_of(status)
        for name, status in statuses.items()
        if name.startswith(STRATEGY) and (status.get("stopped") or status.get("state") == "BROKEN")
    }


def _watch(group: Group) -> None:
    """Redraw until Ctrl-C, until supervisord is gone, or until it is clear that no strategy could
    be started. Once one has been READY there may be orders and positions: then it goes on."""
    before: dict[str, int] = {}
    before_s = time.monotonic()
    strategies, traded = {n for n in group.names() if n.startswith(STRATEGY)}, False
    with Live(console=out, refresh_per_second=4, screen=out.is_terminal) as view:
        while group.is_up():
            time.sleep(REFRESH_S)
            statuses, now_s = group.statuses(), time.monotonic()
            totals = _totals(statuses)
            rates = {k: (v - before.get(k, v)) / (now_s - before_s) for k, v in totals.items()}
            before, before_s = totals, now_s
            shown = tables.live(statuses, group.names(), rates)
            view.update(Fitting(shown) if out.is_terminal else shown)
            traded = traded or strategies > told.not_ready(statuses, strategies).keys()
            if strategies and not traded and strategies == _lost(statuses).keys():
                return


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
