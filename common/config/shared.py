"""What of the configuration has to be the same on all hosts of a group, and how to compare it.

Each host has a file of its own. Much of it is that host's alone: its run directory, its log, what
it mirrors or shows. The rest says what both sides take for granted of each other. It is compared by
a digest of each section, so that nothing of it has to be sent, and a difference has a name.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tapewire.common.config.settings import Config

BYTES: Final = 8
OF_MACHINE: Final = frozenset({"path", "warm_up"})
"""Of a strategy: folders and files of the machine that it runs on."""


def digests(config: "Config") -> dict[str, str]:
    """A short digest of each section that all hosts share, by the section's name."""
    return {name: _digest(value) for name, value in _shared(config).items()}


def differing(ours: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    """The sections of which two hosts have different digests; one that only one of them knows is
    of another version of Tapewire, and nothing is known of it."""
    return [name for name in ours if name in theirs and ours[name] != theirs[name]]


def _shared(config: "Config") -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(config.model_dump_json())
    strategies = ({**one} for one in plain["strategies"])
    return {
        "bus.ports": plain["bus"]["ports"],
        "gateways": [[*one] for one in config.logins()],
        "hosts": plain["hosts"],
        "instruments": plain["instruments"],
        "orders": plain["orders"],
        "risk.lease_ms": plain["risk"]["lease_ms"],
        "simulator.enabled": plain["simulator"]["enabled"],
        "strategies": [
            {key: value for key, value in one.items() if key not in OF_MACHINE}
            for one in strategies
        ],
        "trading_day": plain["trading_day"],
    }


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=BYTES).hexdigest()
