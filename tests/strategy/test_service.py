"""A strategy's service: last values for a joiner only, losses counted, signals when they can go."""

import re

import pytest

from tapewire.common.bus import wire
from tapewire.common.clock import VirtualClock
from tapewire.common.delivery.letters import Letter
from tapewire.common.events import Bar, CircuitChanged, Trade
from tapewire.strategy.callbacks import Lost, News
from tapewire.strategy.service import StrategyService
from tests.gateway.wires import Wires
from tests.strategy.kit import MS, NOW, SECOND, T0, created, fill, quote, runner


class Shell:
    """A strategy service with what it stands on."""

    def __init__(self, **given: object) -> None:
        self.wires, self.clock = Wires(), VirtualClock(T0)
        self.runner = runner(live=False, **given)
        self.service = StrategyService(
            self.runner, self.wires, self.clock, epoch="e1", symbols=("AAPL",)
        )

    def ready(self) -> "Shell":
        self.wires.beat("gateway", T0)
        self.wires.beat("executor", T0)
        self.wires.beat("risk", T0)
        self.turn()
        return self

    def market(self, kind: str, seq: int, bid: float = 1.0, epoch: str = "g1") -> None:
        body = wire.encode_batch("gateway", epoch, seq, [quote(bid)])
        self.wires.put("market", wire.topic(f"{kind}.AAPL"), body)

    def turn(self, ms: int = 0) -> None:
        self.clock.advance_to(self.clock.mono_ns() + ms * MS)
        self.service.turn(0)

    def bids(self) -> list[float]:
        return [q.bid for q in self.runner.strategy.ticks]

    def signals(self) -> list[str]:
        return [wire.decode_event(f[0]).id for f in self.wires.on("signals")]


@pytest.fixture
def shell() -> Shell:
    return Shell().ready()


def test_a_bar_of_time_waits_for_trades_that_have_arrived_and_were_not_read_yet(shell: Shell):
    """Behind by more than a poll takes, a strategy must not end bars by the clock."""
    bars: list[Bar] = []
    strategy = shell.runner.strategy
    strategy.on_bar = bars.append
    strategy.bars("AAPL", "time", 1000)
    start_ns = T0 - T0 % SECOND
    for seq, ms in enumerate((10, 900), 1):
        trade = Trade("AAPL", start_ns + ms * MS, 1.0, 1.0)
        body = wire.encode_batch("gateway", "g1", seq, [trade])
        shell.wires.put("market", wire.topic("tick.AAPL"), body)
        shell.wires.emptied = ms == 900
        shell.turn(ms=5000)
    assert [bar.count for bar in bars] == [2]


def test_last_values_are_for_a_joiner_only(shell: Shell):
    shell.market("last", 5, 1.0)
    shell.market("last", 5, 2.0)
    shell.market("tick", 6, 3.0)
    shell.market("last", 6, 4.0)
    shell.turn()
    assert shell.bids() == [1.0, 3.0]
    assert shell.service.detail()["missed"] == {"AAPL": 0}


def test_what_was_missed_is_counted_and_what_came_twice_is_dropped(shell: Shell):
    for seq in (5, 6, 6, 9, 8, 10):
        shell.market("tick", seq, float(seq))
    shell.turn()
    assert shell.bids() == [5.0, 6.0, 9.0, 10.0]
    assert shell.service.detail()["missed"] == {"AAPL": 2}
    assert shell.service.detail()["topics"]["AAPL"] == {
        "epoch": "g1", "first_seq": 4, "last_seq": 10,
    }  # fmt: skip


def test_a_gateway_that_restarts_begins_anew_and_nothing_counts_as_missed(shell: Shell):
    shell.market("tick", 900)
    shell.market("tick", 1, epoch="g2")
    shell.turn()
    assert shell.service.detail()["missed"] == {"AAPL": 0}


def test_it_is_ready_when_the_past_is_known_and_every_symbol_was_heard():
    shell = Shell()
    shell.turn()
    assert shell.service.readiness(NOW) == (
        "WAITING",
        "waiting for executor, gateway, risk",
    )
    shell.ready()
    assert shell.service.readiness(NOW) == ("WAITING", "waiting to join the ticks of AAPL")
    shell.market("last", 0)
    shell.turn()
    assert shell.service.readiness(NOW) == ("READY", "")


def test_what_the_strategy_holds_is_shown(shell: Shell):
    held = shell.service.metrics.families["strategy_position"].read
    assert held() == {("AAPL",): 0.0}
    shell.wires.publish("executor", 1, created("echo-e1-1"))
    shell.wires.publish("gateway", 1, fill("e1.01", 5, "SELL"))
    shell.turn()
    assert held() == {("AAPL",): -5.0}


def test_nothing_is_signalled_before_the_past_is_known():
    shell = Shell()
    shell.market("tick", 1)
    shell.turn()
    assert (shell.bids(), shell.signals()) == ([1.0], [])


def test_a_signal_goes_out_in_the_turn_of_its_tick_and_again_until_it_is_answered(shell: Shell):
    shell.market("tick", 1)
    shell.turn()
    shell.turn(249)
    assert shell.signals() == ["echo-e1-1"]
    shell.turn(1)
    assert shell.signals() == ["echo-e1-1"] * 2
    shell.wires.publish("executor", 1, created("echo-e1-1"))
    shell.turn(1000)
    assert shell.signals() == ["echo-e1-1"] * 2


def test_a_signal_that_nobody_takes_goes_as_soon_as_somebody_does(shell: Shell):
    shell.wires.down.add("signals")
    shell.market("tick", 1)
    shell.turn()
    shell.wires.down.clear()
    shell.turn(1)
    assert shell.signals() == ["echo-e1-1"]


def test_a_strategy_that_raises_too_often_is_halted_and_the_process_goes_on():
    shell = Shell(parameters={"raises": True}).ready()
    for seq in range(1, 12):
        shell.market("tick", seq)
    shell.turn()
    state, reason = shell.service.readiness(NOW)
    assert state == "HALTED"
    assert re.fullmatch(
        r"strategy echo was stopped after 10 failures, the last: RuntimeError: cannot at"
        r" \S*kit\.py:\d+; it is tried again after a pause",
        reason,
    )
    assert reason.startswith(shell.service.detail()["stopped"])


def test_a_strategy_that_raised_and_goes_on_is_ready_and_says_what_it_raised():
    shell = Shell(parameters={"raises": True}).ready()
    shell.market("tick", 1)
    shell.turn()
    state, reason = shell.service.readiness(NOW)
    assert (state, shell.service.detail()["stopped"]) == ("READY", "")
    assert reason.startswith(
        "strategy echo continues after 1 failure, is stopped after 10 within 60 s, the last: "
    )


@pytest.mark.parametrize("frames", [[b"tick.TSLA\0", b""], [b"tick.AAPL\0", b"\xc1"], [b""]])
def test_a_message_that_cannot_be_used_is_a_dead_letter(shell: Shell, frames: list[bytes]):
    shell.wires.put("market", *frames)
    shell.turn()
    assert shell.service.metrics.value("dead_letters") == 1


def test_news_that_it_never_takes_is_a_dead_letter_and_can_be_handed_back(shell: Shell):
    shell.runner.callbacks.lost.append(Lost(News("on_fill", fill("e1.01", 5)), "cannot"))
    shell.turn()
    (letter,) = shell.service.dead_letters
    assert (letter.origin, letter.reason) == ("strategy.on_fill", "cannot")
    again = Letter(1, T0, letter.origin, letter.reason, wire.encode(fill("e1.01", 5)), 1, True)
    assert shell.service.on_letter(again, NOW) == ""
    assert [event.exec_id for event in shell.runner.strategy.received] == ["e1.01"]
    other = again._replace(origin="signals")
    assert shell.service.on_letter(other, NOW) == "what came from signals is not handed back"


def test_the_executor_is_told_of_its_circuit_until_it_has_written_it_down():
    shell = Shell(parameters={"raises": True}, failures_max=1).ready()
    shell.market("tick", 1)
    shell.turn()
    told = [wire.decode_event(frames[0]) for frames in shell.wires.on("signals")]
    (change,) = told
    assert isinstance(change, CircuitChanged)
    assert (change.circuit, change.after) == ("strategy.echo", "OPEN")
    shell.turn(600)
    assert len(shell.wires.on("signals")) == 2, "again, under the same id"
    shell.wires.publish("executor", 1, change)
    shell.turn()
    shell.turn(600)
    assert len(shell.wires.on("signals")) == 2
