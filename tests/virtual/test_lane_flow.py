"""Rows in columns become the ticks that the direct adapter makes of them, message by message."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.common.ticks.table import table_of
from tapewire.simulator.market.screen import Screen
from tapewire.virtual.direct.ticks import Line
from tapewire.virtual.lane.flow import Flow
from tapewire.virtual.network import HOP_NS

START_NS = 1_700_000_000 * 10**9
PRICE = st.sampled_from([None, None, "10.01", "10.010", "10.02", "-1", "0", "1e999"])
PLAIN = st.sampled_from([None, None, "10.01", "10.010", "10.02", "0", "-1"])
SIZE = st.sampled_from([None, "0", "1", "2.0", "2"])


@st.composite
def rows(draw, price=PLAIN):
    ts_ns, found = START_NS, []
    for _ in range(draw(st.integers(1, 25))):
        ts_ns += draw(st.sampled_from([0, 0, 1, 10**6]))
        symbol = draw(st.sampled_from("ABC"))
        values = [draw(price), draw(price), draw(SIZE), draw(SIZE), draw(price), draw(SIZE)]
        found.append(Row(ts_ns, symbol, *values))
    return found


def messages(rows):
    """What the adapter's lines make of the rows of each moment, by symbol; None for a fault."""
    lines = {symbol: Line(Instrument(symbol=symbol)) for symbol in "ABC"}
    found = []
    for ts_ns in sorted({row.ts_ns for row in rows}):
        touched = []
        for row in (row for row in rows if row.ts_ns == ts_ns):
            line = lines[row.symbol]
            was_taken = not line.ticks
            try:
                line.apply(row, ts_ns + HOP_NS)
            except (ValueError, OverflowError):
                return None
            if was_taken and line.ticks:
                touched.append(line)
        for line in touched:
            found.append(line.ticks)
            line.ticks = []
    return found


def from_columns(flow):
    found = []
    for tick, is_head in zip(
        flow.made(np.arange(len(flow.ticks.row))), flow.ticks.head, strict=True
    ):
        if is_head:
            found.append([])
        found[-1].append(tick)
    return found


@given(rows=rows())
@settings(max_examples=200, deadline=None)
def test_the_ticks_are_those_of_the_adapter(rows):
    flow = Flow(table_of(rows))
    assert not flow.odd
    assert from_columns(flow) == messages(rows)


@given(rows=rows())
@settings(max_examples=100, deadline=None)
def test_news_are_the_rows_that_a_client_of_tws_is_sent_anything_of(rows):
    screens = {symbol: Screen() for symbol in "ABC"}
    changed = [screens[row.symbol].take(row) or row.last is not None for row in rows]
    assert Flow(table_of(rows)).is_news.tolist() == changed


@given(rows=rows(), more=rows())
@settings(max_examples=40, deadline=None)
def test_a_line_that_is_caught_up_goes_on_as_if_it_had_read_the_rows(rows, more):
    flow = Flow(table_of([*rows, *more]))
    for number, symbol in enumerate(flow.symbols):
        read, caught = Line(Instrument(symbol=symbol)), Line(Instrument(symbol=symbol))
        for row in rows:
            if row.symbol == symbol:
                read.apply(row, 0)
        last = flow.rows_of(number, len(rows))
        if last is not None:
            caught.caught_up(flow.side("bid", last), flow.side("ask", last))
        read.ticks = []
        for row in more:
            if row.symbol == symbol:
                read.apply(row, 0)
                caught.apply(row, 0)
        assert caught.ticks == read.ticks


@given(rows=rows(price=PRICE))
@settings(max_examples=200, deadline=None)
def test_what_it_is_not_sure_of_is_odd(rows):
    flow = Flow(table_of(rows))
    if not flow.odd:
        assert from_columns(flow) == messages(rows)


def test_two_sides_that_change_are_two_quotes_and_a_row_without_news_is_none():
    row = Row(START_NS, "A", "1", "2", "3", "4", None, None)
    later = Row(START_NS + 5, "A", "1.0", "2", "3", "4", "1.5", None)
    flow = Flow(table_of([row, later]))
    assert not flow.odd
    assert [[*map(type, one)] for one in from_columns(flow)] == [
        [*map(type, one)] for one in messages([row, later])
    ]
    assert flow.first_tick.tolist() == [0, 2, 3]


def test_a_tick_knows_the_number_of_its_message_and_its_place_in_it():
    both = [Row(START_NS + n, "AB"[n % 2], "1", str(n), "1", "1", None, None) for n in range(4)]
    flow = Flow(table_of(both))
    assert [flow.message(place) for place in range(len(flow.ticks.row))] == [
        ("A", 1, 0), ("A", 1, 1), ("B", 1, 0), ("B", 1, 1), ("A", 2, 0), ("B", 2, 0),
    ]  # fmt: skip
