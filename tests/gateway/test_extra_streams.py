"""Books, bars of five seconds and generic ticks at TWS: asked for, ended, begun again, refused."""

import pytest
from msgspec.structs import replace

from tapewire.common.events import Bar, DepthLevel, GenericTick
from tapewire.gateway.market_feed import BookChange, FeedNews
from tapewire.gateway.tws.line_limits import LineLimits
from tapewire.simulator.protocol import messages
from tests.gateway.tws_line import BARS, DEPTH, OPEN, UNBARS, UNDEPTH, Feed, ids
from tests.gateway.tws_messages import AAPL, MSFT, SECOND

GENERIC = replace(AAPL, generic_ticks=(233, 236))
PAIR = replace(AAPL, symbol="EUR.USD", sec_type="CASH", exchange="IDEALPRO", con_id=12087792)


@pytest.fixture
def feed() -> Feed:
    return Feed()


def opened(feed: Feed, symbol: str = "AAPL", extra: str = "depth") -> int:
    assert feed.broker.want_extra(symbol, extra)
    (request_id,) = ids(feed.release(), DEPTH if extra == "depth" else BARS)
    feed.broker.take_beside()
    return request_id


def bar(request_id: int, second: int = 1700000000, *values: object) -> list[object]:
    return [50, 3, request_id, second, *(values or (1.0, 2.0, 1.0, 1.5, 10, 1.4, 3))]


def level(request_id: int, *values: object) -> list[object]:
    return [12, 1, request_id, *(values or (0, 0, 1, 1.5, 100))]


# ---- books --------------------------------------------------------------------------------------


def test_a_book_is_asked_for_once_and_ended(feed: Feed):
    assert feed.broker.want_extra("AAPL", "depth")
    (request,) = [fields for fields in feed.release() if fields[0] == DEPTH]
    assert request[-3:-1] == ["10", "1"]  # rows, and of all exchanges
    assert feed.broker.want_extra("AAPL", "depth")
    assert feed.release() == []
    feed.broker.unwant_extra("AAPL", "depth")
    assert ids(feed.release(), UNDEPTH) == [int(request[2])]
    assert not feed.broker.want_extra("TSLA", "depth")


def test_its_changes_name_the_market_maker_where_tws_does(feed: Feed):
    book = opened(feed)
    feed.receive(level(book), [13, 1, book, 0, "ISLAND", 1, 0, 1.6, "0.5", 1])
    assert feed.broker.take_beside() == [
        BookChange("AAPL", "insert", True, 0, DepthLevel(1.5, 100.0)),
        BookChange("AAPL", "update", False, 0, DepthLevel(1.6, 0.5, "ISLAND")),
    ]


def test_after_a_loss_and_a_reconnect_it_begins_again(feed: Feed):
    book = opened(feed)
    feed.receive(level(book))
    feed.lose()
    assert feed.broker.take_beside()[-1] == BookChange("AAPL", "begin")
    (again,) = ids(feed.connect(), DEPTH)
    feed.receive(level(book), level(again))
    assert [one.operation for one in feed.broker.take_beside()] == ["begin", "insert"]


def test_error_317_empties_it_and_316_asks_again(feed: Feed):
    book = opened(feed)
    feed.receive(level(book))
    assert feed.error(book, 317, "Market depth data has been RESET") == []
    (again,) = ids(feed.error(book, 316, "Market depth data has been HALTED"), DEPTH)
    assert again > book
    assert feed.error(again, 316) == []  # nothing has come since: no loop of requests
    assert [one.operation for one in feed.broker.take_beside()].count("begin") >= 3
    assert "AAPL has no market depth: TWS refuses it (316)" in feed.news()[0].reason


def test_a_reset_between_changes_empties_what_was_before_it_and_nothing_of_what_follows(feed: Feed):
    """However TWS's bytes come: all of them in one read here."""
    book = opened(feed)
    reset = messages.error(157, book, 317, "Market depth data has been RESET")
    feed.receive(level(book, 0, 0, 1, 1.5, 100), reset, level(book, 0, 0, 1, 1.6, 100), reset)
    feed.receive(level(book, 0, 0, 1, 1.7, 100))
    operations = [one.operation for one in feed.broker.take_beside()]
    assert operations == ["insert", "begin", "insert", "begin", "insert"]


def test_three_books_are_open_and_a_fourth_waits_for_one_to_close():
    several = [replace(AAPL, symbol=f"S{n}", con_id=100 + n) for n in range(4)]
    feed = Feed(*several, limits=LineLimits(depth_max=3))
    for one in several:
        feed.broker.want_extra(one.symbol, "depth")
    assert len(ids(feed.release(), DEPTH)) == 3
    (news,) = feed.news()
    assert (news.symbol, news.state) == ("S3", "reduced")
    assert news.reason == (
        "S3 has no market depth: 3 are open, and tws.depth_max is 3; it opens when one of them"
        " closes"
    )
    feed.broker.unwant_extra("S0", "depth")
    (book,) = ids(feed.release(), DEPTH)
    feed.receive(level(book))
    assert feed.news() == [FeedNews("S3", "reduced", "")]


def test_where_tws_has_no_room_no_loop_of_errors_follows(feed: Feed):
    book = opened(feed)
    assert feed.error(book, 309, "Max number (3) of market depth requests has been reached") == []
    assert feed.pass_s(59) == []
    assert len(ids(feed.pass_s(1), DEPTH)) == 1


@pytest.mark.parametrize(
    "values",
    [
        (0, 0, 1, "nan", 5), (0, 0, 1, "1e300", 5), (0, 0, 1, 1.5, "inf"), (0, 0, 1, 1.5, -5),
        (0, 7, 1, 1.5, 5), (0, 0, 7, 1.5, 5), ("x", 0, 1, 1.5, 5), (0, 0, 1, 1.5), (0,),
        (0, 0, 1, 1.5, 5, 6, 7),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_read_is_a_fault_of_the_book(feed: Feed, values: tuple):
    book = opened(feed)
    feed.receive(level(book, *values))
    (change,) = feed.broker.take_beside()
    assert change.fault
    feed.broker.reopen_extra("AAPL", "depth")
    assert [fields[0] for fields in feed.release()] == [UNDEPTH, DEPTH]


def test_places_and_prices_may_be_anything_that_can_be_written(feed: Feed):
    book = opened(feed)
    feed.receive(level(book, 10**6, 2, 0, -37.5, 0), level(book, -1, 0, 1, 1.5, 5))
    assert [one.place for one in feed.broker.take_beside()] == [10**6, -1]


def test_what_is_of_no_book_that_is_open_is_passed_over(feed: Feed):
    book, bars = opened(feed), opened(feed, extra="bar5")
    feed.broker.unwant_extra("AAPL", "depth")
    feed.release()
    feed.broker.take_beside()
    feed.receive(level(book), level(bars), level(7), [12, 1], [13], bar(book), bar(7), [50])
    assert feed.broker.take_beside() == []


# ---- bars of five seconds -----------------------------------------------------------------------


def test_bars_are_of_trades_and_of_a_currency_pair_of_midpoints():
    feed = Feed(AAPL, PAIR)
    feed.broker.want_extra("AAPL", "bar5")
    feed.broker.want_extra("EUR.USD", "bar5")
    shares, pair = (fields for fields in feed.release() if fields[0] == BARS)
    assert ("TRADES" in shares, "MIDPOINT" in pair) == (True, True)
    start_ns = 1700000000 * SECOND
    feed.receive(bar(int(shares[2])), bar(int(pair[2]), 1700000000, 1, 2, 1, 2, -1, -1, -1))
    assert feed.broker.take_beside() == [
        Bar("AAPL", start_ns + 5 * SECOND, start_ns, 1.0, 2.0, 1.0, 1.5, 10.0, 3, 1.4),
        Bar("EUR.USD", start_ns + 5 * SECOND, start_ns, 1.0, 2.0, 1.0, 2.0, 0.0, 0, None),
    ]


def test_a_bar_comes_once_and_only_with_a_trade_in_it(feed: Feed):
    bars, second = opened(feed, extra="bar5"), 1700000000
    flat = (1.0, 1.0, 1.0, 1.0, 0, 0, 0)
    feed.receive(
        bar(bars), bar(bars), bar(bars, second - 5), bar(bars, second + 5, *flat),
        bar(bars, second + 10),
    )  # fmt: skip
    assert [one.start_ns // SECOND - second for one in feed.broker.take_beside()] == [0, 10]


@pytest.mark.parametrize(
    "fields",
    [
        ("x",), (-1,), (10**18,), (1700000000, "nan", 2, 1, 1, 10, 1, 3),
        (1700000000, 1, 2, 1, 1, "1e300", 1, 3), (1700000000, 1, 2, 1, 1, 10, 1, 10**20),
        (1700000000, 1, 2, 1, 1, 10, 1),
    ],
)  # fmt: skip
def test_a_bar_that_nobody_could_read_is_none(feed: Feed, fields: tuple):
    bars = opened(feed, extra="bar5")
    feed.receive(bar(bars, *fields))
    assert feed.broker.take_beside() == []


def test_bars_are_taken_up_again_and_refused_ones_reported(feed: Feed):
    bars = opened(feed, extra="bar5")
    feed.error(bars, 420, "Invalid Real-time Query")
    assert "AAPL has no real-time bars: TWS refuses it (420)" in feed.news()[0].reason
    feed.lose()
    (again,) = ids(feed.connect(), BARS)
    feed.error(-1, 2103)
    written = feed.error(-1, 2104)
    assert (ids(written, UNBARS), len(ids(written, BARS))) == ([again], 1)


# ---- generic ticks ------------------------------------------------------------------------------


def test_generic_ticks_are_asked_for_with_the_top_of_book_and_come_by_name():
    feed = Feed(GENERIC, MSFT)
    written = feed.want("AAPL", "MSFT")
    assert ["233,236" in fields for fields in written] == [True, False]
    aapl, msft = ids(written)
    for line in (msft, aapl):
        feed.receive(
            [45, 6, line, 46, 3.0], [46, 6, line, 48, "1.5;100;1700000000;5;1.4;true"],
            [84, line, 1700000000, "DJ-N", "DJ-N$1", "A headline", ""], [2, 6, line, 8, 12345],
            [1, 6, line, 37, 1.55, 0, 0], [1, 6, line, 6, -1, 0, 0], [45, 6, line, 49, 0],
            [45, 6, line, 999, 7],
        )  # fmt: skip
    assert feed.ticks() == []
    assert [(one.kind, one.value) for one in feed.broker.take_beside()] == [
        ("shortable", 3.0),
        ("rt_volume", "1.5;100;1700000000;5;1.4;true"),
        ("news", "DJ-N;DJ-N$1;A headline"),
        ("volume", 12345.0),
        ("mark_price", 1.55),
        ("tick_999", 7.0),
    ]


def test_where_tws_refuses_generic_ticks_the_prices_are_asked_for_without_them():
    feed = Feed(GENERIC)
    (line,) = ids(feed.want("AAPL"))
    written = feed.error(line, 321, "Incorrect generic tick list of 233,236.")
    (again,) = ids(written, OPEN)
    assert "233,236" not in written[0]
    (news,) = feed.news()
    assert (news.state, news.reason.partition(":")[0]) == ("reduced", "AAPL has no generic ticks")
    feed.error(again, 321, "the contract")
    assert [one.state for one in feed.news()] == ["refused"]


@pytest.mark.parametrize(
    "fields",
    [
        [45, 6, 0, 46, "nan"], [45, 6, 0, 46, "1e300"], [45, 6, 0, "x", 1], [45, 6, 0, "9" * 99, 1],
        [46, 6, 0, 47, "x" * 5000], [84, 0, 1, "a", "b"], [2, 6, 0, 8, "inf"],
        [1, 6, 0, 37, "nan", 0, 0],
    ],
)  # fmt: skip
def test_a_value_that_nobody_could_read_is_none(fields: list[object]):
    feed = Feed(GENERIC)
    (line,) = ids(feed.want("AAPL"))
    place = 1 if fields[0] == 84 else 2
    fields = [*fields[:place], line, *fields[place + 1 :]]
    feed.receive(fields)
    assert [one for one in feed.broker.take_beside() if isinstance(one, GenericTick)] == []


# ---- beside ticks -------------------------------------------------------------------------------


def test_a_book_that_has_come_at_last_opens_no_line_of_its_symbol(feed: Feed):
    book = opened(feed)
    feed.error(book, 309)
    assert [one.state for one in feed.news()] == ["reduced"]
    (again,) = ids(feed.pass_s(60), DEPTH)
    feed.receive(level(again))
    assert feed.news() == [FeedNews("AAPL", "reduced", "")]
    assert len(ids(feed.want("MSFT"), OPEN)) == 1


def test_a_line_that_is_reopened_beside_a_book_begins_without_the_old_values(feed: Feed):
    (line,) = ids(feed.want("AAPL"), OPEN)
    book = opened(feed)
    feed.receive([1, 6, line, 1, 1.5, 100, 0])
    (line,) = ids(feed.reopen("AAPL"), OPEN)
    feed.ticks()
    feed.broker.unwant_extra("AAPL", "depth")
    feed.receive([1, 6, line, 2, 1.6, 100, 0], level(book))
    assert [(tick.bid, tick.ask) for tick in feed.ticks()] == [(None, 1.6)]
    assert feed.broker.market.about(line) == "AAPL"
