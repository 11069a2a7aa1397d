"""Files as their makers write them: each known layout is read, and the others are named."""

import pytest

from tapewire.common.errors import ConfigError
from tapewire.common.ticks import arrow_times
from tapewire.common.ticks.arrow import table_by_arrow
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.kinds import KINDS
from tapewire.common.ticks.layouts import LAYOUTS
from tapewire.common.ticks.stamps import iso

READ = {
    "ticks of Tapewire": ("2024-01-08T14:30:00", "AAPL", "184.1", "184.12", "200", "184.11"),
    "quotes": ("2024-01-08T14:30:00.123", "AAPL", "184.1", "184.12", "200", None),
    "trades": ("2024-01-08T14:30:00.123", "AAPL", "184.11", "184.11", "1000000", "184.11"),
    "bars": ("2024-01-08T09:31:00", "X", "184.1", "184.1", "1000000", "184.1"),
    "bars of Yahoo": ("2024-01-08T00:00:00", "X", "182.09", "182.09", "1000000", "182.09"),
    "bars of Dukascopy": ("2024-01-08T09:31:00", "X", "1.09411", "1.09411", "1000000", "1.09411"),
    "ticks of Dukascopy": ("2024-01-08T09:31:00.123", "X", "1.0941", "1.09412", "1500000", None),
    "bars of Dukascopy in local time": (
        "2024-01-08T08:31:00", "X", "1.09411", "1.09411", "1000000", "1.09411",
    ),
    "ticks of Dukascopy in local time": (
        "2024-01-08T08:31:00.123", "X", "1.0941", "1.09412", "1500000", None,
    ),
    "bars of Interactive Brokers": (
        "2024-01-08T14:31:00", "X", "184.1", "184.1", "1000000", "184.1",
    ),
    "klines of Binance": ("2024-01-08T09:31:00", "X", "43800.1", "43800.1", "1000000", "43800.1"),
    "klines of Binance without a header": (
        "2024-01-08T09:31:00", "X", "43800.1", "43800.1", "1000000", "43800.1",
    ),
    "trades of Binance without a header": (
        "2024-01-08T09:31:00.123", "X", "43800.1", "43800.1", "1000000", "43800.1",
    ),
}  # fmt: skip
"""Of the line that the table shows: the time, the symbol, bid, ask, bid size and last."""


def written(tmp_path, *lines, name="X.csv"):
    path = tmp_path / name
    path.write_text("\n".join([*lines, ""]))
    return path


def fault(path, **given):
    with pytest.raises(ValueError, match="X") as raised:
        [*TickFile(path, **given).rows(None, None)]
    return str(raised.value).removeprefix(f"{path}: ")


def file_of(tmp_path, layout, **given):
    header = [",".join(layout.columns)] if layout.has_header else []
    return TickFile(written(tmp_path, *header, layout.line), **given)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda one: one.name)
def test_a_line_of_each_layout_is_read_in_columns_as_it_is_line_by_line(
    layout, tmp_path, monkeypatch
):
    file = file_of(tmp_path, layout)
    row = next(file.rows(None, None))
    time, *values = READ[layout.name]
    assert iso(row.ts_ns).startswith(time)
    assert [row.symbol, row.bid, row.ask, row.bid_size, row.last] == values
    assert not any("not used:" in note for note in file.notes)
    monkeypatch.setattr(arrow_times, "_one_by_one", None)
    assert [*table_by_arrow(file).rows()] == [*file.rows(None, None)]


def test_every_layout_is_told_apart_by_its_header(tmp_path):
    for layout in LAYOUTS:
        assert file_of(tmp_path, layout).layout == layout


def test_a_time_without_a_zone_is_of_the_one_that_is_given_unless_its_maker_writes_utc(tmp_path):
    for name, expected in (("bars", "T14:31"), ("bars of Dukascopy", "T09:31")):
        (layout,) = (one for one in LAYOUTS if one.name == name)
        row = next(file_of(tmp_path, layout, timezone="America/New_York").rows(None, None))
        assert expected in iso(row.ts_ns)


def test_an_unknown_zone_is_named(tmp_path):
    path = written(tmp_path, "time,price", "2024-01-08 09:30:00,1")
    with pytest.raises(ConfigError, match="time zone 'Mars/Base' is not known; expected a name"):
        TickFile(path, timezone="Mars/Base")
    with pytest.raises(ConfigError, match="the time of a bar is 'middle', must be start or end"):
        TickFile(path, bar_time="middle")
    path = written(tmp_path, "time,price", "20240108 09:30:00 Mars/Base,1")
    assert fault(path).startswith("line 2: the time zone 'Mars/Base' is not known")


def test_an_hour_that_clocks_show_twice_is_read_twice(tmp_path):
    clocks = ("01:59:00", "01:00:00", "01:59:00", "02:00:00")
    path = written(tmp_path, "time,price", *(f"2024-11-03 {clock},1" for clock in clocks))
    file = TickFile(path, timezone="America/New_York")
    hours = ["05:59", "06:00", "06:59", "07:00"]
    for rows in (file.rows(None, None), table_by_arrow(file).rows()):
        assert [iso(row.ts_ns)[11:16] for row in rows] == hours


def test_what_a_size_of_dukascopy_stands_for_is_noted(tmp_path):
    (layout,) = (one for one in LAYOUTS if one.name == "ticks of Dukascopy")
    assert any("in millions" in note for note in file_of(tmp_path, layout).notes)


YFINANCE = ("Price,Close,High,Low,Open,Volume", "Ticker,{0},{0},{0},{0},{1}", "Date,,,,,")


def test_the_three_header_lines_of_yfinance_name_the_symbol(tmp_path):
    lines = (line.format("AAPL", "AAPL") for line in YFINANCE)
    file = TickFile(written(tmp_path, *lines, "2024-01-08,185.5,185.6,181.5,182.1,100"))
    rows = [*file.rows(None, None)]
    assert [row.last for row in rows] == ["182.1", "181.5", "185.6", "185.5"]
    assert {row.symbol for row in rows} == {"AAPL"}
    assert not any("no symbols" in note for note in file.notes)
    assert [*table_by_arrow(file).rows()] == rows


def test_several_tickers_beside_each_other_are_refused(tmp_path):
    path = written(tmp_path, *(line.format("AAPL", "MSFT") for line in YFINANCE))
    assert fault(path).startswith("line 1: it has the bars of AAPL, MSFT beside each other")


@pytest.mark.parametrize(
    ("header", "near", "missing"),
    [
        ("Zeit,Open,High,Low,Close,Volume", "bars", "date"),
        ("Dates,Open,High,Low,Close,Adj Close,Volume", "bars of Yahoo", "Date"),
        ("tstamp,bid,ask", "quotes", "time"),
        ("when,what", "bars", "date, open, high, low, close"),
    ],
)
def test_the_error_names_what_was_seen_and_the_nearest_that_can_be_read(
    header, near, missing, tmp_path
):
    said = fault(written(tmp_path, header, "1,2,3"))
    shown = header.replace(",", ", ")
    expected = ", expected one such as time or date; "
    assert said.startswith(f"line 1: no column of times in '{shown}'{expected}")
    assert f"the nearest that can be read is {near}, " in said
    assert said.endswith(f"missing: {missing}")


def test_data_without_names_is_no_header(tmp_path):
    said = fault(written(tmp_path, "1704706260000,1,2,3,4,5"))
    assert said.startswith("line 1: it is data, '1704706260000,1,2,3,4,5', and not the names")
    assert "such as date,open,high,low,close,volume" in said
    assert said.endswith(
        "only 12 or 7 columns can be read, as Binance writes them, and these are 6"
    )


@pytest.mark.parametrize(("begins", "is_a"), KINDS, ids=lambda one: str(one)[:8])
def test_a_file_of_another_kind_is_named_with_what_to_do(begins, is_a, tmp_path):
    path = tmp_path / "X.csv"
    path.write_bytes(begins + b"\0" * 99)
    assert fault(path) == f"it is {is_a}; expected a CSV of ticks"
