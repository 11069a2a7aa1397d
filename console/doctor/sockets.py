"""The sockets that the group binds: free, in use by the group, or by another process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tapewire.common.bus.endpoints import endpoint
from tapewire.common.bus.ports import HOSTS, OF_LOGIN, PORTS, of_login
from tapewire.common.config.settings import Config
from tapewire.common.logins import Logins
from tapewire.console.doctor import listeners
from tapewire.console.doctor.finding import Finding, failed, passed
from tapewire.console.doctor.listeners import Listener
from tapewire.console.group.status import read

CHECK: Final = "sockets"


def check(config: Config) -> list[Finding]:
    """One finding if all is well, otherwise one for each socket in use by another process."""
    own = {int(status["pid"]) for status in read(config.run_dir).values()}
    names = list(_names(config.logins()))
    taken = {name: holder for name in names if (holder := _holder(name, config))}
    conflicts = [
        failed(
            f"{CHECK} {name}",
            f"{_place(name, config)} is in use by {holder}",
            f"end that process, or set [bus] ports = {{ {name} = ... }}"
            if config.bus.transport == "tcp"
            else "end that process: it belongs to another group in this run_dir",
        )
        for name, holder in taken.items()
        if holder.pid not in own
    ]
    if conflicts:
        return conflicts
    free = len(names) - len(taken)
    found = f"{free} free" + (f", {len(taken)} in use by this group" if taken else "")
    return [passed(CHECK, f"{config.bus.transport}: {found}")]


def _names(logins: Logins) -> Iterator[str]:
    """Every socket that the group binds for itself; what is between hosts is the door's."""
    for name in (one for one in PORTS if one != HOSTS):
        if name in OF_LOGIN:
            yield from (of_login(name, one.name) for one in logins)
        else:
            yield name


def _holder(name: str, config: Config) -> Listener | None:
    if config.bus.transport == "tcp":
        return listeners.on_port(config.bus.host, config.bus.ports.get(name) or PORTS[name])
    return listeners.on_path((config.run_dir / name).absolute())


def _place(name: str, config: Config) -> str:
    address = endpoint(name, config.bus, Path(config.run_dir))
    return address.removeprefix("tcp://").removeprefix("ipc://")
