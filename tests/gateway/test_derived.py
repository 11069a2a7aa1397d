"""Topics that the gateway makes of ticks: fewer ticks, larger moves, bars; each made once."""

import pytest
from msgspec.structs import replace

from tapewire.common.bus import wire
from tapewire.common.bus.derived import Filter, filter_of, size_ns
from tapewire.common.bus.streams import TickReader
from tapewire.common.clock import Now
from tapewire.common.events import Event, Quote, Tick, Trade
from tapewire.gateway.feeds.derived import Derived
from tests.gateway.tws_messages import SECOND

START = 1_700_000_040 * SECOND  # a full minute


class Desk:
    def __init__(self, *topics: str) -> None:
        self.now = Now(START, 5 * SECOND)
        self.made = Derived("gateway", "e", ["5s", "1m"], lambda name: name in ("AAPL", "A@2/s"))
        for topic in topics:
            self.join(topic)

    def join(self, topic: str) -> list[tuple[str, list[Event]]]:
        return read(self.made.joined(*topic.split(".", 1)))

    def leave(self, topic: str) -> None:
        self.made.left(*topic.split(".", 1))

    def tick(self, *ticks: Tick) -> list[tuple[str, list[Event]]]:
        return read(self.made.ticked("AAPL", list(ticks), self.now))

    def pass_s(self, seconds: float) -> list[tuple[str, list[Event]]]:
        self.now += int(seconds * SECOND)
        return read(self.made.due(self.now))

    def trade(self, price: float, size: float = 1.0, *, delayed: bool = False) -> Trade:
        return Trade("AAPL", self.now.wall_ns, price, size, delayed)

    def quote(self, bid: float | None, ask: float | None) -> Quote:
        return Quote("AAPL", self.now.wall_ns, bid, 1.0, ask, 1.0)


def read(messages) -> list[tuple[str, list[Event]]]:
    return [(wire.topic_name(topic), wire.decode_batch(body)[0].events) for topic, body in messages]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("AAPL@10/s", Filter("AAPL", 10)),
        ("AAPL@>0.05", Filter("AAPL", 0, 0.05)),
        ("AAPL  261218C00190000@1/s", Filter("AAPL  261218C00190000", 1)),
        ("A@B@2/s", Filter("A@B", 2)),
        *((bad, None) for bad in ("AAPL", "AAPL@", "AAPL@0/s", "AAPL@1001/s", "AAPL@>", "@5/s")),
        *((bad, None) for bad in ("AAPL@>-1", "AAPL@>1e5", "AAPL@٣/s", "AAPL@>" + "9" * 400)),
    ],
)
def test_the_name_of_a_topic_says_what_is_asked_for(name: str, found: Filter | None):
    assert filter_of(name) == found


@pytest.mark.parametrize(
    ("text", "seconds"), [("5s", 5), ("1m", 60), ("4h", 14400), ("0s", None), ("1d", None)]
)
def test_widths_of_bars(text: str, seconds: int | None):
    assert size_ns(text) == (None if seconds is None else seconds * SECOND)


def test_a_symbol_that_is_called_like_a_filter_is_a_symbol():
    assert not Desk().made.asked("tick", "A@2/s").is_derived
    assert Desk().made.asked("tick", "AAPL@2/s").symbol == "AAPL"
    assert Desk().made.asked("last", "AAPL@2/s").symbol == "AAPL@2/s"


def test_at_most_so_many_ticks_per_second_and_always_the_newest():
    desk, found = Desk("tick.AAPL@10/s"), []
    for step in range(1000):
        found += desk.tick(desk.trade(100 + step), desk.quote(99.0, 101.0 + step))
        found += desk.pass_s(0.001)
    found += desk.pass_s(1)
    ticks = [tick for _, ticks in found for tick in ticks]
    assert 10 <= len(ticks) <= 12
    assert {topic for topic, _ in found} == {"tick.AAPL@10/s"}
    assert ticks[-2:] == [
        Trade("AAPL", desk.now.wall_ns - SECOND - SECOND // 1000, 1099, 1.0),
        Quote("AAPL", desk.now.wall_ns - SECOND - SECOND // 1000, 99.0, 1.0, 1100.0, 1.0),
    ]


def test_a_lone_tick_goes_at_once():
    desk = Desk("tick.AAPL@1/s")
    assert len(desk.tick(desk.trade(100))) == 1
    assert desk.pass_s(5) == []


def test_only_moves_of_more_than_so_much():
    desk = Desk("tick.AAPL@>0.5")
    prices = [100, 100.25, 100.5, 100.75, 100.5, 100.25, 100.0]
    found = [tick.price for p in prices for _, ticks in desk.tick(desk.trade(p)) for tick in ticks]
    assert found == [100, 100.75, 100.0]


def test_a_side_that_appears_or_goes_is_a_move():
    desk = Desk("tick.AAPL@>10")
    quotes = [(None, 1.0), (None, 1.1), (1.0, 1.2), (1.0, 1.3), (1.0, None), (1.0, None)]
    assert [len(desk.tick(desk.quote(*one))) for one in quotes] == [1, 0, 1, 0, 1, 0]


def test_bars_end_on_time_without_another_tick():
    desk = Desk("bar.AAPL.5s")
    desk.tick(desk.trade(100, 2), desk.quote(1.0, 2.0))
    desk.pass_s(3)
    desk.tick(desk.trade(103, 1), desk.trade(50, delayed=True))
    assert desk.pass_s(1.9) == []
    ((topic, (bar,)),) = desk.pass_s(0.1)
    assert topic == "bar.AAPL.5s"
    assert (bar.open, bar.close, bar.volume, bar.count) == (100, 103, 3.0, 2)
    assert (bar.start_ns, bar.ts_ns) == (START, START + 5 * SECOND)
    assert desk.pass_s(60) == []


def test_bars_of_a_recording_end_by_the_time_that_its_ticks_are_of():
    desk, began = Desk("bar.AAPL.5s"), 1_000_000_000 * SECOND
    trade, quote = desk.trade(100), desk.quote(1.0, 2.0)
    assert desk.tick(replace(trade, market_ns=began), replace(trade, market_ns=began + 1)) == []
    assert desk.pass_s(3600) == []
    assert desk.tick(replace(quote, market_ns=began + 5 * SECOND - 1)) == []
    ((_, (bar,)),) = desk.tick(replace(quote, market_ns=began + 5 * SECOND))
    assert (bar.start_ns, bar.ts_ns, bar.count) == (began, began + 5 * SECOND, 2)


def test_bars_that_are_not_offered_are_refused_by_name():
    asked = Desk().made.asked("bar", "AAPL.7s")
    assert asked.fault == "bar.AAPL.7s is subscribed, and gateway.bars has 5s, 1m; add '7s' to it"


def test_each_is_made_once_and_until_its_last_reader_has_left():
    desk = Desk("tick.AAPL@10/s", "tick.AAPL@10/s", "first.AAPL@10/s")
    assert len(desk.tick(desk.trade(100))) == 1
    desk.leave("tick.AAPL@10/s")
    desk.leave("tick.AAPL@10/s")
    assert desk.made
    desk.leave("first.AAPL@10/s")
    assert not desk.made
    desk.leave("first.AAPL@10/s")
    assert not desk.made


def test_a_joiner_has_the_last_values_under_the_seq_that_they_are_of():
    desk = Desk("tick.AAPL@10/s")
    desk.tick(desk.trade(100))
    ((topic, (tick,)),) = desk.join("first.AAPL@10/s")
    assert (topic, tick.price) == ("first.AAPL@10/s", 100)


def test_a_joiner_gets_nothing_that_was_newest_before_the_last_reader_left():
    desk = Desk("tick.AAPL@1/s")
    desk.tick(desk.trade(100.0))
    desk.leave("tick.AAPL@1/s")
    assert desk.join("first.AAPL@1/s") == [("first.AAPL@1/s", [])]


@pytest.mark.parametrize("topic", ["bar.AAPL.5s", "tick.AAPL@1000/s"])
def test_a_reader_whose_connection_was_cut_reads_on(topic: str):
    desk, reader = Desk(topic), TickReader("AAPL")

    def seen() -> int:
        messages = [*desk.made.ticked("AAPL", [desk.trade(100.0)], desk.now)]
        desk.now += 5 * SECOND
        messages += desk.made.due(desk.now)
        return sum(len(reader.on_batch(wire.decode_batch(body)[0])) for _, body in messages)

    assert [seen() for _ in range(3)] == [1, 1, 1]
    desk.leave(topic)
    desk.join(topic)
    assert seen() == 1
