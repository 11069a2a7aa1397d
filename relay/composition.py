"""How the relay and the door are put together from the configuration."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from tapewire.common import roles
from tapewire.common.bus.access import clients_of
from tapewire.common.bus.allowed import Decision
from tapewire.common.bus.endpoints import endpoint
from tapewire.common.bus.ports import HOSTS, SIGNALS
from tapewire.common.clock import Now, boot_ns
from tapewire.common.config.settings import Config
from tapewire.common.config.shared import digests
from tapewire.common.errors import ConfigError
from tapewire.common.logins import Logins
from tapewire.common.placement import Place
from tapewire.common.runtime import (
    checkpoint,
    home_clock,
    key_files,
    kill_switch,
    private_file,
    statuses,
    tokens,
)
from tapewire.common.runtime.process import Process
from tapewire.relay.clients import Clients
from tapewire.relay.door import Door, Server
from tapewire.relay.fetching import Fetching
from tapewire.relay.giving import Giving
from tapewire.relay.hosts import Hosts, Statuses, roles_at, taken_in
from tapewire.relay.placed import fault
from tapewire.relay.relay import Relay, Tokens
from tapewire.relay.sockets import MARKET, Between, asked, place, streams, way
from tapewire.relay.streams import READERS, SOURCE, Stream
from tapewire.relay.transport import HostsTransport

FAR_CLIENTS = (roles.STRATEGY, roles.CLI)
"""The kinds of clients that a far host can have."""


def with_transport(process: Process) -> HostsTransport:
    """Give a process the transport to other hosts; raises `ConfigError` without keys."""
    pair = key_files.own(process.run_dir)
    if pair is None:
        raise ConfigError(f"{process.run_dir} has no keys; `tapewire keys new` makes this host's")
    bus = process.config.bus
    process.transport.close()
    process.transport = found = HostsTransport(pair, bus.messages_max, bus.batch_max)
    return found


def servers_of(logins: Logins) -> dict[str, str]:
    """The sockets to which something is sent, each with the role that is behind it."""
    return {SIGNALS: roles.EXECUTOR, **asked(logins)}


# ---- on a far host -------------------------------------------------------------------------------


def build_relay(process: Process) -> Relay:
    """Bind this host's sockets, and connect to home's."""
    config, run_dir = process.config, process.run_dir
    placement = config.placement()
    if not placement.is_far or placement.home is None:
        raise ConfigError(f"host is {placement.here!r}; a relay runs on a host that is not home")
    home = key_files.home(run_dir)
    if home is None:
        raise ConfigError(f"{run_dir} trusts no key of home; `tapewire keys trust KEY` says which")
    transport = with_transport(process)
    between, logins = Between(placement.home.address, config.bus.ports), config.logins()
    own = next(one.address for one in placement.places if one.name == placement.here)

    def join(channel: str, kind: str, name: str) -> None:
        transport.join(channel, kind, way(name, between, own), home)

    passed = list(_streams(logins, transport))
    for one in passed:
        join(one.source, "sub", one.name)
        if one.touched:
            join(one.touched, "sub", one.name)
        process.bind(one.readers, "xpub", one.name)
    for socket in servers_of(logins):
        is_one_way = socket == SIGNALS
        join(f"{socket}{SOURCE}", "push" if is_one_way else "dealer", socket)
        process.bind(f"{socket}{READERS}", "pull" if is_one_way else "router", socket)
    join(f"{HOSTS}{SOURCE}", "dealer", HOSTS)
    checkpoint.discard(run_dir)  # of an earlier start, which home's journals may have left behind
    store = checkpoint.checkpoint_file(run_dir, config)
    return Relay(
        placement.here, passed, servers_of(logins), _issued(run_dir, logins), transport,
        process.clock, epoch=process.epoch, wall_ns=time.time_ns,
        report=partial(statuses.read, run_dir),
        keep=partial(home_clock.write, home_clock.path_of(run_dir)), halt=process.halt_file,
        configured=digests(config),
        fetching=Fetching(store.instruments), take=store.replace,
    )  # fmt: skip


def _issued(run_dir: Path, logins: Logins) -> Tokens:
    """New tokens for the processes of this host, in the files where each looks for the server's."""
    return {
        server: {
            kind: tokens.issue(run_dir, server, kind)
            for kind in clients_of(server)
            if kind in FAR_CLIENTS
        }
        for server in {*servers_of(logins).values()}
    }


# ---- at home -------------------------------------------------------------------------------------


def build_door(process: Process) -> Door:
    """Connect to the group's sockets, and open as many to other hosts."""
    config, run_dir = process.config, process.run_dir
    placement, logins = config.placement(), config.logins()
    if placement.is_far or placement.home is None:
        raise ConfigError("the door is for home alone, of a group with [[hosts]]")
    statuses.forget_hosts(run_dir, [one.name for one in placement.far])
    transport = with_transport(process)
    zap = transport.judge(_decision(run_dir, config))
    between = Between(placement.home.address, config.bus.ports)
    passed = [*_streams(logins, transport, len(placement.far))]

    def serve(channel: str, kind: str, name: str) -> None:
        transport.serve(channel, kind, place(name, between), name)

    def connect(channel: str, kind: str, name: str) -> None:
        transport.connect(channel, kind, endpoint(name, config.bus, run_dir))

    for one in passed:
        connect(one.source, "sub", one.name)
        if one.touched:
            connect(one.touched, "sub", one.name)
        serve(one.readers, "xpub", one.name)
    connect(f"{SIGNALS}{SOURCE}", "push", SIGNALS)
    for socket in servers_of(logins):
        serve(f"{socket}{READERS}", "pull" if socket == SIGNALS else "router", socket)
    serve(f"{HOSTS}{READERS}", "router", HOSTS)
    return Door(
        passed, _servers(run_dir, logins),
        Hosts((one.name for one in placement.far), digests(config)), Clients(), transport,
        process.clock, epoch=process.epoch,
        open_client=lambda channel, name: connect(channel, "dealer", name),
        keep=partial(_keep, run_dir, config),
        expel=lambda: transport.authenticate_again() if zap.drops() else None, bar=zap.bar,
        halt=kill_switch.HaltFile(run_dir / kill_switch.NAME).pull,
        misplaced=partial(fault, config), boot_ns=boot_ns, there=partial(roles_at, config),
        past=Giving(
            checkpoint.checkpoint_file(run_dir, config), run_dir / "journals", logins.roles
        ).answer,
    )  # fmt: skip


def _decision(run_dir: Path, config: Config) -> Callable[[], Decision]:
    """What connections are judged by: the keys as they are now, and the configured addresses."""
    listed, addresses = key_files.AllowList(run_dir), _addresses(config.placement().far)
    return lambda: Decision(listed(), addresses)


def _addresses(places: tuple[Place, ...]) -> Mapping[str, str]:
    return {one.name: one.address for one in places}


def _servers(run_dir: Path, logins: Logins) -> Iterator[Server]:
    for socket, role in servers_of(logins).items():
        kinds = [kind for kind in clients_of(role) if kind in FAR_CLIENTS]
        files = {kind: tokens.TokenFile(tokens.path_of(run_dir, role, kind)) for kind in kinds}
        yield Server(socket, role, files)


def _keep(run_dir: Path, config: Config, host: str, reported: Statuses, now: Now) -> None:
    """Write down what a host has reported of the processes that it can have."""
    there = roles_at(config, host, reported)
    kept = {role: taken_in(reported[role], now.wall_ns) for role in there}
    path = statuses.path_of_host(run_dir, host)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    private_file.write(path, json.dumps({"received_ns": now.wall_ns, "statuses": kept}))


# ---- both ----------------------------------------------------------------------------------------


def _streams(logins: Logins, transport: HostsTransport, hosts: int = 1) -> Iterator[Stream]:
    for name in streams(logins):
        yield Stream(name, transport, touches=name.partition(".")[0] == MARKET, hosts=hosts)
