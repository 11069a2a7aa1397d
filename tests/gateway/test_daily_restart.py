"""The daily restart of TWS: what is held back before it, and what its loss is."""

from datetime import UTC, datetime, timedelta

import pytest

from tapewire.common.clock import Now
from tapewire.common.daily_time import DailyTime
from tapewire.common.events import ConnectionLost
from tapewire.gateway.restart_window import RestartWindow
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import NOW, Bench, submit
from tests.gateway.tws_messages import SECOND

HOUR = 3600 * SECOND
RESTART = DailyTime.of("23:45 America/New_York")


def at(wall_ns: int) -> Now:
    return Now(wall_ns, NOW.mono_ns + wall_ns - NOW.wall_ns)


class Night(Bench):
    """A gateway on the evening before a restart; it is `restart_ns` when that is due."""

    def __init__(self) -> None:
        self.restart_ns = RESTART.next_ns(NOW.wall_ns)
        super().__init__(restarts=RestartWindow(RESTART, 60, 600))

    def to(self, seconds: float) -> None:
        """So long after the restart is due, or before it."""
        self.now = at(self.restart_ns + int(seconds * SECOND))
        self.gateway.seen_mono_ns = self.now.mono_ns
        self.beat()
        self.tick()
        self.flush()

    def order(self, name: str = "o/1", side: str = "BUY") -> str:
        """Why an order is denied; empty if it is taken."""
        wanted = submit(name, side=side, expires_ns=self.now.wall_ns + SECOND)
        return self.submit(wanted).reason

    @property
    def state_of_line(self) -> str:
        return self.gateway.connection.state

    def back(self) -> None:
        self.connect()
        self.answer_snapshot()
        self.flush()


def test_what_adds_risk_is_held_back_before_a_restart_until_tws_is_back():
    night = Night()
    night.to(-61)
    assert night.order("a/1") == ""
    night.to(-60)
    assert "daily restart" in night.order("b/1")
    night.to(5)
    night.lose()
    assert night.state_of_line == "RESTARTING"
    night.to(120)
    night.back()
    assert night.order("c/1") == ""


def test_exits_and_cancels_go_before_a_restart():
    night = Night()
    night.to(-120)
    night.hold(10)
    night.opened(night.send(submit(limit="100", expires_ns=night.restart_ns)))
    night.to(-30)
    assert night.order("exit/1", "SELL") == ""
    assert night.cancel("s-1/1")[0].accepted


def test_an_exit_is_not_held_back_while_positions_are_listed_again():
    night = Night()
    night.hold(10)
    night.to(-30)
    night.gateway.positions.doubt("since something happened")
    assert night.order("exit/1", "SELL") == ""
    assert "daily restart" in night.order("add/1")


def test_a_line_that_was_silent_when_it_was_due_has_not_restarted():
    night = Night()
    night.to(-50)
    night.lose()
    night.to(-20)
    night.back()
    night.to(1)
    night.hangs = True
    for second in (2, 3, 4):
        night.to(second)
    assert night.state_of_line == "DEGRADED"
    night.receive(messages.current_time(night.now.wall_ns))
    night.to(5)
    assert night.state_of_line == "READY"
    assert "daily restart" in night.order()


def test_a_loss_in_the_hold_that_comes_back_early_does_not_end_it():
    night = Night()
    night.to(-50)
    night.lose()
    night.to(-20)
    night.back()
    assert "daily restart" in night.order()


def test_without_a_restart_orders_go_when_its_time_is_over():
    night = Night()
    night.to(599)
    assert night.order("a/1") != ""
    night.to(600)
    assert night.order("b/1") == ""


def test_a_loss_in_the_restart_is_expected_and_one_that_lasts_is_not():
    night = Night()
    night.to(2)
    (lost,) = night.lose("reset")
    assert lost == ConnectionLost(night.now.wall_ns, "reset", expected=True)
    night.to(300)
    assert night.lose("cannot connect to TWS") == []
    assert night.state_of_line == "RESTARTING"
    before = len(night.journal)
    night.to(600)
    (late,) = night.journal[before:]
    assert isinstance(late, ConnectionLost)
    assert not late.expected
    assert late.reason.startswith("not back from its daily restart")
    assert night.state_of_line == "CONNECTING"


def test_a_tws_that_comes_back_without_its_server_is_an_alarm_when_the_time_is_over():
    night = Night()
    night.to(2)
    night.lose("reset")
    night.to(100)
    night.connect()
    night.error(-1, 1100, "gone")
    assert night.state_of_line == "DEGRADED"
    before = len(night.journal)
    night.to(599)
    assert night.journal[before:] == []
    night.to(600)
    assert night.journal[before:] == [
        ConnectionLost(night.now.wall_ns, "TWS lost its server: gone")
    ]


def test_a_loss_after_it_is_back_is_an_alarm_again():
    night = Night()
    night.to(2)
    night.lose()
    night.to(100)
    night.back()
    night.to(200)
    (lost,) = night.lose()
    assert not lost.expected
    assert night.state_of_line == "CONNECTING"


@pytest.mark.parametrize(
    ("zone", "day", "restart"),
    [
        ("02:30 America/New_York", "2026-03-08", "07:30"),  # the hour that is left out: 03:30 there
        ("23:45 America/New_York", "2026-03-08", "03:45+1"),
        ("01:30 America/New_York", "2026-11-01", "05:30"),  # of the two, the first
        ("23:45 America/New_York", "2026-11-01", "04:45+1"),
        ("23:45 Europe/Berlin", "2026-10-25", "22:45"),
    ],
)
def test_the_window_is_right_on_the_days_on_which_clocks_change(zone: str, day: str, restart: str):
    clock, _, later = restart.partition("+")
    moment = datetime.fromisoformat(f"{day}T{clock}:00+00:00") + timedelta(int(later or 0))
    restart_ns = int(moment.astimezone(UTC).timestamp()) * SECOND
    window = RestartWindow(DailyTime.of(zone), 60, 600)
    outside = [restart_ns - 61 * SECOND, restart_ns + 600 * SECOND]
    inside = [restart_ns - 60 * SECOND, restart_ns, restart_ns + 599 * SECOND]
    assert [window.restart_ns(at(one)) for one in inside] == [restart_ns] * 3
    assert [window.restart_ns(at(one)) for one in outside] == [None, None]
    assert window.restart_ns(at(restart_ns)) == restart_ns, "also with the clock set back"


def test_without_a_configured_restart_there_is_none():
    window = RestartWindow()
    assert all(window.restart_ns(at(NOW.wall_ns + n * HOUR)) is None for n in range(48))
