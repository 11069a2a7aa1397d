"""Recorded ticks as columns: the rows of their export, to the character."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire.common.bus.streams import TickPublisher
from tapewire.common.errors import ConfigError
from tapewire.common.events import HistoryBar, Quote, Trade
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.memory import InMemory
from tapewire.common.ticks.rows import CsvMarket
from tapewire.recorder.bars import Kind, keep, symbols_of
from tapewire.recorder.columns import table_of_bars, table_of_store
from tapewire.recorder.compaction import compact
from tapewire.recorder.exporting import export
from tapewire.recorder.folder import Folder
from tapewire.recorder.spans import Span
from tapewire.recorder.store import Store
from tests.recorder.published import EPOCH, NOON_NS, segment

PRICES = st.sampled_from([None, None, -1.0, 0.0, 10.5, 10.25, 1e-7])
SIZES = st.sampled_from([None, 0.0, 100.0, 1e9])
HALF_A_DAY_NS = 12 * 3_600_000_000_000


@st.composite
def ticks(draw):
    symbol, ts_ns = draw(st.sampled_from(["A", "B"])), NOON_NS + draw(st.integers(0, 3)) * 10**9
    ts_ns += draw(st.sampled_from([0, HALF_A_DAY_NS]))
    if draw(st.booleans()):
        return Trade(symbol, ts_ns, draw(PRICES.filter(lambda one: one is not None)), draw(SIZES))
    return Quote(symbol, ts_ns, draw(PRICES), draw(SIZES), draw(PRICES), draw(SIZES))


@given(found=st.lists(ticks(), max_size=12), span=st.tuples(*[st.integers(-1, 4)] * 2))
@settings(max_examples=25, deadline=None)
def test_the_columns_of_a_span_are_the_rows_of_its_export(found, span, tmp_path_factory):
    folder = Folder(tmp_path_factory.mktemp("store") / "recorded")
    publisher = TickPublisher("gateway", EPOCH)
    frames = [frame for one in found for frame in publisher.publish(one.symbol, [one])]
    half = len(frames) // 4 * 2
    segment(folder, 1, frames[:half])
    compact(folder)
    segment(folder, 2, frames[half:])
    begin, end = (NOON_NS + second * 10**9 for second in span)
    for from_ns, to_ns in ((None, None), (begin, end), (begin, None), (None, end)):
        store, file = Store(folder), folder.path / "found.csv"
        rows = [*table_of_store(store, "AB", from_ns, to_ns).rows()]
        if not rows:
            with pytest.raises(ConfigError, match="nothing is recorded"):
                export(store.ticks("AB", from_ns, to_ns), file)
            continue
        export(store.ticks("AB", from_ns, to_ns), file)
        assert rows == [*CsvMarket(file)]


def test_the_ticks_of_downloaded_bars_are_those_of_a_file_of_them(tmp_path: Path):
    folder, lines = Folder(tmp_path / "recorded"), []
    kinds = {"A": Kind("1 min"), "B": Kind("1 min", "MIDPOINT", regular=True)}
    for symbol, price in (("A", 10.0), ("B", 20.5)):
        bars = [
            HistoryBar(NOON_NS + n * 60 * 10**9, price, price + n, price - 1, price + 0.25, volume)
            for n, volume in enumerate((100.0, None, 7.0))
        ]
        keep(
            folder, kinds[symbol], symbol, bars, Span(NOON_NS, NOON_NS + HALF_A_DAY_NS), 60 * 10**9
        )
        lines += [
            f"{b.ts_ns},{symbol},{b.open},{b.high},{b.low},{b.close},{b.volume}" for b in bars
        ]
    text = "\n".join(["time,symbol,open,high,low,close,volume", *lines]).replace(".0,", ",")
    assert symbols_of(folder, "1 min") == kinds
    expected = [*TickFile(InMemory("bars", text)).rows(None, None)]
    assert [*table_of_bars(folder, symbols_of(folder, "1 min"), None, None).rows()] == expected
    last = table_of_bars(folder, {"B": kinds["B"]}, NOON_NS + 120 * 10**9, None)
    assert {row.symbol for row in last.rows()} == {"B"}
    assert len(last) == 4
