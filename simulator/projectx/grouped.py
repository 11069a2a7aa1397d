"""The simulated Gateway as part of a group: its key is the nonce that the group knows it by."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tapewire.common import extras
from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.projectx.settings import GatewaySettings
from tapewire.simulator.settings import SimulatorSettings
from tapewire.simulator.shell import now_ns

if TYPE_CHECKING:
    from tapewire.simulator.projectx.server import GatewayServer

FEATURE: Final = "the simulated ProjectX Gateway"


def require_libraries() -> None:
    """Raise `ConfigError` where the extra is not installed."""
    for module in ("h11", "wsproto"):
        extras.require(FEATURE, module, "projectx")


def gateway_server(
    settings: SimulatorSettings, instruments: Sequence[Instrument], market: Iterator[Row]
) -> "GatewayServer":
    """A Gateway that takes one user, with the nonce as the key."""
    require_libraries()
    from tapewire.simulator.projectx.server import GatewayServer

    chosen = GatewaySettings(market=settings, key=settings.nonce)
    return GatewayServer(chosen, instruments, market, now_ns())
