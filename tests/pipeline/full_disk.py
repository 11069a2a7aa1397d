"""A group on a disk of its own that fills: run by `test_full_disk` in a namespace of its own.

Prints one JSON object: what was seen, step by step. It mounts `FOLDER` as a disk in memory, which
nobody outside its namespace sees, and which is gone with it.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tapewire.common.config import settings as configuration
from tapewire.console.group import control, status
from tapewire.console.group.supervisor import Group, GroupError
from tests.pipeline.running import Running

DISK = "size=24m"
ENVIRONMENT = {
    "TAPEWIRE_STORAGE__FREE_HALT_MB": "3",
    "TAPEWIRE_STORAGE__FREE_RESUME_MB": "5",
    "TAPEWIRE_STORAGE__RESERVE_MB": "1",
}
HALTING = ("gateway", "risk", "executor")  # the liquidation gateway takes only what reduces
BYTES = 64 * 1024
PAGE_BYTES = 4096


def main(folder: Path) -> None:
    """Fill it and empty it again, with a group in it."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(folder)], check=True)
    folder.chmod(0o700)
    os.environ |= {**ENVIRONMENT, "TAPEWIRE_RUN_DIR": str(folder / "run")}
    seen: dict[str, Any] = {"refused": refused(folder)}
    group = Group(configuration.load())
    group.up()
    try:
        seen |= watched(Running(group), folder)
    finally:
        if group.is_up():
            group.down(say=lambda _kept: None)
    print(json.dumps(seen))


def refused(folder: Path) -> str:
    """What `up` says to a disk that is too small."""
    ballast = folder / "ballast"
    fill(ballast, leave_bytes=8_000_000)
    try:
        Group(configuration.load()).up()
    except GroupError as error:
        return str(error)
    finally:
        ballast.unlink()
    return ""


def watched(running: Running, folder: Path) -> dict[str, Any]:
    """The states and process ids before, while the disk is short, full, and free again."""
    ballast, seen = folder / "ballast", {}
    running.until_ready()
    running.until_fills(5)
    seen["pids"] = pids(running)
    fill(ballast, leave_bytes=2_000_000)
    running.until(lambda: halted(running), "all to be HALTED")
    seen["short"] = states(running)
    time.sleep(1)  # what was under way has its end
    before = running.fills()
    end_pages(running.run_dir / "logs")
    fill(ballast, leave_bytes=0)
    time.sleep(3)
    seen["fills_while_full"] = running.fills() - before
    running.kill_9("executor")
    seen["halt"] = control.ask(running.group.config, "flatten", "the disk is full").ok
    running.until(running._flattened, "the flatten to end, on the full disk", 15)
    seen["pids_while_full"] = pids(running)
    running.until(lambda: supervised(running, "executor") == "RUNNING", "it to wait for room")
    seen["state_of_the_executor"] = status.state_of(running.status("executor"))[0]
    ballast.unlink()
    running.until(lambda: not_halted(running), "all but risk to be READY")
    seen["resumed"] = control.ask(running.group.config, "resume", "").ok
    running.until_ready()
    count = running.fills()
    running.until_fills(count + 3)
    seen["pids_afterwards"] = pids(running)
    seen["reserves"] = sorted(p.name for p in (running.run_dir / "reserve").iterdir())
    seen["faults"] = running.faults_at_the_end()
    return seen


def fill(ballast: Path, leave_bytes: int) -> None:
    """Write to `ballast` until so much is free."""
    with ballast.open("ab", buffering=0) as file:
        while True:
            disk = os.statvfs(ballast)
            count = min(BYTES, disk.f_bavail * disk.f_frsize - leave_bytes)
            if count <= 0:
                return
            try:
                file.write(bytes(count))
            except OSError:
                return


def end_pages(folder: Path) -> None:
    """Append to all logs so that not a byte of them fits into the space that they have."""
    for log in folder.iterdir():
        with log.open("ab") as file:
            file.write(b"\n" * (-log.stat().st_size % PAGE_BYTES))


def pids(running: Running) -> dict[str, int]:
    """All processes, and supervisord's own."""
    return {**running.pids(), "supervisord": int(running.group.call("getPID"))}


def supervised(running: Running, name: str) -> str:
    """The state of a process, as supervisord sees it."""
    return str(running.group.processes()[name]["statename"])


def states(running: Running) -> dict[str, list[str]]:
    return {name: list(status.state_of(running.status(name))) for name in HALTING}


def halted(running: Running) -> bool:
    return all(state == "HALTED" for state, _ in states(running).values())


def not_halted(running: Running) -> bool:
    return all(running.state(name) == "READY" for name in ("gateway", "executor"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
