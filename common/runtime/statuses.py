"""The status files of all processes, for whoever shows or watches them."""

import json
import os
import time
from pathlib import Path
from typing import Any, Final

SILENT_AFTER_S: Final = 5.0

Status = dict[str, Any]
State = tuple[str, str]
"""A process's state, and the reason for it."""


def read(run_dir: Path) -> dict[str, Status]:
    """The newest status of each process, by name; `age_s` is how old it is, and `died` is there
    for one that ended without a word."""
    found: dict[str, Status] = {}
    for path in sorted((run_dir / "status").glob("*.json")):
        try:
            status = json.loads(path.read_text())
        except (OSError, json.JSONDecodeError):
            continue  # being replaced at this moment; the next read gets it
        if not status.get("ended") and not alive(status.get("pid")):
            status["ended"] = f"process {status['pid']} died"  # without writing it
            status["died"] = True
            status["orders_reported"] = False  # nothing is known of the broker since then
        status["age_s"] = round(max(0.0, time.time() - status["ts_ns"] / 1e9), 1)
        found[path.stem] = status
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
