"""The end of a group: strategies first, then what `executor.on_stop` says about working orders."""

import time
from collections.abc import Iterable
from typing import Final, NamedTuple

from tapewire.common import roles
from tapewire.common.amounts import counted
from tapewire.common.config.settings import Config
from tapewire.console.group import control, status
from tapewire.console.group.line import NoAnswer
from tapewire.console.group.status import Status, wait_for
from tapewire.console.group.supervisord import Supervisord
from tapewire.console.views import flattening

CANCEL_TIMEOUT_S: Final = 8
FLATTEN_TIMEOUT_S: Final = 30
STATUS_AGE_NS: Final = 600_000_000  # an older status may miss the last moment's orders
ORDER: Final = (
    (roles.DOOR, roles.RELAY), (roles.EXECUTOR,), (roles.RISK,), roles.GATEWAYS, (roles.SIMULATOR,),
    (roles.RECORDER, roles.WEB, roles.BRIDGE), (roles.NOTICES,),
)  # fmt: skip
"""By kind, behind the strategies: whoever sends requests stops before whoever answers them."""

GOES_ON: Final = "the group goes on at home"
"""What a far host that is stopped knows of orders."""


class Stopped(NamedTuple):
    """What `down` did about working orders, how many still work at the broker, which positions stay
    open, and whether a flatten is unfinished. `unknown` says why the broker may have other orders
    than those counted; it is empty if it has reported them. `foreign` counts what works at the
    broker and is none of ours."""

    on_stop: str
    done: str
    working: int
    open: str = ""
    flattening: bool = False
    unknown: str = ""
    foreign: int = 0

    def __str__(self) -> str:
        others = f"{counted(self.foreign, 'order')} not ours {self._verb(self.foreign)} there"
        held = f"positions stay open: {self.open}"
        parts = [self._orders(), others if self.foreign else "", held if self.open else ""]
        unfinished = "unfinished flatten: the next `tapewire up` continues it"
        return "; ".join(filter(None, [*parts, unfinished if self.flattening else ""]))

    def _orders(self) -> str:
        if self.on_stop != "keep":
            return f"{self.done}; {self._working()}"
        one = self.working == 1
        kept = f'; {"it was" if one else "they were"} kept, as executor.on_stop is "keep"'
        return self._working() + (kept if self.working and not self.unknown else "")

    def _working(self) -> str:
        count = counted(self.working, "order") + (" of ours" if self.foreign else "")
        if not self.unknown:
            return f"{count} {self._verb(self.working)} at the broker"
        if not self.working:
            return f"it is not known which orders work at the broker ({self.unknown})"
        return f"{count} may work at the broker, which has not confirmed it ({self.unknown})"

    @staticmethod
    def _verb(count: int) -> str:
        return "works" if count == 1 else "work"


def stop_all(config: Config, supervisord: Supervisord) -> Stopped:
    """Stop every process, in order; returns what became of orders and positions."""
    strategies, *others = stages(supervisord.processes())
    supervisord.stop(strategies)
    if config.placement().is_far:
        for stage in others:
            supervisord.stop(stage)
        return Stopped("keep", "", 0, unknown=GOES_ON)
    done = _settle_orders(config)
    for stage in others:
        supervisord.stop(stage)
    statuses = status.read(config.run_dir)
    return Stopped(
        config.executor.on_stop,
        done,
        status.live_orders(statuses),
        _left_open(config, statuses),
        flattening.unfinished(config.run_dir) is not None,
        status.unreported(statuses, config.logins().gateways),
        statuses.get(roles.RISK, {}).get("foreign_orders", 0),
    )


def stages(names: Iterable[str]) -> list[list[str]]:
    """The processes in the order of stopping, stage by stage; the strategies are the first."""
    there = set(names)
    strategies = sorted(name for name in there if roles.is_strategy(name))
    by_kind = {stage: [n for n in sorted(there) if roles.kind_of(n) in stage] for stage in ORDER}
    return [strategies, *by_kind.values()]


def _left_open(config: Config, statuses: dict[str, Status]) -> str:
    held = flattening.holdings(statuses)
    return f"{held} (the simulator forgets them)" if held and config.simulator.enabled else held


def _settle_orders(config: Config) -> str:
    """Do what `executor.on_stop` says, within a time limit; returns what was done."""
    policy = config.executor.on_stop
    if policy == "keep":
        return "nothing was cancelled"
    try:
        if policy == "flatten":
            return _flatten(config)
        control.ask(config, "cancel_all", "tapewire down")
    except NoAnswer as error:
        return f"nothing was cancelled or closed: {error}"
    asked_ns, gateways = time.time_ns(), config.logins().gateways

    def confirmed() -> bool:
        statuses = status.read(config.run_dir)
        reported = not status.unreported(statuses, gateways) and not status.live_orders(statuses)
        return _newer_than(statuses, (*gateways, roles.RISK), asked_ns) and reported

    if wait_for(confirmed, CANCEL_TIMEOUT_S):
        return f"every order of {_whose(config)} was cancelled"
    late = f"within {CANCEL_TIMEOUT_S} s"
    return f"the broker did not confirm {late} that every order of {_whose(config)} was cancelled"


def _whose(config: Config) -> str:
    return "the login" if len(config.logins()) == 1 else "all logins"


def _newer_than(statuses: dict[str, Status], names: Iterable[str], since_ns: int) -> bool:
    """Whether all gateways and risk have written a status that is surely newer."""
    written_ns = (statuses.get(name, {}).get("ts_ns", 0) for name in names)
    return all(ts_ns > since_ns + STATUS_AGE_NS for ts_ns in written_ns)


def _flatten(config: Config) -> str:
    control.ask(config, "flatten", "tapewire down")
    ending = flattening.wait(config.run_dir, FLATTEN_TIMEOUT_S)
    return ending.sentence(status.read(config.run_dir), FLATTEN_TIMEOUT_S)
