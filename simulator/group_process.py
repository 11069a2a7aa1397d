"""The simulator as a member of the group: set up by the configuration, with a status file."""

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tapewire.common.bus.endpoints import prepare_run_dir
from tapewire.common.config import tws_address
from tapewire.common.config.settings import Config
from tapewire.common.config.tws_address import TwsAddress
from tapewire.common.instruments import Instrument
from tapewire.common.runtime.role_lock import take_role
from tapewire.common.ticks.rows import Row
from tapewire.simulator.market.file import market_of
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.market.times import time_ns
from tapewire.simulator.server import TwsServer
from tapewire.simulator.settings import SimulatorSettings
from tapewire.simulator.shell import listen, perm_id_of, serve

HOST = "127.0.0.1"
AUDIT = "audit.jsonl"
TWS_RATE_MAX_PER_S = 50  # as the real one counts; not at all where the gateway's pacing is off


def run(config: Config, stopping: Callable[[], bool]) -> None:
    """Serve on a free port, left in the run directory, until `stopping()` or the parent is gone.

    A free port, since on any that is agreed on beforehand somebody else's TWS could be listening,
    and the group would trade there. Raises `RoleTaken` if the group has its simulator already.
    """
    run_dir = prepare_run_dir(config.run_dir)
    with take_role(run_dir, "simulator"):
        _serve(config, run_dir, stopping)


def _serve(config: Config, run_dir: Path, stopping: Callable[[], bool]) -> None:
    instruments = config.all_instruments()
    settings = SimulatorSettings(
        speed=config.simulator.speed,
        seconds=config.simulator.seconds,
        rate_max_per_s=TWS_RATE_MAX_PER_S if config.tws.rate_max_per_s else 0,
        first_perm_id=perm_id_of(time.time_ns()),
        nonce=secrets.token_hex(16),
    )
    server = TwsServer(settings, instruments, _market(config, instruments))
    listener = listen(HOST, 0)
    port = int(listener.getsockname()[1])
    tws_address.publish(run_dir, TwsAddress(HOST, port, settings.nonce))
    parent, status = os.getppid(), run_dir / "status" / "simulator.json"
    with (run_dir / AUDIT).open("ab") as audit:
        serve(
            server,
            listener,
            lambda: stopping() or os.getppid() != parent,
            audit,
            lambda one: _tell(status, one, ""),
        )
    tws_address.withdraw(run_dir)
    _tell(status, server, "stopped")


def _market(config: Config, instruments: tuple[Instrument, ...]) -> Iterator[Row]:
    simulator = config.simulator
    if simulator.ticks:
        since = time_ns(simulator.start) if simulator.start else None
        return market_of(simulator.ticks, since)
    return SyntheticMarket(instruments, simulator.seed, simulator.rate_per_s)


def _tell(path: Path, server: TwsServer, ended: str) -> None:
    """Write the status file, whole or not at all."""
    status = {
        "role": "simulator",
        "state": "READY",
        "reason": "the market is over" if server.market_over else "",
        "ts_ns": time.time_ns(),
        "pid": os.getpid(),
        "ended": ended,
        "market_over": server.market_over,
        "counters": server.counters,
        "books": server.books(),
    }
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(status))
    partial.replace(path)
