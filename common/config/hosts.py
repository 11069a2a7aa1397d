"""`[[hosts]]`: the machines of a group that runs on several."""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import AfterValidator

from tapewire.common.config import faults
from tapewire.common.config.sections import Identifier, Section
from tapewire.common.errors import ConfigError
from tapewire.common.placement import Place, Placement


def _is_address(text: str) -> str:
    """Hosts are known by their addresses: a name could lead to another one tomorrow."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        found = None
    if found is None or found.is_unspecified or found.is_multicast:
        raise ValueError("the IP address of one machine, such as 10.0.0.2")
    return str(found)


class HostConfig(Section):
    """One machine of the group, by a name and the IP address at which the others reach it.

    One of them is `home`: it has the broker, and with it gateways, executor, risk and all journals.
    The others run the strategies whose entry names them.
    """

    name: Identifier
    address: Annotated[str, AfterValidator(_is_address)]
    home: bool = False


def placement_of(entries: Iterable[HostConfig], here: str) -> Placement:
    """The hosts, seen from `here`; "" is home."""
    return Placement((Place(one.name, one.address, one.home) for one in entries), here)


def require(entries: Sequence[HostConfig], here: str, named: Iterable[tuple[str, str]]) -> None:
    """Raise `ConfigError` where entries contradict each other, or a host is named that is none of
    them: `here`, or that of one of the strategies `named`, each with what its entry says."""
    homes = [one.name for one in entries if one.home]
    if entries and len(homes) != 1:
        found = ", ".join(homes) or "none"
        raise ConfigError(f"hosts has home = true for {found}; exactly one must have it")
    owners: dict[str, str] = {}
    for one in entries:
        before = owners.setdefault(one.address, one.name)
        if before != one.name:
            raise ConfigError(
                f"hosts.{one.name} is at {one.address}, as {before} is; each host has an address"
                " of its own"
            )
    known = {one.name for one in entries}
    if here:
        faults.refuse_unknown(("host",), here, known, "hosts")
    for strategy, host in named:
        if host:
            faults.refuse_unknown(("strategies", strategy, "host"), host, known, "hosts")
