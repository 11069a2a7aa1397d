"""Rows as ticks and ticks as rows: what was published is what is read back."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.events import Quote, Tick, Trade
from tapewire.common.ticks.as_ticks import Lines, Quoted
from tapewire.common.ticks.rows import HEADER, CsvMarket, Row

PRICES = st.floats(-1e12, 1e12).filter(lambda price: price != -1)
SIZES = st.floats(0, 1e15)
SIDES = st.one_of(st.just((None, None)), st.tuples(PRICES, SIZES))
QUOTES = st.tuples(SIDES, SIDES)
TICKS = st.lists(st.one_of(QUOTES, st.tuples(PRICES, st.one_of(st.none(), SIZES))))


def back(lines: list[str], folder: Path) -> list[Tick]:
    """The ticks of a file of these lines."""
    file = folder / "ticks.csv"
    file.write_text(f"{HEADER}\n{''.join(lines)}")
    quoted = Quoted()
    return [tick for row in CsvMarket(file) for tick in quoted.ticks(row)]


@given(found=TICKS)
def test_every_tick_survives_a_file_to_the_last_bit(tmp_path_factory, found):
    ticks: list[Tick] = []
    for one in found:
        if isinstance(one[0], tuple):
            (bid, bid_size), (ask, ask_size) = one
            ticks.append(Quote("A", len(ticks), bid, bid_size, ask, ask_size))
        else:
            ticks.append(Trade("A", len(ticks), *one))
    lines = Lines()
    written = [lines.line(tick) for tick in ticks]
    expected = [t for t in ticks if t != Quote("A", t.ts_ns, None, None, None, None)]
    read = back(written, tmp_path_factory.mktemp("f"))
    assert [t for t in read if t != Quote("A", t.ts_ns, None, None, None, None)] == expected


def test_a_size_that_came_before_its_price_is_kept(tmp_path):
    ticks = [Quote("A", 1, None, 5.0, None, None), Quote("A", 2, 10.5, 5.0, None, None)]
    lines = Lines()
    assert back([lines.line(tick) for tick in ticks], tmp_path) == ticks


def test_a_side_that_empties_is_not_taken_for_one_that_stays_as_it_was(tmp_path):
    ticks = [Quote("A", 1, 10.0, 5.0, 11.0, 5.0), Quote("A", 2, None, None, 11.0, 5.0)]
    lines = Lines()
    written = [lines.line(tick) for tick in ticks]
    assert written[1] == "2,A,-1,11,0,5,,\n"
    assert back(written, tmp_path) == ticks


def test_what_a_row_does_not_carry_is_as_it_was():
    quoted = Quoted()
    quoted.ticks(Row(1, "A", "10", "11", "3", "4", None, None))
    assert quoted.ticks(Row(2, "A", None, "12", None, None, "11.5", "7")) == [
        Quote("A", 2, 10.0, 3.0, 12.0, 4.0), Trade("A", 2, 11.5, 7.0),
    ]  # fmt: skip
    assert quoted.ticks(Row(3, "A", None, None, None, None, None, None)) == []
