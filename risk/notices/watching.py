"""Watching processes: which of them have died, fallen silent, restarted, or are HALTED."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from tapewire.common import roles
from tapewire.common.runtime.statuses import Status, state_of
from tapewire.risk.notices.notice import Level

News = tuple[Level, str]
LOOKS: Final = 2
"""So often in a row a process has to be silent, as all of them are after the machine has slept."""


class Known(msgspec.Struct):
    """A process as it was last seen: its start, and what was wrong with it."""

    epoch: str
    fault: str = ""


class Watch:
    """What was last seen of each process; `known` outlives this process."""

    def __init__(self, known: dict[str, Known]) -> None:
        self.known = known
        self._silent: dict[str, int] = {}

    def look(self, statuses: Mapping[str, Status]) -> Iterator[News]:
        """What is new about the processes. One that is seen for the first time is not news, unless
        something is wrong with it; neither is one that ended because it was told to."""
        for role, status in statuses.items():
            if role != roles.NOTICES:
                yield from self._look(role, status)

    def _look(self, role: str, status: Status) -> Iterator[News]:
        epoch, fault = str(status.get("epoch") or ""), self._fault(role, status)
        before = self.known.get(role)
        if before is None or before.epoch != epoch:
            self.known[role] = Known(epoch, fault)
            if before is not None:
                yield "warning", f"{role} has restarted"
            if fault:
                yield "failure", f"{role} {fault}"
        elif before.fault != fault:
            before.fault = fault
            yield ("failure", f"{role} {fault}") if fault else ("success", f"{role} is back")

    def _fault(self, role: str, status: Status) -> str:
        """What is wrong with a process; empty if nothing is, or if a halt of risk says it."""
        state, reason = state_of(status)
        is_silent = state == "SILENT"
        looks = self._silent[role] = self._silent.get(role, 0) + 1 if is_silent else 0
        if is_silent:
            return "does not report its state any more" if looks >= LOOKS else self._before(role)
        if state == "ENDED":
            return "has died" if status.get("died") else ""
        if state == "HALTED" and not (role == roles.RISK and status.get("halts")):
            return f"is HALTED: {reason}"
        return ""

    def _before(self, role: str) -> str:
        known = self.known.get(role)
        return known.fault if known is not None else ""
