"""The group's own simulator: set up by the configuration, with a status file."""

import contextlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tapewire.common.bus.endpoints import prepare_run_dir
from tapewire.common.clock import SystemClock
from tapewire.common.config import tws_address
from tapewire.common.config.settings import Config
from tapewire.common.config.tws_address import TwsAddress
from tapewire.common.instruments import Instrument
from tapewire.common.roles import SIMULATOR, of_login
from tapewire.common.runtime import private_file
from tapewire.common.runtime.role_lock import take_role
from tapewire.common.runtime.statuses import stamps
from tapewire.common.ticks.rows import Row
from tapewire.simulator import scenario_file
from tapewire.simulator.control import ControlPort
from tapewire.simulator.exchange.made import with_step
from tapewire.simulator.market.file import market_of
from tapewire.simulator.market.synthetic import SyntheticMarket, start_of
from tapewire.simulator.market.times import time_ns
from tapewire.simulator.projectx.grouped import gateway_server
from tapewire.simulator.server import TwsServer
from tapewire.simulator.settings import SimulatorSettings
from tapewire.simulator.shell import listen, perm_id_of, serve

if TYPE_CHECKING:  # its libraries are of an extra
    from tapewire.simulator.projectx.server import GatewayServer

HOST = "127.0.0.1"
AUDIT = "audit"
APART_NS = 10_000_000 * 10**9  # as if the simulators of two logins had started so far apart
TWS_RATE_MAX_PER_S = 50  # as a real TWS; no limit where the gateway has none


def run(config: Config, stopping: Callable[[], bool], login: str = "") -> None:
    """Serve as the TWS of a login, on a free port, until `stopping()` is true or the parent process
    is gone.

    The port is free, and published in the run directory, because another TWS could listen on any
    fixed port, and the group would then trade there. Raises `RoleTaken` if the group's simulator
    is running already.
    """
    private_file.own()
    run_dir = prepare_run_dir(config.run_dir)
    with take_role(run_dir, of_login(SIMULATOR, login)):
        _serve(config.at_login(login), run_dir, stopping, login)


def audit_of(run_dir: Path, login: str = "") -> Path:
    """The broker's records of a login, as its simulator writes them."""
    return run_dir / f"{of_login(AUDIT, login)}.jsonl"


def control_of(run_dir: Path, login: str = "") -> Path:
    """The Unix socket on which a login's simulator takes faults: see `simulator.control`."""
    return run_dir / f"{of_login(SIMULATOR, login)}.control"


def settings_of(config: Config, now_ns: int, number: int = 0) -> SimulatorSettings:
    """The settings of a run that starts now, with a nonce of its own. `number` is the place of its
    login: no two simulators of a group may use the same execution ids."""
    return SimulatorSettings(
        accounts=config.simulator.accounts,
        speed=config.simulator.speed,
        seconds=config.simulator.seconds,
        rate_max_per_s=TWS_RATE_MAX_PER_S if config.tws.rate_max_per_s else 0,
        first_perm_id=perm_id_of(now_ns + number * APART_NS),
        nonce=secrets.token_hex(16),
        opens=config.simulator.opens,
        closes=config.simulator.closes,
        tells_time=config.simulator.plays_file,
    )


def _serve(config: Config, run_dir: Path, stopping: Callable[[], bool], login: str) -> None:
    instruments = tuple(with_step(one) for one in config.all_instruments())
    number = [one.name for one in config.logins()].index(login)
    settings = settings_of(config, time.time_ns(), number)
    server = _server(config, settings, instruments, login)
    control = ControlPort(str(control_of(run_dir, login)), server.faults)
    listener = listen(HOST, 0)
    port = int(listener.getsockname()[1])
    tws_address.publish(run_dir, TwsAddress(HOST, port, settings.nonce), login)
    role = of_login(SIMULATOR, login)
    parent, status = os.getppid(), run_dir / "status" / f"{role}.json"
    with audit_of(run_dir, login).open("ab", buffering=0) as audit:
        serve(
            server,
            listener,
            lambda: stopping() or os.getppid() != parent,
            audit,
            lambda: _write_status(status, role, server, ""),
            control,
        )
    tws_address.withdraw(run_dir, login)
    _write_status(status, role, server, "stopped")


def _server(
    config: Config, settings: SimulatorSettings, instruments: tuple[Instrument, ...], login: str
) -> "TwsServer | GatewayServer":
    """The broker's side of a login."""
    scenario, market = config.simulator.scenario, _market(config, instruments)
    if config.at_projectx(login) is None:
        tws = TwsServer(settings, instruments, market)
        scenario_file.play(scenario, tws.faults)
        return tws
    return gateway_server(settings, instruments, market)


def _market(config: Config, instruments: tuple[Instrument, ...]) -> Iterator[Row]:
    simulator = config.simulator
    if simulator.ticks:
        since = time_ns(simulator.start) if simulator.start else None
        return market_of(simulator.ticks, since)
    return SyntheticMarket(
        instruments, simulator.seed, simulator.rate_per_s, start_of(instruments, time.time_ns())
    )


def _write_status(path: Path, role: str, server: "TwsServer | GatewayServer", ended: str) -> None:
    """Replace the status file atomically."""
    status = {
        "role": role,
        "state": "READY",
        "reason": "the market is over" if server.market_over else "",
        **stamps(SystemClock()),
        "pid": os.getpid(),
        "ended": ended,
        "market_over": server.market_over,
        "counters": server.counters,
        "books": server.books(),
    }
    partial = path.with_suffix(".partial")
    with contextlib.suppress(OSError):  # the disk is full
        partial.write_text(json.dumps(status))
        partial.replace(path)
