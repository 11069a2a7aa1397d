"""The executor's shell: orders leave before its own journal is written; not READY, no answer."""

import pytest

from tapewire.common.bus import wire
from tapewire.common.events import (
    CancelOrder,
    CancelSignal,
    OrderAnswer,
    OrderCreated,
    OrderIntended,
    OrderReply,
    OrderRequest,
    Signal,
    SubmitOrder,
)
from tapewire.common.runtime.clock import VirtualClock
from tapewire.executor.service import COMMANDS_MAX, ExecutorService
from tests.executor.desk import SECOND, T0, executor, fill, signal
from tests.gateway.wires import LoggedJournal, Wires


class Shell:
    """An executor service with what it stands on."""

    def __init__(self, journal: LoggedJournal | None = None, limit: int = 100) -> None:
        self.wires, self.clock = Wires(), VirtualClock(T0)
        self.journal = journal or LoggedJournal(self.wires.log)
        self.journal.log = self.wires.log
        core = executor(limit, live=False)
        self.service = ExecutorService(core, self.wires, self.clock, self.journal, epoch="x1")

    def ready(self) -> "Shell":
        self.wires.beat("gateway", T0)
        self.wires.beat("way-out", T0)
        self.turn()
        self.answer()
        self.turn()
        assert self.service.readiness(T0) == ("READY", "")
        self.wires.sent.clear()
        self.wires.log.clear()
        return self

    def answer(self, *answers: OrderAnswer) -> None:
        self.wires.put("gateway.requests", wire.encode(OrderReply(1, list(answers))))

    def signal(self, one: Signal) -> None:
        self.wires.put("signals", wire.encode(one))

    def turn(self) -> None:
        self.service.turn(0)

    def sent(self) -> list[str]:
        requests = [r for r in self.wires.asked("gateway") if isinstance(r, OrderRequest)]
        return [c.intent_id for r in requests for c in r.commands]


@pytest.fixture
def shell() -> Shell:
    return Shell().ready()


def test_orders_leave_before_the_own_journal_is_written(shell: Shell):
    shell.signal(signal(1))
    shell.signal(signal(2))
    shell.turn()
    assert shell.wires.log[:3] == ["gateway.requests", "append", "events"]
    assert shell.sent() == ["s-e-1/1", "s-e-2/1"]
    assert [type(e) for e in shell.wires.events("executor")] == [OrderCreated, OrderCreated]


@pytest.mark.parametrize("missing", ["gateway", "way-out", "the gateway's word"])
def test_while_the_past_is_not_known_no_signal_is_answered(missing: str):
    shell = Shell()
    for source in {"gateway", "way-out"} - {missing}:
        shell.wires.beat(source, T0)
    shell.turn()
    if missing != "the gateway's word":
        shell.answer()
    shell.signal(signal())
    shell.turn()
    assert (shell.sent(), shell.wires.events("executor")) == ([], [])
    assert shell.service.metrics.value("signals_deferred") == 1
    assert shell.service.readiness(T0)[0] == "WAITING"


def test_a_signal_that_was_deferred_is_traded_when_it_comes_again():
    shell = Shell()
    shell.signal(signal())
    shell.turn()
    shell.ready()
    shell.signal(signal())
    shell.turn()
    assert shell.sent() == ["s-e-1/1"]


def test_a_crash_before_the_journal_is_learned_from_the_gateway(shell: Shell):
    shell.signal(signal())
    shell.turn()
    (request,) = shell.wires.asked("gateway")
    order = request.commands[0]
    after = Shell()  # its journal is empty: the machine went before the commit
    after.wires.publish("gateway", 1, OrderIntended(T0, 1, order), fill(order, 10, "e1.01"))
    after.ready()
    after.signal(signal())
    after.turn()
    assert after.sent() == []
    assert after.service.executor.ledger.orders["s-e-1/1"].filled == 10


def test_a_gateway_that_is_not_there_gets_the_order_when_it_is_back(shell: Shell):
    shell.wires.down.add("gateway.requests")
    shell.signal(signal())
    shell.turn()
    assert shell.sent() == []
    shell.wires.down.clear()
    shell.clock.advance_to(T0 + SECOND)
    shell.turn()
    assert shell.sent() == ["s-e-1/1"]


def test_more_orders_than_a_request_may_carry_go_in_several():
    shell = Shell(limit=10**6).ready()
    for number in range(COMMANDS_MAX + 5):
        shell.signal(signal(number, quantity=1))
    shell.turn()
    shell.turn()
    assert [len(r.commands) for r in shell.wires.asked("gateway")] == [COMMANDS_MAX, 5]


def test_a_cancel_does_not_wait_behind_orders(shell: Shell):
    shell.signal(signal(1))
    shell.turn()
    shell.signal(signal(2))
    shell.signal(CancelSignal("s-e-3", T0, "s", "s-e-1", T0 + SECOND))
    shell.turn()
    last = shell.wires.asked("gateway")[-1]
    assert [type(command) for command in last.commands] == [CancelOrder, SubmitOrder]
    assert last.commands[0].id == "s-e-3"


def test_what_is_no_signal_is_a_dead_letter(shell: Shell):
    shell.wires.put("signals", wire.encode(CancelOrder("s-e-1/1", T0)))
    shell.turn()
    assert shell.sent() == []
    assert "found CancelOrder, expected a signal" in shell.service.dead_letters[0].reason


def test_a_lost_tail_of_the_gateways_journal_halts_it(shell: Shell):
    shell.wires.beat("gateway", T0, epoch="1")
    _, (order,) = executor().on_signal(signal(9), T0)
    shell.wires.publish("gateway", 1, OrderIntended(T0, 1, order))
    shell.turn()
    shell.wires.beat("gateway", T0, seq=0, epoch="2")
    shell.turn()
    shell.signal(signal())
    shell.turn()
    assert shell.service.readiness(T0)[0] == "HALTED"
    assert shell.sent() == []


def test_a_restart_reads_its_own_journal(shell: Shell):
    shell.signal(signal())
    shell.turn()
    after = Shell(shell.journal).ready()
    after.signal(signal())
    after.turn()
    assert after.wires.events("executor") == []
