"""What is shown on a terminal: tables of processes, latencies, positions and orders."""

from decimal import Decimal
from typing import Any

from rich.console import Group as Rows
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from console import status as told
from console.report import HOPS
from console.status import Status

COLOURS = {"READY": "green", "WAITING": "yellow", "STARTING": "yellow", "HALTED": "red"}


def live(statuses: dict[str, Status], names: list[str], rates: dict[str, float]) -> RenderableType:
    """All of it, as `tapewire run` shows it."""
    risk = statuses.get("risk", {})
    return Rows(
        headline(risk, rates),
        processes(statuses, names),
        latencies(statuses),
        positions(risk),
    )


def headline(risk: Status, rates: dict[str, float]) -> Text:
    """One line: trading state, rates, P&L."""
    trading = str(risk.get("trading", "?"))
    if not risk or told.state_of(risk)[0] in ("ENDED", "SILENT"):
        trading = "STOPPED: risk is not running"
    text = Text(
        f" trading {trading} ",
        style="bold white on green" if trading == "ACTIVE" else "bold white on red",
    )
    parts = [f"{name} {value:,.0f}/s" for name, value in rates.items()]
    parts.append(f"realised {money(risk.get('realised'))}")
    parts.append(f"unrealised {money(risk.get('unrealised'))}")
    parts.append(f"commissions {money(risk.get('commission'))}")
    return text.append("  " + "   ".join(parts), style="default on default")


def processes(statuses: dict[str, Status], names: list[str]) -> RenderableType:
    """One row a process: its state and what it has done; below, why a state is what it is."""
    table = Table(box=None, pad_edge=False)
    for column in ("process", "state", "pid", "done"):
        table.add_column(column, no_wrap=True)
    reasons = []
    for name in names:
        status = statuses.get(name)
        if status is None:
            table.add_row(name, Text("STARTING", style="yellow"), "", "")
            continue
        state, reason = told.state_of(status)
        shown = Text(state, style=COLOURS.get(state, "red"))
        table.add_row(name, shown, str(status["pid"]), done(name, status))
        if reason:
            reasons.append(Text(f"{name}: {reason}", style=COLOURS.get(state, "red")))
    return Rows(table, *reasons)


def done(name: str, status: Status) -> str:
    """What a process has done so far, in a few words."""
    if name == "simulator":
        counters = status["counters"]
        return f"{counters['messages_sent']:,} ticks sent, {counters['executions']:,} executions"
    if name.startswith("strategy-"):
        ticks = told.counter(status, "ticks_received")
        missed = sum(status.get("missed", {}).values())
        return f"{ticks:,} ticks, {missed} missed, {status.get('signals', 0)} signals"
    if "orders" in status:
        states = ", ".join(f"{n} {state.lower()}" for state, n in sorted(status["orders"].items()))
        ticks = told.counter(status, "ticks_published")
        return (f"{ticks:,} ticks, " if ticks else "") + f"orders: {states or 'none'}"
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
            text = (
                ", ".join(f"{k} {v:,}" for k, v in value.items())
                if isinstance(value, dict)
                else value
            )
            table.add_row(key, f"{text:,}" if isinstance(text, int) else str(text))
    statuses = {"all": {"hops_us": found["latency_us"]}}
    faults = [Text(f"FAULT: {fault}", style="red") for fault in found["faults"]]
    verdict = faults or [Text("nothing lost, doubled or different", style="green")]
    return Rows(table, latencies(statuses), *verdict)


def money(value: Any, places: int = 2) -> str:
    """An amount of text, rounded for reading."""
    return "-" if value is None else f"{Decimal(str(value)):,.{places}f}"
