"""The sockets of the bus by name, each with its port where the transport is tcp."""

from typing import Final

PORTS: Final = {
    "market": 5555,
    "signals": 5556,
    "orders": 5557,
    "broker": 5558,
    "execution": 5559,
    "risk": 5560,
    "control": 5561,
    "executor": 5562,
    "liquidation": 5563,
    "liquidation-broker": 5564,
}
