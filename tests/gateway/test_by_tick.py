"""Ticks one by one: who has the ticks of a symbol, what stands in, and what a hostile TWS sends."""

import pytest
from msgspec.structs import replace

from tapewire.common.events import IrregularTrade, Midpoint, Quote, Trade
from tapewire.gateway.market_feed import FeedNews
from tapewire.gateway.tws.line_limits import FULL_FOR_NS, LineLimits
from tapewire.gateway.tws.top_of_book import PASSED_OVER_MAX
from tests.gateway.tws_line import CLOSE, OPEN, STREAM, TYPE, UNSTREAM, Feed, ids
from tests.gateway.tws_messages import AAPL, MSFT, SECOND

FULL_FOR_S = FULL_FOR_NS // SECOND
NO_LIMIT = LineLimits(tick_by_tick_every_s=0)


def of(*ticks: str, limits: LineLimits = NO_LIMIT) -> Feed:
    return Feed(replace(AAPL, ticks=ticks), limits=limits)


def opened(written: list[list[str]]) -> dict[str, int]:
    """What is asked for, with the ids."""
    streams = {fields[-3]: int(fields[1]) for fields in written if fields[0] == STREAM}
    return dict(zip(["top"], ids(written, OPEN), strict=False)) | streams


def price(request_id: int, kind: int, value: object, size: object = 100) -> list[object]:
    return [1, 6, request_id, kind, value, size, 0]


def each_quote(request_id: int, bid: object, ask: object) -> list[object]:
    return [99, request_id, 3, 1700000000, bid, ask, 5, 6, 0]


def each_trade(request_id: int, value: object, attributes: object = 0, kind: int = 1) -> list:
    return [99, request_id, kind, 1700000000, value, 7, attributes, "NYSE", "I"]


@pytest.mark.parametrize(
    ("ticks", "kinds"),
    [
        (("top",), {"top"}),
        (("last",), {"Last"}),
        (("bid_ask", "all_last"), {"BidAsk", "AllLast"}),
        (("mid_point", "bid_ask", "top"), {"top", "BidAsk", "MidPoint"}),
    ],
)
def test_what_is_chosen_is_asked_for(ticks: tuple[str, ...], kinds: set[str]):
    assert opened(of(*ticks).want("AAPL")).keys() == kinds


# ---- one source of quotes, one of trades --------------------------------------------------------


def test_trades_one_by_one_and_the_top_of_book_do_not_count_twice():
    feed = of("top", "all_last")
    found = opened(feed.want("AAPL"))
    feed.receive(
        price(found["top"], 1, 1.0), price(found["top"], 2, 1.1), price(found["top"], 4, 1.05),
        [2, 6, found["top"], 5, 30], each_trade(found["AllLast"], 1.05),
        each_trade(found["AllLast"], 1.06),
    )  # fmt: skip
    ticks = feed.ticks()
    assert [tick.price for tick in ticks if isinstance(tick, Trade)] == [1.05, 1.06]
    assert [(tick.bid, tick.ask) for tick in ticks if isinstance(tick, Quote)] == [
        (1.0, None), (1.0, 1.1),
    ]  # fmt: skip


def test_quotes_one_by_one_and_the_top_of_book_do_not_mix():
    feed = of("top", "bid_ask")
    found = opened(feed.want("AAPL"))
    feed.receive(
        each_quote(found["BidAsk"], 1.0, 1.1), price(found["top"], 1, 9.0),
        price(found["top"], 4, 1.05), [2, 6, found["top"], 0, 77], [2, 6, found["top"], 3, 77],
        each_quote(found["BidAsk"], 1.01, 1.1),
    )  # fmt: skip
    quotes = [tick for tick in feed.ticks() if isinstance(tick, Quote)]
    assert [(one.bid, one.bid_size, one.ask) for one in quotes] == [(1.0, 5, 1.1), (1.01, 5, 1.1)]


@pytest.mark.parametrize("attributes", [1, 2, 3])
def test_a_trade_that_is_no_price_of_the_market_is_no_tick(attributes: int):
    feed = of("all_last")
    found = opened(feed.want("AAPL"))
    feed.receive(each_trade(found["AllLast"], 1.05, attributes, kind=2))
    assert feed.ticks() == []
    (beside,) = feed.broker.take_beside()
    assert isinstance(beside, IrregularTrade)
    assert (beside.price, beside.size, beside.exchange, beside.conditions) == (1.05, 7, "NYSE", "I")
    assert (beside.unreported, beside.past_limit) == (attributes >= 2, attributes % 2 == 1)
    assert feed.broker.take_beside() == []


def test_midpoints_are_beside_the_ticks():
    feed = of("top", "mid_point")
    found = opened(feed.want("AAPL"))
    feed.receive([99, found["MidPoint"], 4, 1700000000, 1.055])
    assert feed.ticks() == []
    assert feed.broker.take_beside() == [Midpoint("AAPL", feed.now.wall_ns, 1.055)]


# ---- what stands in -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "word"), [(10190, "stream"), (10189, "quotes"), (10197, "quotes")]
)
def test_where_tws_refuses_ticks_one_by_one_the_top_of_book_is_read(code: int, word: str):
    feed = of("bid_ask")
    found = opened(feed.want("AAPL"))
    (top,) = ids(feed.error(found["BidAsk"], code, "Max number of requests"))
    (news,) = feed.news()
    assert (news.symbol, news.state) == ("AAPL", "reduced")
    assert f"AAPL has no tick-by-tick {word}: TWS" in news.reason
    assert news.reason.endswith("; its top of book is read instead")
    feed.receive(price(top, 1, 1.0), price(top, 4, 1.05))
    assert len(feed.ticks()) == 2
    assert feed.news() == []


def test_what_stands_in_ends_when_the_stream_is_there_again():
    feed = of("bid_ask")
    found = opened(feed.want("AAPL"))
    (top,) = ids(feed.error(found["BidAsk"], 10190))
    assert [one.state for one in feed.news()] == ["reduced"]
    feed.receive(price(top, 1, 1.0), price(top, 2, 1.1))
    again = opened(feed.pass_s(FULL_FOR_S))["BidAsk"]
    assert feed.news() == []  # it is only asked for
    feed.receive(each_quote(again, 1.2, 1.3))
    assert feed.news() == [FeedNews("AAPL", "reduced", "")]
    assert ids(feed.release(), CLOSE) == [top]
    feed.receive(price(top, 1, 9.0))
    assert feed.ticks()[-1].bid == 1.2


def test_while_it_is_tried_each_minute_what_stands_in_loses_no_value():
    feed = of("bid_ask")
    (top,) = ids(feed.error(opened(feed.want("AAPL"))["BidAsk"], 10190))
    feed.receive(price(top, 1, 1.0), price(top, 2, 1.1))
    again = opened(feed.pass_s(FULL_FOR_S))["BidAsk"]
    feed.receive(price(top, 1, 1.05))  # before TWS has refused again
    feed.error(again, 10190)
    feed.ticks()
    feed.receive(price(top, 2, 1.15))
    assert [(tick.bid, tick.ask) for tick in feed.ticks()] == [(1.05, 1.15)]
    assert [one.state for one in feed.news()] == ["reduced"]


def test_a_stream_that_falls_silent_while_the_top_of_book_moves_is_asked_for_again():
    feed = of("top", "all_last")
    found = opened(feed.want("AAPL"))
    trades = [price(found["top"], 4, 1 + n / 100) for n in range(PASSED_OVER_MAX)]
    feed.receive(*trades[1:])
    assert feed.news() == []
    written = feed.receive(trades[-1])
    assert ids(written, UNSTREAM) == [found["AllLast"]]
    again = opened(written)["AllLast"]
    assert "was silent while the top of book moved" in feed.news()[0].reason
    feed.receive(each_trade(again, 2.0))
    assert [one.reason for one in feed.news()] == [""]
    assert [tick.price for tick in feed.ticks()] == [2.0]


def test_until_15_seconds_have_passed_the_top_of_book_has_the_trades():
    feed = of("top", "last", limits=LineLimits(tick_by_tick_every_s=15))
    found = opened(feed.want("AAPL"))
    feed.receive(each_trade(found["Last"], 1.0))
    written = feed.reopen("AAPL")
    assert [fields[0] for fields in written] == [CLOSE, UNSTREAM, OPEN]
    (top,) = ids(written)
    feed.ticks()
    feed.receive(price(top, 4, 1.5))
    assert [tick.price for tick in feed.ticks()] == [1.5]
    again = opened(feed.pass_s(15))["Last"]
    feed.receive(price(top, 4, 1.6), each_trade(again, 1.6))
    assert [tick.price for tick in feed.ticks()] == [1.6]


def test_after_a_reconnect_what_is_chosen_is_asked_for_again_and_nothing_else():
    feed = of("bid_ask", "all_last")
    feed.error(opened(feed.want("AAPL"))["BidAsk"], 10190)
    feed.lose()
    assert opened(feed.connect()).keys() == {"BidAsk", "AllLast"}


# ---- a TWS that sends anything ------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        each_quote(0, "nan", 1.1), each_quote(0, 1.0, "1e300"), each_trade(0, 1.0),
        [99, 0, 3, 1, 1.0, 1.1, "1e300", 6, 0], [99, 0, 3, 1, 1.0, 1.1, -5, 6, 0],
        [99, 0, 4, 1, 1.0], [99, 0, 3, 1, 1.0], [99, 0, 9, 1, 1.0], [99, 0, "", ""], [99],
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_no_tick(fields: list[object]):
    feed = of("bid_ask")
    found = opened(feed.want("AAPL"))
    feed.receive([found["BidAsk"] if field == 0 and at == 1 else field
                  for at, field in enumerate(fields)])  # fmt: skip
    assert (feed.ticks(), feed.broker.take_beside()) == ([], [])
    feed.receive(each_quote(found["BidAsk"], 1.0, 1.1))
    assert len(feed.ticks()) == 1


def test_ticks_of_a_stream_that_was_ended_are_passed_over():
    feed = of("bid_ask", "all_last")
    found = opened(feed.want("AAPL"))
    feed.unwant("AAPL")
    feed.receive(each_quote(found["BidAsk"], 1.0, 1.1), each_trade(found["AllLast"], 1.0))
    assert feed.ticks() == []


def test_ticks_may_be_below_zero():
    feed = of("bid_ask", "all_last")
    found = opened(feed.want("AAPL"))
    feed.receive(each_quote(found["BidAsk"], -37.6, -37.5), each_trade(found["AllLast"], -37.63))
    assert [type(tick) for tick in feed.ticks()] == [Quote, Trade]


def test_the_quote_that_the_top_of_book_had_is_a_tick_once_it_counts():
    """Of an instrument that hardly moves TWS may say nothing more for hours."""
    feed = of("top", "bid_ask")
    found = opened(feed.want("AAPL"))
    feed.receive(price(found["top"], 1, 1.0), price(found["top"], 2, 1.1))
    read_ns = feed.now.wall_ns
    assert feed.ticks() == []
    feed.pass_s(2)
    feed.error(found["BidAsk"], 10189)
    (tick,) = feed.ticks()
    assert (tick.bid, tick.ask, tick.ts_ns) == (1.0, 1.1, read_ns)


def test_no_trade_of_the_top_of_book_is_a_tick_when_its_stream_ends_for_it_may_have_been_one():
    feed = of("top", "all_last")
    found = opened(feed.want("AAPL"))
    feed.receive(each_trade(found["AllLast"], 1.05), price(found["top"], 4, 1.05, 7))
    feed.ticks()
    feed.error(found["AllLast"], 10189)
    assert feed.ticks() == []


@pytest.mark.parametrize("code", [354, 10089, 10168])
def test_there_are_no_delayed_ticks_one_by_one_so_the_top_of_book_is_asked_at_once(code: int):
    feed = of("bid_ask", limits=LineLimits())
    found = opened(feed.want("AAPL"))
    (top,) = ids(feed.error(found["BidAsk"], code, "not subscribed"))
    again = feed.error(top, 10089, "delayed data is available")
    assert [fields[0] for fields in again] == [TYPE, OPEN]
    feed.receive([1, 6, ids(again)[0], 66, 1.0, 100, 0])
    assert [tick.delayed for tick in feed.ticks()] == [True]


def test_the_line_of_what_stood_in_serves_another_symbol_when_it_ends():
    limits = LineLimits(lines_max=1, tick_by_tick_every_s=0)
    feed = Feed(replace(AAPL, ticks=("bid_ask",)), MSFT, limits=limits)
    feed.error(opened(feed.want("AAPL"))["BidAsk"], 10190)
    assert ids(feed.want("MSFT")) == []
    again = opened(feed.pass_s(FULL_FOR_S))["BidAsk"]
    feed.receive(each_quote(again, 1.2, 1.3))
    feed.news()
    written = feed.release()
    assert len(ids(written, CLOSE)) == 1
    assert len(ids(written)) == 1
