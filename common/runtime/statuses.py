"""The status files of all processes, for whoever shows or watches them."""

import json
import os
import time
from collections.abc import Container
from pathlib import Path
from typing import Any, Final

from tapewire.common.clock import Clock
from tapewire.common.runtime import home_clock, reserve
from tapewire.common.runtime.boot import boot_id
from tapewire.common.runtime.home_clock import HomeClock

HOSTS: Final = "hosts"
"""The folder in `status` with what far hosts have reported, a file for each."""
SILENT_AFTER_S: Final = 5.0

Status = dict[str, Any]
State = tuple[str, str]
"""A process's state, and the reason for it."""


def stamps(clock: Clock) -> Status:
    """When a status is written. `mono_ns` tells how old it is on the same host, and in the same
    start of the machine: the wall clock may be set meanwhile."""
    return {"ts_ns": clock.now_ns(), "mono_ns": clock.mono_ns(), "boot": boot_id()}


def path_of_host(run_dir: Path, host: str) -> Path:
    """Where what a far host has reported is kept."""
    return run_dir / "status" / HOSTS / f"{host}.json"


def forget_hosts(run_dir: Path, but: Container[str]) -> None:
    """Remove what far hosts have reported, of all but these."""
    for path in (run_dir / "status" / HOSTS).glob("*.json"):
        if path.stem not in but:
            path.unlink(missing_ok=True)


def read(run_dir: Path) -> dict[str, Status]:
    """The newest status of each process, by name; `age_s` is how old it is, and `died` is there
    for one that ended without a word. `unwritable` says why one that is silent may not hang. At
    home it has those of far hosts as well, as they were reported: `host` says which one a process
    is on."""
    clock = home_clock.path_of(run_dir)
    now_ns = HomeClock(clock).now_ns()  # on a far host all stamps are home's
    mono_ns, boot = time.monotonic_ns(), boot_id()
    found = {**_of_far_hosts(run_dir), **_of_this_host(run_dir, leave=clock)}
    for status in found.values():
        is_ours = "host" not in status and status.get("boot") == boot
        age_ns = mono_ns - status["mono_ns"] if is_ours else now_ns - status["ts_ns"]
        status["age_s"] = round(max(0, age_ns) / 1e9, 1)
    if any(_is_silent(status) for status in found.values()):
        unwritable = reserve.unwritable(run_dir)
        for status in found.values():
            status["unwritable"] = "" if "host" in status else unwritable
    return found


def _is_silent(status: Status) -> bool:
    return not status.get("ended") and float(status["age_s"]) > SILENT_AFTER_S


def _of_far_hosts(run_dir: Path) -> dict[str, Status]:
    found: dict[str, Status] = {}
    for path in sorted((run_dir / "status" / HOSTS).glob("*.json")):
        for name, status in (_content(path) or {}).get("statuses", {}).items():
            if name not in found or found[name]["ts_ns"] < status["ts_ns"]:  # it has moved
                found[name] = {**status, "host": path.stem}
    return found


def _of_this_host(run_dir: Path, leave: Path) -> dict[str, Status]:
    found: dict[str, Status] = {}
    for path in sorted((run_dir / "status").glob("*.json")):
        status = None if path == leave else _content(path)
        if status is None:
            continue  # being replaced at this moment; the next read gets it
        if not status.get("ended") and not alive(status.get("pid")):
            status["ended"] = f"process {status['pid']} died"  # without writing it
            status["died"] = True
            status["orders_reported"] = False  # nothing is known of the broker since then
        found[path.stem] = status
    return found


def _content(path: Path) -> Status | None:
    try:
        found: Status = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError):
        return None
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
    if _is_silent(status):
        why = f"; {status['unwritable']}" if status.get("unwritable") else ""
        return "SILENT", f"no status for {status['age_s']:.0f} s{why}"
    return str(status["state"]), str(status["reason"])
