"""What is found out of a file's columns is what its rows show one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire.backtest import columns, scan
from tapewire.backtest.columns import marks_of, survey
from tapewire.backtest.report.sampler import Sampler
from tapewire.common.accounting.trading_days import trading_days
from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.common.ticks.table import table_of
from tapewire.virtual.lane.flow import Flow

START_NS = 1_700_000_000 * 10**9
PRICES = st.sampled_from([None, "10.01", "10.010", "10.0200", "-1.5", "9.99", "10.25"])


@st.composite
def rows(draw):
    ts_ns, found = START_NS, []
    for _ in range(draw(st.integers(1, 30))):
        ts_ns += draw(st.sampled_from([0, 1, 7, 50, 1_000, 9 * 3600 * 10**9]))
        bid, ask, last = draw(PRICES), draw(PRICES), draw(PRICES)
        found.append(Row(ts_ns, draw(st.sampled_from("BCA")), bid, ask, "1", "1", last, None))
    return found


@given(rows=rows(), enough=st.sampled_from([1, 3, 2_000]))
@settings(max_examples=150, deadline=None)
def test_the_survey_of_columns_is_the_scan_of_rows(rows, enough):
    kept = scan.PRICES_MAX, columns.PRICES_MAX
    scan.PRICES_MAX = columns.PRICES_MAX = enough
    try:
        found, expected = survey(table_of(rows)), scan._count(rows)
    finally:
        scan.PRICES_MAX, columns.PRICES_MAX = kept
    stocks = [Instrument(symbol=symbol) for symbol in "ABC"]
    assert [*found.data_quality.notes(stocks)] == [*expected.data_quality.notes(stocks)]
    assert [*found.ticks.items()] == [*expected.ticks.items()]
    for name in ("rows", "first_ns", "last_ns"):
        assert getattr(found, name) == getattr(expected, name)


@given(rows=rows(), every_ns=st.sampled_from([1, 10, 100, 5_000, 10**14]))
@settings(max_examples=150, deadline=None)
def test_the_marks_of_columns_are_the_samples_of_rows(rows, every_ns):
    day_of = trading_days()
    sampler = Sampler(rows[0].ts_ns, every_ns, day_of)
    assert [*sampler.watch(rows)] == rows
    assert marks_of(Flow(table_of(rows)), every_ns, day_of) == sampler.marks


def test_a_file_without_rows_has_no_survey():
    assert survey(table_of([])) is None
