"""Windows and bars partition the ticks: each is in exactly one, or counted as late."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.events import Bar, Quote, Tick, Trade
from tapewire.common.ticks.aggregate import Bars, Batches, Every, InOrder, Windows


def trade(ts_ns: int, price: float = 1.0, size: float | None = 1.0, symbol: str = "ES") -> Trade:
    return Trade(symbol, ts_ns, price, size)


trades = st.builds(
    trade,
    st.integers(0, 300),
    st.integers(-50, 50).map(lambda n: n / 4),
    st.none() | st.integers(0, 20).map(float),
    st.sampled_from(["ES", "NQ"]),
)
everies = st.one_of(
    st.integers(1, 60).map(lambda n: Every(width_ns=n)),
    st.integers(1, 8).map(lambda n: Every(count=n)),
    st.integers(1, 40).map(lambda n: Every(volume=n)),
)
lateness = st.integers(0, 80)


def windows_of(every: Every, lateness_ns: int, ticks: list[Trade]) -> tuple[list[list[Tick]], int]:
    aggregation = Windows(every, lateness_ns)
    found = [w for tick in ticks for w in aggregation.add(tick)] + aggregation.flush()
    return [w.ticks for w in found], aggregation.late


def bars_of(every: Every, lateness_ns: int, ticks: list[Trade]) -> tuple[list[Bar], int]:
    bars = Bars(every, lateness_ns)
    return [b for tick in ticks for b in bars.add(tick)] + bars.flush(), bars.late


@given(st.lists(trades), everies, lateness)
def test_every_tick_is_in_one_window_or_counted_as_late(ticks, every, lateness_ns):
    distinct = [trade(t.ts_ns, n, t.size, t.symbol) for n, t in enumerate(ticks)]
    windows, late = windows_of(every, lateness_ns, distinct)
    inside = [tick.price for window in windows for tick in window]
    assert len(inside) == len(set(inside)) == len(ticks) - late
    assert all(windows)


@given(st.lists(trades), everies, lateness)
def test_bars_partition_the_trades(ticks, every, lateness_ns):
    windows, late = windows_of(every, lateness_ns, ticks)
    bars, late_too = bars_of(every, lateness_ns, ticks)
    assert late == late_too
    assert sum(bar.count for bar in bars) == len(ticks) - late
    assert len(bars) == len(windows)
    for bar, window in zip(bars, windows, strict=True):
        prices = [tick.price for tick in window]
        assert (bar.open, bar.close) == (prices[0], prices[-1])
        assert (bar.high, bar.low) == (max(prices), min(prices))
        assert bar.low <= bar.open <= bar.high
        assert bar.low <= bar.close <= bar.high
        assert bar.volume == sum(tick.size or 0 for tick in window)
        assert bar.vwap is None or bar.low <= bar.vwap <= bar.high
        assert (bar.vwap is None) == (bar.volume == 0)
        assert bar.start_ns <= bar.ts_ns


@given(st.lists(trades), everies, lateness)
def test_within_a_symbol_time_only_goes_forward(ticks, every, lateness_ns):
    windows, _ = windows_of(every, lateness_ns, ticks)
    for symbol in ("ES", "NQ"):
        times = [tick.ts_ns for window in windows for tick in window if tick.symbol == symbol]
        assert times == sorted(times)


@given(st.lists(trades), everies)
def test_with_enough_patience_the_order_of_arrival_does_not_matter(ticks, every):
    distinct = [trade(n, t.price, t.size, t.symbol) for n, t in enumerate(ticks)]
    patient = len(ticks) + 1
    forward, late = bars_of(every, patient, distinct)
    backward, late_too = bars_of(every, patient, distinct[::-1])
    assert (late, late_too) == (0, 0)
    assert sorted(forward, key=repr) == sorted(backward, key=repr)


@given(st.lists(trades), st.integers(1, 60), lateness)
def test_time_bars_hold_what_is_of_their_time(ticks, width_ns, lateness_ns):
    windows = Windows(Every(width_ns=width_ns), lateness_ns)
    found = [w for tick in ticks for w in windows.add(tick)] + windows.flush()
    for window in found:
        assert window.start_ns % width_ns == 0
        assert window.end_ns == window.start_ns + width_ns
        assert all(window.start_ns <= t.ts_ns < window.end_ns for t in window.ticks)
    assert len({(w.symbol, w.start_ns) for w in found}) == len(found), "no window comes twice"


@given(st.lists(trades), st.integers(1, 8))
def test_tick_bars_have_their_number_but_for_the_last(ticks, count):
    bars, _ = bars_of(Every(count=count), 0, ticks)
    for symbol in ("ES", "NQ"):
        counts = [bar.count for bar in bars if bar.symbol == symbol]
        assert all(c == count for c in counts[:-1])
        assert all(c <= count for c in counts[-1:])


@given(st.lists(trades), st.integers(1, 40))
def test_a_volume_bar_ends_with_the_trade_that_reaches_it(ticks, volume):
    windows, _ = windows_of(Every(volume=volume), 0, ticks)
    for symbol in ("ES", "NQ"):
        own = [w for w in windows if w[0].symbol == symbol]
        assert all(sum(t.size or 0 for t in w[:-1]) < volume for w in own)
        assert all(sum(t.size or 0 for t in w) >= volume for w in own[:-1])


def test_a_minute_bar_in_numbers():
    bars = Bars(Every(width_ns=60))
    assert [bars.add(trade(ts, p, s)) for ts, p, s in ((61, 10, 1), (70, 12, 2), (119, 9, 1))] == [
        [], [], [],
    ]  # fmt: skip
    assert bars.add(trade(120, 11.0)) == [Bar("ES", 120, 60, 10, 12, 9, 9, 4.0, 3, 10.75)]
    assert bars.flush() == [Bar("ES", 180, 120, 11, 11, 11, 11, 1.0, 1, 11.0)]
    assert bars.flush() == []


def test_a_bar_ends_by_the_clock_when_no_trade_comes():
    bars = Bars(Every(width_ns=60), lateness_ns=5)
    bars.add(trade(61))
    assert bars.advance(124) == []
    assert [bar.ts_ns for bar in bars.advance(125)] == [120]
    assert bars.add(trade(119)) == []
    assert bars.late == 1


def test_a_straggler_is_put_in_its_place_and_a_late_one_is_counted():
    order: InOrder[Trade] = InOrder(lateness_ns=10)
    given_out = [t.ts_ns for ts in (100, 95, 108, 90, 99, 120) for t in order.add(trade(ts))]
    assert given_out == [95, 99, 100, 108]
    assert order.late == 1
    assert [t.ts_ns for t in order.flush()] == [120]


def test_quotes_are_windowed_as_well():
    windows = Windows(Every(count=2))
    quotes = [Quote("ES", ts, 1.0, 1.0, 2.0, 1.0) for ts in (1, 2, 3)]
    found = [w for q in quotes for w in windows.add(q)]
    assert [(w.start_ns, w.end_ns, w.ticks) for w in found] == [(1, 2, quotes[:2])]


@pytest.mark.parametrize(
    "bounds",
    [{}, {"width_ns": 1, "count": 1}, {"count": -1}, {"width_ns": 1, "volume": -1}],
    ids=str,
)
def test_a_window_without_one_bound_is_refused(bounds):
    with pytest.raises(ValueError, match="must be above 0"):
        Every(**bounds)


def test_lateness_below_0_is_refused():
    with pytest.raises(ValueError, match="lateness_ns is -1, must be 0 or above"):
        InOrder(-1)


@given(st.lists(st.integers(0, 10)), st.integers(1, 5), st.integers(1, 20))
def test_batches_hold_everything_once_and_are_bounded_in_size_and_wait(gaps, size_max, timeout_ns):
    batches: Batches[int] = Batches(size_max, timeout_ns)
    found, now_ns = [], 0
    for number, gap in enumerate(gaps):
        now_ns += gap
        found.append(batches.due(now_ns))
        found.append(batches.add(number, now_ns))
    found.append(batches.flush())
    assert [item for batch in found for item in batch] == list(range(len(gaps)))
    assert all(len(batch) <= size_max for batch in found)


def test_a_batch_is_due_when_its_first_item_has_waited():
    batches: Batches[str] = Batches(10, 100)
    assert batches.due(1000) == []
    assert batches.add("a", 1000) == []
    assert batches.add("b", 1099) == []
    assert batches.due(1099) == []
    assert batches.due(1100) == ["a", "b"]
    assert batches.due(9999) == []
