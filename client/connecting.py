"""Connecting: from a name and a configuration to a client of the group that is meant."""

import asyncio
import os
import re
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from tapewire.client.client import Client
from tapewire.client.connection import login_of
from tapewire.client.feeds import Feeds
from tapewire.client.loop import WatchedTransport
from tapewire.client.service import ClientService
from tapewire.common import roles
from tapewire.common.bus.endpoints import prepare_run_dir
from tapewire.common.bus.ports import QUERIES, SIGNALS, of_login
from tapewire.common.clock import Now
from tapewire.common.config import settings as configuration
from tapewire.common.config.locate import config_path, how_to_get_one
from tapewire.common.config.sections import IDENTIFIER_PATTERN
from tapewire.common.config.settings import Config
from tapewire.common.delivery.signals import TTL_S, SignalMaker
from tapewire.common.errors import ConfigError, TapewireError
from tapewire.common.runtime import home_clock
from tapewire.common.runtime.channels import Channels
from tapewire.common.runtime.epochs import next_epoch
from tapewire.common.runtime.home_clock import HomeClock
from tapewire.common.runtime.role_lock import RoleTaken, take_role
from tapewire.console.group import control, launch
from tapewire.strategy.service import MARKET, queries_of

MESSAGES_MAX: Final = 10_000
"""What waits at most in each socket of a program that blocks its loop. Beyond that ticks are
missed, and counted; events are fetched from the journals."""


class NameTaken(TapewireError):
    """Another program, or a strategy of the group, has this name."""


def connect(
    name: str,
    *,
    config: str | os.PathLike[str] | None = None,
    run_dir: str | os.PathLike[str] | None = None,
    account: str = "",
) -> "Connecting":
    """Connect a program to a group.

    Enter it (`async with connect(name="mine") as client`), or await it (`client = await
    connect(name="mine")`) and `await client.close()` at the end.

    The group is the one in `run_dir`, or that of the configuration `config`, which is found as the
    command line finds it. It need not run yet. `name` is the program's own: its orders are of a
    strategy of that name. `account` is where it trades, where the group has several.

    Raises `ConfigError` for a name or a configuration that cannot be, and `NameTaken`.
    """
    return Connecting(
        name,
        None if config is None else os.fspath(config),
        None if run_dir is None else Path(run_dir),
        account,
    )


class Connecting:
    """A connection to be: await it, or enter it."""

    def __init__(self, name: str, config: str | None, run_dir: Path | None, account: str) -> None:
        self._given = name, config, run_dir, account
        self._client: Client | None = None

    def __await__(self) -> Generator[Any, None, Client]:
        return self._open().__await__()

    async def __aenter__(self) -> Client:
        self._client = await self._open()
        return self._client

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.close()

    async def _open(self) -> Client:
        name, _, _, account = self._given
        place = await asyncio.to_thread(_taken, *self._given[:3])
        try:
            return _opened(name, account, place)
        except BaseException:
            place.lock.close()
            raise


class Place(NamedTuple):
    """A group, and a name in it that is taken; `epoch` names this start."""

    config: Config
    lock: IO[str]
    epoch: str


def _taken(name: str, path: str | None, run_dir: Path | None) -> Place:
    """Find the group, and take the name. It reads files, and takes a moment."""
    config = _group(path, run_dir)
    _require_free(name, config)
    folder, role = prepare_run_dir(config.run_dir), roles.strategy_role(name)
    try:
        lock = take_role(folder, role)
    except RoleTaken as taken:
        raise NameTaken(_who_has(name, taken.holder)) from None
    epoch = next_epoch(folder / "epochs" / role, HomeClock(home_clock.path_of(folder)).now_ns())
    return Place(config.model_copy(update={"run_dir": folder}), lock, epoch)


def _who_has(name: str, holder: str) -> str:
    """Why a name is taken, and what to do: in a notebook it is mostly a cell that ran before."""
    if holder == str(os.getpid()):
        return (
            f"another client of this process has the name {name!r}. `await client.close()` of that"
            " one first, or give this one another name"
        )
    return (
        f"process {holder} of this group has the name {name!r}. Give this program another name, or"
        " end that process"
    )


def _group(path: str | None, run_dir: Path | None) -> Config:
    """What the group was started with, or will be. While one runs, the run directory is all that
    is read of its configuration, as for the command line."""
    if run_dir is not None:
        kept = launch.read(run_dir)
        if kept is None:
            raise ConfigError(f"run_dir is {run_dir}: no group was started there")
        return kept
    file = config_path(path)
    if file is None and "TAPEWIRE_RUN_DIR" not in os.environ:
        raise ConfigError(
            f"no tapewire.toml in {Path.cwd()}; {how_to_get_one()}. Or name a run_dir"
        )
    runs = control.find(path) if file is None or file.is_file() else None
    kept = launch.read(runs.run_dir) if runs is not None else None
    return kept if kept is not None else configuration.load(path)


def _require_free(name: str, config: Config) -> None:
    """Refuse a name that could be taken for a strategy's, or somebody else's."""
    if not re.fullmatch(IDENTIFIER_PATTERN, name):
        raise ConfigError(
            f"name is {name!r:.60}; it must be 1 to 32 letters, digits, _ or -, and not begin with"
            " one of the last two"
        )
    if name in roles.RESERVED:
        raise ConfigError(f"name is {name!r}; it stands for orders that no program gives")
    base, _ = config.instance(name)
    if base in {one.name for one in config.strategies}:
        raise NameTaken(
            f"the name {name!r} is that of a strategy of the group, or of an instance of one; its"
            " orders would be taken for those of the strategy. Give this program another name"
        )


def _opened(name: str, account: str, place: Place) -> Client:
    """Open the channels, and put the client together on the running loop."""
    config = place.config
    logins = config.logins()
    login_of(logins, account)  # which must be one of theirs
    messages_max = min(MESSAGES_MAX, config.bus.messages_max)
    transport = WatchedTransport(messages_max, config.bus.batch_max)
    channels = Channels(roles.strategy_role(name), transport, config.bus, config.run_dir)
    ttl_ns = int(TTL_S * 1e9)
    clock = HomeClock(home_clock.path_of(place.config.run_dir))
    service = ClientService(
        name, transport, clock, epoch=place.epoch, logins=logins,
        feeds=Feeds(transport.subscribe, transport.unsubscribe), ttl_ns=ttl_ns,
        heartbeat_ms=config.risk.heartbeat_ms,
    )  # fmt: skip
    channels.follow(*service.followers)
    for login in logins:
        market = of_login(MARKET, login.name)
        channels.connect(market, "sub", market)
        channels.connect(queries_of(login), "dealer", of_login(QUERIES, login.name))
    channels.connect(SIGNALS, "push", SIGNALS)
    numbers = iter(range(1, 2**63))

    def new_id(_now: Now) -> str:
        return f"{name}-{place.epoch}-{next(numbers)}"

    maker = SignalMaker(name, new_id, ttl_ns)
    return Client(name, config, account, service, transport, maker, place.lock)
