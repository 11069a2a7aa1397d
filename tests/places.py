"""Where tests find things: the project, the real ticks, a free port."""

import os
from pathlib import Path

from tapewire.benchmarks.load.ports import free_port, free_ports

__all__ = ["DATA", "NO_CONSOLE", "ROOT", "SDK", "free_port", "free_ports"]

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("TAPEWIRE_DATA", ROOT.parent / "shared" / "data"))
SDK = ROOT / ".venv-projectx" / "bin" / "python"
"""The interpreter that has `project-x-py`, where `make projectx` has made one."""


NO_CONSOLE = {"TAPEWIRE_WEB__ENABLED": "false"}
"""For groups that are started: several run at a time, and the web console has one port."""
