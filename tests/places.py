"""Where tests find things: the project, the real ticks, a free port."""

import contextlib
import os
import socket
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("TAPEWIRE_DATA", ROOT.parent / "shared" / "data"))
SDK = ROOT / ".venv-projectx" / "bin" / "python"
"""The interpreter that has `project-x-py`, where `make projectx` has made one."""


NO_CONSOLE = {"TAPEWIRE_WEB__ENABLED": "false"}
"""For groups that are started: several run at a time, and the web console has one port."""


def free_ports(count: int) -> list[int]:
    """So many TCP ports of the loopback that nobody listens on at this moment, no two the same: one
    that is let go may be given out again at once."""
    with contextlib.ExitStack() as open_ones:
        probes = [open_ones.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def free_port() -> int:
    """One such port."""
    return free_ports(1)[0]
