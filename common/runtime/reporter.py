"""How a process tells others how it is: its status file, and its log."""

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any, Final, get_args

from tapewire.common.clock import Clock
from tapewire.common.events import ProcessState
from tapewire.common.runtime.service import Service
from tapewire.common.runtime.statuses import stamps

STATUS_EVERY_NS: Final = 500_000_000
STATES: Final = get_args(ProcessState)
REASONS_MAX: Final = 20  # of dead letters, logged in one report
_HOW_LONG: Final = re.compile(r"\b\d[\d,.]* (ms|s|min|h)\b")


class Reporter:
    """Tells others how the process is: its status file, and its log where something changed."""

    def __init__(self, run_dir: Path, clock: Clock, service: Service, log: Any) -> None:
        self._path = run_dir / "status" / f"{service.role}.json"
        self._service = service
        self._log = log
        self._logged = ""
        self._clock = clock
        self._next_ns = 0
        self._state = ""

    def report_when_due(self) -> bool:
        """Report, if that was long enough ago or cannot wait; whether it did."""
        now_ns = self._clock.mono_ns()
        if now_ns < self._next_ns and not self._service.report_now:
            return False
        self._service.report_now = False
        self._next_ns = now_ns + STATUS_EVERY_NS
        self.report()
        return True

    def report(self, ended: str = "") -> None:
        """Write the status file, and log what is new in it."""
        status = {
            **self._service.status(),
            **stamps(self._clock),
            "pid": os.getpid(),
            "ended": ended,
        }
        self._state = status["state"]
        partial = self._path.with_suffix(".partial")
        try:
            partial.write_text(json.dumps(status, default=str))
            partial.replace(self._path)
        except OSError:  # the disk is full: nobody trades on a status file
            self._service.metrics.count("status_unwritten")
        self._log_state(status["state"], status["reason"])
        self._log_dead_letters()

    def states(self) -> dict[tuple[str, ...], float]:
        """1 for the state that was reported last, 0 for the others."""
        return {(state,): state == self._state for state in STATES}

    def _log_state(self, state: str, reason: str) -> None:
        """Log a state and its reason once: that something goes on, such as a silence, is not new
        with each second that it lasts."""
        summary = _HOW_LONG.sub("", f"{state} {reason}").strip()
        if summary != self._logged:
            self._logged = summary
            self._log.info("state", state=state, reason=reason)

    def _log_dead_letters(self) -> None:
        """Each reason once in a report, and of many reasons the first: whoever floods a socket
        must not fill the log."""
        letters = self._service.dead_letters
        counted = Counter((letter.origin, letter.reason) for letter in letters)
        letters.clear()
        for (origin, reason), times in [*counted.items()][:REASONS_MAX]:
            often = {"times": times} if times > 1 else {}
            self._log.warning("dead letter", origin=origin, reason=reason, **often)
        left = sum([*counted.values()][REASONS_MAX:])
        if left:
            self._log.warning("more dead letters", times=left)
