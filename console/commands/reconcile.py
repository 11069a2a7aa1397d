"""`reconcile`: everything compared with the broker, now; or how it was the last time."""

import json
import secrets
import time
from typing import Annotated, Any

import typer

from tapewire.common.amounts import counted
from tapewire.common.events import Difference, Reconcile, ReconciliationCompleted
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    GatewayOption,
    JsonOption,
    RunDirOption,
    gateway_role,
    line,
    load_started,
    note,
)
from tapewire.console.group import control
from tapewire.console.group.control import Launched
from tapewire.console.records.journals import plain
from tapewire.console.records.reconciliations import Reconciliations
from tapewire.console.views import times

POLL_S = 0.1


def reconcile(
    timeout: Annotated[
        float, typer.Option(min=0, help="seconds to wait for the result; 0: only the last one")
    ] = 90,
    gateway: GatewayOption = "",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare orders, executions and positions with the broker, and show what differs.

    While no group runs, the last result is shown. Status 1 if a person has to look at something,
    or if nothing could be compared.
    """
    group = control.find(config, run_dir)
    if group is not None:
        folder, logins = group.run_dir, group.logins
    else:
        started = load_started(config, run_dir)
        folder, logins = started.run_dir, started.logins()
    role = gateway_role(logins, gateway)
    found = Reconciliations(folder, role)
    problem, result = "", None
    if group is not None and timeout:
        problem, result = _asked(group, role, found, timeout)
    elif group is None:
        note("no group runs; this is the last result")
    if problem:
        note(f"not compared: {problem}; this is the last result")
    result = result or found.last()
    _show(result, problem, as_json)
    unsettled = result is None or result.reason or any(map(_needs_a_person, result.differences))
    raise typer.Exit(EXIT_FAILED if problem or unsettled else 0)


def _asked(
    group: Launched, role: str, found: Reconciliations, timeout_s: float
) -> tuple[str, ReconciliationCompleted | None]:
    """Ask for a comparison: why there is none, or its result."""
    command = Reconcile(f"cli-{secrets.token_hex(6)}", time.time_ns())
    before, deadline = found.head(), time.monotonic() + timeout_s
    answer = control.reconcile(group, role, command)
    if not answer.accepted:
        return answer.reason, None
    while time.monotonic() < deadline:
        if (result := found.of(command.id, before)) is not None:
            return "", result
        time.sleep(POLL_S)
    return f"the gateway has not finished it within {timeout_s:g} s", None


def _show(result: ReconciliationCompleted | None, problem: str, as_json: bool) -> None:
    if as_json:
        found: dict[str, Any] = {"problem": problem, "result": plain(result) if result else None}
        print(json.dumps(found))
        return
    if result is None:
        line("nothing was compared yet")
        return
    line(_headline(result))
    for one in result.differences:
        line(f"{one.rule.upper() if _needs_a_person(one) else one.rule:<6} {one}")
    if result.omitted:
        line(f"and {counted(result.omitted, 'difference')} more")


def _headline(result: ReconciliationCompleted) -> str:
    compared = ", ".join([
        counted(result.orders, "order"), counted(result.executions, "execution"),
        counted(result.positions, "position"),
    ])  # fmt: skip
    apart = counted(len(result.differences) + result.omitted, "difference")
    whole = f"; {result.reason}" if result.reason else ""
    return f"{times.iso(result.ts_ns)}  {result.trigger}  {compared}: {apart}{whole}"


def _needs_a_person(one: Difference) -> bool:
    return one.rule != "adopt"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(reconcile)
