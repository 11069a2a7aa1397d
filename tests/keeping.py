"""A group's journals in memory, a checkpoint of them, and the processes that start on both."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.clock import VirtualClock
from tapewire.common.config.settings import StrategyConfig
from tapewire.common.events import (
    Commission,
    Event,
    OrderAccepted,
    OrderFilled,
    OrderIntended,
    PositionReported,
)
from tapewire.common.retention.policy import DAY_NS, Policy, Record
from tapewire.common.runtime.checkpoint import Checkpoint
from tapewire.common.runtime.compaction import PIECE_RECORDS, Made, compact
from tapewire.common.runtime.journal import events_of
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.executor.executor import Executor
from tapewire.executor.service import ExecutorService
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.service import GatewayService
from tapewire.gateway.tws.adapter import TwsBroker
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import RuleBook
from tapewire.risk.service import RiskService
from tapewire.strategy.runner import Runner
from tapewire.strategy.service import StrategyService
from tapewire.virtual.keeper import Keeper
from tests import forgotten
from tests.gateway.tws_bench import fill_of, submit
from tests.gateway.tws_messages import ACCOUNT, INSTRUMENTS, SECOND, T0
from tests.gateway.wires import Wires

DAILY = Policy()
LATER = T0 + 30 * DAY_NS
EXPIRES = T0 + 60 * SECOND


class Group:
    """The journals of a group that is down; `clock_ns` is the time at its next start."""

    def __init__(self, policy: Policy = DAILY, clock_ns: int = LATER) -> None:
        self.clock = VirtualClock(clock_ns)
        self.journals = {role: MemoryJournal() for role in roles.JOURNALED}
        self.keeper = Keeper(policy, INSTRUMENTS.values(), lambda: self.journals)

    def write(self, role: str, *events: Event) -> None:
        """What a process has journaled."""
        self.journals[role].append(events)

    def follow(self) -> None:
        """The executor journals what there is to say about what the gateways have journaled, as
        soon as they had it."""
        service = self.executor(whole=True)
        events = [*service.commits.emitted, *service.executor.caught_up(self.clock.now())]
        stamps = [e.ts_ns for e in events_of(self.journals[roles.GATEWAY])]  # type: ignore[attr-defined]
        last_ns = max(stamps, default=0)
        self.write(roles.EXECUTOR, *(replace(event, ts_ns=last_ns) for event in events))

    def compact(self, now_ns: int | None = None, piece_records: int = PIECE_RECORDS) -> Made:
        """Make a checkpoint."""
        now_ns = self.clock.now_ns() if now_ns is None else now_ns
        return compact(self.journals, self.keeper, now_ns, piece_records)

    def section(self, role: str) -> list[Record]:
        """What the checkpoint has of a journal."""
        journal = self.keeper.open()
        assert journal is not None
        return list(Checkpoint(journal, self.keeper.instruments).records(role))

    # ---- starts, with the checkpoint or on the whole journals ------------------------------------

    def gateway(self, role: str = roles.GATEWAY, *, whole: bool = False) -> GatewayService:
        broker = TwsBroker(INSTRUMENTS.values(), client_id=1)
        follows = (roles.RISK,) if role == roles.GATEWAY else ()
        service = GatewayService(
            role, Gateway(broker, instruments=INSTRUMENTS.values()), Wires(), self.clock,
            self.journals[role], epoch="g1", follows=follows, hang_up=lambda: None,
            checkpoints=None if whole else self.keeper,
        )  # fmt: skip
        if whole:
            self._tell(service, follows)
        return service

    def executor(self, *, whole: bool = False) -> ExecutorService:
        core = Executor(RuleBook(), INSTRUMENTS.values())
        service = ExecutorService(
            core, Wires(), self.clock, self.journals[roles.EXECUTOR], epoch="x1",
            checkpoints=None if whole else self.keeper,
        )  # fmt: skip
        if whole:
            self._tell(service, roles.GATEWAYS)
        return service

    def risk(self, *, whole: bool = False) -> RiskService:
        monitor = RiskMonitor(RuleBook(), INSTRUMENTS.values())
        service = RiskService(
            monitor, Wires(), self.clock, self.journals[roles.RISK], epoch="r1",
            checkpoints=None if whole else self.keeper,
        )  # fmt: skip
        if whole:
            self._tell(service, roles.GATEWAYS)
        return service

    def strategy(self, name: str = "s", *, whole: bool = False) -> StrategyService:
        config = StrategyConfig(name=name, strategy="tests.strategy.kit:Echo")
        runner = Runner(config, tuple(INSTRUMENTS), "e1", lambda _raised: None)
        runner.start(self.clock.now())
        service = StrategyService(
            runner, Wires(), self.clock, epoch="e1", symbols=tuple(INSTRUMENTS),
            checkpoints=None if whole else self.keeper,
        )  # fmt: skip
        if whole:
            self._tell(service, (roles.EXECUTOR, roles.GATEWAY, roles.RISK))
        return service

    def _tell(self, service, sources: Sequence[str]) -> None:
        """Hand a service what the journals of its sources have, one after the other."""
        for source in sources:
            journal, first = self.journals[source], service.followers[source].next_seq
            if journal.head.seq < first:
                continue
            service.transport.publish(source, first, *events_of(journal, first))
        while service.transport.inbound:
            channel, frames = service.transport.inbound.popleft()
            service._dispatch(channel, frames, self.clock.now())

    def caught_up(self, service):
        """A service that was told what its sources have beyond the checkpoint."""
        for follower in service.followers.values():
            follower._unconfirmed.clear()
        self._tell(service, tuple(service.followers))
        return service

    def differences(self) -> list[str]:
        """Where a group that starts from the checkpoint differs from one that reads everything, in
        what can still be asked."""
        again, whole = self.caught_up(self.executor()), self.executor(whole=True)
        risk, whole_risk = self.caught_up(self.risk()), self.risk(whole=True)
        found = [
            *forgotten.executor(again.executor, whole.executor),
            *forgotten.risk(risk.monitor, whole_risk.monitor),
            *forgotten.strategy(
                self.caught_up(self.strategy()).runner, self.strategy(whole=True).runner,
                tuple(INSTRUMENTS),
            ),
        ]  # fmt: skip
        for role in roles.GATEWAYS:
            mine, all_of_it = self.gateway(role), self.gateway(role, whole=True)
            found += forgotten.gateway(mine.gateway, all_of_it.gateway)
        return found


def gateway(events: Sequence[Event]) -> Gateway:
    one = Gateway(TwsBroker(INSTRUMENTS.values(), client_id=1))
    for event in events:
        one.apply(event)
    return one


def checkpoint(events: Sequence[Event], now_ns: int = LATER, policy: Policy = DAILY) -> list[Event]:
    """What the next start of a gateway finds in place of `events`, which the executor followed."""
    return kept(group(events, policy), now_ns)


def group(events: Sequence[Event], policy: Policy = DAILY) -> Group:
    """The journals of a gateway, and of an executor that has followed it."""
    one = Group(policy)
    one.write(roles.GATEWAY, *events)
    one.follow()
    return one


def kept(one: Group, now_ns: int = LATER, role: str = roles.GATEWAY) -> list[Event]:
    """What the next start of a process finds in a new checkpoint."""
    one.compact(now_ns)
    return [record.event for record in one.section(role)]


def order(
    name: str,
    *more: Event,
    order_id: str = "1",
    expires_ns: int = EXPIRES,
    strategy: str = "s",
) -> list[Event]:
    asked = submit(name, expires_ns=expires_ns, strategy=strategy)
    accepted = OrderAccepted(T0, ACCOUNT, name, order_id, "7001", T0)
    return [OrderIntended(T0, order_id, asked), accepted, *more]


def filled(name: str, exec_id: str, order_id: str = "1", strategy: str = "s") -> list[Event]:
    """A filled order, with the position that came of it."""
    fill = fill_of(name, 10, exec_id, strategy=strategy)
    return [
        *order(name, fill, order_id=order_id, strategy=strategy),
        OrderFilled(T0, ACCOUNT, name),
        Commission(T0, ACCOUNT, exec_id, Decimal(1), "USD"),
        PositionReported(T0, ACCOUNT, "AAPL", Decimal(10), Decimal(150)),
    ]
