"""From segments to Parquet: every row once, whatever happens on the way."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tapewire.common.bus import wire
from tapewire.common.errors import TapewireError
from tapewire.common.events import FeedResumed, Tick
from tapewire.recorder import compaction, parquet
from tapewire.recorder.compaction import compact
from tapewire.recorder.folder import CLOSED, DAMAGED, OPEN, Folder
from tapewire.recorder.parquet import DamagedError
from tapewire.recorder.store import Store
from tests.recorder.published import DAY, EPOCH, NOON_NS, Killed, Market, files, killed_at, segment

SYMBOLS = ("AAPL", "MSFT")


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "recorded")


def recorded(folder: Folder, market: Market, number: int = 1) -> str:
    """A segment with ticks of two symbols and what the broker reported."""
    blocks = [
        [*market.messages(3, "AAPL"), *market.report(), *market.messages(2, "MSFT")],
        [*market.messages(1, "MSFT"), *market.messages(2, "AAPL"), *market.report()],
    ]
    return segment(folder, number, *blocks)


def stored(folder: Folder, symbols: Sequence[str] = SYMBOLS) -> dict[str, list[Tick]]:
    store = Store(folder)
    return {symbol: [*store.ticks([symbol])] for symbol in symbols}


def in_parquet(folder: Folder) -> int:
    """All rows of all files of ticks, as a reader counts them that knows nothing of segments."""
    return sum(parquet.footer(path)[0] for path in folder.path.glob("ticks/*/*/*.parquet"))


def test_a_segment_becomes_files_by_day_and_symbol_and_goes(folder):
    market = Market()
    name = recorded(folder, market)
    done = compact(folder)
    assert (done.segments, done.rows, done.faults) == (1, 24 + 4, ())
    assert files(folder.path, "*/*/*/*") == [
        f"events/date={DAY}/source=gateway/{name}.parquet",
        f"ticks/date={DAY}/symbol=AAPL/{name}.parquet",
        f"ticks/date={DAY}/symbol=MSFT/{name}.parquet",
    ]
    assert [*folder.segments.iterdir()] == []
    assert stored(folder) == {symbol: market.of(symbol) for symbol in SYMBOLS}


def test_nothing_is_lost_or_doubled_wherever_it_is_killed(tmp_path):
    step, steps = 0, 0
    while step <= steps:
        step += 1
        folder, market = Folder(tmp_path / str(step)), Market()
        recorded(folder, market)
        folder.prepare()
        with killed_at(step) as done:
            try:
                compact(folder)
            except Killed:
                steps = step
        expected = {symbol: market.of(symbol) for symbol in SYMBOLS}
        assert stored(folder) == expected, f"killed before {done}"
        compact(folder)
        assert stored(folder) == expected
        assert in_parquet(folder) == len(market.ticks)
        assert [*folder.segments.iterdir()] == []
        assert files(folder.path, "partial/*") == []
    assert steps > 15, "it was killed at each change of the disk"


def test_a_row_is_never_lost_wherever_the_recorder_is_killed_as_it_closes_and_starts(tmp_path):
    market = Market()
    blocks = [market.message() for _ in range(3)]
    step, steps = 0, 0
    while step <= steps:
        step += 1
        folder = Folder(tmp_path / str(step))
        folder.prepare()
        with killed_at(step) as done:
            try:
                segment(folder, 1, *blocks)
                steps = max(steps, 0)
            except Killed:
                steps = step
        written = max(0, done[: step - 1].count("write") - 1)  # the first is the header
        killed_again(folder)
        folder.adopt()
        compact(folder)
        assert stored(folder)["AAPL"] == market.ticks[: 3 * written]
    assert steps >= 6


def killed_again(folder: Folder) -> None:
    """The next start is killed at its first change of the disk."""
    with killed_at(1):
        try:
            folder.adopt()
        except Killed:
            return


def test_a_partial_file_that_a_killed_compaction_left_is_removed(folder):
    market = Market()
    recorded(folder, market)
    left = folder.partial / "7.parquet"
    left.write_bytes(b"half of it")
    compact(folder)
    assert not left.exists()


def test_what_does_not_read_back_as_it_was_written_keeps_its_segment(folder, monkeypatch):
    market = Market()
    name = recorded(folder, market)
    read = parquet.read
    monkeypatch.setattr(parquet, "read", lambda path: read(path).slice(1))
    with pytest.raises(DamagedError, match="does not read back as it was written"):
        compact(folder)
    monkeypatch.undo()
    assert folder.named(CLOSED) == [name]
    assert stored(folder)["AAPL"] == market.of("AAPL")


def test_a_block_that_is_damaged_costs_itself_and_its_segment_is_kept(folder):
    market = Market()
    name = segment(folder, 1, *[market.message() for _ in range(3)])
    path = folder.segment(name, CLOSED)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    done = compact(folder)
    (fault,) = done.faults
    assert fault.startswith(f"{name}: ")
    assert "are damaged" in fault
    assert folder.named(DAMAGED) == [name]
    assert stored(folder)["AAPL"] == market.ticks[:3] + market.ticks[6:]
    (entry,) = Store(folder).entries([])
    assert entry.missing == 1
    assert compact(folder).segments == 0, "it is not looked at again"


def test_what_is_no_segment_at_all_is_set_aside_and_the_others_go_on(folder):
    market = Market()
    recorded(folder, market, number=2)
    folder.segment("000-bad", CLOSED).write_bytes(b"rubbish")
    done = compact(folder)
    assert done.faults == (
        "000-bad: it does not begin with a whole header; expected a recorded segment",
    )
    assert folder.named(DAMAGED) == ["000-bad"]
    assert stored(folder)["MSFT"] == market.of("MSFT")


def test_a_message_that_cannot_be_decoded_costs_itself_and_the_segment_is_kept(folder):
    market = Market()
    name = segment(folder, 1, [*market.message(), b"tick.X\0", b"\x95rubbish"])
    (fault,) = compact(folder).faults
    assert fault.startswith(f"{name}: a message on tick.X: ")
    assert folder.named(DAMAGED) == [name]
    assert stored(folder)["AAPL"] == market.ticks


def test_of_a_message_with_something_else_among_its_ticks_the_ticks_are_kept(folder):
    market = Market()
    first = market.message()
    ticks = [*market.ticks[:2], FeedResumed(NOON_NS, ("AAPL",)), "rubbish", market.ticks[2]]
    mixed = wire.encode_batch("gateway", EPOCH, 1, ticks)  # type: ignore[arg-type]
    name = segment(folder, 1, [first[0], mixed, *market.message()])
    faults = compact(folder).faults
    assert faults[0].startswith(f"{name}: an event on tick.AAPL: ")
    assert faults[1] == f"{name}: feed.resumed on tick.AAPL is not a tick"
    assert stored(folder)["AAPL"] == market.ticks
    assert [entry.holes for entry in Store(folder).entries([])] == [()]


def test_the_segment_that_is_being_written_is_left_alone(folder):
    market = Market()
    name = segment(folder, 1, market.message(), end=OPEN)
    assert compact(folder).segments == 0
    assert folder.named(OPEN) == [name]
    assert stored(folder)["AAPL"] == market.ticks


def test_it_leaves_the_last_of_the_disk_to_trading(folder, monkeypatch):
    recorded(folder, Market())
    monkeypatch.setattr(compaction, "free_bytes", lambda path: 5)
    with pytest.raises(TapewireError, match="has 5 bytes free; 1,000 are left to trading"):
        compact(folder, free_min_bytes=1000)
    assert len(folder.named(CLOSED)) == 1


def test_a_disk_that_fills_meanwhile_costs_nothing(folder, monkeypatch):
    market = Market()
    recorded(folder, market)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        compact(folder)
    monkeypatch.undo()
    assert stored(folder)["AAPL"] == market.of("AAPL")
    compact(folder)
    assert in_parquet(folder) == len(market.ticks)


def test_the_columns_are_encoded_as_they_should_be(folder):
    import pyarrow.parquet as pq

    recorded(folder, Market())
    compact(folder)
    path: Path = next(folder.path.glob("ticks/*/symbol=AAPL/*.parquet"))
    group = pq.read_metadata(path).row_group(0)
    columns = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    assert "DELTA_BINARY_PACKED" in columns["ts_ns"].encodings
    assert "DELTA_BINARY_PACKED" in columns["seq"].encodings
    assert {"BYTE_STREAM_SPLIT"} <= {e for n in ("bid", "price") for e in columns[n].encodings}
    assert {column.compression for column in columns.values()} == {"ZSTD"}
