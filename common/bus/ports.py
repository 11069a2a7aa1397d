"""The sockets of the bus by name, each with its port where the transport is tcp."""

from typing import Final

SIGNALS: Final = "signals"
"""The only socket without replies that takes requests."""
QUERIES: Final = "queries"
HOSTS: Final = "hosts"
"""Where far hosts ask home for the time and report how they are: between hosts alone."""

PORTS: Final = {
    "market": 5555,
    SIGNALS: 5556,
    "orders": 5557,
    "broker": 5558,
    "execution": 5559,
    "risk": 5560,
    "control": 5561,
    "executor": 5562,
    "liquidation": 5563,
    "liquidation-broker": 5564,
    QUERIES: 5565,
    HOSTS: 5566,
}

OF_LOGIN: Final = (
    "market", "orders", QUERIES, "broker", "liquidation", "liquidation-broker",
)  # fmt: skip
"""Those of which each login has its own. A named login's are `SOCKET.NAME`, and have no default
port."""


def of_login(socket: str, name: str) -> str:
    """The socket of a login; `socket` itself where the login has no name."""
    return f"{socket}.{name}" if name else socket
