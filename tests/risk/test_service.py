"""Risk's service: its heartbeat is the lease, and it judges nothing before it knows the past."""

import pytest

from tapewire.common.bus import wire
from tapewire.common.clock import VirtualClock
from tapewire.common.events import (
    EVERYTHING,
    CancelAll,
    CancelOrder,
    Control,
    ControlReply,
    FlattenCompleted,
    FlattenStarted,
    JournalShortened,
    ListPositions,
    OrderAnswer,
    OrderReply,
    OrderRequest,
    PositionOpened,
    PositionsListed,
    RiskHalted,
    Scope,
    SubmitOrder,
    Trade,
)
from tapewire.risk.service import RiskService
from tests.gateway.wires import LoggedJournal, Wires
from tests.risk.orders import NOW, SECOND, T0, fill, held, intended, monitor, order


class RunningRisk:
    """A risk service with what it stands on."""

    def __init__(self, journal: LoggedJournal | None = None, limit: int = 100) -> None:
        self.wires, self.clock = Wires(), VirtualClock(T0)
        self.journal = journal or LoggedJournal(self.wires.log)
        self.journal.log = self.wires.log
        self.service = RiskService(monitor(limit), self.wires, self.clock, self.journal, epoch="r1")

    def beats(self, *sources: str) -> "RunningRisk":
        for source in sources or ("gateway", "liquidation", "executor"):
            self.wires.beat(source, T0)
        self.turn()
        return self

    def lists(self, seq: int) -> "RunningRisk":
        """The broker's list, as the liquidation gateway reports it when it was asked to."""
        asked = [c for r in self.wires.asked("liquidation") for c in getattr(r, "commands", [])]
        (*_, question) = [one for one in asked if isinstance(one, ListPositions)]
        self.wires.publish("liquidation", seq, PositionsListed(T0, question.id))
        return self

    def turn(self, seconds: float = 0) -> None:
        self.clock.advance_to(self.clock.mono_ns() + int(seconds * SECOND))
        self.service.turn(0)


def test_the_lease_is_given_only_when_both_gateways_pasts_are_known():
    risk = RunningRisk().beats("gateway")
    assert risk.service.trading() == "HALTED"
    risk.beats("liquidation")
    assert risk.service.trading() == "ACTIVE"
    assert risk.wires.beats("risk")[-1].trading == "ACTIVE"


def test_a_halt_is_on_disk_before_it_is_announced_and_answered():
    risk = RunningRisk().beats()
    risk.wires.log.clear()
    risk.wires.ask(Control(T0, "halt", "x"))
    risk.turn()
    assert risk.wires.log[:3] == ["append", "events", "requests"]
    (reply,) = risk.wires.replies()
    assert isinstance(reply, ControlReply)
    assert (reply.ok, risk.wires.beats("risk")[-1].trading) == (True, "HALTED")
    assert risk.service.readiness(NOW) == ("HALTED", "x")


def test_a_halt_survives_a_restart():
    risk = RunningRisk().beats()
    risk.wires.ask(Control(T0, "halt", "x"))
    risk.turn()
    assert RunningRisk(risk.journal).beats().service.trading() == "HALTED"


def test_while_one_journal_is_still_missing_no_rule_is_judged():
    # The gateway's fills alone show a position that the liquidation gateway has closed.
    risk = RunningRisk(limit=15)
    risk.wires.beat("gateway", T0)
    risk.wires.publish("gateway", 1, fill(order(quantity=10), 10, "e1"))
    risk.wires.publish("gateway", 2, fill(order("b/1", quantity=10), 10, "e3"))
    risk.turn()
    assert risk.wires.events("risk") == []
    risk.wires.publish("liquidation", 1, fill(order("c/1", "SELL", 10), 10, "e2"))
    risk.wires.beat("liquidation", T0, seq=1)
    risk.turn()
    (opened,) = risk.wires.events("risk")
    assert isinstance(opened, PositionOpened), "and no rule is broken"
    assert risk.service.trading() == "ACTIVE"


def test_a_broken_rule_halts_in_the_turn_it_is_seen():
    risk = RunningRisk(limit=5).beats()
    risk.wires.publish("gateway", 1, fill(order(), 6, "e1"))
    risk.turn()
    halted = risk.wires.events("risk")[-1]
    assert isinstance(halted, RiskHalted)
    assert halted.scope == Scope("DU1")
    assert risk.service.readiness(NOW) == ("READY", f"account DU1: {halted.reason}")
    assert risk.wires.beats("risk")[-1].reason == f"account DU1: {halted.reason}"
    assert risk.wires.beats("risk")[-1].trading == "ACTIVE", "other accounts go on"
    assert risk.service.detail()["halts"] == [{
        "scope": "account DU1", "parts": ("DU1", "", ""), "reason": halted.reason,
        "ts_ns": halted.ts_ns, "until_ns": 0, "by": "MaxContractsPerInstrument",
    }]  # fmt: skip
    risk.turn(0.25)
    (headroom,) = risk.service.detail()["headroom"]
    assert (headroom["used"], headroom["limit"], headroom["symbol"]) == ("6", "5", "AAPL")


def test_nobody_resumes_while_a_gateways_past_is_unknown():
    """A half-read journal shows positions that never were, so no rule can be asked."""
    risk = RunningRisk().beats()
    risk.wires.ask(Control(T0, "halt", "x"))
    risk.turn()
    again = RunningRisk(risk.journal).beats("gateway")
    again.wires.ask(Control(T0, "resume", "x"))
    again.turn()
    (reply,) = again.wires.replies()
    assert isinstance(reply, ControlReply)
    assert not reply.ok
    assert reply.text == (
        "not resumed: what happened at the liquidation gateway is not known yet; ask again when"
        " risk is READY or HALTED for another reason"
    )
    again.beats()
    again.wires.ask(Control(T0, "resume", "x"))
    again.turn()
    assert again.wires.replies()[-1].ok


def test_a_flatten_after_a_restart_waits_until_it_knows_what_is_held():
    risk = RunningRisk().beats()
    risk.wires.ask(Control(T0, "flatten", "x"))
    risk.turn()
    after = RunningRisk(risk.journal)
    for _ in range(3):
        after.turn(1)
    assert after.wires.events("risk") == []
    after.wires.publish("liquidation", 1, held(10))
    after.wires.beat("liquidation", T0, seq=1)
    for _ in range(3):
        after.turn(1)  # the lease is over: the gateway is silent
    after.lists(2).turn(1)
    commands = [c for r in after.wires.asked("liquidation") for c in getattr(r, "commands", [])]
    assert [type(c) for c in commands] == [ListPositions, SubmitOrder]
    assert str(commands[1].terms) == "SELL 10 MKT"
    (cancel,) = [c for r in after.wires.asked("gateway") for c in getattr(r, "commands", [])]
    assert isinstance(cancel, CancelAll), "meanwhile the gateway cancels"


def test_a_flatten_needs_the_liquidation_gateway_alone():
    risk = RunningRisk().beats("liquidation")
    risk.wires.publish("liquidation", 1, held(10))
    risk.wires.ask(Control(T0, "flatten", "x"))
    for _ in range(6):
        risk.turn(1)  # the lease is over: the gateway is silent
    risk.lists(2).turn(1)
    commands = [c for r in risk.wires.asked("liquidation") for c in getattr(r, "commands", [])]
    assert [type(c) for c in commands] == [CancelAll, ListPositions, SubmitOrder]
    ids = [r.id for r in risk.wires.asked("liquidation") if isinstance(r, OrderRequest)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("peer", ["gateway", "liquidation", "executor"])
def test_a_peer_that_lost_its_tail_halts_trading_and_a_resume_is_denied(peer: str):
    risk = RunningRisk().beats()
    risk.wires.publish(peer, 1, held(0))
    risk.turn()
    risk.wires.beat(peer, T0, seq=0, epoch="2")
    risk.turn()
    assert "journal ends at record 0, but 1 were seen" in risk.wires.events("risk")[-1].reason
    risk.wires.ask(Control(T0, "resume", "x"))
    risk.turn()
    assert not risk.wires.replies()[-1].ok
    assert risk.service.trading() == "HALTED"


def test_what_a_gateway_denied_is_kept_for_people():
    risk = RunningRisk().beats()
    reply = OrderReply(1, [OrderAnswer("r/1", False, "no"), OrderAnswer("", False, "down")])
    risk.wires.put("liquidation.requests", wire.encode(reply))
    risk.turn()
    assert [letter.reason for letter in risk.service.dead_letters] == [
        "liquidation denied r/1: no",
        "liquidation denied to cancel all: down",
    ]


def test_what_is_no_control_is_a_dead_letter():
    risk = RunningRisk().beats()
    risk.wires.ask(FlattenStarted(T0, EVERYTHING, "x"))
    risk.turn()
    assert risk.service.dead_letters[0].reason == (
        "risk.flatten.started is not a request for this process"
    )


def test_marks_value_what_is_held():
    risk = RunningRisk().beats()
    risk.wires.publish("gateway", 1, fill(order(), 10, "e1"))
    body = wire.encode_batch("gateway", "1", 1, [Trade("AAPL", T0, 101.0, 1.0)])
    risk.wires.put("marks", wire.topic("last.AAPL"), body)
    risk.turn()
    assert risk.service.detail()["earned"]["USD"]["unrealised"] == "10"


def test_positions_are_rows_with_their_accounts():
    risk = RunningRisk().beats()
    risk.wires.publish("gateway", 1, fill(order(), 10, "e1"), held(7, account="DU2"))
    risk.turn()
    detail = risk.service.detail()
    assert detail["held"] == [
        {"account": "DU1", "symbol": "AAPL", "quantity": "10"},
        {"account": "DU2", "symbol": "AAPL", "quantity": "7"},
    ]
    (row,) = detail["positions"]
    assert (row["account"], row["symbol"], row["quantity"], row["mark"]) == (
        "DU1", "AAPL", "10", None,
    )  # fmt: skip


def test_rules_are_asked_by_timer_though_nothing_happens():
    risk = RunningRisk(limit=5).beats()
    risk.service.monitor.accounts.apply(held(6))
    risk.turn()
    assert risk.wires.events("risk") == []
    risk.turn(0.25)
    assert isinstance(risk.wires.events("risk")[-1], RiskHalted)


def test_setting_the_wall_clock_neither_stops_nor_hurries_the_timer():
    risk = RunningRisk(limit=5).beats()
    risk.service.monitor.accounts.apply(held(6))
    risk.clock.step_wall(3600 * SECOND)
    risk.turn()
    assert risk.wires.events("risk") == []
    risk.clock.step_wall(-7200 * SECOND)
    risk.turn(0.25)
    assert isinstance(risk.wires.events("risk")[-1], RiskHalted)


def test_a_cancel_of_a_smaller_flatten_goes_to_the_gateway_that_has_the_order():
    risk = RunningRisk().beats()
    risk.wires.publish("gateway", 1, intended(order()))
    risk.wires.ask(Control(T0, "flatten", "x", Scope("DU1")))
    risk.turn()
    (request,) = [r for r in risk.wires.asked("gateway") if isinstance(r, OrderRequest)]
    assert request.commands == [CancelOrder("a/1", T0)]
    assert [r for r in risk.wires.asked("liquidation") if isinstance(r, OrderRequest)] == []


def test_while_the_past_is_not_known_it_waits_whatever_is_halted():
    risk = RunningRisk().beats()
    risk.wires.ask(Control(T0, "halt", "x"))
    risk.turn()
    after = RunningRisk(risk.journal)
    assert after.service.readiness(NOW)[0] == "WAITING"
    assert after.beats().service.readiness(NOW) == ("HALTED", "x")


def test_status_says_how_far_a_flatten_is():
    risk = RunningRisk().beats()
    assert risk.service.detail()["flatten"] == ""
    risk.wires.publish("liquidation", 1, held(10))
    risk.wires.ask(Control(T0, "flatten", "x"))
    risk.turn()
    assert risk.service.detail()["flatten"] == (
        "CANCELLING, waiting for the gateway to acknowledge the halt"
    )
    risk.wires.beat("gateway", T0, risk_seq=2)
    risk.turn(1)
    assert risk.service.detail()["flatten"] == (
        "CANCELLING, waiting for the broker's list of positions"
    )
    risk.lists(2).turn(1)
    assert risk.service.detail()["flatten"] == "CLOSING, attempt 1"
    assert risk.service.detail()["halted_ns"] == T0


def test_that_a_gateways_journal_was_started_over_since_a_flatten_is_written_down_once():
    journal = LoggedJournal([])
    journal.append([FlattenCompleted(T0, EVERYTHING, gateway_seq=8)])
    risk = RunningRisk(journal)
    risk.wires.beat("gateway", T0, seq=0)
    risk.turn()
    assert shortened(risk) == []  # what happened at the liquidation gateway is not known yet
    risk.beats()
    assert shortened(risk) == [("gateway", 0)]
    risk.turn(1)
    risk.wires.publish("gateway", 1, fill(order(quantity=10), 10, "e1"))
    risk.turn()
    assert shortened(risk) == [("gateway", 0)]


def test_after_a_start_of_all_with_their_journals_a_flatten_has_closed_what_it_did():
    journal = LoggedJournal([])
    journal.append([FlattenCompleted(T0, EVERYTHING, gateway_seq=1)])
    risk = RunningRisk(journal)
    risk.wires.publish("gateway", 1, fill(order(quantity=10), 10, "e1"))
    risk.wires.beat("gateway", T0, seq=1)
    for other in ("liquidation", "executor"):
        risk.wires.beat(other, T0)
    risk.turn()
    assert risk.service.trading() == "ACTIVE"
    assert shortened(risk) == []


def shortened(risk: RunningRisk) -> list[tuple[str, int]]:
    found = [wire.decode_event(one) for one in risk.journal.read(1, 99)]
    return [(one.gateway, one.head_seq) for one in found if isinstance(one, JournalShortened)]
