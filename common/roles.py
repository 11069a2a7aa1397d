"""The names of processes, as values: nothing else in the code spells one out.

A role is the name of a process in the group, of its journal, its lock, its status file and its
stream. Gateways and strategies can be several: their roles are made by functions.
"""

from typing import Final

GATEWAY: Final = "gateway"
LIQUIDATION: Final = "liquidation"
EXECUTOR: Final = "executor"
RISK: Final = "risk"
SIMULATOR: Final = "simulator"
NOTICES: Final = "notices"

GATEWAYS: Final = (GATEWAY, LIQUIDATION)
"""The roles with a broker connection, whose streams report executions and positions."""
JOURNALED: Final = (*GATEWAYS, EXECUTOR, RISK)
"""The roles with a journal and a stream of their own."""

STRATEGY: Final = "strategy"
"""All strategies together, as clients of the executor."""
CLI: Final = "cli"
"""A person at the command line, as a client."""

MANUAL: Final = "manual"
"""The strategy that a person's orders are of, in signals, orders and executions."""
RESERVED: Final = (RISK, MANUAL)
"""What no strategy of the configuration can be called: these have orders of their own."""

_STRATEGY: Final = f"{STRATEGY}-"


def strategy_role(name: str) -> str:
    """The role of the strategy `name`, as the configuration has it."""
    return f"{_STRATEGY}{name}"


def is_strategy(role: str) -> bool:
    """Whether a role is a strategy's."""
    return role.startswith(_STRATEGY)


def strategy_name(role: str) -> str:
    """The strategy's name in the configuration; the role itself where it is not a strategy's."""
    return role.removeprefix(_STRATEGY)
