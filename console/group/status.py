"""The status files of all processes, read and summarised; and waiting for what they report."""

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.accounting.lifecycle import AT_BROKER

SILENT_AFTER_S: Final = 5.0

Status = dict[str, Any]
State = tuple[str, str]
"""A process's state, and the reason for it."""

UNHEARD: Final[State] = ("STARTING", "no status yet")
NOTHING: Final[Status] = {"pid": None, "counters": {}, "missed": {}, "topics": {}}


def read(run_dir: Path, broken: Mapping[str, str] | None = None) -> dict[str, Status]:
    """The newest status of each process, by name; `age_s` is how old it is.

    `broken` names those that supervisord could not keep running, and why; they cannot report it.
    """
    found: dict[str, Status] = {}
    for path in sorted((run_dir / "status").glob("*.json")):
        try:
            status = json.loads(path.read_text())
        except (OSError, json.JSONDecodeError):
            continue  # being replaced at this moment; the next read gets it
        if not status.get("ended") and not alive(status.get("pid")):
            status["ended"] = f"process {status['pid']} died"  # without writing it
            status["orders_reported"] = False  # nothing is known of the broker since then
        status["age_s"] = round(max(0.0, time.time() - status["ts_ns"] / 1e9), 1)
        found[path.stem] = status
    for name, reason in (broken or {}).items():
        found[name] = {**NOTHING, **found.get(name, {}), "state": "BROKEN", "reason": reason}
        found[name] |= {"age_s": 0.0, "ended": "", "pid": None, "orders_reported": False}
    return found


def alive(pid: int | None) -> bool:
    """Whether there is a process of that id; True if the id is not known."""
    try:
        os.kill(pid or os.getpid(), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def state_of(status: Status) -> State:
    """The state to show, and the reason for it: a silent process is not READY."""
    if status.get("ended"):
        return "ENDED", str(status["ended"])
    if status["age_s"] > SILENT_AFTER_S:
        return "SILENT", f"no status for {status['age_s']:.0f} s"
    return str(status["state"]), str(status["reason"])


def not_ready(statuses: Mapping[str, Status], names: Iterable[str]) -> dict[str, State]:
    """Those of the processes `names` that are not READY."""
    states = {n: state_of(statuses[n]) if n in statuses else UNHEARD for n in names}
    return {name: state for name, state in states.items() if state[0] != "READY"}


def live_orders(statuses: Mapping[str, Status]) -> int:
    """Orders that could still fill, by the gateways' newest status."""
    orders = [statuses.get(name, {}).get("orders", {}) for name in roles.GATEWAYS]
    return sum(states.get(state, 0) for states in orders for state in AT_BROKER)


def unreported(statuses: Mapping[str, Status]) -> str:
    """Why `live_orders` is not what the broker reports; empty if it is.

    It is if both gateways were connected when they last wrote their status, and TWS had listed its
    open orders to each on that connection. Without that, no live orders only means that none are
    known: what was sent to a broker that cannot be reached may still work there.
    """
    for name in roles.GATEWAYS:
        status = statuses.get(name)
        if status is None:
            return f"{name}: {UNHEARD[1]}"
        if not status.get("orders_reported"):
            why = status.get("ended") if status.get("state") == "READY" else status.get("reason")
            return f"{name}: {why or 'TWS has not listed its orders'}"
    return ""


def counter(status: Status, name: str) -> int:
    """A counter, summed over its labels."""
    counters: dict[str, int] = status.get("counters", {})
    return sum(v for key, v in counters.items() if key == name or key.startswith(f"{name}."))


def hops(statuses: dict[str, Status]) -> dict[str, dict[str, float | None]]:
    """Each hop's latencies in microseconds; with several strategies, those of the slowest."""
    merged: dict[str, dict[str, float | None]] = {}
    for status in statuses.values():
        for hop, summary in status.get("hops_us", {}).items():
            known = merged.setdefault(hop, dict.fromkeys(summary))
            for name, value in summary.items():
                if value is not None:
                    known[name] = max(value, known[name] or 0)
    return merged


def wait_for(condition: Callable[[], bool], timeout_s: float, every_s: float = 0.05) -> bool:
    """Poll `condition` until it holds; False if it does not within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True
