"""Ticks of a recording carry the time that they are of; those of the present market carry none."""

import pytest

from tapewire.common.events import Quote, Trade
from tests.gateway.tws_line import Feed, ids

SECOND = 1_000_000_000


@pytest.fixture
def feed() -> Feed:
    one = Feed()
    one.broker.market.is_recording = True
    return one


def price(request_id: int, value: float, kind: int = 4) -> list[object]:
    return [1, 6, request_id, kind, value, 100, 0]


def time(request_id: int, text: str) -> list[object]:
    return [46, 6, request_id, 45, text]


def test_each_tick_has_the_time_that_was_told_before_it(feed: Feed):
    (line,) = ids(feed.want("AAPL"))
    feed.receive(time(line, "17.5"), price(line, 1.0), price(line, 2.0, kind=1))
    feed.receive(price(line, 3.0), time(line, "18.000000001"), price(line, 4.0))
    found = [(type(one), one.market_ns) for one in feed.ticks()]
    early, late = 17 * SECOND + SECOND // 2, 18 * SECOND + 1
    assert found == [(Trade, early), (Quote, early), (Trade, early), (Trade, late)]
    feed.receive(price(line, 5.0))
    assert [one.market_ns for one in feed.ticks()] == [late]


def test_each_symbol_has_a_time_of_its_own(feed: Feed):
    one, other = ids(feed.want("AAPL", "MSFT"))
    feed.receive(time(one, "17"), time(other, "99"), price(one, 1.0), price(other, 2.0))
    assert [tick.market_ns for tick in feed.ticks()] == [17 * SECOND, 99 * SECOND]
    feed.unwant("AAPL")
    (again,) = ids(feed.want("AAPL"))
    feed.receive(price(again, 1.0))
    assert [tick.market_ns for tick in feed.ticks()] == [None], "what was told is over"


def test_the_ticks_of_tws_itself_are_of_the_present(feed: Feed):
    feed.broker.market.is_recording = False
    (line,) = ids(feed.want("AAPL"))
    feed.receive(time(line, "17"), price(line, 1.0))
    assert [tick.market_ns for tick in feed.ticks()] == [None]


@pytest.mark.parametrize("text", ["", "noon", "-1", "1.x", "99999999999", "1e9", "nan", "1.2.3"])
def test_a_time_that_is_none_costs_itself_alone(feed: Feed, text: str):
    (line,) = ids(feed.want("AAPL"))
    feed.receive(time(line, "17"), time(line, text), price(line, 1.0))
    assert [tick.market_ns for tick in feed.ticks()] == [17 * SECOND]
