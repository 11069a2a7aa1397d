"""Market data lines: opened as far as TWS has room, closed, refused, and asked for again."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.gateway.tws.line_limits import FULL_FOR_NS, LineLimits
from tests.gateway.tws_line import CLOSE, OPEN, STREAM, TYPE, UNSTREAM, Feed, ids
from tests.gateway.tws_messages import AAPL, SECOND

FULL_FOR_S = FULL_FOR_NS // SECOND
ONE_BY_ONE = replace(AAPL, ticks=("bid_ask", "all_last"))


@pytest.fixture
def feed() -> Feed:
    return Feed()


def price(request_id: int, value: object = 1.5, kind: int = 1) -> list[object]:
    return [1, 6, request_id, kind, value, 100, 0]


def test_a_line_is_opened_once_and_closed_when_nobody_reads_it(feed: Feed):
    (line,) = ids(feed.want("AAPL", "AAPL"))
    assert ids(feed.unwant("AAPL"), CLOSE) == [line]
    assert feed.unwant("AAPL") == []
    (again,) = ids(feed.want("AAPL"))
    assert again > line


def test_ticks_that_are_still_on_their_way_when_a_line_closes_are_passed_over(feed: Feed):
    (line,) = ids(feed.want("AAPL"))
    feed.unwant("AAPL")
    feed.receive(price(line))
    assert feed.ticks() == []


def test_ticks_that_nobody_has_taken_when_a_line_closes_are_of_nobody(feed: Feed):
    (line,) = ids(feed.want("AAPL"))
    feed.receive(price(line))
    feed.unwant("AAPL")
    assert feed.ticks() == []
    (line,) = ids(feed.want("AAPL"))
    feed.receive(price(line, 1.75))
    assert [tick.bid for tick in feed.ticks()] == [1.75]


def test_an_error_about_a_line_that_was_closed_is_about_nothing(feed: Feed):
    (line,) = ids(feed.want("AAPL"))
    feed.unwant("AAPL")
    assert feed.error(line, 300, "Can't find EId with tickerId") == []
    assert feed.news() == []


def test_what_is_reopened_begins_without_the_old_values(feed: Feed):
    (line,) = ids(feed.want("AAPL"))
    feed.receive(price(line, 1.5))
    written = feed.reopen("AAPL")
    assert [fields[0] for fields in written] == [CLOSE, OPEN]
    feed.ticks()
    feed.receive(price(ids(written)[0], 1.6, kind=2))
    assert [(tick.bid, tick.ask) for tick in feed.ticks()] == [(None, 1.6)]


def test_lines_that_are_read_are_opened_again_on_the_next_connection(feed: Feed):
    feed.want("AAPL", "MSFT")
    feed.unwant("MSFT")
    feed.lose()
    assert feed.want("ESZ6") == []
    assert [fields[4] for fields in feed.connect() if fields[0] == OPEN] == ["AAPL", ""]


# ---- limits -----------------------------------------------------------------------------------


def test_a_line_beyond_the_limit_is_not_asked_for_and_opens_when_one_closes():
    feed = Feed(limits=LineLimits(lines_max=2))
    assert len(ids(feed.want("AAPL", "MSFT", "ESZ6"))) == 2
    (news,) = feed.news()
    assert (news.symbol, news.state) == ("ESZ6", "refused")
    assert news.reason == (
        "ESZ6 has no market data line: 2 are open, and tws.lines_max is 2; it opens when one of"
        " them closes"
    )
    written = feed.unwant("AAPL")
    assert [fields[0] for fields in written] == [CLOSE, OPEN]
    assert feed.news() == []


def test_where_tws_has_less_room_than_its_limit_no_loop_of_errors_follows(feed: Feed):
    aapl, msft, esz6 = ids(feed.want("AAPL", "MSFT", "ESZ6"))
    assert feed.error(msft, 101, "Max number of tickers has been reached") == []
    assert feed.error(esz6, 101, "Max number of tickers has been reached") == []
    assert [one.symbol for one in feed.news()] == ["MSFT", "ESZ6"]
    assert feed.pass_s(FULL_FOR_S - 1) == []
    (retried,) = ids(feed.pass_s(1))  # one alone
    assert feed.error(retried, 101) == []
    assert feed.pass_s(FULL_FOR_S - 1) == []
    feed.receive(price(aapl))
    assert len(ids(feed.unwant("AAPL"))) == 1  # the next in line


def test_granted_lines_grow_by_one_each_minute_after_tws_was_full(feed: Feed):
    _, msft, esz6 = ids(feed.want("AAPL", "MSFT", "ESZ6"))
    feed.error(msft, 101)
    feed.error(esz6, 101)
    assert len(ids(feed.pass_s(FULL_FOR_S))) == 1
    assert len(ids(feed.pass_s(FULL_FOR_S))) == 1
    assert feed.pass_s(10 * FULL_FOR_S) == []


def test_ticks_one_by_one_of_an_instrument_are_asked_for_once_in_15_seconds():
    feed = Feed(ONE_BY_ONE)
    assert [fields[-3] for fields in feed.want("AAPL")] == ["BidAsk"]
    assert feed.pass_s(14.9) == []
    assert [fields[-3] for fields in feed.pass_s(0.1)] == ["AllLast"]
    assert feed.pass_s(60) == []
    feed.lose()
    assert len(ids(feed.connect(), STREAM)) == 1


def test_more_ticks_one_by_one_than_tws_grants_are_refused_by_name():
    several = [
        replace(ONE_BY_ONE, symbol=f"S{n}", con_id=100 + n, min_tick=Decimal("0.01"))
        for n in range(3)
    ]
    feed = Feed(*several, limits=LineLimits(tick_by_tick_max=5))
    feed.want("S0", "S1", "S2")
    assert len(ids(feed.pass_s(15), STREAM)) == 2
    assert [one.reason for one in feed.news()] == [
        "S2 has no tick-by-tick stream: 5 are open, and tws.tick_by_tick_max is 5; it opens when"
        " one of them closes; its top of book is read instead"
    ]
    written = feed.unwant("S0")
    assert (len(ids(written, UNSTREAM)), len(ids(written, STREAM))) == (2, 1)


# ---- refusals -----------------------------------------------------------------------------------


def test_a_refused_line_is_asked_for_again_only_on_request(feed: Feed):
    (line,) = ids(feed.want("AAPL"))
    assert feed.error(line, 10197, "No market data during competing live session") == []
    (news,) = feed.news()
    assert news.reason == (
        "AAPL has no market data: TWS refuses it (10197): No market data during competing live"
        " session"
    )
    assert feed.want("MSFT")[0][0] == OPEN
    (again,) = ids(feed.reopen("AAPL"))
    assert again


@pytest.mark.parametrize("code", [354, 10168, 10186, 10089, 10090, 10091])
def test_where_live_data_are_refused_delayed_ones_are_asked_for(feed: Feed, code: int):
    aapl, msft = ids(feed.want("AAPL", "MSFT"))
    written = feed.error(aapl, code)
    assert [fields[0] for fields in written] == [TYPE, OPEN]
    assert written[0][-1] == "3"
    assert ids(written)[0] > msft
    assert [fields[0] for fields in feed.error(msft, 354)] == []  # they were asked for already
    assert [one.symbol for one in feed.news()] == ["MSFT"]


def test_on_the_next_connection_delayed_data_are_asked_for_again(feed: Feed):
    (line,) = ids(feed.want("AAPL"))
    feed.error(line, 354)
    feed.lose()
    (line,) = ids(feed.connect())
    assert [fields[0] for fields in feed.error(line, 354)] == [TYPE, OPEN]


def test_that_delayed_data_follow_ends_nothing(feed: Feed):
    (line,) = ids(feed.want("AAPL"))
    (line,) = ids(feed.error(line, 354))
    for code in (10167, 10089, 10090, 10091):
        assert feed.error(line, code, "delayed market data is available") == []
    assert feed.news() == []
    assert ids(feed.unwant("AAPL"), CLOSE) == [line]


def test_without_delayed_data_a_refusal_stands():
    feed = Feed(delayed=False)
    (line,) = ids(feed.want("AAPL"))
    assert feed.error(line, 354, "not subscribed") == []
    (news,) = feed.news()
    assert news.reason == "AAPL has no market data: TWS refuses it (354): not subscribed"


def test_a_farm_that_was_broken_and_is_back_leaves_every_line_in_doubt(feed: Feed):
    feed.want("AAPL")
    feed.error(-1, 2104)
    assert feed.news() == []
    feed.error(-1, 2103)
    feed.error(-1, 2104)
    (news,) = feed.news()
    assert (news.symbol, news.state) == ("", "doubtful")


def test_a_line_that_tws_has_deactivated_is_opened_again(feed: Feed):
    (line,) = ids(feed.want("AAPL"))
    feed.receive(price(line))
    (again,) = ids(feed.error(line, 10225))
    assert feed.error(again, 10225) == []  # nothing has come since: no loop of requests
    assert [one.symbol for one in feed.news()] == ["AAPL"]


def test_lines_are_not_opened_before_the_login_is_up():
    feed = Feed()
    feed.lose()
    assert feed.want("MSFT") == []
    assert [fields[0] for fields in feed.connect()] == [OPEN]
