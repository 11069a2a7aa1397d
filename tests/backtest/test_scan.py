"""A CSV of your own: other names, fewer columns, ISO times; a fault is named with its line."""

import gzip
import re
from decimal import Decimal

import pytest

from tapewire.backtest.scan import Window, instruments_of, rules_about, scan, unknown
from tapewire.common.config.settings import Config
from tapewire.common.instruments import Instrument
from tapewire.common.ticks.file import SIZE_ASSUMED, TickFile
from tapewire.common.ticks.rows import HEADER
from tests.backtest.made import SECOND_NS, START_S, ticks, written


def rows(path):
    return list(TickFile(path).rows(None, None))


def fault(tmp_path, *lines):
    path = written(tmp_path, "t.csv", list(lines))
    with pytest.raises(ValueError, match=r"t\.csv: ") as raised:
        scan(TickFile(path), Window())
    return str(raised.value).removeprefix(f"{path}: ")


def test_the_own_columns_are_read_as_the_simulator_reads_them(tmp_path):
    first, *_, last = rows(ticks(tmp_path))
    assert (first.ts_ns, first.bid, first.ask) == (START_S * SECOND_NS, "10.00", "10.02")
    assert last.symbol == "XYZ"
    assert TickFile(ticks(tmp_path)).notes == ()


def test_times_and_prices_alone_make_trades_and_quotes_of_a_symbol_named_after_the_file(tmp_path):
    path = written(tmp_path, "IBM.csv", ["ts,last", "1700000000,10.5", "1700000001.5,10.6"])
    first, second = rows(path)
    assert (first.symbol, first.bid, first.ask, first.last) == ("IBM", "10.5", "10.5", "10.5")
    assert first.bid_size == first.ask_size == SIZE_ASSUMED
    assert first.last_size is None
    assert second.ts_ns == 1_700_000_001_500_000_000
    assert [n.split(":")[0] for n in TickFile(path).notes] == [
        "the file has no symbols", "the file has no quotes", "the file has no quote sizes",
    ]  # fmt: skip


def test_common_names_in_any_case_and_iso_times_are_understood(tmp_path):
    header = "Timestamp,Ticker,Bid Price,Ask-Price,BidSize,AskSize,Price,Volume,Venue"
    line = "2023-11-14T22:13:20Z,MSFT,9.9,10.1,5,6,10,7,X"
    path = written(tmp_path, "t.csv", [header, line])
    (row,) = rows(path)
    assert (row.ts_ns, row.symbol) == (1_700_000_000 * SECOND_NS, "MSFT")
    assert (row.bid, row.ask, row.bid_size, row.ask_size) == ("9.9", "10.1", "5", "6")
    assert (row.last, row.last_size) == ("10", "7")
    assert TickFile(path).notes == ("columns that are not used: Venue",)


def test_a_date_and_a_time_of_day_in_two_columns_belong_together(tmp_path):
    (row,) = rows(written(tmp_path, "t.csv", ["Date;Time;Close", "2023-11-14;22:13:20;10"]))
    assert row.ts_ns == 1_700_000_000 * SECOND_NS


def test_a_compressed_file_with_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress("\ufefftime,price\r\n1700000000,1e-05\r\n".encode()))
    (row,) = rows(path)
    assert (row.symbol, row.last) == ("t", "0.00001")


def test_an_empty_value_is_not_carried(tmp_path):
    path = written(tmp_path, "t.csv", ["time,bid,ask,last", "1700000000,10,,", "1700000001,,nan,9"])
    first, second = rows(path)
    assert (first.bid, first.ask, first.last, first.ask_size) == ("10", None, None, None)
    assert (second.bid, second.ask, second.last) == (None, None, "9")


def test_the_window_is_from_a_time_on_and_before_another(tmp_path):
    file = TickFile(ticks(tmp_path))
    window = Window((START_S + 10) * SECOND_NS, (START_S + 30) * SECOND_NS)
    found = scan(file, window)
    assert (found.rows, str(found.ticks["XYZ"])) == (2, "0.01")
    assert found.last_ns - found.first_ns == 10 * SECOND_NS


def test_what_an_option_is_its_name_says_and_a_share_is_guessed(tmp_path):
    path = tmp_path / "t.csv"
    names = ("GOOG", "GOOG  160115C00750000", "MSFT")
    path.write_text("\n".join([HEADER, *(f"{SECOND_NS},{one},1,2,1,1,," for one in names)]) + "\n")
    found, config = scan(TickFile(path), Window()), Config(instruments=[{"symbol": "MSFT"}])
    assert unknown(found, config) == ["GOOG"]
    kinds = {one.symbol: (one.sec_type, one.multiplier) for one in instruments_of(found, config)}
    assert kinds == dict(zip(names, (("STK", 1), ("OPT", 100), ("STK", 1)), strict=True))


@pytest.mark.parametrize(
    ("prices", "step"), [((100, 97), "0.01"), ((100.5,), "0.01"), ((1.0941, 1.1), "0.0001")]
)
def test_a_few_prices_do_not_make_the_step_of_a_share_coarser(tmp_path, prices, step):
    path = written(tmp_path, "t.csv", ["date,price", *(f"2025-01-06,{one}" for one in prices)])
    assert list(scan(TickFile(path), Window()).ticks.values()) == [Decimal(step)]


def test_an_empty_window_names_what_the_file_has(tmp_path):
    with pytest.raises(ValueError, match=r"no rows from 2024.*expected a part of 2023-11-14T22:13"):
        scan(TickFile(ticks(tmp_path)), Window(from_ns=1_704_724_200 * SECOND_NS))


def test_a_bad_line_is_named_with_what_was_found(tmp_path):
    head = "time,price"
    assert fault(tmp_path, "a,b", "1,2").startswith("line 1: no column of times in 'a, b'")
    assert fault(tmp_path, "time,b", "1,2").startswith(
        "line 1: no column of prices in 'time, b', expected bid and ask, or one such as price"
    )
    assert fault(tmp_path, "time,bid", "1,2").startswith("line 1: one of bid and ask alone")
    assert fault(tmp_path, "").startswith("line 1: no column of times")
    assert fault(tmp_path, head) == "no rows after the header, expected ticks"
    assert fault(tmp_path, head, "1700000000,1", "noon,2").startswith("line 3: the time is 'noon'")
    assert fault(tmp_path, head, "1700000000,x") == (
        "line 2: last is 'x', expected a decimal number or nothing"
    )
    assert fault(tmp_path, head, "1700000000") == "line 2: 1 columns, expected 2 as in line 1"
    assert fault(tmp_path, head, "1700000001,1", "1700000000,1").startswith(
        "line 3: the time is 2023-11-14T22:13:20.000000Z, expected 2023-11-14T22:13:21"
    )
    assert fault(tmp_path, "time,bid,ask,bid_size,ask_size", "1700000000,1,2,-5,1") == (
        "line 2: bid size is -5, expected 0 or above"
    )
    assert fault(tmp_path, "time,symbol,last", "1700000000,,1").startswith("line 2: the symbol is")
    assert "printable ASCII" in fault(tmp_path, "time,symbol,last", "1700000000,AAP\xc9,1")


def test_a_bad_line_of_the_own_columns_is_named_too(tmp_path):
    path = ticks(tmp_path)
    path.write_text(path.read_text() + "1700000000,XYZ,x,,,,,\n")
    with pytest.raises(ValueError, match=r"made\.csv: line 9: bid is 'x'"):
        scan(TickFile(path), Window())


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path):
    fake = tmp_path / "fake.csv.gz"
    fake.write_text("time,price\n1700000000,1\n")
    whole = gzip.compress(b"time,price\n" + b"1700000000,1\n" * 9_000)
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.csv").write_text("")
    for name, says in (
        (
            "fake.csv.gz",
            "it is not a complete gzip file (Not a gzipped file (b'ti'));",
        ),
        ("cut.csv.gz", "it is not a complete gzip file (Compressed file ended before"),
        ("empty.csv", "the file is empty, expected a CSV of ticks"),
        ("", "it is a folder; expected a CSV of ticks"),
        ("none.csv", "No such file or directory; expected a CSV of ticks"),
    ):
        path = tmp_path / name
        with pytest.raises(ValueError, match=re.escape(f"{path}: {says}")):
            scan(TickFile(path), Window())


def test_bars_are_said_to_be_traded_at_the_next_open(tmp_path):
    path = written(tmp_path, "T.csv", ["Date,Open,High,Low,Close,Volume", "2024-01-08,1,2,1,2,9"])
    (note,) = [n for n in TickFile(path).notes if "bars" in n]
    assert "orders wait for the next one's open" in note


def test_crossed_quotes_and_prices_below_0_are_counted_with_the_first(tmp_path):
    lines = ["time,symbol,bid,ask", "1700000000,S,10,11", "1700000001,S,11,10.5",
             "1700000002,S,12,9", "1700000003,S,-1,2", "1700000004,F,-2,-1"]  # fmt: skip
    found = scan(TickFile(written(tmp_path, "t.csv", lines)), Window())
    stock, future = Instrument(symbol="S"), Instrument(symbol="F", sec_type="FUT")
    assert list(found.data_quality.notes([stock, future])) == [
        "2 quotes with the bid above the ask, the first of S at 2023-11-14T22:13:21.000000Z:"
        " 11 and 10.5",
        "S, a stock, has 1 row with a price below 0, the first at 2023-11-14T22:13:23.000000Z",
    ]


def test_rules_about_what_a_run_does_not_have_are_left_out():
    scopes = [{}, {"symbol": "AAA"}, {"symbol": "BBB"}, {"strategy": "one"}, {"strategy": "two"}]
    config = Config(
        risk={"rules": [{"rule": "MaxContracts", "scope": scope} for scope in scopes]},
        strategies=[{"name": name, "strategy": "a.b:C"} for name in ("one", "two")],
    )
    left = rules_about(config, config.strategies[:1], ["AAA"])
    assert [rule.scope.model_dump(exclude_defaults=True) for rule in left] == [
        {}, {"symbol": "AAA"}, {"strategy": "one"},
    ]  # fmt: skip


def test_what_a_float_leaves_behind_a_price_makes_no_step_of_its_own(tmp_path):
    lines = ["time,price", "1700000000,200.01999999999998", "1700000001,200.03"]
    found = scan(TickFile(written(tmp_path, "T.csv", lines)), Window())
    assert found.ticks == {"T": Decimal("1E-10")}
