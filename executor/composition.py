"""How the executor is put together from the configuration, live or virtual."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from tapewire.common import roles
from tapewire.common.config.settings import Config
from tapewire.common.runtime.brakes import brakes_of
from tapewire.common.runtime.host import Host
from tapewire.executor.confidence import INDIFFERENT, Confidence
from tapewire.executor.executor import Executor
from tapewire.executor.service import JOURNAL_SYNCHRONOUS, ExecutorService
from tapewire.risk.rules import load_rules

HOLD_MS = 1  # for more of what is emitted together
HOLD_MAX_MS = 5  # while a gateway has not answered, which takes it a millisecond or two
NAMES_MAX: Final = 1024  # of strategies whose settings are at hand; any signal may bring a new one


def build(host: Host) -> ExecutorService:
    """Open the channels, build the core, read the journal."""
    config = host.config
    logins = config.logins()
    executor = Executor(
        load_rules(config.risk.rules),
        config.all_instruments(),
        retry_ms=config.executor.retry_ms,
        confidence=confidence_of(config),
        day_of=config.days(),
        what_if=config.executor.what_if,
        logins=logins,
    )
    host.serve_stream()
    host.follow(*logins.gateways, roles.RISK)
    host.bind("signals", "pull", "signals")
    return ExecutorService(
        executor, host.transport, host.clock, host.journal(JOURNAL_SYNCHRONOUS),
        epoch=host.epoch, hold_ms=HOLD_MS, hold_max_ms=HOLD_MAX_MS,
        heartbeat_ms=config.risk.heartbeat_ms, brakes=brakes_of(host),
        checkpoints=host.checkpoints(),
    )  # fmt: skip


def confidence_of(config: Config) -> Callable[[str], Confidence]:
    """What the configuration says of a strategy's confidence, by the name of any of its instances;
    a name that is not configured is indifferent to it."""
    known = {
        one.name: Confidence(one.confidence_min, one.confidence_scales) for one in config.strategies
    }

    @lru_cache(maxsize=NAMES_MAX)
    def of(strategy: str) -> Confidence:
        return known.get(config.instance(strategy)[0], INDIFFERENT)

    return of
