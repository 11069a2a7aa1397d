"""Rows from files and from seeds."""

import gzip
import itertools
from decimal import Decimal

import pytest

from tapewire.common.config.instrument import InstrumentConfig
from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import HEADER, CsvMarket, Row
from tapewire.simulator.exchange.made import with_step
from tapewire.simulator.market.file import symbols_of
from tapewire.simulator.market.plain import plain
from tapewire.simulator.market.synthetic import SyntheticMarket

A, B = Instrument(symbol="A"), Instrument(symbol="B", min_tick=Decimal("0.25"), sec_type="FUT")


@pytest.fixture
def write(tmp_path):
    def write(*lines, header=HEADER):
        path = tmp_path / "ticks.csv"
        path.write_text("\n".join([header, *lines]) + "\n")
        return path

    return write


def rows(count, seed=1, rate=1000.0):
    return list(itertools.islice(SyntheticMarket([A, B], seed, rate), count))


def test_a_blank_is_not_carried_and_text_is_kept_as_it_was(write):
    path = write("5,AIG,,49.410,,300,,", "5,AIG,,,,,49.4,7")
    assert list(CsvMarket(path)) == [
        Row(5, "AIG", None, "49.410", None, "300", None, None),
        Row(5, "AIG", None, None, None, None, "49.4", "7"),
    ]


def test_a_compressed_file_reads_the_same(write, tmp_path):
    path = write("5,AIG,1,2,3,4,,")
    packed = tmp_path / "ticks.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert list(CsvMarket(packed)) == list(CsvMarket(path))


def test_rows_before_the_start_are_left_out(write):
    path = write("5,A,1,2,3,4,,", "6,A,1,2,3,4,,", "7,A,1,2,3,4,,")
    assert [row.ts_ns for row in CsvMarket(path, from_ns=6)] == [6, 7]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("5,A,1,2,3,4,", "line 3: 7 columns, expected 8"),
        ("5,A,1,x,3,4,,", "line 3: ask is 'x', expected a decimal number"),
        ("5,A,nan,2,3,4,,", "line 3: bid is 'nan', expected a decimal number"),
        ("now,A,1,2,3,4,,", "line 3: ts_ns is 'now', expected UTC nanoseconds"),
        ("5,,1,2,3,4,,", "line 3: symbol is '', expected 1 to 64 printable ASCII characters"),
        ("5,AAP\u00c9,1,2,3,4,,", "line 3: symbol is 'AAP\u00c9', expected 1 to 64 printable"),
        ("4,A,1,2,3,4,,", "line 3: ts_ns is 4, expected 5 or later"),
    ],
)
def test_a_bad_line_is_named_with_what_was_found_and_expected(write, line, complaint):
    path = write("5,A,1,2,3,4,,", line)
    with pytest.raises(ValueError, match=complaint) as caught:
        list(CsvMarket(path))
    assert str(path) in str(caught.value)


def test_a_file_with_other_columns_is_refused(write):
    with pytest.raises(ValueError, match="line 1 is 'time,price', expected 'ts_ns,"):
        list(CsvMarket(write("1,2", header="time,price")))


def test_the_tick_is_inferred_from_the_decimals_in_use(write):
    path = write("1,BTC,61837.63000000,61837.641,1,1,,", "2,XYZ,10,11,1,1,,")
    assert symbols_of(path, 5) == {"BTC": Decimal("0.001"), "XYZ": Decimal("0.01")}


def test_quarter_points_are_recognised_when_all_prices_lie_on_them(write):
    lines = [f"{n},ES,{4000 + n * 0.25:.2f},{4001 + n * 0.25:.2f},1,1,," for n in range(1, 150)]
    assert symbols_of(write(*lines), 5) == {"ES": Decimal("0.25")}


def test_no_more_symbols_than_the_limit_are_returned(write):
    path = write("1,A,1,2,1,1,,", "2,B,1,2,1,1,,", "3,A,1.5,2,1,1,,")
    assert symbols_of(path, 1) == {"A": Decimal("0.01")}


@pytest.mark.parametrize(
    ("text", "short"), [("61837.63000000", "61837.63"), ("100.0", "100"), ("100", "100")]
)
def test_trailing_zeros_of_a_fraction_are_dropped(text, short):
    assert plain(text) == short


def test_one_seed_makes_one_market():
    assert rows(500, seed=7) == rows(500, seed=7)
    assert rows(500, seed=7) != rows(500, seed=8)


def test_the_made_up_bid_is_below_the_ask_and_on_the_grid():
    ticks = {"A": A.min_tick, "B": B.min_tick}
    quotes = [row for row in rows(5_000) if row.bid is not None]
    for row in quotes:
        bid, ask, tick = Decimal(row.bid), Decimal(row.ask), ticks[row.symbol]
        assert bid > 0
        assert tick <= ask - bid <= 2 * tick
        assert bid % tick == ask % tick == 0


def test_the_made_up_market_keeps_its_rate_and_a_fifth_are_trades():
    made = rows(10_000, rate=500.0)
    assert (made[-1].ts_ns - made[0].ts_ns) / 1e9 == pytest.approx(20, rel=0.1)
    assert sum(row.last is not None for row in made) / len(made) == pytest.approx(0.2, abs=0.03)
    assert all(one.ts_ns <= two.ts_ns for one, two in itertools.pairwise(made))


def test_the_made_up_market_trends_enough_to_trade_on():
    bids = [float(row.bid) for row in rows(20_000) if row.symbol == "A" and row.bid]
    moves = [abs(bids[n + 200] / bids[n] - 1) for n in range(0, len(bids) - 200, 200)]
    assert max(moves) > 0.002


def test_every_symbol_opens_with_a_quote():
    assert [(row.symbol, row.bid is not None) for row in rows(2)] == [("A", True), ("B", True)]


@pytest.mark.parametrize(
    ("symbol", "low", "high", "step"),
    [("EUR.USD", 1.03, 1.15, "0.00005"), ("USD.JPY", 140, 160, "0.005")],
)
def test_a_configured_pair_is_priced_like_one_and_not_like_a_share(symbol, low, high, step):
    pair = with_step(InstrumentConfig(symbol=symbol).instrument())
    assert pair.min_tick == Decimal(step)
    for row in itertools.islice(SyntheticMarket([A, pair], 1, 100.0), 400):
        if row.symbol == symbol and row.bid is not None:
            assert low < float(row.bid) < high
            assert Decimal(row.bid) % Decimal(step) == 0
            assert Decimal(row.bid) < Decimal(row.ask) <= Decimal(row.bid) + 2 * Decimal(step)


def test_only_a_pair_without_a_step_of_its_own_gets_that_of_its_kind():
    for symbol, given in (("AAPL", {}), ("EUR.USD", {"min_tick": "0.0001"}), ("ESZ6", {})):
        one = InstrumentConfig(symbol=symbol, **given).instrument()
        assert with_step(one) is one
