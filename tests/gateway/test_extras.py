"""Books and the broker's bars: subscribed while they are read, published whole and in time."""

from itertools import pairwise

import pytest

from tapewire.common.bus import wire
from tapewire.common.bus.sequenced import Sequenced
from tapewire.common.clock import Now
from tapewire.common.events import Bar, Depth, DepthLevel, Event
from tapewire.gateway.feeds.extras import AGAIN_MAX_NS, AGAIN_NS, Extras
from tapewire.gateway.market_feed import BookChange
from tests.gateway.tws_messages import SECOND, T0


class Market:
    """Stands for the broker."""

    def __init__(self) -> None:
        self.open: list[tuple[str, str]] = []
        self.reopened: list[tuple[str, str]] = []

    def want_extra(self, symbol: str, extra: str) -> bool:
        if symbol != "TSLA" and (symbol, extra) not in self.open:
            self.open.append((symbol, extra))
        return symbol != "TSLA"

    def unwant_extra(self, symbol: str, extra: str) -> None:
        self.open.remove((symbol, extra))

    def reopen_extra(self, symbol: str, extra: str) -> None:
        self.reopened.append((symbol, extra))


class Desk:
    def __init__(self, rows: int = 2) -> None:
        self.market, self.now = Market(), Now(T0, 5000 * SECOND)
        self.extras = Extras(
            self.market, Sequenced("gateway", "e"), 10 * SECOND, depth_max_per_s=10, rows=rows
        )

    def read(self, *topics: str) -> "Desk":
        for topic in topics:
            assert self.extras.joined(topic, self.now)
        return self

    def came(self, *events: Bar | BookChange) -> list[tuple[str, list[Event]]]:
        return read(self.extras.came(events, self.now)) + read(self.extras.due(self.now))

    def pass_s(self, seconds: float) -> list[tuple[str, list[Event]]]:
        self.now += int(seconds * SECOND)
        return read(self.extras.due(self.now))


def read(messages) -> list[tuple[str, list[Event]]]:
    return [(wire.topic_name(topic), wire.decode_batch(body)[0].events) for topic, body in messages]


def insert(price: float, place: int = 0, *, is_bid: bool = True) -> BookChange:
    return BookChange("AAPL", "insert", is_bid, place, DepthLevel(price, 5.0, "NYSE"))


BAR = Bar("AAPL", T0 + 5 * SECOND, T0, 1.0, 2.0, 1.0, 1.5, 10.0, 3, 1.4)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_nobody_reads_is_not_subscribed_and_ends_a_while_after_its_last_reader(desk: Desk):
    desk.pass_s(60)
    assert desk.market.open == []
    desk.read("depth.AAPL", "depth.AAPL", "bar5.EUR.USD")
    assert desk.market.open == [("AAPL", "depth"), ("EUR.USD", "bar5")]
    desk.extras.left("depth.AAPL")
    desk.pass_s(60)
    desk.extras.left("depth.AAPL")
    desk.pass_s(9)
    assert ("AAPL", "depth") in desk.market.open
    desk.pass_s(2)
    assert desk.market.open == [("EUR.USD", "bar5")]


def test_what_is_not_configured_is_refused(desk: Desk):
    assert not desk.extras.joined("depth.TSLA", desk.now)


def test_a_book_is_published_whole_as_far_as_it_was_asked_for(desk: Desk):
    desk.read("depth.AAPL")
    ((topic, (book,)),) = desk.came(
        insert(1.0), insert(1.2), insert(1.1, 1), insert(1.3, is_bid=False)
    )
    levels = tuple(DepthLevel(price, 5.0, "NYSE") for price in (1.2, 1.1, 1.3))
    assert (topic, book) == ("depth.AAPL", Depth("AAPL", T0, levels[:2], levels[2:]))


def test_a_lone_change_goes_at_once_and_a_flood_ten_times_per_second_with_the_newest(desk: Desk):
    desk.read("depth.AAPL")
    assert len(desk.came(insert(1.0))) == 1
    books = []
    for step in range(1000):
        desk.now += SECOND // 1000
        change = BookChange("AAPL", "update", True, 0, DepthLevel(step, 1.0))
        books += desk.came(change)
    assert 9 <= len(books) <= 11
    books += desk.pass_s(1)
    assert books[-1][1][0].bids[0].price == 999
    assert desk.pass_s(1) == []


def test_a_joiner_gets_the_book_as_it_is_and_no_bar_twice(desk: Desk):
    desk.read("depth.AAPL", "bar5.AAPL")
    assert desk.came(BAR) == [("bar5.AAPL", [BAR])]
    assert read(desk.extras.last("depth.AAPL")) == []
    (published,) = desk.came(insert(1.0))
    assert read(desk.extras.last("depth.AAPL")) == [published]
    assert read(desk.extras.last("bar5.AAPL")) == []


def test_a_book_that_makes_no_sense_is_empty_and_asked_for_again_ever_more_rarely(desk: Desk):
    desk.read("depth.AAPL")
    desk.came(insert(1.0))
    seen: list[Depth] = []
    asked_ns: list[int] = []
    for _ in range(2000):
        seen += [one for _, (one,) in desk.came(BookChange("AAPL", "delete", True, 9))]
        before = len(desk.market.reopened)
        seen += [one for _, (one,) in desk.pass_s(1)]
        if len(desk.market.reopened) > before:
            asked_ns.append(desk.now.mono_ns)
            desk.came(BookChange("AAPL", "begin"))
    assert {one.bids for one in seen} == {()}
    assert "delete of bid 9, and there are 1 of them" in seen[0].problem
    waits = [later - earlier for earlier, later in pairwise(asked_ns)]
    assert waits[0] <= 3 * AGAIN_NS
    assert waits[-1] >= AGAIN_MAX_NS
    complaints = desk.extras.take_complaints()
    assert len(complaints) == len(asked_ns) + 1
    assert complaints[0].startswith("the book of AAPL is asked for again: delete of bid 9")


def test_a_book_that_begins_again_is_shown_empty(desk: Desk):
    desk.read("depth.AAPL")
    desk.came(insert(1.0))
    desk.pass_s(1)
    empty = Depth("AAPL", T0 + SECOND, (), ())
    assert desk.came(BookChange("AAPL", "begin")) == [("depth.AAPL", [empty])]


def test_changes_of_a_book_that_nobody_reads_any_more_are_nobody_s(desk: Desk):
    desk.read("depth.AAPL")
    desk.extras.left("depth.AAPL")
    desk.pass_s(11)
    assert desk.came(insert(1.0)) == []
