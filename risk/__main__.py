"""`python -m tapewire.risk`: the monitor that can stop everything."""

import sys

from tapewire.common.runtime import process
from tapewire.common.runtime.process import Process
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import MaxContracts
from tapewire.risk.service import FOLLOWS, RiskService


def build(own: Process) -> RiskService:
    """Open the sockets, build the core, read the journal."""
    config = own.config.risk
    monitor = RiskMonitor([MaxContracts(config.max_contracts)], own.config.all_instruments())
    own.serve_stream()
    own.follow(*FOLLOWS)
    own.transport.connect("marks", "sub", own.endpoint("market"), [b"last."])
    return RiskService(
        monitor, own.transport, own.clock, own.journal(),
        epoch=own.epoch, heartbeat_ms=config.heartbeat_ms,
    )  # fmt: skip


def main() -> int:
    """Run risk."""
    return process.run("risk", build)


if __name__ == "__main__":
    sys.exit(main())
