"""Risk's shell: its heartbeat is the lease, and it judges nothing before it knows the past."""

import pytest

from tapewire.common.bus import wire
from tapewire.common.events import (
    CancelAll,
    Control,
    ControlReply,
    FlattenStarted,
    OrderAnswer,
    OrderReply,
    RiskHalted,
    Trade,
)
from tapewire.common.runtime.clock import VirtualClock
from tapewire.risk.service import RiskService
from tests.gateway.wires import LoggedJournal, Wires
from tests.risk.desk import SECOND, T0, fill, held, monitor, order


class Shell:
    """A risk service with what it stands on."""

    def __init__(self, journal: LoggedJournal | None = None, limit: int = 100) -> None:
        self.wires, self.clock = Wires(), VirtualClock(T0)
        self.journal = journal or LoggedJournal(self.wires.log)
        self.journal.log = self.wires.log
        self.service = RiskService(monitor(limit), self.wires, self.clock, self.journal, epoch="r1")

    def hear(self, *sources: str) -> "Shell":
        for source in sources or ("gateway", "way-out", "executor"):
            self.wires.beat(source, T0)
        self.turn()
        return self

    def turn(self, seconds: float = 0) -> None:
        self.clock.advance_to(self.clock.now_ns() + int(seconds * SECOND))
        self.service.turn(0)


def test_the_lease_is_given_only_when_both_gateways_pasts_are_known():
    shell = Shell().hear("gateway")
    assert shell.service.trading() == "HALTED"
    shell.hear("way-out")
    assert shell.service.trading() == "ACTIVE"
    assert shell.wires.beats("risk")[-1].trading == "ACTIVE"


def test_a_halt_is_on_disk_before_it_is_announced_and_answered():
    shell = Shell().hear()
    shell.wires.log.clear()
    shell.wires.ask(Control(T0, "halt", "x"))
    shell.turn()
    assert shell.wires.log[:3] == ["append", "events", "requests"]
    (reply,) = shell.wires.replies()
    assert isinstance(reply, ControlReply)
    assert (reply.ok, shell.wires.beats("risk")[-1].trading) == (True, "HALTED")
    assert shell.service.readiness(T0) == ("HALTED", "x")


def test_a_halt_survives_a_restart():
    shell = Shell().hear()
    shell.wires.ask(Control(T0, "halt", "x"))
    shell.turn()
    assert Shell(shell.journal).hear().service.trading() == "HALTED"


def test_while_one_journal_is_still_missing_no_rule_is_judged():
    # The gateway's fills alone show a position that the way out has closed.
    shell = Shell(limit=10)
    shell.wires.beat("gateway", T0)
    shell.wires.publish("gateway", 1, fill(order(quantity=10), 10, "e1"))
    shell.wires.publish("gateway", 2, fill(order("b/1", quantity=10), 10, "e3"))
    shell.turn()
    assert shell.wires.events("risk") == []
    shell.wires.publish("way-out", 1, fill(order("c/1", "SELL", 10), 10, "e2"))
    shell.wires.beat("way-out", T0, seq=1)
    shell.turn()
    assert shell.wires.events("risk") == []
    assert shell.service.trading() == "ACTIVE"


def test_a_broken_rule_halts_in_the_turn_it_is_seen():
    shell = Shell(limit=5).hear()
    shell.wires.publish("gateway", 1, fill(order(), 6, "e1"))
    shell.turn()
    assert isinstance(shell.wires.events("risk")[-1], RiskHalted)
    assert shell.wires.beats("risk")[-1].trading == "HALTED"


def test_a_flatten_after_a_restart_waits_until_it_knows_what_is_held():
    shell = Shell().hear()
    shell.wires.ask(Control(T0, "flatten", "x"))
    shell.turn()
    after = Shell(shell.journal)
    for _ in range(3):
        after.turn(1)
    assert after.wires.events("risk") == []
    after.wires.publish("way-out", 1, held(10))
    after.wires.beat("way-out", T0, seq=1)
    after.turn(1)
    after.turn(1)
    commands = [c for r in after.wires.asked("way-out") for c in getattr(r, "commands", [])]
    assert isinstance(commands[0], CancelAll)
    assert (commands[1].action, commands[1].quantity) == ("SELL", 10)


def test_a_flatten_needs_the_way_out_alone():
    shell = Shell().hear("way-out")
    shell.wires.publish("way-out", 1, held(10))
    shell.wires.ask(Control(T0, "flatten", "x"))
    for _ in range(3):
        shell.turn(1)
    commands = [c for r in shell.wires.asked("way-out") for c in getattr(r, "commands", [])]
    assert [type(c).__name__ for c in commands[:2]] == ["CancelAll", "SubmitOrder"]


@pytest.mark.parametrize("peer", ["gateway", "way-out", "executor"])
def test_a_peer_that_lost_its_tail_halts_trading_and_a_resume_is_refused(peer: str):
    shell = Shell().hear()
    shell.wires.publish(peer, 1, held(0))
    shell.turn()
    shell.wires.beat(peer, T0, seq=0, epoch="2")
    shell.turn()
    assert "its tail is lost" in shell.wires.events("risk")[-1].reason
    shell.wires.ask(Control(T0, "resume", "x"))
    shell.turn()
    assert not shell.wires.replies()[-1].ok
    assert shell.service.trading() == "HALTED"


def test_what_the_way_out_refused_is_kept_for_people():
    shell = Shell().hear()
    reply = OrderReply(1, [OrderAnswer("r/1", False, "no"), OrderAnswer("", False, "down")])
    shell.wires.put("way-out.requests", wire.encode(reply))
    shell.turn()
    assert [letter.reason for letter in shell.service.dead_letters] == [
        "the way out refused r/1: no",
        "the way out refused to cancel all: down",
    ]


def test_what_is_no_control_is_a_dead_letter():
    shell = Shell().hear()
    shell.wires.ask(FlattenStarted(T0, "x"))
    shell.turn()
    assert shell.service.dead_letters[0].reason == "FlattenStarted is not a control request"


def test_marks_value_what_is_held():
    shell = Shell().hear()
    shell.wires.publish("gateway", 1, fill(order(), 10, "e1"))
    body = wire.encode_batch("gateway", "1", 1, [Trade("AAPL", T0, 101.0, 1.0)])
    shell.wires.put("marks", wire.topic("last.AAPL"), body)
    shell.turn()
    assert shell.service.detail()["unrealised"] == "10"
