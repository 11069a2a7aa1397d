"""The status files of all processes, summarised; and waiting for what they report."""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from tapewire.common import roles
from tapewire.common.accounting.lifecycle import AT_BROKER
from tapewire.common.runtime import statuses as files
from tapewire.common.runtime.statuses import SILENT_AFTER_S, State, Status, alive, state_of

__all__ = [
    "NOTHING",
    "SILENT_AFTER_S",
    "UNHEARD",
    "State",
    "Status",
    "alive",
    "counter",
    "held_up",
    "hops",
    "live_orders",
    "not_ready",
    "of_kind",
    "read",
    "settled",
    "shown",
    "state_of",
    "totals",
    "unreported",
    "wait_for",
]

UNHEARD: Final[State] = ("STARTING", "no status yet")
NEEDED: Final = (*roles.OF_LOGIN, roles.EXECUTOR, roles.RISK, roles.RELAY)
"""The kinds that other processes wait for."""
MENDED: Final = ("HALTED", "BROKEN")
"""The states that only a person ends."""
NOTHING: Final[Status] = {"pid": None, "counters": {}, "missed": {}, "topics": {}}


def shown(one: Status | None) -> Status | None:
    """A status with the state that a person is shown: the last word of a process that hangs or has
    died is not how it is."""
    if one is None:
        return None
    state, reason = state_of(one)
    return {**one, "state": state, "reason": reason}


def read(run_dir: Path, broken: Mapping[str, str] | None = None) -> dict[str, Status]:
    """The newest status of each process, by name; `age_s` is how old it is.

    `broken` names those that supervisord could not keep running, and why; they cannot report it.
    """
    found = files.read(run_dir)
    for name, reason in (broken or {}).items():
        found[name] = {**NOTHING, **found.get(name, {}), "state": "BROKEN", "reason": reason}
        found[name] |= {"age_s": 0.0, "ended": "", "pid": None, "orders_reported": False}
    return found


def not_ready(statuses: Mapping[str, Status], names: Iterable[str]) -> dict[str, State]:
    """Those of the processes `names` that are not READY."""
    states = {n: state_of(statuses[n]) if n in statuses else UNHEARD for n in names}
    return {name: state for name, state in states.items() if state[0] != "READY"}


def settled(late: Mapping[str, State]) -> bool:
    """Whether only a person can mend what is not READY; also where all are READY."""
    return all(state in MENDED for state, _ in late.values())


def held_up(late: Mapping[str, State]) -> bool:
    """Whether what is not READY waits for one that is BROKEN, as far as that can be seen: by now
    all are up, and one that others need is not."""
    states = {name: state for name, (state, _) in late.items()}
    needed = any(roles.kind_of(n) in NEEDED for n, state in states.items() if state == "BROKEN")
    return needed and all(state in (*MENDED, "WAITING") for state in states.values())


def live_orders(statuses: Mapping[str, Status]) -> int:
    """Orders that could still fill, by the gateways' newest status."""
    orders = [one.get("orders", {}) for name, one in statuses.items() if roles.has_broker(name)]
    return sum(states.get(state, 0) for states in orders for state in AT_BROKER)


def unreported(statuses: Mapping[str, Status], gateways: Iterable[str] = roles.GATEWAYS) -> str:
    """Why `live_orders` is not what the broker reports; empty if it is.

    It is if all `gateways` were connected when they last wrote their status, and TWS had listed its
    open orders to each on that connection. Without that, no live orders only means that none are
    known: what was sent to a broker that cannot be reached may still work there.
    """
    for name in gateways:
        status = statuses.get(name)
        if status is None:
            return f"{name}: {UNHEARD[1]}"
        if not status.get("orders_reported"):
            why = status.get("ended") if status.get("state") == "READY" else status.get("reason")
            return f"{name}: {why or 'TWS has not listed its orders'}"
    return ""


def of_kind(statuses: Mapping[str, Status], kind: str) -> dict[str, Status]:
    """The statuses of all processes of a kind, by name."""
    return {name: one for name, one in statuses.items() if roles.kind_of(name) == kind}


def counter(status: Status, name: str) -> int:
    """A counter, summed over its labels."""
    counters: dict[str, int] = status.get("counters", {})
    return sum(v for key, v in counters.items() if key == name or key.startswith(f"{name}."))


def totals(statuses: dict[str, Status]) -> dict[str, int]:
    """Counts whose growth is shown as rates."""
    gateways = of_kind(statuses, roles.GATEWAY).values()
    signals = sum(s.get("signals", 0) for n, s in statuses.items() if roles.is_strategy(n))
    return {
        "ticks": sum(counter(one, "ticks_published") for one in gateways),
        "signals": signals,
        "orders": sum(counter(one, "orders_sent") for one in gateways),
    }


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
