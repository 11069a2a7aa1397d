"""Files of ticks and bars in Parquet: what a CSV with the same values is read as."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tapewire.common.ticks.cache import table_of_file
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.memory import InMemory
from tapewire.common.ticks.stamps import iso

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
AT = datetime(2024, 1, 8, 14, 30, 0, 123_000, tzinfo=UTC)
AT_NS = 1_704_724_200_123_000_000


def file(tmp_path, given=None, name="A.parquet", **columns):
    path = tmp_path / name
    parquet.write_table(pa.table(columns), path)
    return TickFile(path, **(given or {}))


def rows(*args, **columns):
    return [*file(*args, **columns).rows(None, None)]


def test_quotes_are_read_as_from_a_csv(tmp_path):
    columns = {
        "time": [AT, AT], "Symbol": ["A", "B"], "bid": [10.0, None], "ask": [10.5, float("nan")],
        "bid_size": [1, 2], "ask_size": [3.5, 1e-5],
    }  # fmt: skip
    text = (
        f"time,Symbol,bid,ask,bid_size,ask_size\n{AT_NS},A,10,10.5,1,3.5\n{AT_NS},B,,,2,0.00001\n"
    )
    assert rows(tmp_path, **columns) == [*TickFile(InMemory("", text)).rows(None, None)]


@pytest.mark.parametrize(
    "times",
    [
        pa.array([AT_NS]), pa.array([AT_NS // 10**6]), pa.array([AT_NS // 10**9 + 0.123]),
        pa.array([AT]), pa.array([AT], pa.timestamp("ms", "America/New_York")),
        pa.array([AT.replace(tzinfo=None)], pa.timestamp("us")),
        pa.array(["2024-01-08T09:30:00.123-05:00"]),
        pa.array(["2024-01-08T14:30:00.123"]).dictionary_encode(),
    ],
    ids=str,
)  # fmt: skip
def test_a_time_of_whatever_type_is_understood(times, tmp_path):
    (row,) = rows(tmp_path, time=times, price=[1.0])
    assert row.ts_ns == AT_NS


def test_a_time_without_a_zone_is_of_the_one_that_is_given(tmp_path):
    plain = pa.array([AT.replace(tzinfo=None)], pa.timestamp("ns"))
    (row,) = rows(tmp_path, {"timezone": "America/New_York"}, time=plain, price=[1.0])
    assert iso(row.ts_ns).startswith("2024-01-08T19:30:00.123")


def test_a_price_is_the_shortest_text_of_its_number(tmp_path):
    for price in (
        pa.array([10.1], pa.float32()), pa.array([10.1]), pa.array([Decimal("10.1")]),
        pa.array(["10.1"]), pa.array([10.1], pa.float32()).dictionary_encode(),
    ):  # fmt: skip
        (row,) = rows(tmp_path, time=[AT], price=price)
        assert row.last == "10.1"


def test_bars_of_days_are_read_with_their_dates(tmp_path):
    prices = {name: [1.0, 2.0] for name in ("open", "high", "low", "close")}
    days = pa.array([date(2024, 1, 8), date(2024, 1, 9)])
    found = rows(tmp_path, Date=days, **prices, volume=[4, 8])
    assert [iso(row.ts_ns)[:10] for row in found] == [*["2024-01-08"] * 4, *["2024-01-09"] * 4]
    assert [row.last_size for row in found] == [*["1"] * 4, *["2"] * 4]


def test_a_layout_means_in_parquet_what_it_means_in_a_csv(tmp_path):
    names = ("Ask", "Bid", "AskVolume", "BidVolume")
    columns = dict(zip(names, ([1.1], [1.0], [0.5], [1.5]), strict=True))
    time = {"Gmt time": ["08.01.2024 14:30:00.123"]}
    (row,) = rows(tmp_path, {"timezone": "America/New_York"}, **time, **columns)
    assert (row.ts_ns, row.bid_size, row.ask_size) == (AT_NS, "1500000", "500000")


def test_the_index_that_pandas_writes_has_the_times(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {name: [1.0, 2.0] for name in ("Open", "High", "Low", "Close")},
        index=pandas.date_range("2024-01-08", periods=2, tz="America/New_York"),
    )
    for name in (None, "Datetime"):
        frame.rename_axis(name).to_parquet(tmp_path / "A.parquet")
        found = [*TickFile(tmp_path / "A.parquet").rows(None, None)]
        assert iso(found[0].ts_ns).startswith("2024-01-08T00:00:00")


def test_what_is_broken_is_named_with_its_file_and_row(tmp_path):
    late = pa.array([AT_NS, AT_NS - 1])
    for columns, says in (
        ({"time": late, "price": [1.0, 2.0]}, "row 2: the time is 2024-01-08T14:30:00.122999"),
        ({"time": pa.array([AT_NS, None]), "price": [1.0, 2.0]}, "row 2: it has no time"),
        ({"time": [AT], "price": [float("inf")]}, "last is 'inf', expected a decimal number"),
        ({"time": [AT], "bid": [1.0], "ask": [1.0], "bid_size": [-1]}, "bid size is -1"),
        ({"time": [AT], "price": [1.0], "symbol": pa.array([None], pa.string())}, "the symbol is"),
        ({"when": [AT], "price": [1.0]}, "no column of times in 'when, price', expected"),
        ({"time": ["noon"], "price": [1.0]}, "the time is 'noon', expected ISO"),
    ):
        with pytest.raises(ValueError, match=r"A\.parquet: ") as raised:
            rows(tmp_path, **columns)
        assert str(raised.value).startswith(f"{tmp_path / 'A.parquet'}: {says}")


def test_a_file_that_is_cut_off_is_named(tmp_path):
    path = file(tmp_path, time=[AT], price=[1.0]).path
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"A\.parquet: it is Parquet that cannot be read"):
        TickFile(path)


def test_the_window_and_the_columns_are_those_of_the_rows(tmp_path):
    found = file(tmp_path, time=pa.array([AT_NS, AT_NS + 1, AT_NS + 2]), price=[1.0, 2.0, 3.0])
    assert [row.last for row in found.rows(AT_NS + 1, AT_NS + 2)] == ["2"]
    assert [*table_of_file(found).rows()] == [*found.rows(None, None)]
