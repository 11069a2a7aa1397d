"""`python -m tapewire.executor`: signals to orders, exactly once."""

import sys

from tapewire.common.runtime import process
from tapewire.common.runtime.process import Process
from tapewire.executor.executor import Executor
from tapewire.executor.service import FOLLOWS, JOURNAL_SYNCHRONOUS, ExecutorService
from tapewire.risk.rules import MaxContracts

HOLD_MS = 1  # about as long as the gateway needs to get an order out


def build(own: Process) -> ExecutorService:
    """Open the sockets, build the core, read the journal."""
    config = own.config
    executor = Executor(
        [MaxContracts(config.risk.max_contracts)],
        config.all_instruments(),
        retry_ms=config.executor.retry_ms,
    )
    own.serve_stream()
    own.follow(*FOLLOWS)
    own.transport.bind("signals", "pull", own.endpoint("signals"))
    journal = own.journal(JOURNAL_SYNCHRONOUS)
    return ExecutorService(
        executor, own.transport, own.clock, journal, epoch=own.epoch, hold_ms=HOLD_MS
    )


def main() -> int:
    """Run the executor."""
    return process.run("executor", build)


if __name__ == "__main__":
    sys.exit(main())
