"""TWS: bytes on a TCP socket through the gateway into a strategy's callback, in another process.

tickPrice and tickSize messages, half and half, each of which changes a quote, as fast as they are
taken -> `python -m tapewire.gateway` -> ZeroMQ -> `python -m tapewire.strategy`, whose `on_quote`
counts. Beside it, in slices that take turns, the same bytes into ibapi as shipped (socket to
callback) and ib_async (socket to event), which publish to nobody.
"""

from collections.abc import Callable
from typing import Any, Final

from tapewire.benchmarks.contest import Contender, Entry
from tapewire.benchmarks.load.children import Children, Talk
from tapewire.benchmarks.load.group import BENCH, CORE, strategy
from tapewire.benchmarks.tick_contest import TickContest, rate_goal, ratio_goals, write_config
from tapewire.common import roles

__all__ = ["add_options", "measure", "show"]

Figures = dict[str, Any]

TICKS_PER_S_GOALS: Final = {6: 1_200_000, 500: 500_000}
RATIO_GOALS: Final = {"ibapi": 16.0, "ib_async": 5.0}

_TWS: Final = "tws = {{ port = {port}, rate_max_per_s = 0, settle_ms = 0, reconnect_ms = 100 }}"


def _entries(children: Children, symbol_count: int) -> dict[str, Entry]:
    return {
        "tapewire": Entry(lambda: _tapewire(children, symbol_count)),
        "ibapi": Entry(_client(children, "ibapi", symbol_count), "ibapi"),
        "ib_async": Entry(_client(children, "ib_async", symbol_count), "ib_async"),
    }


def _flood(children: Children, name: str, symbol_count: int) -> tuple[Talk, int]:
    """A TWS for one client, and the port it listens on."""
    flood = Talk(children, f"flood-{name}", ["tapewire.benchmarks.load.tws_flood", symbol_count])
    return flood, flood.hear()["port"]


def _tapewire(children: Children, symbol_count: int) -> Contender:
    flood, port = _flood(children, "tapewire", symbol_count)
    config = write_config(children.folder, symbol_count, _TWS.format(port=port))
    gateway = children.start(roles.GATEWAY, CORE[roles.GATEWAY], config=config)
    sink = Talk(children, roles.strategy_role(BENCH), strategy(), config=config)
    flood.hear()
    return Contender(flood, sink, {roles.GATEWAY: gateway.pid, "strategy": sink.pid}, True)


def _client(children: Children, name: str, symbol_count: int) -> Callable[[], Contender]:
    def start() -> Contender:
        flood, port = _flood(children, name, symbol_count)
        sink = Talk(children, name, [f"tapewire.benchmarks.peers.{name}_peer", port, symbol_count])
        flood.hear()
        return Contender(flood, sink, {"client": sink.pid}, True)

    return start


def _goals(run: Figures) -> list[Figures]:
    least = TICKS_PER_S_GOALS.get(run["symbols"])
    own = [] if least is None else [rate_goal(run, "through the gateway", least)]
    return own + ratio_goals(run, RATIO_GOALS)


_CONTEST: Final = TickContest("tws", (6, 500), _entries, _goals)
add_options, measure, show = _CONTEST.add_options, _CONTEST.measure, _CONTEST.show
