"""Greeks from TWS, and computed ones, to whoever reads the market stream."""

from decimal import Decimal

import pytest

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.clock import VirtualClock
from tapewire.common.events import Greeks
from tapewire.common.options import instrument_of
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.greeks import OptionGreeks
from tapewire.gateway.greeks_feed import EVERY_NS
from tapewire.gateway.service import GatewayService
from tapewire.gateway.tws.adapter import TwsBroker
from tapewire.simulator.exchange.account import Holding
from tapewire.simulator.protocol import messages
from tests.gateway.test_service import Shell
from tests.gateway.tws_messages import ACCOUNT, T0
from tests.gateway.wires import LoggedJournal, Wires

AAPL = instrument_of("AAPL", con_id=1001)
CALL = instrument_of("AAPL  231215C00190000", con_id=5555)  # T0 is in November 2023
VALUES = ["0.25", "0.6", "4.5", "0.0", "0.03", "0.2", "-0.05", "191.5"]


class OptionShell(Shell):
    def __init__(self) -> None:
        self.wires, self.clock = Wires(), VirtualClock(T0)
        self.journal = LoggedJournal(self.wires.log)
        instruments = [AAPL, CALL]
        gateway = Gateway(TwsBroker(instruments, client_id=1), instruments=instruments)
        self.service = GatewayService(
            roles.GATEWAY, gateway, self.wires, self.clock, self.journal,
            epoch="g1", follows=(roles.RISK,), hang_up=self.hang_up,
            options=OptionGreeks(instruments),
        )  # fmt: skip

    def join(self, topic: str) -> None:
        self.wires.put("market", b"\x01" + topic.encode() + b"\0" * (not topic.endswith(".")))
        self.turn()

    def line_of(self, con_id: str) -> int:
        """The market data request of a contract, among all that went to TWS."""
        found = [m for m in self.written() if m[0] == "1" and m[3] == con_id]
        assert len(found) == 1
        return int(found[0][2])

    def passed(self) -> "OptionShell":
        self.clock.advance_to(self.clock.mono_ns() + EVERY_NS)
        self.turn()
        return self

    def greeks(self) -> list[Greeks]:
        """What went out on topics of greeks since the last call."""
        found = [
            event
            for topic, body in self.wires.on("market")
            if topic == wire.topic(f"greeks.{CALL.symbol}")
            for event in wire.decode_batch(body)[0].events
        ]
        self.wires.sent.clear()
        return found


@pytest.fixture
def shell() -> OptionShell:
    made = OptionShell()
    made.ready()
    made.join(f"last.{CALL.symbol}")
    return made


def computation(line: int, *values: str, kind: str = "13") -> list[str]:
    return messages.option_computation(157, line, kind, values or VALUES)


def quoted(line: int, bid: str, ask: str) -> list[list[str]]:
    return [["1", "6", str(line), kind, p, "9", "1"] for kind, p in (("1", bid), ("2", ask))]


def test_with_an_option_the_line_of_what_it_is_on_is_opened(shell: OptionShell):
    assert shell.line_of("5555") != shell.line_of("1001")


def test_tws_s_greeks_go_out_soon_and_the_newest_alone(shell: OptionShell):
    line = shell.line_of("5555")
    shell.passed().greeks()
    shell.tws(computation(line), computation(line, "0.25", "0.7", *VALUES[2:]))
    assert shell.greeks() == []
    shell.passed()
    (found,) = shell.greeks()
    assert (found.source, found.basis, found.delta) == ("tws", "model", 0.7)
    shell.passed()
    assert shell.greeks() == []


@pytest.mark.parametrize("topic", ["greeks.", f"greeks.{CALL.symbol}"])
def test_who_joins_late_gets_the_last_ones(shell: OptionShell, topic: str):
    line = shell.line_of("5555")
    shell.tws(computation(line), computation(line, kind="10"))
    shell.passed().greeks()
    shell.join(topic)
    assert [one.basis for one in shell.greeks()] == ["model", "bid"]


def test_where_tws_sends_none_they_are_computed(shell: OptionShell):
    pytest.importorskip("QuantLib", reason="greeks are computed with tapewire[options]")
    option, share = shell.line_of("5555"), shell.line_of("1001")
    shell.passed().greeks()
    shell.tws(*quoted(option, "4.9", "5.1"), *quoted(share, "190.9", "191.1"))
    shell.passed()
    (found,) = shell.greeks()
    assert (found.source, found.basis, found.underlying_price) == ("computed", "model", 191.0)
    shell.tws(computation(option), computation(option, kind="10"))
    shell.passed().greeks()
    counted = shell.service.metrics.snapshot()["gauges"]
    assert counted["greeks_published.computed"] == 1
    assert counted["greeks_published.tws"] == 2
    shell.passed()
    assert shell.greeks() == []  # nothing has moved


def test_what_is_missing_is_said_once(shell: OptionShell, monkeypatch):
    options = shell.service.market.greeks._options
    monkeypatch.setattr(options, "lacking", "QuantLib is not installed")
    line = shell.line_of("5555")
    for second in range(30):
        shell.tws(*quoted(line, f"4.{second:02}", "5.1"))
        shell.passed()
    assert [one.reason for one in shell.service.dead_letters] == [
        f"TWS sends no greeks of {CALL.symbol}, and none can be computed: QuantLib is not installed"
    ]


def test_without_options_no_greeks_are_made(shell: OptionShell):
    plain = Shell()
    plain.ready()
    assert not plain.service.market.greeks.has_options
    plain.clock.advance_to(plain.clock.mono_ns() + EVERY_NS)
    plain.turn()
    assert list(plain.wires.on("market")) == []


def test_an_option_that_is_held_is_read_whoever_else_reads_it():
    shell = OptionShell()
    shell.ready()
    holding = Holding(CALL)
    holding.fill(Decimal(3), Decimal("4.5"))
    shell.tws(messages.position(ACCOUNT, holding))
    shell.passed()
    assert shell.line_of("5555") != shell.line_of("1001")
    shell.tws(computation(shell.line_of("5555")))
    assert [one.delta for one in shell.passed().greeks()] == [0.6]
