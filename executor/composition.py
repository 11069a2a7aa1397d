"""How the executor is put together from the configuration, live or virtual."""

from tapewire.common.runtime.disk import disk_of
from tapewire.common.runtime.host import Host
from tapewire.executor.executor import Executor
from tapewire.executor.service import FOLLOWS, JOURNAL_SYNCHRONOUS, ExecutorService
from tapewire.risk.rules import load_rules

HOLD_MS = 1  # about as long as the gateway needs to get an order out


def build(host: Host) -> ExecutorService:
    """Open the channels, build the core, read the journal."""
    config = host.config
    executor = Executor(
        load_rules(config.risk.rules),
        config.all_instruments(),
        retry_ms=config.executor.retry_ms,
    )
    host.serve_stream()
    host.follow(*FOLLOWS)
    host.bind("signals", "pull", "signals")
    return ExecutorService(
        executor, host.transport, host.clock, host.journal(JOURNAL_SYNCHRONOUS),
        epoch=host.epoch, hold_ms=HOLD_MS, heartbeat_ms=config.risk.heartbeat_ms,
        disk=disk_of(host),
    )  # fmt: skip
