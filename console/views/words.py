"""What a group and its processes are doing, in words: for the terminal and for the web console."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.amounts import ZERO, counted
from tapewire.common.events import Event, RiskHalted, RiskResumed, RiskViolation, RiskWarned
from tapewire.console.group.status import UNHEARD, State, Status, counter, of_kind, state_of
from tapewire.console.views import flattening, times

AS_REQUESTED: Final = (("ENDED", "SIGTERM"), ("ENDED", "stopped"))
"""Ends that need no explanation."""


def trading(statuses: dict[str, Status]) -> State:
    """Whether the group trades; if not, why, and what lifts that."""
    if roles.RISK not in statuses and is_far(statuses):
        return "ELSEWHERE", "this is a far host; `tapewire status` at home shows how trading is"
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
        may_lift = written and not flattens and not risk.get("is_past")
        lifts = "; `tapewire resume` lifts it" if may_lift else ""
        if risk.get("ends_ns"):
            lifts = f"; it ends at {times.clock(risk['ends_ns'], 0)}"
        return "HALTED", f"{reason}{since}{lifts}"
    if risk["trading"] != "ACTIVE":
        return ("HALTED" if risk.get("halted_ns") else "STARTING"), why
    doors = () if risk.get("is_past") else _doors(statuses)
    return "ACTIVE", "; ".join(filter(None, doors))


def is_far(statuses: dict[str, Status]) -> bool:
    """Whether the statuses are those of a far host: it has a relay of its own, not one that was
    reported to it."""
    relays = of_kind(statuses, roles.RELAY).values()
    return any("host" not in one for one in relays)


def _doors(statuses: dict[str, Status]) -> Iterator[str]:
    """What keeps orders from each login, in a few words; "" for one that is READY."""
    gateways = of_kind(statuses, roles.GATEWAY)
    for name in gateways or (roles.GATEWAY,):
        door, _ = state_of(gateways[name]) if gateways else UNHEARD
        login = roles.login_name(name)
        at = f" at {login}" if login else ""
        if door != "READY":
            yield f"but no TWS{at}" if door == "WAITING" else f"but the gateway{at} is {door}"


def why(name: str, status: Status) -> str:
    """Why a process is in its state; empty where that needs no explanation, or where the headline
    has it."""
    state, reason = state_of(status)
    if not reason or (state, reason) in AS_REQUESTED or _is_shown(name, state):
        return ""
    return f"{_connection(status)}{reason}"


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
    said = _DONE.get(roles.kind_of(name))
    if said is not None:
        return said(status)
    return _orders(status) if "orders" in status else ""


def _simulated(status: Status) -> str:
    sent, executions = (counter(status, n) for n in ("messages_sent", "executions"))
    return f"{counted(sent, 'tick')} sent, {counted(executions, 'execution')}"


def _signalled(status: Status) -> str:
    ticks = counter(status, "ticks_received")
    missed = sum(status.get("missed", {}).values())
    signals = counted(status.get("signals", 0), "signal")
    return f"{counted(ticks, 'tick')}, {missed} missed, {signals}"


def _noticed(status: Status) -> str:
    sent, failed = (counter(status, n) for n in ("notices_sent", "notices_failed"))
    failures = f", {counted(failed, 'failed attempt')}" if failed else ""
    return f"{counted(sent, 'message')} sent{failures}"


def _recorded(status: Status) -> str:
    taken, lost = (status.get(f"messages_{n}", 0) for n in ("recorded", "unrecorded"))
    return f"{counted(taken, 'message')}{f', {lost:,} not recorded' if lost else ''}"


def _mirrored(status: Status) -> str:
    mirrors = [one for mine in status.get("mirrors", {}).values() for one in mine.values()]
    records, lag = (sum(one[key] for one in mirrors) for key in ("records", "lag_records"))
    return f"{counted(records, 'record')} mirrored{f', {lag:,} behind' if lag else ''}"


def _viewed(status: Status) -> str:
    return f"{counted(status.get('viewers', 0), 'viewer')}, {status.get('url', '')}"


def _relayed(status: Status) -> str:
    """How far home's clock is from this host's, and how sure that is."""
    clock = status.get("clock")
    if not clock:
        return "home's clock not measured"
    offset_ms, uncertainty_ms = (clock[f"{what}_ns"] / 1e6 for what in ("offset", "uncertainty"))
    return f"home's clock {offset_ms:+,.3f} ms, to within {uncertainty_ms:,.3f} ms"


def _let_in(status: Status) -> str:
    return counted(status.get("clients", 0), "far client")


def _orders(status: Status) -> str:
    states = ", ".join(f"{n} {state.lower()}" for state, n in sorted(status["orders"].items()))
    ticks = counter(status, "ticks_published")
    shown = f"{counted(ticks, 'tick')}, " if ticks else ""
    none = "none" if status.get("orders_reported", True) else "not known"
    return f"{shown}orders: {states or none}"


_DONE: Final[dict[str, Callable[[Status], str]]] = {
    roles.SIMULATOR: _simulated,
    roles.STRATEGY: _signalled,
    roles.NOTICES: _noticed,
    roles.RECORDER: _recorded,
    roles.BRIDGE: _mirrored,
    roles.WEB: _viewed,
    roles.RELAY: _relayed,
    roles.DOOR: _let_in,
}
"""By the kind of process; any other is described by its orders."""


def share(row: dict[str, Any]) -> Decimal:
    """How much of a limit is used; more than any other where it is not known."""
    if row["used"] is None:
        return Decimal("Infinity")
    limit = Decimal(row["limit"])
    return Decimal(row["used"]) / limit if limit else ZERO


def decision(event: Event) -> str:
    """The reason of a decision, with who decided it and when it ends."""
    reason = str(getattr(event, "reason", ""))
    if isinstance(event, RiskViolation | RiskWarned):
        return f"{event.rule}: {reason}"
    if isinstance(event, RiskHalted) and event.until_ns:
        reason = f"{reason} (until {times.iso(event.until_ns)[:16]})"
    by = str(getattr(event, "by", ""))
    return f"{reason}, by {by}" if by and isinstance(event, RiskResumed | RiskHalted) else reason
