"""Far hosts, as home knows them: when each has reported last, and of which processes it may."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.config.settings import Config
from tapewire.relay.words import ProcessReported

SILENT_AFTER_NS: Final = 5_000_000_000
STATUSES_MAX: Final = 200
"""So many processes of one host are taken in."""

Statuses = Mapping[str, ProcessReported]


class Hosts:
    """The far hosts of a group."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._heard_ns: dict[str, int] = {}  # monotonic

    def __repr__(self) -> str:
        return f"<Hosts {', '.join(self._names)}>"

    def heard(self, host: str, now: Now) -> None:
        """A host has reported."""
        self._heard_ns[host] = now.mono_ns

    def silent_ns(self, now: Now) -> Mapping[str, int]:
        """How long each host that has ever reported has not."""
        return {name: now.mono_ns - at_ns for name, at_ns in self._heard_ns.items()}

    def complaints(self, now: Now) -> Iterator[str]:
        """What a person should know: which hosts have not reported for long, or never."""
        silent_ns = self.silent_ns(now)
        for name in self._names:
            if name not in silent_ns:
                yield f"host {name} has not reported yet"
            elif silent_ns[name] >= SILENT_AFTER_NS:
                yield f"host {name} has been silent for {silent_ns[name] // 1_000_000_000} s"


def roles_at(config: Config, host: str, reported: Collection[str]) -> list[str]:
    """Those of the `reported` roles that a host can have: its relay, and the strategies that the
    configuration places there. Nothing that it reports stands for a process of another host."""
    placement = config.placement()
    there = {one.name for one in config.strategies if placement.host_of(one.host) == host}

    def may_have(role: str) -> bool:
        if role == roles.relay_role(host):
            return True
        return roles.is_strategy(role) and config.instance(roles.strategy_name(role))[0] in there

    return [role for role in reported if may_have(role)][:STATUSES_MAX]
