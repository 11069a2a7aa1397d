"""Twins: one strategy that runs twice, since two machines are a host of the same name.

The lock on a role is in a run directory, so it does not see the other one. A copied machine, with
the keys of the first behind the same address, is let in as well, and then both trade. What tells
them apart is the epoch of their strategy, which both report: after a restart only the new one is
reported, and with twins now the one, now the other. Then the newer start counts, as everywhere, and
the older one's signals are refused.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.relay.words import ProcessReported

SEEN_NS: Final = 5_000_000_000
"""So long after its last report a start counts as running."""
STARTS_MAX: Final = 16
"""Of one strategy so many are told apart."""


class _Reported(NamedTuple):
    first_ns: int
    last_ns: int


class Twins:
    """The starts of each far strategy that have been reported of late, by the monotonic clock."""

    def __init__(self) -> None:
        self._starts: dict[str, dict[str, _Reported]] = {}

    def __repr__(self) -> str:
        return f"<Twins {', '.join(self._starts)}>"

    def reported(self, statuses: Mapping[str, ProcessReported], now: Now) -> None:
        """A relay has reported these processes, which its host may have."""
        for role, one in statuses.items():
            if not roles.is_strategy(role) or one.ended or one.died:
                continue
            starts = self._starts[role] = self._running(role, now)
            known = starts.get(one.epoch)
            if known is not None or len(starts) < STARTS_MAX:
                first_ns = now.mono_ns if known is None else known.first_ns
                starts[one.epoch] = _Reported(first_ns, now.mono_ns)

    def fault(self, strategy: str, signal_id: str, now: Now) -> str:
        """Why a signal is not acted on; empty unless it is of the older one of twins."""
        epoch = signal_id.removeprefix(f"{strategy}-").partition("-")[0]
        newest = self._newer_twin(roles.strategy_role(strategy), epoch, now)
        return f"{_runs_twice(strategy)}; {epoch} is not the newer start" if newest else ""

    def complaints(self, now: Now) -> Iterator[str]:
        """What a person should know."""
        for role in self._starts:
            if any(self._newer_twin(role, epoch, now) for epoch in self._running(role, now)):
                yield (
                    f"{_runs_twice(roles.strategy_name(role))}, and only signals of the newer start"
                    " are acted on; run `tapewire down` on the machine that is too many"
                )

    def _newer_twin(self, role: str, epoch: str, now: Now) -> str:
        """The newest start, if the one of this epoch is older and has been reported since."""
        starts = self._running(role, now)
        newest = max(starts, default="")
        is_twin = epoch < newest and epoch in starts
        return newest if is_twin and starts[epoch].last_ns > starts[newest].first_ns else ""

    def _running(self, role: str, now: Now) -> dict[str, _Reported]:
        found = self._starts.get(role, {})
        return {name: one for name, one in found.items() if now.mono_ns - one.last_ns < SEEN_NS}


def _runs_twice(strategy: str) -> str:
    return f"strategy {strategy} runs twice, on two machines that are the same host"
