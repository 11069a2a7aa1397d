"""A running group and what tests ask of it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tapewire.common.events import (
    Event,
    FlattenCompleted,
    FlattenStarted,
    OrderDenied,
    OrderExpired,
    OrderRejected,
)
from tapewire.console.group import control, status
from tapewire.console.group.supervisor import Group
from tapewire.console.records import books
from tapewire.console.views import figures as report
from tests.places import ROOT
from tests.waiting import wait_for

JOURNALS = ("gateway", "executor")
UNANSWERED = OrderDenied | OrderExpired | OrderRejected


def tapewire(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "tapewire.console.cli", *arguments],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python to its end; a process of the group ends at once where it is refused."""
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=60,
    )  # fmt: skip


def alive(pid: int) -> bool:
    """Whether a process of that id is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _read(name: str) -> bytes:
    """What the kernel has of a process; b"" of one that is gone."""
    try:
        return Path(f"/proc/{name}").read_bytes()
    except OSError:
        return b""


class Running:
    """A running group and what tests ask of it."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.run_dir = group.run_dir

    def status(self, name: str) -> dict[str, Any]:
        return status.read(self.run_dir).get(name, {})

    def state(self, name: str) -> str:
        found = self.status(name)
        return status.state_of(found)[0] if found else ""

    def pids(self) -> dict[str, int]:
        return {name: p["pid"] for name, p in self.group.processes().items()}

    def fills(self) -> int:
        return len(self.traded().exec_ids)

    def traded(self) -> books.Traded:
        return books.Traded(self.group.config, self.run_dir)

    def until(self, condition: Callable[[], object], what: str, timeout_s: float = 30) -> None:
        """Wait for it; in vain, the failure says how the group is."""
        try:
            wait_for(condition, what, timeout_s)
        except AssertionError as error:
            error.add_note(self._described())
            raise

    def _described(self) -> str:
        statuses = status.read(self.run_dir)
        lines = [f"{name}: {' '.join(status.state_of(one))}" for name, one in statuses.items()]
        lines += [f"orders of {name}: {self.status(name).get('orders')}" for name in JOURNALS]
        denied = [e for n in JOURNALS for e in self.journal(n) if isinstance(e, UNANSWERED)]
        return "\n".join([*lines, *map(str, denied[-5:])])

    def journal(self, name: str) -> list[Event]:
        return books.read_journal(self.run_dir, name)

    def until_ready(self, timeout_s: float = 30) -> None:
        names = self.group.names()
        self.until(
            lambda: all(self.state(n) == "READY" for n in names), "all to be READY", timeout_s
        )

    def until_fills(self, count: int) -> None:
        self.until(lambda: self.fills() >= count, f"{count} fills")

    def flatten(self, timeout_s: float = 30) -> None:
        """Halt, cancel all, close all, and wait for the end of it."""
        assert control.ask(self.group.config, "flatten", "the test is over").ok
        self.until(self._flattened, "the flatten to end", timeout_s)

    def _flattened(self) -> bool:
        flattens = (FlattenStarted, FlattenCompleted)
        events = [one for one in self.journal("risk") if isinstance(one, flattens)]
        return bool(events) and isinstance(events[-1], FlattenCompleted)

    def kill_9(self, name: str) -> int:
        pid = self.pids()[name]
        os.kill(pid, signal.SIGKILL)
        return pid

    def link_of(self, gateway: str) -> int:
        """The process of project-x-py that a gateway has started, once there is one."""

        def links() -> list[int]:
            parent = self.pids()[gateway]
            children = _read(f"{parent}/task/{parent}/children").split()
            return [int(one) for one in children if b"link.py" in _read(f"{int(one)}/cmdline")]

        return wait_for(links, f"the link of {gateway}")[0]

    def faults_at_the_end(self) -> list[str]:
        """Stop the group and compare the journals with the broker's books."""
        self.group.down()
        return report.trading_faults(self.traded(), books.all_broker_books(self.run_dir))
