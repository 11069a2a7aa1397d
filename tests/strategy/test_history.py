"""Warming up: ticks of a file before the first live one; nothing is sent meanwhile."""

import gzip
from pathlib import Path

import pytest

from tapewire import Quote, Trade
from tapewire.common.config.settings import ConfigError
from tapewire.common.ticks.rows import HEADER
from tapewire.strategy.history import ticks_of
from tests.strategy.kit import NOW, T0, config, runner

FIRST = HEADER


def read(path: Path, *lines: str, **more: object) -> list:
    path.write_text("\n".join([FIRST, *lines]))
    warm_up = config(warm_up={"ticks": path, **more}).warm_up
    return list(ticks_of(warm_up, ("AAPL",)))


def test_rows_become_quotes_and_trades_of_the_symbols_that_are_read(tmp_path: Path):
    assert read(
        tmp_path / "t.csv", "5,AAPL,1.5,,3,,,", "6,MSFT,1,2,3,4,,", "7,AAPL,,2.5,,4,2,10"
    ) == [
        Quote("AAPL", 5, 1.5, 3.0, None, None),
        Quote("AAPL", 7, 1.5, 3.0, 2.5, 4.0),
        Trade("AAPL", 7, 2.0, 10.0),
    ]


def test_its_configuration_survives_being_written_down_and_read_again(tmp_path: Path):
    # The demo makes a configuration of its own from the one it is given.
    first = config(warm_up={"ticks": tmp_path, "from": "2026-01-02T03:04:05"})
    assert config(**first.model_dump(mode="json")) == first


@pytest.mark.parametrize("start", ["1970-01-01T00:00:01", "1970-01-01T01:00:01+01:00"])
def test_it_begins_where_it_is_told_and_knows_the_quote_before_that(tmp_path: Path, start: str):
    lines = ("5,AAPL,1,2,,,,", "1000000000,AAPL,3,,,,,")
    assert read(tmp_path / "t.csv", *lines, **{"from": start}) == [
        Quote("AAPL", 1_000_000_000, 3.0, None, 2.0, None)
    ]


def test_a_compressed_file(tmp_path: Path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(f"{FIRST}\n5,AAPL,,,,,2,\n".encode()))
    warm_up = config(warm_up={"ticks": path}).warm_up
    assert list(ticks_of(warm_up, ("AAPL",))) == [Trade("AAPL", 5, 2.0, None)]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["5,AAPL,x,,,,,"], "line 2: bid is 'x', expected a decimal number or nothing$"),
        (["5,AAPL,1,,,,,", "4,AAPL,1,,,,,"], "line 3: ts_ns is 4, expected 5 or later"),
        (["5,AAPL"], "line 2: 2 columns, expected 8"),
        (["5,AAPL,nan,,,,,"], "line 2: bid is 'nan', expected a decimal number or nothing$"),
        (["x,AAPL,1,,,,,"], "line 2: ts_ns is 'x', expected UTC nanoseconds$"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, lines: list[str], says: str):
    with pytest.raises(ConfigError, match=says):
        read(tmp_path / "t.csv", *lines)


def test_a_file_that_is_not_there_or_has_another_header_is_refused(tmp_path: Path):
    warm_up = config(warm_up={"ticks": tmp_path / "none.csv"}).warm_up
    with pytest.raises(
        ConfigError, match=r"none\.csv: No such file or directory; expected a CSV of ticks$"
    ):
        list(ticks_of(warm_up, ("AAPL",)))
    (tmp_path / "none.csv").write_text("time,price\n")
    with pytest.raises(ConfigError, match=r"none\.csv has no symbols .* expected a column symbol"):
        list(ticks_of(warm_up, ("AAPL",)))
    (tmp_path / "none.csv").write_text("price,size\n")
    with pytest.raises(ConfigError, match="line 1: no column of times in 'price, size'"):
        list(ticks_of(warm_up, ("AAPL",)))


def test_a_file_that_a_back_test_takes_is_taken(tmp_path: Path):
    path = tmp_path / "AAPL.csv"
    path.write_text("Time;Close;Volume\n1970-01-01T00:00:01Z;2.5;3\n")
    warm_up = config(warm_up={"ticks": path}).warm_up
    assert list(ticks_of(warm_up, ("AAPL",))) == [
        Quote("AAPL", 1_000_000_000, 2.5, 1e6, 2.5, 1e6),
        Trade("AAPL", 1_000_000_000, 2.5, 3.0),
    ]


def test_history_is_given_in_its_own_time_and_sends_nothing():
    one = runner(live=False)
    times, sent = [], []
    one._on_quote = lambda _quote: (
        times.append((one.strategy.clock.now_ns(), one.strategy.live)),
        sent.append(one.strategy.buy("AAPL", 1)),
    )
    one.warm_up([Quote("AAPL", 5, 1.0, 1.0, 2.0, 1.0), Quote("AAPL", 9, 1.0, 1.0, 2.0, 1.0)])
    assert times == [(5, False), (9, False)]
    assert (sent, one.due(NOW)) == (["", ""], [])
    assert one.strategy.clock.now_ns() == T0
