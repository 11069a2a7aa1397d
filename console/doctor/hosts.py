"""The other hosts: whether the keys are there, home takes connections, and far hosts report."""

import socket
from collections.abc import Iterator
from typing import Final

from tapewire.common import roles
from tapewire.common.bus.allowed import Allowed, shown
from tapewire.common.bus.ports import HOSTS, PORTS
from tapewire.common.config.settings import Config, ConfigError
from tapewire.common.placement import Place
from tapewire.common.runtime import key_files
from tapewire.common.runtime.statuses import Status, state_of
from tapewire.console.doctor.finding import Finding, failed, passed, unknown
from tapewire.console.group import launch, status
from tapewire.console.group.supervisord import GroupError
from tapewire.console.views import words

CHECK: Final = "hosts"


def check(config: Config, timeout_s: float) -> list[Finding]:
    """Nothing where the group is on one machine."""
    placement = config.placement()
    if not placement.far:
        return []
    keys = _keys(config)
    if keys.ok is False:
        return [keys]
    if placement.is_far:
        return [keys, _home(config, timeout_s)]
    return [keys, *_far(config)]


def _keys(config: Config) -> Finding:
    name = f"{CHECK} keys"
    try:
        launch.require_keys(config, config.run_dir)
        own = key_files.own(config.run_dir)
    except (GroupError, ConfigError) as error:
        return failed(name, str(error), "see docs/hosts.md; without keys `tapewire up` refuses")
    assert own is not None
    return passed(name, f"this host's public key begins with {shown(own.public)}")


def _home(config: Config, timeout_s: float) -> Finding:
    """Whether home's door takes connections; who it lets in is decided behind that."""
    home = config.placement().home
    assert home is not None
    place = home.address, config.bus.ports.get(HOSTS) or PORTS[HOSTS]
    name, where = f"{CHECK} {home.name}", f"{place[0]} port {place[1]}"
    try:
        socket.create_connection(place, timeout_s).close()
    except OSError as error:
        return failed(
            name,
            f"{where} takes no connection: {error}",
            f"run `tapewire up` on {home.name}, and let its firewall pass bus.ports",
        )
    return passed(name, f"{where} takes connections")


def _far(config: Config) -> Iterator[Finding]:
    """What is known at home of each far host."""
    try:
        allowed = key_files.allowed(config.run_dir)
    except ConfigError as error:
        yield failed(f"{CHECK} keys", str(error), "correct it with `tapewire keys`")
        return
    statuses = status.read(config.run_dir)
    for one in config.placement().far:
        yield _of_far(one, allowed, statuses.get(roles.relay_role(one.name)))


def _of_far(host: Place, allowed: tuple[Allowed, ...], relay: Status | None) -> Finding:
    name = f"{CHECK} {host.name}"
    held = ", ".join(entry.role for entry in allowed if entry.host == host.name)
    if not held:
        return failed(
            name,
            f"no key of {host.name} is allowed here",
            f"run `tapewire keys new` there, and allow what it prints here, for host {host.name}",
        )
    if relay is None:
        return unknown(name, "it has not reported", f"start {host.name}'s part there")
    state, _ = state_of(relay)
    if state != "READY":
        return failed(name, f"its relay is {state}", "look at its log, and at the network")
    return passed(name, f"{words.done(roles.relay_role(host.name), relay)}; role {held}")
