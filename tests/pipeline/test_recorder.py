"""The recorder beside a real group: what is published is on disk, though it is killed meanwhile."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import endpoint
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.events import Tick
from tapewire.recorder import parquet
from tapewire.recorder.folder import CLOSED, Folder
from tapewire.recorder.store import Entry, Store
from tests.pipeline.running import Running, tapewire
from tests.places import ROOT

SYMBOLS = ("AAPL", "MSFT", "ESZ6")
SECOND_NS = 1_000_000_000
LISTENS_NS = 30 * SECOND_NS
"""How long after one is killed the next one listens at the latest."""
NICE_S = 120  # a compaction is nice to all others: on a busy machine it gets little of a core
ENVIRONMENT = {
    "TAPEWIRE_RECORDER__FREE_HALT_MB": "150",
    "TAPEWIRE_RECORDER__FREE_RESUME_MB": "160",
}


@contextmanager
def a_recorder(running: Running) -> Iterator["subprocess.Popen[bytes]"]:
    """One that a person starts, so that the group itself stays as it is."""
    record = [sys.executable, "-m", "tapewire.console.cli", "data", "record"]
    symbols = [word for symbol in SYMBOLS for word in ("--symbol", symbol)]
    process = subprocess.Popen([*record, *symbols], cwd=ROOT, env={**os.environ, **ENVIRONMENT})
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)
        status = running.run_dir / "status" / f"{roles.RECORDER}.json"
        status.unlink(missing_ok=True)


class Observer(threading.Thread):
    """Another reader of the same ticks, to compare with."""

    def __init__(self, running: Running) -> None:
        super().__init__()
        self.ticks: dict[str, list[Tick]] = {symbol: [] for symbol in SYMBOLS}
        self.over = False
        self._transport = ZmqTransport()
        topics = [wire.topic(f"tick.{symbol}") for symbol in SYMBOLS]
        place = endpoint("market", running.group.config.bus, running.run_dir)
        self._transport.connect("market", "sub", place, topics)

    def stop(self) -> None:
        """See no more."""
        self.over = True
        self.join()

    def run(self) -> None:
        while not self.over:
            for _, (topic, body) in self._transport.poll(50):
                symbol = wire.topic_name(topic).removeprefix("tick.")
                self.ticks[symbol] += wire.decode_ticks(body).events
        self._transport.close()


def messages(running: Running) -> int:
    return int(running.status(roles.RECORDER).get("messages_recorded", 0))


def files(folder: Folder) -> list[Path]:
    return [*folder.path.glob("ticks/*/*/*.parquet")]


def is_parquet(folder: Folder) -> bool:
    """Whether what was closed has become Parquet."""
    return bool(files(folder)) and not folder.named(CLOSED)


def killed(shared: Running, count: int) -> int:
    """Kill a recorder once it has recorded so many messages; gives the moment."""
    with a_recorder(shared) as recorder:
        shared.until(lambda: messages(shared) > count, "something to be recorded")
        killed_ns = time.time_ns()
        recorder.send_signal(signal.SIGKILL)
        recorder.wait()
    return killed_ns


def nothing_earlier_is_missing(folder: Folder, observed: Observer, kills: list[int]) -> list[Entry]:
    """What is missing of what another has seen was published within a second before a kill, or
    until the next recorder listened, and it is in a hole. Nothing is there twice."""
    store = Store(folder)
    entries = store.entries([])
    for symbol in SYMBOLS:
        known = [*store.ticks([symbol])]
        begin, end = known[0].ts_ns, known[-1].ts_ns
        seen = Counter(t for t in observed.ticks[symbol] if begin < t.ts_ns < end)
        kept = Counter(t for t in known if begin < t.ts_ns < end)
        assert not kept - seen, "nothing is there that was not published, or twice"
        holes = [hole for one in entries if one.part.key == symbol for _, hole in one.holes]
        for ns in (tick.ts_ns for tick in seen - kept):
            assert any(hole.from_ns <= ns <= hole.to_ns for hole in holes), "it is in a hole"
            assert any(-SECOND_NS < ns - at_ns < LISTENS_NS for at_ns in kills), "no earlier row"
    return entries


@pytest.fixture
def observed(shared: Running) -> Iterator[Observer]:
    """Another reader, from before the recorder until after it."""
    observer = Observer(shared)
    observer.start()
    try:
        yield observer
    finally:
        observer.stop()


def test_a_killed_recorder_loses_a_moment_and_what_it_had_becomes_parquet(
    shared: Running, observed: Observer
):
    folder = Folder(shared.group.config.recorded().absolute())
    killed_ns = killed(shared, 50)
    with a_recorder(shared) as second:
        shared.until(lambda: is_parquet(folder), "what was left to become Parquet", NICE_S)
        shared.until(lambda: messages(shared) > 20, "it to record again")
    assert second.returncode == 0
    observed.stop()
    entries = nothing_earlier_is_missing(folder, observed, [killed_ns])

    done = tapewire("data", "compact", "--json")
    assert json.loads(done.stdout)["segments"] == 1
    assert tapewire("data", "verify").returncode == 0
    rows = sum(parquet.footer(path)[0] for path in files(folder))
    assert rows == sum(one.rows for one in entries if one.part.table == "ticks")


@pytest.mark.soak
def test_a_recorder_that_is_killed_at_any_moment_loses_no_earlier_row(
    shared: Running, observed: Observer
):
    chance = random.Random(13)
    folder = Folder(shared.group.config.recorded().absolute())
    kills = [killed(shared, chance.randint(1, 400)) for _ in range(8)]
    with a_recorder(shared):
        shared.until(lambda: messages(shared) > 20, "it to record again")
    observed.stop()
    nothing_earlier_is_missing(folder, observed, kills)
    assert tapewire("data", "verify").returncode == 0
