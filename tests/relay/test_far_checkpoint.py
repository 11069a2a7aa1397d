"""Home's checkpoint between a door and a relay on real sockets."""

from contextlib import closing

import zmq

from tapewire.benchmarks.load.past_trading import PastTrading
from tapewire.common import roles
from tapewire.common.events import CheckpointCompleted
from tapewire.common.runtime import checkpoint, home_clock, keeper
from tapewire.common.runtime.checkpoint import Checkpoint, CheckpointFile, checkpoint_file
from tapewire.common.runtime.journal import SqliteJournal
from tapewire.relay import words
from tapewire.relay.door import PARTS_PER_SECOND
from tests.relay.between import Between


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


def test_a_host_that_asks_without_end_gets_a_bounded_part_of_it(between: Between):
    asked: list[words.PastAsked] = []
    answer = between.door._past
    between.door._past = lambda word: (asked.append(word), answer(word))[1]
    now = between.door.clock.now()
    for number in range(5_000):
        word: words.Word = (
            words.CheckpointAsked(1) if number % 2 else words.ChainsAsked({"risk": 1})
        )
        between.door.on_frames("hosts>", [b"far/reader", b"relay", words.encode(word)], now)
    assert len(asked) == PARTS_PER_SECOND
    counted = between.door.metrics.counters
    assert counted["beyond_allowance", "far"] == 5_000 - PARTS_PER_SECOND


def test_few_parts_wait_for_a_host_that_does_not_read(between: Between):
    socket = between._processes["door"].transport._sockets["hosts>"]
    assert socket.getsockopt(zmq.SNDHWM) * words.WORD_MAX_BYTES <= 16_000_000
