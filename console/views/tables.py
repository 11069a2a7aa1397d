"""What `status`, `run` and `demo` show: trading state, processes, latencies, positions, figures."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rich.console import Group as Rows
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tapewire.common import amounts, roles
from tapewire.common.events import EVERYTHING
from tapewire.console.group.status import UNHEARD, Status, hops, of_kind, state_of
from tapewire.console.views import flattening, option_figures, times, words
from tapewire.console.views.figures import HOPS

COMBOS_MAX = 6
EARNED = ("realised", "unrealised", "fees")
COLOURS = {"READY": "green", "WAITING": "yellow", "STARTING": "yellow", "HALTED": "red"}


def live(statuses: dict[str, Status], names: list[str], rates: dict[str, float]) -> RenderableType:
    """All of a group that runs; `rates` are per second, as `tapewire run` measures them."""
    risk = statuses.get(roles.RISK, {})
    held = [positions(risk)] if risk.get("positions") else []
    shown = [headline(statuses, rates), processes(statuses, names), *held]
    return Rows(*shown, latencies(statuses))  # last: what a low terminal cuts off


def ended(
    statuses: dict[str, Status], names: list[str], run_dir: str, start: str
) -> RenderableType:
    """What is left of a group that no longer runs: how each process ended, and its counts; `start`
    is the command that starts one."""
    last_ns = max(status["ts_ns"] for status in statuses.values())
    text = Text(" stopped ", style="bold white on red")
    since = f"  since {times.iso(last_ns)[:19]}Z; no group runs in {run_dir}"
    text.append(since, style="default on default")
    where = " at home" if words.is_far(statuses) else ""
    hint = f"`{start}` starts one, `tapewire blotter`{where} shows what was traded. At its end:"
    notes = [Text(hint)]
    if flattening.in_progress(statuses):
        left = flattening.holdings(statuses) or "no known position"
        unfinished = f"unfinished flatten, {left} left: the next `tapewire up` continues it"
        notes.insert(0, Text(unfinished, style="red"))
    return Rows(text, *notes, *halts(statuses), processes(statuses, names, "STOPPED"))


def headline(statuses: dict[str, Status], rates: dict[str, float]) -> RenderableType:
    """Trading state and its reason, flatten and rates; below, halts of a part, and P&L."""
    risk = statuses.get(roles.RISK, {})
    state, why = words.trading(statuses)
    colour = {"ACTIVE": "green", "STARTING": "yellow", "ELSEWHERE": "yellow"}.get(state, "red")
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


def processes(
    statuses: dict[str, Status], names: list[str], unheard: str = UNHEARD[0]
) -> RenderableType:
    """One row per process: its state and what it has done; below, the reasons for the states. One
    that has never reported is `unheard`: it starts, or where no group runs, it never came so far.
    """
    table = Table(box=None, pad_edge=False)
    for column in ("process", "state", "pid"):
        table.add_column(column, no_wrap=True)
    table.add_column("done")  # the only one that is cut where a line is too long
    reasons = []
    for name in names:
        status = statuses.get(name)
        if status is None:
            table.add_row(name, Text(unheard, style="yellow"), "", "")
            continue
        state, _ = state_of(status)
        shown = Text(state, style=COLOURS.get(state, "red"))
        row = f"{name} on {status['host']}" if "host" in status else name
        table.add_row(row, shown, str(status["pid"] or ""), words.done(name, status))
        if why := words.why(name, status):
            reasons.append(Text(f"{name}: {why}", style=COLOURS.get(state, "red")))
        if status.get("restarts"):
            last = times.clock(status["restarted_ns"], 0)
            again = f"{name}: restarted {status['restarts']}x, {last}"
            reasons.append(Text(again, style="yellow"))
    return Rows(table, *reasons)


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
