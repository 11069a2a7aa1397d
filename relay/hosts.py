"""Far hosts, as home knows them: when each has reported last, and of which processes it may."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec import to_builtins

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.config.settings import Config
from tapewire.common.config.shared import differing
from tapewire.common.config.text import printable
from tapewire.common.events import TEXT_MAX
from tapewire.relay.words import ProcessReported

SILENT_AFTER_NS: Final = 5_000_000_000
STATUSES_MAX: Final = 200
"""So many processes of one host are taken in."""

REPORT_EVERY_NS: Final = 500_000_000
"""A relay reports each second. What comes sooner is not written down."""
ENTRIES_MAX: Final = 1_000
"""Of each table or list in a status."""

Statuses = Mapping[str, ProcessReported]


class Hosts:
    """The far hosts of a group, which is configured as `configured` says
    (`tapewire.common.config.shared`)."""

    def __init__(self, names: Iterable[str], configured: Mapping[str, str]) -> None:
        self._names = tuple(names)
        self._configured = configured
        self._differing: dict[str, list[str]] = {}
        self._muted: dict[str, str] = {}
        self._heard_ns: dict[str, int] = {}  # monotonic

    def __repr__(self) -> str:
        return f"<Hosts {', '.join(self._names)}>"

    def heard(self, host: str, configured: Mapping[str, str], now: Now, muted: str = "") -> bool:
        """A host has reported, with what it is configured with; whether that is due, so that the
        report is to be kept. `muted` is the role of its key if strategies there may not signal."""
        before_ns = self._heard_ns.get(host)
        if before_ns is not None and now.mono_ns - before_ns < REPORT_EVERY_NS:
            return False
        self._heard_ns[host] = now.mono_ns
        self._differing[host] = differing(self._configured, configured)
        self._muted[host] = muted
        return True

    def silent_ns(self, now: Now) -> Mapping[str, int]:
        """How long each host that has ever reported has not."""
        return {name: now.mono_ns - at_ns for name, at_ns in self._heard_ns.items()}

    def complaints(self, now: Now) -> Iterator[str]:
        """What a person should know: which hosts have not reported for long, or never, whose
        strategies may not signal, and which are configured differently."""
        silent_ns = self.silent_ns(now)
        for name in self._names:
            if name not in silent_ns:
                yield f"host {name} has not reported yet"
            elif silent_ns[name] >= SILENT_AFTER_NS:
                yield f"host {name} has been silent for {silent_ns[name] // 1_000_000_000} s"
            elif muted := self._muted[name]:
                yield (
                    f"the key of host {name} has the role {muted}, so no signal of its strategies"
                    f" passes; `tapewire keys allow KEY --host {name} --role strategy` lets them"
                )
            elif found := self._differing[name]:
                yield (
                    f"the configuration of host {name} differs from home's in {', '.join(found)};"
                    f" copy home's tapewire.toml there, then run `tapewire down` and `tapewire up"
                    f" --host {name}` there"
                )


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


def taken_in(reported: ProcessReported, received_ns: int) -> dict[str, Any]:
    """A status as home keeps it, `received_ns` by its wall clock: no longer than it is worth, with
    nothing that a terminal or a page would take for a command, and no younger than its report. A
    host's word for what time it is must not hide that it is silent."""
    found: dict[str, Any] = _plain(to_builtins(reported))
    return {**found, "ts_ns": min(reported.ts_ns, received_ns)}


def one_line(text: str) -> str:
    """A far host's text, for people to read."""
    return printable(" ".join(text.split()))[:TEXT_MAX]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {one_line(key): _plain(one) for key, one in [*value.items()][:ENTRIES_MAX]}
    if isinstance(value, list):
        return [_plain(one) for one in value[:ENTRIES_MAX]]
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, float) and not math.isfinite(value):
        return 0.0  # JSON has no such number, and pages could not read the file
    return value
