"""What is shown on a terminal: tables of processes, latencies, positions and orders."""

from decimal import Decimal
from typing import Any

from rich.console import Group as Rows
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tapewire.common import amounts
from tapewire.console.group import status as told
from tapewire.console.group.status import Status
from tapewire.console.views import flattening, times
from tapewire.console.views.figures import HOPS
from tapewire.console.views.plural import counted

AS_ASKED = (("ENDED", "SIGTERM"), ("ENDED", "stopped"))
"""What needs no word of why."""
COLOURS = {"READY": "green", "WAITING": "yellow", "STARTING": "yellow", "HALTED": "red"}


def live(statuses: dict[str, Status], names: list[str], rates: dict[str, float]) -> RenderableType:
    """All of a group that runs; `rates` a second, which `tapewire run` knows."""
    risk = statuses.get("risk", {})
    shown = [headline(statuses, rates), processes(statuses, names), latencies(statuses)]
    return Rows(*shown, *([positions(risk)] if risk.get("positions") else []))


def ended(statuses: dict[str, Status], names: list[str], run_dir: str) -> RenderableType:
    """What is left of a group that runs no more: how each process ended, and what it had done."""
    last_ns = max(status["ts_ns"] for status in statuses.values())
    text = Text(" stopped ", style="bold white on red")
    since = f"  since {times.iso(last_ns)[:19]}Z; no group runs in {run_dir}"
    text.append(since, style="default on default")
    hint = "`tapewire up` starts one, `tapewire blotter` shows what was traded. At its end:"
    notes = [Text(hint)]
    if flattening.under_way(statuses):
        left = flattening.holdings(statuses) or "no known position"
        unfinished = f"a flatten is not over, {left} left: the next `tapewire up` goes on with it"
        notes.insert(0, Text(unfinished, style="red"))
    return Rows(text, *notes, processes(statuses, names))


def headline(statuses: dict[str, Status], rates: dict[str, float]) -> RenderableType:
    """Trading state and why it is that, flatten and rates; below, P&L."""
    risk = statuses.get("risk", {})
    state, why = trading(statuses)
    colour = {"ACTIVE": "green", "STARTING": "yellow"}.get(state, "red")
    text = Text(f" trading {state} ", style=f"bold white on {colour}")
    parts = [f"{name} {value:,.0f}/s" for name, value in rates.items()]
    if flattening.under_way(statuses):
        left = flattening.holdings(statuses) or "no known position"
        parts.append(f"flatten {flattening.under_way(statuses)}: {left} left")
    figures = "   ".join(parts)
    text.append(f"  {why or figures}", style="default on default")
    rows = [text, Text(figures)] if why and figures else [text]
    names = {"realised": "realised", "unrealised": "unrealised", "commissions": "commission"}
    earned = "   ".join(f"{name} {money(risk.get(key))}" for name, key in names.items())
    return Rows(*rows, Text(earned))


def trading(statuses: dict[str, Status]) -> told.State:
    """Whether the group trades, and where it does not, why, and what lifts that."""
    if "risk" not in statuses:
        return "STARTING", "risk has not told its state yet"
    risk = statuses["risk"]
    state, reason = told.state_of(risk)
    if state in ("BROKEN", "ENDED", "SILENT"):
        return "STOPPED", f"risk is {state}"
    why = f"risk is {state}{': ' + reason if reason else ''}"
    if state == "HALTED":
        since = f", {times.clock(risk['halted_ns'], 0)}" if risk.get("halted_ns") else ""
        lifts = "" if flattening.under_way(statuses) else "; `tapewire resume` lifts it"
        return "HALTED", f"{reason}{since}{lifts}"
    if risk["trading"] != "ACTIVE":
        return ("HALTED" if risk.get("halted_ns") else "STARTING"), why
    gateway = statuses.get("gateway")
    door, _ = told.UNHEARD if gateway is None else told.state_of(gateway)
    if door == "READY":
        return "ACTIVE", ""
    return "ACTIVE", "but no TWS" if door == "WAITING" else f"but the gateway is {door}"


def processes(statuses: dict[str, Status], names: list[str]) -> RenderableType:
    """One row a process: its state and what it has done; below, why a state is what it is."""
    table = Table(box=None, pad_edge=False)
    for column in ("process", "state", "pid"):
        table.add_column(column, no_wrap=True)
    table.add_column("done")  # the only one that gives way where a line is too long
    reasons = []
    for name in names:
        status = statuses.get(name)
        if status is None:
            table.add_row(name, Text("STARTING", style="yellow"), "", "")
            continue
        state, reason = told.state_of(status)
        shown = Text(state, style=COLOURS.get(state, "red"))
        table.add_row(name, shown, str(status["pid"] or ""), done(name, status))
        if reason and (state, reason) not in AS_ASKED:
            reasons.append(Text(f"{name}: {reason}", style=COLOURS.get(state, "red")))
        if status.get("restarts"):
            last = times.clock(status["restarted_ns"], 0)
            again = f"{name}: restarted {status['restarts']}x, {last}"
            reasons.append(Text(again, style="yellow"))
    return Rows(table, *reasons)


def done(name: str, status: Status) -> str:
    """What a process has done so far, in a few words."""
    if name == "simulator":
        sent, executions = (told.counter(status, n) for n in ("messages_sent", "executions"))
        return f"{counted(sent, 'tick')} sent, {counted(executions, 'execution')}"
    if name.startswith("strategy-"):
        ticks = told.counter(status, "ticks_received")
        missed = sum(status.get("missed", {}).values())
        signals = counted(status.get("signals", 0), "signal")
        return f"{counted(ticks, 'tick')}, {missed} missed, {signals}"
    if "orders" in status:
        states = ", ".join(f"{n} {state.lower()}" for state, n in sorted(status["orders"].items()))
        ticks = told.counter(status, "ticks_published")
        shown = f"{counted(ticks, 'tick')}, " if ticks else ""
        none = "none" if status.get("orders_reported", True) else "not known"
        return f"{shown}orders: {states or none}"
    return ""


def latencies(statuses: dict[str, Status]) -> Table:
    """One row a hop, in microseconds."""
    table = Table(box=None, pad_edge=False, title_justify="left")
    table.add_column("latency, us", no_wrap=True)
    for column in ("p50", "p99", "p99.9", "max", "count"):
        table.add_column(column, justify="right", no_wrap=True)
    hops = told.hops(statuses)
    for hop, title in HOPS.items():
        summary = hops.get(hop, {})
        shown = [summary.get(key) for key in ("p50", "p99", "p999", "max", "count")]
        table.add_row(title, *("-" if v is None else f"{v:,.0f}" for v in shown))
    return table


def positions(risk: Status) -> Table:
    """One row a symbol that was traded."""
    table = Table(box=None, pad_edge=False)
    table.add_column("symbol", no_wrap=True)
    for column in ("position", "average", "mark", "unrealised", "realised", "commission"):
        table.add_column(column, justify="right", no_wrap=True)
    for symbol, p in risk.get("positions", {}).items():
        table.add_row(
            symbol, p["quantity"], money(p["average_cost"], 4), money(p["mark"], 4),
            money(p["unrealised"]), money(p["realised"]), money(p["commission"]),
        )  # fmt: skip
    return table


def figures(found: dict[str, Any]) -> RenderableType:
    """A demo's figures."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for key, value in found.items():
        if key not in ("latency_us", "faults"):
            table.add_row(key, _figure(key, value))
    statuses = {"all": {"hops_us": found["latency_us"]}}
    faults = [Text(f"FAULT: {fault}", style="red") for fault in found["faults"]]
    verdict = faults or [Text("nothing lost, doubled or different", style="green")]
    return Rows(table, latencies(statuses), *verdict)


def _figure(key: str, value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {v:,}" for k, v in value.items())
    if key in ("realised", "commission"):
        return money(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def money(value: Any, places: int = 2) -> str:
    """An amount of text, rounded for reading."""
    return "-" if value is None else amounts.money(Decimal(str(value)), places)
