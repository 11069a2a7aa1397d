"""The names of processes, as values: nothing else in the code spells one out.

A role is the name of a process in the group, of its journal, its lock, its status file and its
stream. Gateways and strategies can be several: their roles are made by functions.

The gateway of a named login is `gateway-NAME`, its liquidation gateway `liquidation-NAME`. What a
process may do, and what it is to others, depends on its kind alone: `gateway` for every gateway.
"""

from collections.abc import Iterable
from typing import Final

GATEWAY: Final = "gateway"
LIQUIDATION: Final = "liquidation"
EXECUTOR: Final = "executor"
RISK: Final = "risk"
SIMULATOR: Final = "simulator"
NOTICES: Final = "notices"
RECORDER: Final = "recorder"
BRIDGE: Final = "bridge"
RELAY: Final = "relay"
DOOR: Final = "door"
WEB: Final = "web"

GATEWAYS: Final = (GATEWAY, LIQUIDATION)
"""The kinds with a broker connection, whose streams report executions and positions; the roles of
the only login, where it has no name."""
OF_LOGIN: Final = (*GATEWAYS, SIMULATOR)
"""The kinds of which each login has a process of its own."""
JOURNALED: Final = (*GATEWAYS, EXECUTOR, RISK)
"""The kinds with a journal and a stream of their own."""

STRATEGY: Final = "strategy"
"""All strategies together, as clients of the executor."""
CLI: Final = "cli"
"""A person at the command line, as a client."""

READER: Final = "reader"
OPERATOR: Final = "operator"
"""With `STRATEGY`, the roles that the key of another host can have; `bus.access.KEYS` has what each
may do."""

NAME: Final = "[A-Za-z0-9][A-Za-z0-9_-]{0,31}"
"""What a name in the configuration is like: of a strategy, a login, a host."""

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


def relay_role(host: str) -> str:
    """The role of a far host's relay: each has its own, so that all hosts' processes fit into one
    table."""
    return f"{RELAY}-{host}"


def of_login(kind: str, name: str) -> str:
    """The role of a login's process of this kind; the kind itself where the login has no name."""
    return f"{kind}-{name}" if name else kind


def kind_of(role: str) -> str:
    """What kind of process a role is: all strategies are one, all gateways, and all relays."""
    kind, _, name = role.partition("-")
    return kind if name and kind in (*OF_LOGIN, STRATEGY, RELAY) else role


def login_name(role: str) -> str:
    """The name of the login that a role is of; "" where the login has none, or it is of none."""
    kind, _, name = role.partition("-")
    return name if kind in OF_LOGIN else ""


def has_broker(role: str) -> bool:
    """Whether it is a gateway or a liquidation gateway: its journal is the broker's word."""
    return kind_of(role) in GATEWAYS


def journaled(gateways: Iterable[str]) -> tuple[str, ...]:
    """The roles with a journal, in a group with these gateways."""
    return (*gateways, EXECUTOR, RISK)
