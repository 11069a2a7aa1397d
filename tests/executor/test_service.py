"""The executor's service: orders leave before its own journal is written; not READY, no answer."""

import pytest

from tapewire.common.bus import wire
from tapewire.common.clock import VirtualClock
from tapewire.common.config.settings import RuleConfig
from tapewire.common.events import (
    EVERYTHING,
    CancelOrder,
    CancelSignal,
    CircuitChanged,
    OrderAnswer,
    OrderCreated,
    OrderReply,
    OrderRequest,
    RiskHalted,
    RulesChanged,
    Signal,
    SubmitOrder,
)
from tapewire.common.runtime.journal import events_of
from tapewire.executor.doors import COMMANDS_MAX
from tapewire.executor.service import ExecutorService
from tapewire.executor.welcome import ANSWER_MAX_NS, ASK_EVERY_NS, PROBE_EVERY_NS
from tapewire.risk.rules.in_force import text_of
from tests.executor.orders import NOW, SECOND, T0, executor, fill, intended, signal
from tests.gateway.wires import LoggedJournal, Wires


class Executing:
    """An executor service with what it stands on."""

    def __init__(self, journal: LoggedJournal | None = None, limit: int = 100) -> None:
        self.wires, self.clock = Wires(), VirtualClock(T0)
        self.journal = journal or LoggedJournal(self.wires.log)
        self.journal.log = self.wires.log
        core = executor(limit, live=False)
        self.service = ExecutorService(core, self.wires, self.clock, self.journal, epoch="x1")

    def ready(self) -> "Executing":
        self.wires.beat("gateway", T0)
        self.wires.beat("liquidation", T0)
        self.turn()
        self.welcome()
        self.turn()
        assert self.service.readiness(NOW) == ("READY", "")
        self.wires.sent.clear()
        self.wires.log.clear()
        return self

    def answer(self, *answers: OrderAnswer) -> None:
        self.reply(OrderReply(self.asked().id, list(answers)))

    def welcome(self, token: str = "g.1", head: int = 0) -> None:
        """The gateway's answer to a hello."""
        self.reply(OrderReply(self.asked().id, [], head, fencing_token=token))

    def reply(self, reply: OrderReply) -> None:
        self.wires.put("gateway.requests", wire.encode(reply))

    def asked(self) -> OrderRequest:
        """The last request to the gateway."""
        (*_, last) = (r for r in self.wires.asked("gateway") if isinstance(r, OrderRequest))
        return last

    def pass_time(self, time_ns: int) -> None:
        self.clock.advance_to(self.clock.now().mono_ns + time_ns)
        self.turn()

    def state(self) -> tuple[str, str]:
        return self.service.readiness(self.clock.now())

    def signal(self, one: Signal) -> None:
        self.wires.put("signals", wire.encode(one))

    def turn(self) -> None:
        self.service.turn(0)

    def sent(self) -> list[str]:
        requests = [r for r in self.wires.asked("gateway") if isinstance(r, OrderRequest)]
        return [c.intent_id for r in requests for c in r.commands]


@pytest.fixture
def executing() -> Executing:
    return Executing().ready()


def test_orders_leave_before_the_own_journal_is_written(executing: Executing):
    executing.signal(signal(1))
    executing.signal(signal(2))
    executing.turn()
    assert executing.wires.log[:3] == ["gateway.requests", "append", "events"]
    assert executing.sent() == ["s-e-1/1", "s-e-2/1"]
    assert [type(e) for e in executing.wires.events("executor")] == [OrderCreated, OrderCreated]


@pytest.mark.parametrize("missing", ["gateway", "liquidation", "the gateway's word"])
def test_while_the_past_is_not_known_no_signal_is_answered(missing: str):
    executing = Executing()
    for source in {"gateway", "liquidation"} - {missing}:
        executing.wires.beat(source, T0)
    executing.turn()
    if missing != "the gateway's word":
        executing.welcome()
    executing.signal(signal())
    executing.turn()
    assert (executing.sent(), executing.wires.events("executor")) == ([], [])
    assert executing.service.metrics.value("signals_deferred") == 1
    assert executing.service.readiness(NOW)[0] == "WAITING"


def test_a_signal_that_was_deferred_is_traded_when_it_comes_again():
    executing = Executing()
    executing.signal(signal())
    executing.turn()
    executing.ready()
    executing.signal(signal())
    executing.turn()
    assert executing.sent() == ["s-e-1/1"]


def test_a_crash_before_the_journal_is_learned_from_the_gateway(executing: Executing):
    executing.signal(signal())
    executing.turn()
    (request,) = executing.wires.asked("gateway")
    order = request.commands[0]
    after = Executing()  # its journal is empty: the machine went before the commit
    after.wires.publish("gateway", 1, intended(order), fill(order, 10, "e1.01"))
    after.ready()
    after.signal(signal())
    after.turn()
    assert after.sent() == []
    assert after.service.executor.ledger.orders["s-e-1/1"].filled == 10


def test_a_gateway_that_is_not_there_gets_the_order_when_it_is_back(executing: Executing):
    executing.wires.down.add("gateway.requests")
    executing.signal(signal())
    executing.turn()
    assert executing.sent() == []
    executing.wires.down.clear()
    executing.clock.advance_to(T0 + SECOND)
    executing.turn()
    assert executing.sent() == ["s-e-1/1"]


def test_more_orders_than_a_request_may_carry_go_in_several():
    executing = Executing(limit=10**6).ready()
    for number in range(COMMANDS_MAX + 5):
        executing.signal(signal(number, quantity=1))
    executing.turn()
    executing.turn()
    assert [len(r.commands) for r in executing.wires.asked("gateway")] == [COMMANDS_MAX, 5]


def test_a_cancel_does_not_wait_behind_orders(executing: Executing):
    executing.signal(signal(1))
    executing.turn()
    executing.signal(signal(2))
    executing.signal(CancelSignal("s-e-3", T0, "", "s", "s-e-1", T0 + SECOND))
    executing.turn()
    last = executing.wires.asked("gateway")[-1]
    assert [type(command) for command in last.commands] == [CancelOrder, SubmitOrder]
    assert last.commands[0].id == "s-e-3"


def test_what_is_no_signal_is_a_dead_letter(executing: Executing):
    executing.wires.put("signals", wire.encode(CancelOrder("s-e-1/1", T0)))
    executing.turn()
    assert executing.sent() == []
    assert "found CancelOrder, expected a signal" in executing.service.dead_letters[0].reason


def test_a_circuit_of_a_strategy_is_written_down_once_and_survives_a_restart(executing: Executing):
    change = CircuitChanged(T0, "strategy-s-e-1", "strategy.s", "CLOSED", "OPEN", "why")
    for _ in range(2):
        executing.wires.put("signals", wire.encode(change))
        executing.turn()
    written = [e for e in events_of(executing.journal) if isinstance(e, CircuitChanged)]
    assert written == [change]
    again = executor()
    again.apply(change)
    assert again.on_circuit(change) == []


def test_a_strategy_reports_no_circuit_of_others(executing: Executing):
    change = CircuitChanged(T0, "strategy-s-e-1", "broker", "CLOSED", "OPEN", "why")
    executing.wires.put("signals", wire.encode(change))
    executing.turn()
    assert "circuit broker, which is not one of a strategy" in (
        executing.service.dead_letters[0].reason
    )


def test_a_lost_tail_of_the_gateways_journal_halts_it(executing: Executing):
    executing.wires.beat("gateway", T0, epoch="1")
    _, (order,) = executor().on_signal(signal(9), NOW)
    executing.wires.publish("gateway", 1, intended(order))
    executing.turn()
    executing.wires.beat("gateway", T0, seq=0, epoch="2")
    executing.turn()
    executing.signal(signal())
    executing.turn()
    assert executing.service.readiness(NOW)[0] == "HALTED"
    assert executing.sent() == []


def test_a_restart_reads_its_own_journal(executing: Executing):
    executing.signal(signal())
    executing.turn()
    after = Executing(executing.journal).ready()
    after.signal(signal())
    after.turn()
    assert after.wires.events("executor") == []


def test_the_way_from_the_strategy_is_measured(executing: Executing):
    executing.clock.advance_to(T0 + 5_000_000)
    executing.signal(signal())
    executing.turn()
    hop = executing.service.metrics.hops["strategy_to_executor"]
    assert hop.count == 1


def test_status_has_positions_as_rows_and_denials_among_the_orders(executing: Executing):
    executing.signal(signal(1))
    executing.signal(signal(2, quantity=101))
    executing.turn()
    order = executing.wires.asked("gateway")[0].commands[0]
    executing.wires.publish("gateway", 1, intended(order), fill(order, 4, "e1.01"))
    executing.turn()
    detail = executing.service.detail()
    assert detail["orders"] == {"INTENDED": 1, "DENIED": 1}
    assert detail["positions"] == [{"account": order.account, "symbol": "AAPL", "quantity": "4"}]
    assert detail["earned"] == {"USD": {"realised": "0", "unrealised": "0", "fees": "0"}}


def test_it_introduces_itself_until_the_gateway_has_answered():
    executing = Executing()
    executing.turn()
    executing.turn()
    executing.pass_time(ASK_EVERY_NS)
    hellos = executing.wires.asked("gateway")
    assert [(r.id, r.commands, r.fencing_token, r.hello) for r in hellos] == [
        (1, [], "", "x1/1"), (2, [], "", "x1/1"),
    ]  # fmt: skip


def test_it_waits_until_it_has_read_all_that_the_gateway_had_taken():
    executing = Executing()
    executing.wires.beat("gateway", T0)
    executing.wires.beat("liquidation", T0)
    executing.turn()
    executing.welcome(head=1)
    executing.turn()
    assert executing.state() == (
        "WAITING", "catching up with what the gateway took from an earlier executor",
    )  # fmt: skip
    _, (order,) = executor().on_signal(signal(9), NOW)
    executing.wires.publish("gateway", 1, intended(order))
    executing.turn()
    assert executing.state() == ("READY", "")


def test_a_gateway_that_does_not_answer_keeps_it_from_ready_until_it_does(executing: Executing):
    executing.pass_time(PROBE_EVERY_NS)
    assert executing.asked() == OrderRequest(2, [], "g.1"), "though there is nothing to ask for"
    executing.pass_time(ANSWER_MAX_NS)
    assert executing.state() == ("READY", ""), "it may take so long"
    executing.pass_time(1)
    assert executing.state() == ("WAITING", "the gateway has not answered any request for 2 s")
    executing.signal(signal())
    executing.turn()
    assert executing.service.metrics.value("signals_deferred") == 1
    executing.pass_time(ASK_EVERY_NS)
    executing.answer()
    executing.turn()
    assert executing.state() == ("READY", "")
    executing.signal(signal())
    executing.turn()
    assert executing.sent() == ["s-e-1/1"]


def test_an_answer_to_an_earlier_request_shows_that_the_gateway_goes_on(executing: Executing):
    for number in range(3):
        executing.pass_time(ANSWER_MAX_NS // 2)
        executing.signal(signal(number))
        executing.turn()
        executing.reply(OrderReply(executing.asked().id - 1, []))
    executing.turn()
    assert executing.state() == ("READY", "")


def test_fenced_it_introduces_itself_anew_and_asks_for_its_orders_again(executing: Executing):
    executing.signal(signal())
    executing.turn()
    assert executing.asked().fencing_token == "g.1"
    executing.reply(OrderReply(executing.asked().id, [], fenced="g.1"))
    executing.turn()
    assert executing.state() == ("WAITING", "waiting for the gateway to take note of this start")
    assert (executing.asked().hello, executing.asked().commands) == ("x1/2", [])
    executing.welcome("h.1")
    executing.turn()
    executing.pass_time(SECOND)
    assert (executing.asked().fencing_token, executing.sent()) == ("h.1", ["s-e-1/1", "s-e-1/1"])


def test_that_an_older_token_of_it_is_over_changes_nothing(executing: Executing):
    executing.reply(OrderReply(1, [], fencing_token="g.2"))
    executing.reply(OrderReply(1, [], fenced="g.1"))
    executing.turn()
    assert executing.state() == ("READY", "")
    assert [door.welcome.token for door in executing.service.doors] == ["g.2"]


def test_rules_of_risks_journal_are_taken_over_and_risk_is_not_waited_for() -> None:
    one = Executing(limit=100).ready()
    entry = RuleConfig(rule="MaxContractsPerInstrument", parameters={"limit": 5})
    one.wires.publish("risk", 1, RulesChanged(T0, text_of([entry])))
    one.turn()
    assert one.service.readiness(NOW) == ("READY", "")
    assert text_of(one.service.executor.admission.rules.entries) == text_of([entry])
    assert one.service.status()["rules_fault"] == ""


def test_what_else_risk_has_decided_is_nothing_to_the_executor() -> None:
    one = Executing().ready()
    before = one.service.executor.snapshot()
    one.wires.publish("risk", 1, RiskHalted(T0, EVERYTHING, "x"))
    one.turn()
    assert one.service.executor.snapshot() == before
    assert not one.service.dead_letters


def test_what_is_emitted_waits_until_the_gateway_has_answered_and_not_for_ever(
    executing: Executing,
):
    service, ms = executing.service, 1_000_000
    service._hold_ms, service._hold_max_ms = 1, 5
    for number, answered_after_ms in ((1, 2), (2, 9)):
        executing.signal(signal(number))
        executing.turn()
        held_ms = 0
        while not service.commits.is_idle:
            held_ms += 1
            if held_ms == answered_after_ms:
                executing.answer(OrderAnswer(f"s-e-{number}/1", accepted=True))
            executing.pass_time(ms)
        assert held_ms == min(answered_after_ms, 5), "it learns of the answer, or waits no longer"
