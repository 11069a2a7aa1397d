"""The group's processes as a benchmark starts them itself: which module each role runs."""

from typing import Final

from tapewire.common import roles

BENCH: Final = "bench"
"""The name of a benchmark's strategy."""

CORE: Final = {
    roles.GATEWAY: ["tapewire.gateway"],
    roles.LIQUIDATION: ["tapewire.gateway", "--liquidation"],
    roles.RISK: ["tapewire.risk"],
    roles.EXECUTOR: ["tapewire.executor"],
}
"""Everything but strategies and a TWS."""


def strategy(name: str = BENCH) -> list[str]:
    """The module and arguments of a strategy's process."""
    return ["tapewire.strategy", name]


GROUP: Final = {**CORE, roles.strategy_role(BENCH): strategy()}
"""The core, with one strategy."""
