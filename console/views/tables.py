"""What `status`, `run` and `demo` show: trading state, processes, latencies, positions, figures."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from rich.console import Group as Rows
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tapewire.common import amounts, roles
from tapewire.common.amounts import counted
from tapewire.common.events import EVERYTHING
from tapewire.console.group.status import UNHEARD, State, Status, counter, hops, of_kind, state_of
from tapewire.console.views import flattening, option_figures, times
from tapewire.console.views.figures import HOPS

AS_REQUESTED = (("ENDED", "SIGTERM"), ("ENDED", "stopped"))
"""Ends that need no explanation."""
COMBOS_MAX = 6
EARNED = ("realised", "unrealised", "fees")
COLOURS = {"READY": "green", "WAITING": "yellow", "STARTING": "yellow", "HALTED": "red"}


def live(statuses: dict[str, Status], names: list[str], rates: dict[str, float]) -> RenderableType:
    """All of a group that runs; `rates` are per second, as `tapewire run` measures them."""
    risk = statuses.get(roles.RISK, {})
    shown = [headline(statuses, rates), processes(statuses, names), latencies(statuses)]
    return Rows(*shown, *([positions(risk)] if risk.get("positions") else []))


def ended(statuses: dict[str, Status], names: list[str], run_dir: str) -> RenderableType:
    """What is left of a group that no longer runs: how each process ended, and its counts."""
    last_ns = max(status["ts_ns"] for status in statuses.values())
    text = Text(" stopped ", style="bold white on red")
    since = f"  since {times.iso(last_ns)[:19]}Z; no group runs in {run_dir}"
    text.append(since, style="default on default")
    hint = "`tapewire up` starts one, `tapewire blotter` shows what was traded. At its end:"
    notes = [Text(hint)]
    if flattening.in_progress(statuses):
        left = flattening.holdings(statuses) or "no known position"
        unfinished = f"unfinished flatten, {left} left: the next `tapewire up` continues it"
        notes.insert(0, Text(unfinished, style="red"))
    return Rows(text, *notes, *halts(statuses), processes(statuses, names))


def headline(statuses: dict[str, Status], rates: dict[str, float]) -> RenderableType:
    """Trading state and its reason, flatten and rates; below, halts of a part, and P&L."""
    risk = statuses.get(roles.RISK, {})
    state, why = trading(statuses)
    colour = {"ACTIVE": "green", "STARTING": "yellow"}.get(state, "red")
    text = Text(f" trading {state} ", style=f"bold white on {colour}")
    parts = [f"{name} {value:,.0f}/s" for name, value in rates.items()]
    if flattening.in_progress(statuses):
        left = flattening.holdings(statuses) or "no known position"
        parts.append(f"flatten {flattening.in_progress(statuses)}: {left} left")
    figures = "   ".join(parts)
    text.append(f"  {why or figures}", style="default on default")
    rows = [text, Text(figures)] if why and figures else [text]
    gateways = of_kind(statuses, roles.GATEWAY).values()
    worth = [Text(line) for one in gateways for line in accounts(one.get("account_values", []))]
    return Rows(*rows, *halts(statuses), *map(Text, _earned(risk)), *worth)


def _earned(risk: Status) -> list[str]:
    """A line per currency: nobody here knows what one is worth in another."""
    found = risk.get("earned") or {"": {}}
    return [
        "   ".join(f"{name} {money(one.get(name))}" for name in EARNED) + f" {currency}".rstrip()
        for currency, one in found.items()
    ]


def accounts(rows: list[dict[str, Any]]) -> list[str]:
    """A line per account: what it is worth, and what it may still use."""
    return [
        f"{row['account']}: equity {money(row['equity'])}  cash {money(row['cash'])}"
        f"  buying power {money(row['buying_power'])} {row['currency']}".rstrip()
        for row in rows
    ]


def halts(statuses: Mapping[str, Status]) -> list[Text]:
    """A line per halt of a part: an account, a strategy, a symbol; the headline has the one of
    everything."""
    return [
        Text(f"halted: {one['scope']}, since {times.clock(one['ts_ns'], 0)}{_until(one)}:"
             f" {one['reason']}", style="red")
        for one in statuses.get(roles.RISK, {}).get("halts", [])
        if one["scope"] != str(EVERYTHING)
    ]  # fmt: skip


def _until(halt: Mapping[str, Any]) -> str:
    return f" until {times.clock(halt['until_ns'], 0)}" if halt.get("until_ns") else ""


def trading(statuses: dict[str, Status]) -> State:
    """Whether the group trades; if not, why, and what lifts that."""
    if roles.RISK not in statuses:
        return "STARTING", "risk has not reported its state yet"
    risk = statuses[roles.RISK]
    state, reason = state_of(risk)
    if state in ("BROKEN", "ENDED", "SILENT"):
        return "STOPPED", f"risk is {state}"
    why = f"risk is {state}{': ' + reason if reason else ''}"
    if state == "HALTED":
        # Without a halt that is written down there is nothing to lift: it goes on by itself.
        written = risk.get("halted_ns")
        since = f", {times.clock(written, 0)}" if written else ""
        flattens = flattening.in_progress(statuses)
        lifts = "; `tapewire resume` lifts it" if written and not flattens else ""
        if risk.get("ends_ns"):
            lifts = f"; it ends at {times.clock(risk['ends_ns'], 0)}"
        return "HALTED", f"{reason}{since}{lifts}"
    if risk["trading"] != "ACTIVE":
        return ("HALTED" if risk.get("halted_ns") else "STARTING"), why
    return "ACTIVE", "; ".join(filter(None, _doors(statuses)))


def _doors(statuses: dict[str, Status]) -> Iterator[str]:
    """What keeps orders from each login, in a few words; "" for one that is READY."""
    gateways = of_kind(statuses, roles.GATEWAY)
    for name in gateways or (roles.GATEWAY,):
        door, _ = state_of(gateways[name]) if gateways else UNHEARD
        login = roles.login_name(name)
        at = f" at {login}" if login else ""
        if door != "READY":
            yield f"but no TWS{at}" if door == "WAITING" else f"but the gateway{at} is {door}"


def processes(statuses: dict[str, Status], names: list[str]) -> RenderableType:
    """One row per process: its state and what it has done; below, the reasons for the states."""
    table = Table(box=None, pad_edge=False)
    for column in ("process", "state", "pid"):
        table.add_column(column, no_wrap=True)
    table.add_column("done")  # the only one that is cut where a line is too long
    reasons = []
    for name in names:
        status = statuses.get(name)
        if status is None:
            table.add_row(name, Text("STARTING", style="yellow"), "", "")
            continue
        state, reason = state_of(status)
        shown = Text(state, style=COLOURS.get(state, "red"))
        table.add_row(name, shown, str(status["pid"] or ""), done(name, status))
        if reason and (state, reason) not in AS_REQUESTED and not _is_shown(name, state):
            why = f"{name}: {_connection(status)}{reason}"
            reasons.append(Text(why, style=COLOURS.get(state, "red")))
        if status.get("restarts"):
            last = times.clock(status["restarted_ns"], 0)
            again = f"{name}: restarted {status['restarts']}x, {last}"
            reasons.append(Text(again, style="yellow"))
    return Rows(table, *reasons)


def _connection(status: Status) -> str:
    """The state of a gateway's connection, where it is why the gateway is not READY."""
    connection = status.get("connection") or {"state": "READY"}
    if connection["state"] == "READY" or connection["reason"] != status["reason"]:
        return ""
    return f"connection {connection['state']}, "


def _is_shown(name: str, state: str) -> bool:
    """Whether a reason is shown above already: READY with one is risk's, with a part halted."""
    return name == roles.RISK and state == "READY"


def done(name: str, status: Status) -> str:
    """What a process has done so far, in a few words."""
    if roles.kind_of(name) == roles.SIMULATOR:
        sent, executions = (counter(status, n) for n in ("messages_sent", "executions"))
        return f"{counted(sent, 'tick')} sent, {counted(executions, 'execution')}"
    if roles.is_strategy(name):
        ticks = counter(status, "ticks_received")
        missed = sum(status.get("missed", {}).values())
        signals = counted(status.get("signals", 0), "signal")
        return f"{counted(ticks, 'tick')}, {missed} missed, {signals}"
    if name == roles.NOTICES:
        sent, failed = (counter(status, n) for n in ("notices_sent", "notices_failed"))
        failures = f", {counted(failed, 'failed attempt')}" if failed else ""
        return f"{counted(sent, 'message')} sent{failures}"
    if name == roles.RECORDER:
        taken, lost = (status.get(f"messages_{n}", 0) for n in ("recorded", "unrecorded"))
        return f"{counted(taken, 'message')}{f', {lost:,} not recorded' if lost else ''}"
    if "orders" in status:
        states = ", ".join(f"{n} {state.lower()}" for state, n in sorted(status["orders"].items()))
        ticks = counter(status, "ticks_published")
        shown = f"{counted(ticks, 'tick')}, " if ticks else ""
        none = "none" if status.get("orders_reported", True) else "not known"
        return f"{shown}orders: {states or none}"
    return ""


def latencies(statuses: dict[str, Status]) -> Table:
    """One row per hop, in microseconds."""
    table = Table(box=None, pad_edge=False, title_justify="left")
    table.add_column("latency, us", no_wrap=True)
    for column in ("p50", "p99", "p99.9", "max", "count"):
        table.add_column(column, justify="right", no_wrap=True)
    measured = hops(statuses)
    for hop, title in HOPS.items():
        summary = measured.get(hop, {})
        shown = [summary.get(key) for key in ("p50", "p99", "p999", "max", "count")]
        table.add_row(title, *("-" if v is None else f"{v:,.0f}" for v in shown))
    return table


def positions(risk: Status) -> Table:
    """One row per position that was traded; accounts are named where there are several."""
    rows = risk.get("positions", [])
    several = len({row["account"] for row in rows}) > 1
    table = Table(box=None, pad_edge=False)
    for column in (*(["account"] if several else []), "symbol"):
        table.add_column(column, no_wrap=True)
    for column in ("position", "average", "mark", "unrealised", "realised", "fees"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            *([row["account"]] if several else []), row["symbol"], row["quantity"],
            money(row["average_cost"], 4), money(row["mark"], 4),
            money(row["unrealised"]), money(row["realised"]), money(row["fees"]),
        )  # fmt: skip
    return table


def figures(found: dict[str, Any]) -> RenderableType:
    """A demo's figures."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for key, value in found.items():
        if key not in ("latency_us", "faults", "accounts", "combos", "combo_pnl"):
            table.add_row(key, _figure(key, value))
    for account, of in found["accounts"].items():
        table.add_row(account, "   ".join(f"{key} {_figure(key, of[key])}" for key in of))
    combos = found.get("combos", ())
    for combo in combos[:COMBOS_MAX]:
        table.add_row("combo", option_figures.as_line(combo))
    if len(combos) > COMBOS_MAX:
        table.add_row("combo", f"{len(combos) - COMBOS_MAX} more; --json has all of them")
    statuses = {"all": {"hops_us": found["latency_us"]}}
    faults = [Text(f"FAULT: {fault}", style="red") for fault in found["faults"]]
    verdict = faults or [Text("no discrepancies", style="green")]
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
