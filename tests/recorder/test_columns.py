"""Recorded ticks as columns: the rows of their export, to the character."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire.common.bus.streams import TickPublisher
from tapewire.common.events import Quote, Trade
from tapewire.common.ticks.rows import CsvMarket
from tapewire.recorder.columns import table_of_store
from tapewire.recorder.compaction import compact
from tapewire.recorder.exporting import export
from tapewire.recorder.folder import Folder
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
        export(store.ticks("AB", from_ns, to_ns), file)
        assert [*table_of_store(store, "AB", from_ns, to_ns).rows()] == [*CsvMarket(file)]
