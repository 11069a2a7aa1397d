"""What the processes say of themselves: their status files, read and put together."""

import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

SILENT_AFTER_S: Final = 5.0

LIVE: Final = ("INTENDED", "ACCEPTED", "UNKNOWN")

Status = dict[str, Any]
State = tuple[str, str]
"""A process's state, and why it is that."""

UNHEARD: Final[State] = ("STARTING", "no status yet")
NOTHING: Final[Status] = {"pid": None, "counters": {}, "missed": {}, "topics": {}}
GATEWAYS: Final = ("gateway", "way-out")


def read(run_dir: Path, broken: Mapping[str, str] | None = None) -> dict[str, Status]:
    """The newest status of each process, by name; `age_s` is how old it is.

    `broken` names those that supervisord could not keep running, and why: they cannot tell.
    """
    found: dict[str, Status] = {}
    for path in sorted((run_dir / "status").glob("*.json")):
        try:
            status = json.loads(path.read_text())
        except (OSError, json.JSONDecodeError):
            continue  # being replaced at this moment; the next look has it
        if not status.get("ended") and not alive(status.get("pid")):
            status["ended"] = f"process {status['pid']} died"  # without a chance to say so
            status["orders_reported"] = False  # what the broker did since, nobody has heard
        status["age_s"] = round(max(0.0, time.time() - status["ts_ns"] / 1e9), 1)
        found[path.stem] = status
    for name, reason in (broken or {}).items():
        found[name] = {**NOTHING, **found.get(name, {}), "state": "BROKEN", "reason": reason}
        found[name] |= {"age_s": 0.0, "ended": "", "pid": None, "orders_reported": False}
    return found


def alive(pid: int | None) -> bool:
    """Whether there is a process of that id; one that is not known is taken to be."""
    try:
        os.kill(pid or os.getpid(), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def state_of(status: Status) -> State:
    """The state a person should be told, and why: a silent process is not READY."""
    if status.get("ended"):
        return "ENDED", str(status["ended"])
    if status["age_s"] > SILENT_AFTER_S:
        return "SILENT", f"not heard of for {status['age_s']:.0f} s"
    return str(status["state"]), str(status["reason"])


def not_ready(statuses: Mapping[str, Status], names: Iterable[str]) -> dict[str, State]:
    """Of the processes `names` those that are not READY."""
    states = {n: state_of(statuses[n]) if n in statuses else UNHEARD for n in names}
    return {name: state for name, state in states.items() if state[0] != "READY"}


def live_orders(statuses: Mapping[str, Status]) -> int:
    """Orders that could still fill, as the gateways have told last."""
    orders = [statuses.get(name, {}).get("orders", {}) for name in GATEWAYS]
    return sum(states.get(state, 0) for states in orders for state in LIVE)


def unreported(statuses: Mapping[str, Status]) -> str:
    """Why `live_orders` is not the broker's word; empty if it is.

    It is if both gateways were connected when they last told their status, and TWS had listed its
    open orders to each on that connection. Without that, no live orders only means that none are
    known: what was sent to a broker that cannot be reached may still work there.
    """
    for name in GATEWAYS:
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
    """Each hop's latencies in microseconds; of several strategies the slowest is shown."""
    merged: dict[str, dict[str, float | None]] = {}
    for status in statuses.values():
        for hop, summary in status.get("hops_us", {}).items():
            known = merged.setdefault(hop, dict.fromkeys(summary))
            for name, value in summary.items():
                if value is not None:
                    known[name] = max(value, known[name] or 0)
    return merged
