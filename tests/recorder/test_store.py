"""What was recorded, read: in order, with its holes, from files and from segments."""

import pytest

from tapewire.recorder.compaction import compact
from tapewire.recorder.folder import CLOSED, EVENTS, OPEN, TICKS, Folder
from tapewire.recorder.parquet import DamagedError
from tapewire.recorder.store import Store
from tapewire.recorder.streams import Hole
from tapewire.recorder.tables import DAY_NS, Part
from tests.recorder.published import DAY, NOON_NS, Market, segment

MIDNIGHT_NS = NOON_NS + DAY_NS // 2


@pytest.fixture
def folder(tmp_path):
    folder = Folder(tmp_path / "recorded")
    folder.prepare()
    return folder


def without(frames: list[bytes], *messages: int) -> list[bytes]:
    """The frames without those of these messages, counted from 0."""
    return [f for n, f in enumerate(frames) if n // 2 not in messages]


def test_an_empty_folder_has_nothing(folder, tmp_path):
    assert Store(folder).entries([]) == []
    assert Store(Folder(tmp_path / "nowhere")).entries([]) == []


def test_ticks_come_from_files_and_from_segments_as_one(folder):
    market = Market()
    segment(folder, 1, market.messages(5))
    compact(folder)
    segment(folder, 2, market.messages(5))
    segment(folder, 3, market.messages(5), end=OPEN)
    store = Store(folder)
    assert [*store.ticks(["AAPL"])] == market.ticks
    (entry,) = store.entries([])
    assert (entry.part, entry.rows, entry.holes) == (Part(TICKS, DAY, "AAPL"), 45, ())
    assert (entry.from_ns, entry.to_ns) == (market.ticks[0].ts_ns, market.ticks[-1].ts_ns)


def test_a_segment_that_is_being_created_is_nothing_yet(folder):
    folder.segment("one", OPEN).write_bytes(b"")
    folder.segment("two", OPEN).write_bytes(b"TWR\x01\x06\0")
    store = Store(folder)
    assert (store.pieces, store.faults) == ([], [])


def test_symbols_are_merged_by_time_and_bounds_cut_both_ends(folder):
    market = Market()
    frames = [f for n in range(20) for f in market.message("MSFT" if n % 3 else "AAPL", 2)]
    segment(folder, 1, frames)
    compact(folder)
    begin, end = market.ticks[7].ts_ns, market.ticks[30].ts_ns
    expected = sorted(
        (tick for tick in market.ticks if begin <= tick.ts_ns < end), key=lambda one: one.ts_ns
    )
    found = [*Store(folder).ticks(["AAPL", "MSFT"], begin, end)]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    assert [one.ts_ns for one in found] == [one.ts_ns for one in expected]


def test_a_message_on_both_sides_of_midnight_is_in_both_days_and_leaves_no_hole(folder):
    market = Market(at_ns=MIDNIGHT_NS - 5_000_000)
    segment(folder, 1, market.messages(20, ticks=2))
    compact(folder)
    store = Store(folder)
    assert [entry.part.day for entry in store.entries([])] == ["2024-01-08", "2024-01-09"]
    assert [entry.missing for entry in store.entries([])] == [0, 0]
    assert [*store.ticks(["AAPL"])] == market.ticks


def test_what_the_stream_lost_is_a_hole_with_its_times(folder):
    market = Market()
    segment(folder, 1, without(market.messages(9, ticks=1), 3, 4, 7))
    compact(folder)
    (entry,) = Store(folder).entries([])
    times = [tick.ts_ns for tick in market.ticks]
    assert [hole for _, hole in entry.holes] == [
        Hole(3, 6, times[2], times[5]), Hole(7, 9, times[6], times[8])
    ]  # fmt: skip
    assert entry.missing == 3


def test_what_is_missing_between_two_segments_is_a_hole_and_between_two_days_too(folder):
    market = Market()
    segment(folder, 1, market.messages(4))
    market.messages(2)
    segment(folder, 2, market.messages(4))
    market.now_ns += DAY_NS
    market.messages(5)
    segment(folder, 3, market.messages(1))
    compact(folder)
    first, second = Store(folder).entries([])
    assert [(hole.after_seq, hole.before_seq) for _, hole in first.holes] == [(4, 7)]
    assert [(hole.after_seq, hole.before_seq) for _, hole in second.holes] == [(10, 16)]


def test_a_gateway_that_starts_again_counts_from_the_beginning_and_is_no_hole(folder):
    first = Market()
    segment(folder, 1, first.messages(3))
    second = Market(2, epoch="018ce8f1b000", at_ns=first.now_ns)
    segment(folder, 2, second.messages(3))
    compact(folder)
    (entry,) = Store(folder).entries([])
    assert entry.holes == ()
    assert entry.rows == 18


def test_events_of_a_broker_are_a_table_of_their_own_with_holes_by_event(folder):
    import json

    market = Market()
    first, _, third = market.report(), market.report(), market.report()
    segment(folder, 1, [*first, *third])
    compact(folder)
    (entry,) = Store(folder).entries([])
    assert entry.part == Part(EVENTS, DAY, "gateway")
    assert (entry.rows, entry.missing) == (4, 2)
    (piece,) = Store(folder).pieces
    rows = piece.table().to_pylist()
    assert [row["kind"] for row in rows] == ["feed.refused", "feed.resumed"] * 2
    assert json.loads(rows[0]["event"]) == {"ts_ns": NOON_NS, "symbol": "AAPL", "reason": "no"}
    assert [row["seq"] for row in rows] == [1, 2, 5, 6]


def test_a_file_whose_segment_is_still_there_is_not_counted(folder):
    market = Market()
    name = segment(folder, 1, market.messages(4))
    content = folder.segment(name, CLOSED).read_bytes()
    compact(folder)
    folder.segment(name, CLOSED).write_bytes(content)  # as if it was killed before it was removed
    assert [*Store(folder).ticks(["AAPL"])] == market.ticks
    compact(folder)
    assert [*Store(folder).ticks(["AAPL"])] == market.ticks


def test_a_file_that_is_not_the_recorder_s_or_is_damaged_is_named(folder):
    segment(folder, 1, Market().messages(2))
    compact(folder)
    (piece,) = Store(folder).pieces
    assert piece.path is not None
    piece.path.write_bytes(b"PAR1")
    store = Store(folder)
    unreadable: list[str] = []
    assert store.entries(unreadable) == []
    assert ".parquet is not a file of the recorder" in unreadable[0]
    with pytest.raises(DamagedError, match=r"\.parquet cannot be read"):
        [*store.ticks(["AAPL"])]
