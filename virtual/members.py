"""The members of a virtual group: how each process is built, and what each login's TWS is like."""

from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.config.settings import Config
from tapewire.common.logins import Login
from tapewire.executor import composition as executor
from tapewire.gateway import composition as gateway
from tapewire.risk import composition as risk
from tapewire.simulator.settings import SimulatorSettings
from tapewire.strategy import composition as strategy
from tapewire.strategy.log import Said
from tapewire.virtual.node import Build

PERM_IDS = 100_000_000  # between two logins


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
