"""The gateway's shell: on disk, then to TWS; on disk, then answered."""

from collections.abc import Sequence

import pytest

from tapewire.common import roles
from tapewire.common.clock import VirtualClock
from tapewire.common.config.tws_address import IDENTIFY
from tapewire.common.events import (
    EVERYTHING,
    CancelAll,
    Control,
    Event,
    OrderDenied,
    OrderIntended,
    OrderReply,
    OrderRequest,
    OrderUnknown,
    RiskHalted,
    RiskViolation,
    Scope,
)
from tapewire.common.instruments import Instrument
from tapewire.common.runtime.journal import JournalError, events_of
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.service import GatewayService
from tapewire.gateway.tws.account_summary import REQUEST_ID
from tapewire.gateway.tws.adapter import TwsBroker
from tapewire.gateway.tws.framing import frame as frame_of
from tapewire.gateway.tws.socket import CLOSED, DATA, OPENED
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import frame
from tests.gateway.tws_bench import fields_of, submit
from tests.gateway.tws_messages import (
    AAPL,
    ACCOUNT,
    MSFT,
    SECOND,
    T0,
    managed_accounts,
    position_message,
)
from tests.gateway.wires import LoggedJournal, Wires

GREETING = b"API\0" + frame_of(b"v100..178")


def violation(reason: str) -> RiskViolation:
    return RiskViolation(T0, EVERYTHING, "r", reason)


class Shell:
    """A gateway service with what it stands on."""

    def __init__(
        self,
        journal: LoggedJournal | None = None,
        role: str = roles.GATEWAY,
        instruments: tuple[Instrument, ...] = (AAPL, MSFT),
    ) -> None:
        self.wires, self.clock = Wires(), VirtualClock(T0)
        self.journal = journal or LoggedJournal(self.wires.log)
        self.journal.log = self.wires.log
        self.hung_up = 0
        follows = () if role == roles.LIQUIDATION else (roles.RISK,)
        gateway = Gateway(TwsBroker(instruments, client_id=1), reduce_only=not follows)
        self.service = GatewayService(
            role, gateway, self.wires, self.clock, self.journal,
            epoch="g1", follows=follows, hang_up=self.hang_up,
        )  # fmt: skip

    def hang_up(self) -> None:
        self.hung_up += 1

    def ready(self) -> "Shell":
        if self.service.followers:
            self.wires.beat("risk", T0, trading="ACTIVE")
        self.wires.put("tws", OPENED)
        self.turn()
        self.tws(["157", "time"])
        self.tws(messages.next_valid_id(1), managed_accounts(ACCOUNT))
        self.tws(
            messages.position_end(), messages.account_summary_end(REQUEST_ID + 1),
            messages.open_order_end(), messages.execution_end(1), messages.completed_orders_end(),
        )  # fmt: skip
        assert self.service.readiness(self.clock.now()) == ("READY", "")
        self.wires.sent.clear()
        self.wires.log.clear()
        return self

    def turn(self) -> None:
        self.service.turn(0)

    def tws(self, *all_fields: list[str]) -> None:
        self.wires.put("tws", DATA, b"".join(frame(fields) for fields in all_fields))
        self.turn()

    def written(self) -> list[list[str]]:
        """What went to TWS, but for questions about its positions and its time."""
        messages = [m for frames in self.wires.on("tws") for m in fields_of(frames[0])]
        return [m for m in messages if m[0] not in ("49", "61")]


@pytest.fixture
def shell() -> Shell:
    return Shell().ready()


def test_an_intent_is_on_disk_before_its_bytes_go_and_before_it_is_answered(shell: Shell):
    shell.wires.ask(OrderRequest(7, [submit()]))
    shell.turn()
    assert shell.wires.log == ["append", "tws", "events", "requests"]
    assert isinstance(next(events_of(shell.journal, shell.journal.head.seq)), OrderIntended)
    assert [f[0] for f in shell.written()] == ["3"]
    (reply,) = shell.wires.replies()
    assert isinstance(reply, OrderReply)
    assert (reply.id, [a.accepted for a in reply.answers]) == (7, [True])


def test_what_cannot_be_written_down_is_neither_sent_nor_answered(shell: Shell):
    def full(_events: object) -> int:
        raise JournalError("the disk is full")

    shell.journal.append = full
    shell.wires.ask(OrderRequest(7, [submit()]))
    with pytest.raises(JournalError):
        shell.turn()
    assert shell.wires.sent == []


def test_a_repeated_request_is_answered_again_and_nothing_is_written_twice(shell: Shell):
    for number in (1, 2):
        shell.wires.ask(OrderRequest(number, [submit()]))
        shell.turn()
    answers = [reply.answers for reply in shell.wires.replies()]
    assert answers[0] == answers[1]
    assert [f[0] for f in shell.written()] == ["3"]
    assert shell.wires.log.count("append") == 1


def test_each_command_of_a_request_gets_its_answer_in_their_order(shell: Shell):
    good, bad = submit("a/1"), submit("b/1", symbol="TSLA")
    shell.wires.ask(OrderRequest(1, [bad, good, CancelAll(T0)]))
    shell.turn()
    ((reply,), written) = shell.wires.replies(), shell.written()
    assert [(a.intent_id, a.accepted) for a in reply.answers] == [
        ("b/1", False), ("a/1", True), ("", True),
    ]  # fmt: skip
    assert [f[0] for f in written] == ["58"]  # what came before the cancel-all does not go


def test_the_request_of_an_executor_that_was_replaced_is_not_taken(shell: Shell):
    old, new = introduced(shell, "e1/1"), introduced(shell, "e2/1")
    shell.wires.ask(OrderRequest(2, [submit("a/1")], old.fencing_token))
    shell.wires.ask(OrderRequest(2, [submit("b/1")], new.fencing_token))
    shell.turn()
    assert [fields[0] for fields in shell.written()] == ["3"], "one order"
    refused, taken = shell.wires.replies()
    assert (refused.answers, refused.fenced) == ([], old.fencing_token)
    assert [(a.intent_id, a.accepted) for a in taken.answers] == [("b/1", True)]


def test_a_hello_that_is_sent_again_fences_nobody(shell: Shell):
    assert introduced(shell, "e1/1").fencing_token == introduced(shell, "e1/1").fencing_token


def test_a_token_from_the_future_fences_nobody(shell: Shell):
    token = introduced(shell, "e1/1").fencing_token
    shell.wires.ask(OrderRequest(1, [submit("forged/1")], "~"), b"a stranger")
    shell.wires.ask(OrderRequest(2, [submit()], token))
    shell.turn()
    answers = [a.intent_id for reply in shell.wires.replies() for a in reply.answers]
    assert answers == [submit().intent_id]


def test_who_was_pushed_aside_by_a_forged_hello_is_back_after_one_of_its_own(shell: Shell):
    token = introduced(shell, "e1/1").fencing_token
    forged = introduced(shell, "forged").fencing_token
    shell.wires.ask(OrderRequest(2, [submit()], token))
    shell.turn()
    (refused,) = shell.wires.replies()
    assert (refused.fenced, shell.written()) == (token, [])
    token = introduced(shell, "e1/2").fencing_token
    shell.wires.ask(OrderRequest(3, [submit("forged/1")], forged))
    shell.wires.ask(OrderRequest(3, [submit()], token))
    shell.turn()
    answers = [a.intent_id for reply in shell.wires.replies() for a in reply.answers]
    assert answers == [submit().intent_id]


def test_a_hello_brings_no_orders(shell: Shell):
    shell.wires.ask(OrderRequest(1, [submit()], hello="e1/1"))
    shell.turn()
    assert (shell.wires.replies(), shell.written()) == ([], [])
    assert "an introduction with commands" in shell.service.dead_letters[0].reason


def introduced(shell: Shell, name: str) -> OrderReply:
    """The gateway's answer to an executor's hello; what was sent so far is forgotten."""
    shell.wires.ask(OrderRequest(1, [], hello=name))
    shell.turn()
    (*_, reply) = shell.wires.replies()
    assert isinstance(reply, OrderReply)
    shell.wires.sent.clear()
    return reply


def test_what_is_no_order_request_is_a_dead_letter(shell: Shell):
    shell.wires.ask(Control(1, "halt", "x"))
    shell.turn()
    assert shell.service.dead_letters[0].reason == "risk.control is not a request for this process"


def test_a_halt_that_comes_in_the_same_turn_stops_the_order(shell: Shell):
    shell.wires.ask(OrderRequest(1, [submit()]))
    shell.wires.publish("risk", 1, RiskHalted(T0, EVERYTHING, "x"))
    shell.turn()
    assert shell.written() == []
    assert [type(e) for e in shell.wires.events("gateway")] == [OrderIntended, OrderDenied]
    assert [type(e) for e in events_of(shell.journal)][-2:] == [OrderIntended, OrderDenied]


def test_its_heartbeat_says_at_once_that_it_has_taken_in_a_halt(shell: Shell):
    """Risk begins to close positions when it has read that, and the journal up to there."""
    shell.turn()
    beats = len(shell.wires.beats("gateway"))
    shell.wires.ask(OrderRequest(1, [submit()]))
    shell.wires.publish("risk", 1, violation("x"), RiskHalted(T0, EVERYTHING, "x"))
    shell.turn()
    (beat,) = shell.wires.beats("gateway")[beats:]
    assert (beat.risk_seq, beat.seq) == (2, shell.journal.head.seq)
    assert shell.written() == []


def test_it_is_halted_if_risks_journal_lost_its_tail(shell: Shell):
    shell.wires.publish("risk", 1, violation("x"), violation("y"))
    shell.turn()
    shell.wires.beat("risk", T0, seq=1, trading="ACTIVE", epoch="2")
    shell.wires.ask(OrderRequest(1, [submit()]))
    shell.turn()
    assert shell.written() == []
    state, reason = shell.service.readiness(shell.clock.now())
    assert state == "HALTED"
    assert "risk's journal ends at record 1, but 2 were seen" in reason
    shell.wires.beat("risk", T0, seq=1, trading="ACTIVE", epoch="2")
    shell.wires.ask(OrderRequest(2, [submit("b/1")]))
    shell.turn()
    assert shell.written() == []


def test_what_adds_risk_waits_until_all_of_risks_decisions_are_known(shell: Shell):
    """A halt that covers a part of the trading is not seen in risk's heartbeat."""
    shell.wires.beat("risk", T0, seq=1, trading="ACTIVE")
    shell.wires.ask(OrderRequest(1, [submit("a/1")]))
    shell.turn()
    assert shell.written() == []
    assert "risk's decisions are not all known yet" in shell.wires.events("gateway")[-1].reason
    shell.wires.publish("risk", 1, RiskHalted(T0, Scope(symbol="MSFT"), "x"))
    shell.wires.beat("risk", T0, seq=1, trading="ACTIVE")
    shell.turn()
    shell.wires.ask(OrderRequest(2, [submit("b/1"), submit("c/1", symbol="MSFT")]))
    shell.turn()
    assert [f[0] for f in shell.written()] == ["3"]
    (reply,) = [reply for reply in shell.wires.replies() if reply.id == 2]
    assert [answer.accepted for answer in reply.answers] == [True, False]


class SlowJournal(LoggedJournal):
    """Commits when the test says so."""

    def begin(self, events: Sequence[Event]) -> int:
        self.begun = [*events]
        return self.head.seq + 1

    def complete(self) -> None:
        self.append(self.begun)


@pytest.mark.parametrize("what", ["a halt", "a gap in risk's journal"])
def test_what_comes_while_an_order_is_written_down_stops_it(what: str):
    """It is asked about at the moment of writing, with all that the turn has brought."""
    shell = Shell().ready()
    slow = SlowJournal(shell.wires.log)
    slow.append([*events_of(shell.journal)])
    commits, stream = shell.service.commits, shell.service.stream
    assert commits.is_idle
    stream.journal = slow
    shell.wires.ask(OrderRequest(1, [submit()]))
    shell.turn()
    assert shell.written() == [], "its intent is not on disk yet"
    slow.complete()
    if what == "a halt":
        shell.wires.publish("risk", 1, RiskHalted(T0, EVERYTHING, "x"))
    else:
        shell.wires.publish("risk", 2, violation("which one was before it?"))
    shell.turn()
    slow.complete()
    shell.turn()
    assert shell.written() == []
    assert [type(e) for e in shell.wires.events("gateway")] == [OrderIntended, OrderDenied]


def test_the_liquidation_gateway_follows_nobody_and_takes_what_reduces():
    shell = Shell(role=roles.LIQUIDATION).ready()
    shell.tws(position_message(10))
    orders = [submit("a/1", "SELL", 10), submit("b/1", "BUY", 1)]
    shell.wires.ask(OrderRequest(1, orders))
    shell.turn()
    (reply,) = shell.wires.replies()
    assert [answer.accepted for answer in reply.answers] == [True, False]
    assert [f[0] for f in shell.written()] == ["3"]


def test_without_risks_lease_nothing_goes(shell: Shell):
    shell.clock.advance_to(T0 + 4 * SECOND)
    shell.wires.ask(OrderRequest(1, [submit()]))
    shell.turn()
    assert shell.written() == []


@pytest.mark.parametrize("by_s", [-3600, 3600])
def test_a_wall_clock_that_is_set_neither_ends_nor_prolongs_the_lease(shell: Shell, by_s: int):
    good = T0 + 7200 * SECOND
    shell.clock.step_wall(by_s * SECOND)
    shell.wires.ask(OrderRequest(1, [submit("a/1", expires_ns=good)]))
    shell.turn()
    assert [f[0] for f in shell.written()] == ["3"]
    shell.clock.advance_to(T0 + 3 * SECOND + 1)
    shell.wires.ask(OrderRequest(2, [submit("b/1", expires_ns=good)]))
    shell.turn()
    assert [f[0] for f in shell.written()] == ["3"]
    assert "its lease is 3000 ms" in shell.wires.replies()[-1].answers[0].reason


def test_a_restart_writes_down_what_is_unknown_now(shell: Shell):
    shell.wires.ask(OrderRequest(1, [submit()]))
    shell.turn()
    after = Shell(shell.journal)
    after.turn()
    assert [type(e) for e in events_of(after.journal)][-1] is OrderUnknown
    assert [type(e) for e in after.wires.events("gateway")] == [OrderUnknown]


def test_a_peer_that_is_no_tws_is_hung_up_on(shell: Shell):
    shell.wires.put("tws", CLOSED, b"gone")
    shell.wires.put("tws", OPENED)
    shell.wires.put("tws", DATA, b"HTTP/1.1 200 OK\r\n\r\n")
    shell.turn()
    assert shell.hung_up == 1
    assert shell.service.gateway.broker.session.state == "DOWN"
    assert "expected at most" in shell.service.readiness(shell.clock.now())[1]


def test_a_peer_without_the_nonce_is_hung_up_on_and_named(shell: Shell):
    place = "127.0.0.1:4242"
    shell.wires.put("tws", CLOSED, b"gone")
    for answer in (messages.error(157, -1, 321, "unknown"), None):
        shell.wires.put("tws", OPENED, b"secret", place.encode())
        shell.turn()
        shell.tws(["157", "time"])
        if answer:
            shell.tws(answer)
        else:
            shell.clock.advance_to(T0 + 4 * SECOND)
            shell.turn()
        state, reason = shell.service.readiness(shell.clock.now())
        assert (state, reason.split(" did not ")[0]) == ("WAITING", place)
        assert shell.service.dead_letters[-1].reason == reason
        assert not shell.service.status()["orders_reported"]
    assert shell.hung_up == 2
    asked = fields_of(b"".join(f[0].removeprefix(GREETING) for f in shell.wires.on("tws")))
    assert asked == [[IDENTIFY], [IDENTIFY]]


def test_complaints_become_dead_letters(shell: Shell):
    shell.tws(["11", "1"])
    assert shell.service.dead_letters[0].reason.startswith("TWS sent a message that cannot be read")


def test_a_change_of_the_connection_is_reported_in_its_turn(shell: Shell):
    shell.service.report_now = False
    shell.turn()
    assert not shell.service.report_now
    shell.wires.put("tws", CLOSED, b"TWS closed the connection")
    shell.turn()
    assert shell.service.report_now
