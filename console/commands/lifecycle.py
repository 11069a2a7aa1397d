"""`up`, `down`, `status`, `run`: start a group, stop it, look at it."""

import json
import signal
import time
from collections.abc import Iterator
from typing import Annotated

import typer

from tapewire.common import roles
from tapewire.common.config.sections import DEFAULT_RULES
from tapewire.common.config.settings import Config
from tapewire.common.events import EVERYTHING
from tapewire.common.runtime.journal import JournalVersionError
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    RunDirOption,
    answer,
    as_on_ctrl_c,
    load,
    load_started,
    note,
    require_file,
)
from tapewire.console.group import launch
from tapewire.console.group.status import State, Status, not_ready, shown, state_of, totals
from tapewire.console.group.supervisor import Group
from tapewire.console.group.supervisord import GroupError
from tapewire.console.views import flattening, tables, times
from tapewire.console.views.screen import Screen
from tapewire.console.views.terminal import out

REFRESH_S = 0.5
READY_WITHIN_S = 30.0
CONTINUES = "what starts or waits continues by itself; `tapewire status` shows it"
MEND = (
    "`tapewire down`, put the journal right, then `tapewire up`, and `tapewire resume` if trading"
    " is still HALTED"
)
RESUME = "a halt outlives restarts; `tapewire resume` lifts it"
CORRECT = "correct the HALTED strategy, then `tapewire down` and `tapewire up`"
AGREE = "the group trades on without a mirror; `tapewire mirror status` shows which has stopped"
KILLED = "the kill switch is pulled: remove HALT here and at home, then `tapewire resume` at home"
COMPARE = "compare orders and positions with TWS, then `tapewire down` and `tapewire up`"
FIX = "fix what is BROKEN, `tapewire doctor` may show why; then `tapewire down` and `tapewire up`"
WAITS = ", which also starts what waits for it"

ContinueOption = Annotated[
    bool,
    typer.Option("--continue-flatten", help="even if it was requested for another account"),
]
WaitOption = Annotated[
    float, typer.Option("--wait", min=0, help="seconds until all are READY; 0: do not wait")
]


def up(
    wait: WaitOption = READY_WITHIN_S,
    continue_flatten: ContinueOption = False,
    host: Annotated[str, typer.Option("--host", help="start the part of this one of [[hosts]]")] = (
        ""
    ),
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start the group in the background. Status 1 unless all are READY within --wait."""
    group = _begin(config, continue_flatten, host)
    late = group.wait_ready(wait) if wait else {}
    found = {
        "run_dir": str(group.run_dir),
        "processes": group.names(),
        "not_ready": late_as_json(late),
    }
    answer(as_json, found, _started(group, wait, late))
    raise typer.Exit(EXIT_FAILED if late else 0)


def _started(group: Group, wait: float, late: dict[str, State]) -> str:
    """What `up` prints: the processes that are not READY, why, and what to do next."""
    started = f"started {len(group.names())} processes in {group.run_dir}"
    if not wait:
        return f"{started}; `tapewire status` shows them"
    if not late:
        return f"{started}, all READY"
    return "\n".join([f"{started}; not READY:", *reasons(late)])


def reasons(late: dict[str, State]) -> list[str]:
    """A line for each process that is not READY, then what to do about them."""
    lines = [f"  {n}: {state}{': ' + why if why else ''}" for n, (state, why) in late.items()]
    return [*lines, *_next_steps(late)]


def _next_steps(late: dict[str, State]) -> Iterator[str]:
    """What to do about all of them, each step once. What waits for a process that is BROKEN does
    not continue by itself, so that is then part of mending it."""
    steps = dict.fromkeys(next_step(name, *found) for name, found in late.items())
    is_mended = FIX in steps or MEND in steps
    for step in steps:
        if not (is_mended and step == CONTINUES):
            yield step + (WAITS if step == FIX and CONTINUES in steps else "")


def late_as_json(late: dict[str, State]) -> dict[str, dict[str, str]]:
    """The processes that are not READY, each with its state and the reason."""
    return {name: {"state": state, "reason": why} for name, (state, why) in late.items()}


def next_step(name: str, state: str, why: str = "") -> str:
    """What to do about a process that is not READY, for that reason."""
    if "`tapewire journals " in why:
        return MEND
    if state == "BROKEN":
        return FIX
    if state != "HALTED":
        return CONTINUES
    by_kind = {
        roles.RISK: RESUME,
        roles.STRATEGY: CORRECT,
        roles.BRIDGE: AGREE,
        roles.RELAY: KILLED,
    }
    return by_kind.get(roles.kind_of(name), COMPARE)


def _begin(path: str | None, continue_flatten: bool, host: str = "") -> Group:
    """Start the group, unless it would continue a flatten that was meant for another account."""
    require_file(path)
    loaded = load(path)
    group = Group(loaded.at_host(host))
    if not (group.is_up() or group.config.placement().is_far):
        _consider_flatten(group.config, continue_flatten)
    group.up(note)
    if not group.config.placement().is_far:  # which has no risk
        _note_default_rules(loaded)
    return group


def _start_of(config: Config) -> str:
    """The command that starts the part of the group that is this host's."""
    placement = config.placement()
    return f"tapewire up --host {placement.here}" if placement.is_far else "tapewire up"


def _note_default_rules(config: Config) -> None:
    """Say which rules are in force where the configuration has none of its own."""
    if config.risk.rules != DEFAULT_RULES or "rules" in config.risk.model_fields_set:
        return
    of = "; ".join(
        f"{one.rule} with {', '.join(f'{name} {value}' for name, value in one.parameters.items())}"
        for one in DEFAULT_RULES
    )
    note(f"no [[risk.rules]] are configured, so the default is in force: {of}")


def _consider_flatten(config: Config, continue_flatten: bool) -> None:
    """Announce an unfinished flatten; refuse to continue it on an account it was not meant for."""
    try:
        unfinished = flattening.unfinished(config.run_dir)
    except JournalVersionError:
        return  # starting the group refuses it, or archives it
    before = launch.read(config.run_dir)
    if unfinished is None:
        return
    of = "" if unfinished.scope == EVERYTHING else f" of {unfinished.scope}"
    asked = f"{times.iso(unfinished.ts_ns)[:19]}Z ({unfinished.reason})"
    sentence = f"a flatten{of}, requested at {asked}, is unfinished"
    inside = "" if unfinished.scope == EVERYTHING else f" in {unfinished.scope}"
    does = f"every order and close every position{inside} of whatever account answers"
    if before and launch.of_another_account(before, config) and not continue_flatten:
        raise GroupError(
            f"{sentence}, and this is another TWS than it was meant for:"
            f" `tapewire up --continue-flatten` lets it cancel {does}; start with the original TWS"
            " to finish it there, or with another run_dir to start without it"
        )
    note(f"{sentence}: it will cancel {does}")


def down(
    config: ConfigOption = None, run_dir: RunDirOption = None, as_json: JsonOption = False
) -> None:
    """Stop the group, strategies first."""
    group = Group(load_started(config, run_dir))
    names = group.names()
    stopped = group.down(note if as_json else lambda text: out.print(text, soft_wrap=True))
    found = {"run_dir": str(group.run_dir), "stopped": names, "orders": stopped._asdict()}
    answer(as_json, found, "stopped")


def status(
    config: ConfigOption = None, run_dir: RunDirOption = None, as_json: JsonOption = False
) -> None:
    """Show every process, its state and what it has done. Status 1 unless all are READY."""
    group = Group(load_started(config, run_dir))
    statuses = group.statuses()
    names = group.everywhere(statuses)
    if as_json:
        print(json.dumps({name: shown(statuses.get(name)) for name in names}))
    elif group.is_up():
        out.print(tables.live(statuses, names, {}))
    elif statuses:
        out.print(tables.ended(statuses, names, str(group.run_dir), _start_of(group.config)))
    else:
        out.print(
            f"no group has run in {group.run_dir} yet; `{_start_of(group.config)}` starts one",
            soft_wrap=True,
        )
    raise typer.Exit(EXIT_FAILED if not_ready(statuses, names) else 0)


def run(continue_flatten: ContinueOption = False, config: ConfigOption = None) -> None:
    """Start the group, show it live, stop it on Ctrl-C, or if no strategy could start.

    Status 1 if a strategy was stopped or is BROKEN.
    """
    with as_on_ctrl_c():
        lost = _shown(_begin(config, continue_flatten))
    if lost:
        note("\n".join(reasons(lost)))
        raise typer.Exit(EXIT_FAILED)


def _shown(group: Group) -> dict[str, State]:
    """Show a group until it is to stop, and stop it; returns the strategies that it lost."""
    lost: dict[str, State] = {}
    try:
        _watch(group)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not interrupt this
        lost = _lost(group.statuses())
        out.print("stopping")
        group.down()
        out.print(f"stopped; journals and logs are in {group.run_dir}", soft_wrap=True)
    return lost


def _lost(statuses: dict[str, Status]) -> dict[str, State]:
    """The strategies that get no more ticks: stopped for what they raised, or BROKEN."""
    return {
        name: state_of(status)
        for name, status in statuses.items()
        if roles.is_strategy(name) and (status.get("stopped") or status.get("state") == "BROKEN")
    }


def _watch(group: Group) -> None:
    """Redraw until Ctrl-C, until supervisord is gone, or until it is clear that no strategy could
    start. Once one has been READY there may be orders and positions, and then it continues."""
    before: dict[str, int] = {}
    before_s = time.monotonic()
    strategies, traded = set(group.strategies()), False
    with Screen(out) as view:
        while group.is_up():
            time.sleep(REFRESH_S)
            statuses, now_s = group.statuses(), time.monotonic()
            counted = totals(statuses)
            rates = {k: (v - before.get(k, v)) / (now_s - before_s) for k, v in counted.items()}
            before, before_s = counted, now_s
            view.show(tables.live(statuses, group.everywhere(statuses), rates))
            traded = traded or strategies > not_ready(statuses, strategies).keys()
            if strategies and not traded and strategies == _lost(statuses).keys():
                return


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (up, down, status, run):
        app.command()(command)
