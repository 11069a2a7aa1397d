"""Home's checkpoint between a door and a relay on real sockets."""

from contextlib import closing

import pytest
import zmq

from tapewire.benchmarks.load.past_trading import PastTrading
from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.errors import TapewireError
from tapewire.common.events import CheckpointCompleted
from tapewire.common.runtime import checkpoint, home_clock, keeper
from tapewire.common.runtime.checkpoint import Checkpoint, CheckpointFile, checkpoint_file
from tapewire.common.runtime.journal import SqliteJournal
from tapewire.relay import words
from tapewire.relay.door import PARTS_PER_SECOND
from tests.relay.between import Between

S = 1_000_000_000


def traded(between: Between, records: int = 300) -> CheckpointFile:
    """Home has past trading, and a checkpoint of it."""
    PastTrading("DU1", "dip", "BENCH", records).write(between.home.run_dir / "journals")
    keeper.work(between.home)
    return checkpoint_file(between.home.run_dir, between.home)


def until_strategies_may_start(between: Between) -> CheckpointFile:
    """What they then start with."""
    path = home_clock.path_of(between.far.run_dir)
    between.until(path.exists, "home's time to be written down")
    return checkpoint_file(between.far.run_dir, between.far)


def ends_of(store: CheckpointFile) -> dict[str, CheckpointCompleted]:
    journal = store.open()
    assert journal is not None, "there is no checkpoint"
    with closing(journal):
        return Checkpoint(journal, store.instruments).ends


def reasons(between: Between) -> list[str]:
    return [one.reason for one in between.relay.dead_letters]


def test_strategies_start_with_homes_checkpoint(between: Between):
    at_home = traded(between)
    assert not checkpoint_file(between.far.run_dir, between.far).path.exists()
    here = until_strategies_may_start(between)
    assert ends_of(here) == ends_of(at_home)
    assert reasons(between) == []


def test_none_is_made_on_a_far_host_in_the_place_of_homes(between: Between):
    at_home = traded(between)
    here = until_strategies_may_start(between)
    with pytest.raises(TapewireError, match="made there"):
        keeper.work(between.far)
    assert ends_of(here) == ends_of(at_home)


def test_one_of_an_earlier_start_is_not_used_where_home_has_none(between: Between):
    traded(between)
    until_strategies_may_start(between)
    between.end("relay-far")
    checkpoint.discard(between.home.run_dir)
    home_clock.path_of(between.far.run_dir).unlink()
    between.start_relay()
    assert not until_strategies_may_start(between).path.exists()
    assert reasons(between) == []


def test_one_of_other_journals_than_home_has_is_not_used_and_the_log_says_why(between: Between):
    traded(between)
    journals = between.home.run_dir / "journals"
    with closing(SqliteJournal(journals / f"{roles.EXECUTOR}.sqlite", read_only=True)) as journal:
        last = journal.head.seq
    for path in journals.glob(f"{roles.EXECUTOR}.sqlite*"):
        path.unlink()
    assert not until_strategies_may_start(between).path.exists()
    assert reasons(between) == [
        "home's checkpoint is not used, so strategies here start later: executor's journal at home"
        f" has another record {last}, or none"
    ]


class Asking:
    """Hosts that ask a door for the past, and which question it has answered to whom."""

    def __init__(self, between: Between) -> None:
        self.answered: list[int] = []
        self._door = between.door
        self._answer = between.door._past
        between.door._past = self._past

    def _past(self, word: words.PastAsked) -> words.PastAnswered:
        self.answered.append(word.from_seq if isinstance(word, words.CheckpointAsked) else 0)
        return self._answer(word)

    def ask(self, host: str, word: words.PastAsked, times: int = 1) -> None:
        frames = [f"{host}/reader".encode(), b"relay", words.encode(word)]
        for _ in range(times):
            self._door.on_frames("hosts>", frames, self._door.clock.now())


def test_a_host_that_asks_without_end_gets_a_bounded_part_of_it(between: Between):
    asking, turns = Asking(between), 3 * PARTS_PER_SECOND
    began = now = between.door.clock.now()
    for _ in range(turns):
        asking.ask("far", words.CheckpointAsked(1), 50)
        asking.ask("far", words.ChainsAsked({"risk": 1}), 50)
        now = Now(now.wall_ns, now.mono_ns + S // 100)
        between.door.on_tick(now)
    took_s = (now.mono_ns - began.mono_ns) / S
    assert len(asking.answered) <= PARTS_PER_SECOND * (1 + took_s)
    dropped = between.door.metrics.counters["beyond_allowance", "far"]
    assert dropped >= 100 * turns - len(asking.answered) - 1


def test_hosts_that_ask_are_answered_one_per_turn_and_each_in_its_turn(between: Between):
    asking = Asking(between)
    asking.ask("a", words.CheckpointAsked(1), 100)
    asking.ask("b", words.CheckpointAsked(2))
    for count in (1, 2, 2):
        between.door.on_tick(between.door.clock.now())
        assert len(asking.answered) == count
        asking.ask("a", words.CheckpointAsked(1), 100)
        if count == 2:
            break
    assert asking.answered == [1, 2]


def test_what_is_beyond_the_allowance_is_answered_later(between: Between):
    """A relay that asks for one part after the other loses none, however large the checkpoint."""
    asking, door = Asking(between), between.door
    began = door.clock.now()
    for _ in range(PARTS_PER_SECOND):
        asking.ask("far", words.CheckpointAsked(1))
        door.on_tick(began)
    asking.ask("far", words.CheckpointAsked(7))
    door.on_tick(began)
    assert 7 not in asking.answered
    door.on_tick(Now(began.wall_ns, began.mono_ns + S // PARTS_PER_SECOND + 1))
    assert asking.answered[-1] == 7
    assert ("beyond_allowance", "far") not in door.metrics.counters


def test_a_question_that_cannot_be_answered_costs_itself(between: Between):
    def broken(_word: words.PastAsked) -> words.PastAnswered:
        raise RuntimeError("broken")

    asking = Asking(between)
    between.door._past = broken
    asking.ask("far", words.CheckpointAsked(1))
    between.door.turn(0)
    between.door.turn(0)
    assert [one.reason for one in between.door.dead_letters] == ["RuntimeError('broken')"]


def test_few_parts_wait_for_a_host_that_does_not_read(between: Between):
    socket = between._processes["door"].transport._sockets["hosts>"]
    assert socket.getsockopt(zmq.SNDHWM) * words.WORD_MAX_BYTES <= 16_000_000
