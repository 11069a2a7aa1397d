"""TWS: bytes on a TCP socket through the gateway into a strategy's callback, in another process.

tickPrice and tickSize messages, half and half, each of which changes a quote, as fast as they are
taken -> `python -m tapewire.gateway` -> ZeroMQ -> `python -m tapewire.strategy`, whose `on_quote`
counts. Beside it, in slices that take turns, the same bytes into ibapi as shipped (socket to
callback) and ib_async (socket to event), which publish to nobody. `--version` is the newest version
that the TWS speaks: ibapi ends at 157, so beyond it ibapi alone stays there.
"""

import argparse
from functools import partial
from typing import Any, Final

from tapewire.benchmarks.contest import Contender, Entry
from tapewire.benchmarks.load.children import Children, Talk
from tapewire.benchmarks.load.endpoints import VERSION
from tapewire.benchmarks.load.group import BENCH, CORE, strategy
from tapewire.benchmarks.tick_contest import TickContest, rate_goal, ratio_goals, write_config
from tapewire.common import roles
from tapewire.simulator.settings import VERSION_CEILING

__all__ = ["add_options", "measure", "show"]

Figures = dict[str, Any]

TICKS_PER_S_GOALS: Final = {6: 1_200_000, 500: 500_000}
RATIO_GOALS: Final = {"ibapi": 16.0, "ib_async": 5.0}

_TWS: Final = "tws = {{ port = {port}, rate_max_per_s = 0, settle_ms = 0, reconnect_ms = 100 }}"


def _entries(version: int, children: Children, symbol_count: int) -> dict[str, Entry]:
    def client(name: str) -> Entry:
        return Entry(lambda: _client(children, name, symbol_count, version), name)

    return {
        "tapewire": Entry(lambda: _tapewire(children, symbol_count, version)),
        "ibapi": client("ibapi"),
        "ib_async": client("ib_async"),
    }


def _flood(children: Children, name: str, symbol_count: int, version: int) -> tuple[Talk, int]:
    """A TWS for one client, and the port it listens on."""
    command = ["tapewire.benchmarks.load.tws_flood", symbol_count, version]
    flood = Talk(children, f"flood-{name}", command)
    return flood, flood.hear()["port"]


def _tapewire(children: Children, symbol_count: int, version: int) -> Contender:
    flood, port = _flood(children, "tapewire", symbol_count, version)
    config = write_config(children.folder, symbol_count, _TWS.format(port=port))
    gateway = children.start(roles.GATEWAY, CORE[roles.GATEWAY], config=config)
    sink = Talk(children, roles.strategy_role(BENCH), strategy(), config=config)
    flood.hear()
    return Contender(flood, sink, {roles.GATEWAY: gateway.pid, "strategy": sink.pid}, True)


def _client(children: Children, name: str, symbol_count: int, version: int) -> Contender:
    flood, port = _flood(children, name, symbol_count, version)
    sink = Talk(children, name, [f"tapewire.benchmarks.peers.{name}_peer", port, symbol_count])
    flood.hear()
    return Contender(flood, sink, {"client": sink.pid}, True)


def _goals(run: Figures) -> list[Figures]:
    least = TICKS_PER_S_GOALS.get(run["symbols"])
    own = [] if least is None else [rate_goal(run, "through the gateway", least)]
    return own + ratio_goals(run, RATIO_GOALS)


def _contest(version: int = VERSION) -> TickContest:
    return TickContest("tws", (6, 500), partial(_entries, version), _goals)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Those of a contest, and the newest version of TWS."""
    _contest().add_options(parser)
    parser.add_argument(
        "--version",
        type=int,
        choices=range(VERSION, VERSION_CEILING + 1),
        metavar="N",
        default=VERSION,
        help=f"newest version that TWS speaks, {VERSION} to {VERSION_CEILING} ({VERSION})",
    )


def measure(options: argparse.Namespace) -> Figures:
    """Run it against a TWS of that version."""
    return {**_contest(options.version).measure(options), "server_version": options.version}


show = _contest().show
