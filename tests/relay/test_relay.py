"""The relay by itself: home's time from rounds, and a signal's end by home's clocks."""

from collections.abc import Iterable, Sequence

import pytest

from tapewire.common.bus import wire
from tapewire.common.clock import Now, VirtualClock
from tapewire.common.events import CancelSignal, CheckpointCompleted, Event
from tapewire.common.events.expiry import has_expired
from tapewire.common.retention.executions import GROUP
from tapewire.common.runtime.checkpoint import terms_of
from tapewire.common.runtime.home_clock import HomeTime
from tapewire.common.runtime.journal import JournalFullError
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.relay import words
from tapewire.relay.fetching import AGAIN_MAX_NS, TRIES, Fetching
from tapewire.relay.giving import NONE, part_of
from tapewire.relay.late import lateness
from tapewire.relay.measured import DRIFT
from tapewire.relay.relay import Relay

S = 1_000_000_000
SERVERS = {"signals": "executor", "control": "risk"}
HOME_WALL, HOME_MONO = 1_700_000_000 * S, 9_000 * S  # when our own monotonic clock is at 0
TOKENS: dict[str, dict[str, bytes]] = {"executor": {"strategy": b"secret"}, "risk": {}}


class Home:
    """A transport with a home at the other end that answers at once, while it is there."""

    def __init__(self, clock: VirtualClock) -> None:
        self.emptied = True
        self.is_there = True
        self.checkpoint: MemoryJournal | None = None
        self.gives = True
        self.sent: list[tuple[str, list[bytes]]] = []
        self.coming: list[tuple[str, list[bytes]]] = []
        self._clock = clock

    def poll(self, timeout_ms: int) -> list[tuple[str, list[bytes]]]:
        coming, self.coming = self.coming, []
        return coming

    def send(self, channel: str, frames: Sequence[bytes]) -> bool:
        if not self.is_there:
            return False
        self.sent.append((channel, [*frames]))
        if channel == "hosts<" and (answer := self._answer(words.decode(frames[-1]))):
            self.coming.append(("hosts<", [words.encode(answer)]))
        return True

    def _answer(self, asked: words.Word) -> words.Word | None:
        if isinstance(asked, words.ClockAsked):
            wall, mono = (now + self._clock.mono_ns() for now in (HOME_WALL, HOME_MONO))
            return words.ClockAnswered(asked.sent_ns, wall, wall, mono, mono)
        if isinstance(asked, words.ChainsAsked):
            return words.ChainsAnswered({})
        if isinstance(asked, words.CheckpointAsked) and self.gives:
            return part_of(self.checkpoint, asked.from_seq) if self.checkpoint else NONE
        return None

    def subscribe(self, channel: str, topic: bytes) -> None:
        raise AssertionError("there is no stream in these tests")

    unsubscribe = subscribe


class AHost:
    def __init__(self) -> None:
        self.clock = VirtualClock(5 * S)
        self.home = Home(self.clock)
        self.kept: list[HomeTime] = []
        self.taken: list[Event] = []
        self.disk_is_full = False
        self.halt: str | None = None
        self.relay = Relay(
            "far", (), SERVERS, TOKENS, self.home, self.clock, epoch="0a",
            wall_ns=lambda: HOME_WALL + self.clock.mono_ns() - 40 * S,
            report=dict, keep=self.kept.append, halt=lambda: self.halt,
            configured={"hosts": "0a"},
            fetching=Fetching(()), take=self.take,
        )  # fmt: skip

    def take(self, events: Iterable[Event]) -> None:
        if self.disk_is_full:
            raise JournalFullError("the disk is full")
        assert self.kept == [], "strategies start when home's time is kept"
        self.taken += events

    def turn(self, seconds: float = 1) -> None:
        self.clock.advance_to(self.clock.mono_ns() + int(seconds * S))
        self.relay.turn(0)

    def stamp(self) -> bytes:
        """Of a request that comes now."""
        self.home.sent.clear()
        self.home.coming.append(("control>", [b"cli", b"body"]))
        self.relay.turn(0)
        return next(frames[1] for channel, frames in self.home.sent if channel == "control<")

    def passed(self, signal: CancelSignal) -> CancelSignal:
        self.home.sent.clear()
        self.home.coming.append(("signals>", [b"secret", wire.encode(signal)]))
        self.relay.turn(0)
        frames = next(frames for channel, frames in self.home.sent if channel == "signals<")
        assert frames[0] == b"strategy"
        found = wire.decode_event(frames[1])
        assert isinstance(found, CancelSignal)
        return found


@pytest.fixture
def host() -> AHost:
    return AHost()


def signal(ends_in_s: float, host: AHost) -> CancelSignal:
    mono_ns = host.clock.mono_ns() + int(ends_in_s * S)
    wall_ns = HOME_WALL + mono_ns
    return CancelSignal("a-0a-1", 1, "", "a", "a-0a-0", wall_ns, expires_mono_ns=mono_ns)


def test_homes_time_is_kept_once_it_is_measured_with_the_offset_of_our_own(host: AHost):
    host.turn()
    assert host.relay.reported_state(host.clock.now())[0] == "WAITING"
    for _ in range(2):
        host.turn()
    found = host.kept[-1]
    assert found.home_ns - found.mono_ns == pytest.approx(HOME_WALL, abs=S)
    assert found.offset_ns == pytest.approx(40 * S, abs=S)
    assert found.uncertainty_ns >= abs(found.home_ns - found.mono_ns - HOME_WALL)
    assert host.relay.reported_state(host.clock.now()) == ("READY", "")


def test_a_home_that_no_longer_answers_makes_the_relay_wait(host: AHost):
    for _ in range(3):
        host.turn()
    host.home.is_there = False
    for _ in range(6):
        host.turn()
    assert host.relay.reported_state(host.clock.now())[0] == "WAITING"
    assert "home has not answered for" in host.relay.reported_state(host.clock.now())[1]


def test_how_sure_homes_time_is_shrinks_while_home_does_not_answer(host: AHost):
    for _ in range(3):
        host.turn()
    before = host.relay.detail()["clock"]["uncertainty_ns"]
    host.home.is_there = False
    host.turn(60)
    assert host.relay.detail()["clock"]["uncertainty_ns"] >= before + 50 * S * DRIFT


def test_a_signal_ends_by_homes_clocks_at_the_moment_at_which_it_ends_by_ours(host: AHost):
    for _ in range(2):
        host.turn(0.001)
    sent = signal(5, host)
    passed = host.passed(sent)
    assert passed == passed.__class__(
        *(getattr(sent, name) for name in ("id", "ts_ns", "account", "strategy", "signal_id")),
        sent.expires_ns, expires_mono_ns=passed.expires_mono_ns,
    )  # fmt: skip

    def at_home(seconds: float, set_back_s: float = 0) -> Now:
        mono_ns = host.clock.mono_ns() + int(seconds * S)
        return Now(HOME_WALL + mono_ns - int(set_back_s * S), HOME_MONO + mono_ns)

    assert not has_expired(passed, at_home(4.9))
    assert has_expired(passed, at_home(5.1))
    assert has_expired(passed, at_home(5.1, set_back_s=3600)), "though the wall clock was set back"


def test_a_signal_of_a_machine_that_was_started_just_now_has_not_expired_at_home(host: AHost):
    """Its monotonic clock is far behind home's: as it came, it would have been over long ago."""
    sent = signal(5, host)
    now = Now(HOME_WALL + host.clock.mono_ns(), HOME_MONO + host.clock.mono_ns())
    assert has_expired(sent, now)
    assert not has_expired(host.passed(sent), now), "while home's time is not known"
    for _ in range(2):
        host.turn(0.001)
    assert not has_expired(host.passed(sent), now)


def test_while_the_kill_switch_is_pulled_no_signal_leaves_and_home_hears_of_it(host: AHost):
    host.turn()
    host.home.sent.clear()
    host.halt = "enough"
    host.turn(0.1)
    host.home.coming.append(("signals>", [b"secret", wire.encode(signal(5, host))]))
    host.turn(0.01)
    assert [channel for channel, _ in host.home.sent if channel == "signals<"] == []
    told = [words.decode(frames[-1]) for _, frames in host.home.sent]
    assert [one.halt for one in told if isinstance(one, words.HostReported)] == ["enough"]
    assert host.relay.reported_state(host.clock.now())[0] == "HALTED"
    host.halt = None
    host.turn(0.1)
    assert host.passed(signal(5, host))


def test_a_request_that_waited_while_the_relay_was_stopped_is_not_stamped_as_if_it_came_now(
    host: AHost,
):
    assert host.stamp() == b""
    for _ in range(5):
        host.turn()
    at_home = lambda: HOME_MONO + host.clock.mono_ns()  # noqa: E731
    assert not lateness(host.stamp(), at_home())
    host.clock.advance_to(host.clock.mono_ns() + 300 * S)
    for _ in range(5):  # more than one turn, until all that waited has come
        assert "under way for 30" in lateness(host.stamp(), at_home())
        host.turn(0.1)
    for _ in range(3):
        host.turn()
    assert not lateness(host.stamp(), at_home())


# ---- home's checkpoint ---------------------------------------------------------------------------


def checkpoint() -> MemoryJournal:
    """One of a group whose journals have nothing in them."""
    journal = MemoryJournal()
    journal.append([CheckpointCompleted(1, GROUP, 0, terms_of(()), 0)])
    return journal


def test_strategies_start_when_home_has_given_its_checkpoint(host: AHost):
    host.home.checkpoint = checkpoint()
    for _ in range(6):
        host.turn()
    assert [type(one) for one in host.taken] == [CheckpointCompleted]
    assert host.kept
    assert not host.relay.dead_letters


def test_strategies_wait_while_home_says_nothing_of_its_checkpoint_but_not_without_end(
    host: AHost,
):
    host.home.gives = False
    host.turn()
    host.turn()
    assert host.relay.time is not None
    assert host.kept == []
    for _ in range(TRIES):
        host.turn(AGAIN_MAX_NS / S)
    assert len(host.kept) == 1
    assert [one.reason for one in host.relay.dead_letters] == [
        "home's checkpoint is not used, so strategies here start later: home has not answered 3"
        " questions about it"
    ]
    host.home.gives, host.home.checkpoint = True, checkpoint()
    for _ in range(3):
        host.turn()
    assert host.taken == [], "they have started"


def test_a_checkpoint_that_cannot_be_written_here_keeps_no_strategy_waiting(host: AHost):
    host.home.checkpoint, host.disk_is_full = checkpoint(), True
    for _ in range(6):
        host.turn()
    assert host.kept
    assert [one.reason for one in host.relay.dead_letters] == [
        "home's checkpoint is not used, so strategies here start later: the disk is full"
    ]


def test_a_home_without_a_checkpoint_keeps_nobody_waiting_and_is_no_fault(host: AHost):
    for _ in range(3):
        host.turn()
    assert host.kept
    assert host.taken == []
    assert not host.relay.dead_letters
