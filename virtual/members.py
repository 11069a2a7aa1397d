"""The members of a virtual group: how each process is built, and what each login's TWS is like."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.config.settings import Config
from tapewire.common.instruments import Instrument
from tapewire.common.logins import Login
from tapewire.common.runtime.host import Host
from tapewire.common.ticks.rows import Row
from tapewire.executor import composition as executor
from tapewire.gateway import composition as gateway
from tapewire.gateway.broker import Broker
from tapewire.gateway.projectx.spent import Spent
from tapewire.gateway.projectx.wiring import projectx
from tapewire.gateway.service import BROKER
from tapewire.risk import composition as risk
from tapewire.simulator.server import TwsServer
from tapewire.simulator.settings import SimulatorSettings
from tapewire.strategy import composition as strategy
from tapewire.strategy.log import Said
from tapewire.virtual.node import Build

if TYPE_CHECKING:
    from tapewire.virtual.linked import LinkedGateway  # needs what a back-test does not have

PERM_IDS = 100_000_000  # between two logins
MOST = 200  # requests that a Gateway counts in a stretch


LOGIN = {"user": "trader", "key": "simulated-key"}  # nobody's: they open a simulator


class SpentByRole:
    """What each gateway has sent of the Gateway's limit: it outlives the process."""

    def __init__(self) -> None:
        self._sent_ns: list[int] = []

    def times(self) -> Sequence[int]:
        """See `Spent.times`."""
        return self._sent_ns[-MOST:]

    def note(self, now_ns: int, count: int) -> None:
        """See `Spent.note`."""
        self._sent_ns += [now_ns] * count


def venue_of(
    config: Config,
    login: Login,
    settings: SimulatorSettings,
    instruments: Sequence[Instrument],
    market: Iterator[Row],
    start_ns: int,
) -> "TwsServer | LinkedGateway":
    """What stands for a login's broker: a simulated TWS, or a Gateway of ProjectX."""
    if config.at_projectx(login.name) is None:
        return TwsServer(settings, instruments, market)
    from tapewire.simulator.projectx.settings import GatewaySettings
    from tapewire.virtual.linked import LinkedGateway

    return LinkedGateway(GatewaySettings(market=settings), instruments, market, start_ns)


def adapt(host: Host, spent: Mapping[str, Spent]) -> tuple[Broker, Callable[[], None]]:
    """The adapter of a gateway in a world. TWS can only be the simulator: there is no login to be
    mistaken."""
    one = host.config.at_projectx(roles.login_name(host.role))
    if one is None:
        return gateway.tws(host, check_login=False)
    return projectx(host, one, BROKER, lambda: LOGIN, spent[host.role])


def builds(config: Config, adapt: gateway.Adapt, say: Callable[[Said], None]) -> dict[str, Build]:
    """Each process of the group by its role, in the order in which they start."""
    core: dict[str, Build] = {
        **dict.fromkeys(config.logins().gateways, partial(gateway.build, adapt=adapt)),
        roles.RISK: risk.build,
        roles.EXECUTOR: executor.build,
    }
    return core | {
        roles.strategy_role(one.name): partial(strategy.build, name=one.name, say=say, write=say)
        for one in config.strategies
    }


def settings_at(login: Login, number: int, settings: SimulatorSettings) -> SimulatorSettings:
    """The settings of a login's TWS: its own accounts, and execution ids that no other one has."""
    if not login.name:
        return settings
    first = settings.first_perm_id + number * PERM_IDS
    return replace(settings, accounts=login.accounts or settings.accounts, first_perm_id=first)
