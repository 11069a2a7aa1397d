"""Market data: each of TWS's tick messages as one typed tick, or none."""

import msgspec
import pytest

from tapewire.common.bus import wire
from tapewire.common.events import Quote, Trade
from tapewire.gateway.tws.market_data import MarketData
from tapewire.gateway.tws.messages import Undecodable
from tapewire.gateway.tws.session import TwsSession
from tapewire.simulator.protocol.messages import frame
from tests.gateway.tws_messages import T0


class Line:
    """One symbol's open streams, fed by messages."""

    def __init__(self, *kinds: str) -> None:
        self.session = TwsSession(1, MarketData())
        self.session.opened()
        self.session.received(frame(["157", "time"]), T0)
        self.ids = [self.session.market.open("AAPL", kind) for kind in kinds or ("top",)]
        self.faults: list[object] = []

    def ticks(self, *messages: list[object]) -> list[object]:
        data = b"".join(frame([str(f) for f in fields]) for fields in messages)
        self.faults += self.session.received(data, T0)
        return [tick for _, ticks in self.session.market.take() for tick in ticks]

    def price(self, kind: int, price: object, size: object = 100) -> list[object]:
        return [1, 6, self.ids[0], kind, price, size, 0]

    def size(self, kind: int, size: object) -> list[object]:
        return [2, 6, self.ids[0], kind, size]


@pytest.fixture
def line() -> Line:
    return Line()


def quote(bid=None, bid_size=None, ask=None, ask_size=None, delayed=False) -> Quote:
    return Quote("AAPL", T0, bid, bid_size, ask, ask_size, delayed)


@pytest.mark.parametrize(
    ("kind", "tick"),
    [
        (1, quote(bid=1.5, bid_size=100.0)),
        (66, quote(bid=1.5, bid_size=100.0, delayed=True)),
        (2, quote(ask=1.5, ask_size=100.0)),
        (67, quote(ask=1.5, ask_size=100.0, delayed=True)),
        (4, Trade("AAPL", T0, 1.5, 100.0)),
        (68, Trade("AAPL", T0, 1.5, 100.0, delayed=True)),
    ],
)
def test_a_price_live_or_delayed_is_a_quote_or_a_trade(line: Line, kind: int, tick: object):
    assert line.ticks(line.price(kind, 1.5)) == [tick]


@pytest.mark.parametrize("kind", [6, 7, 9, 14, 72, 75, 37])
def test_highs_closes_and_marks_are_no_ticks(line: Line, kind: int):
    assert line.ticks(line.price(kind, 1.5)) == []


@pytest.mark.parametrize(
    ("kind", "part", "delayed"),
    [(0, "bid_size", 0), (69, "bid_size", 1), (3, "ask_size", 0), (70, "ask_size", 1)],
)
def test_a_size_alone_changes_the_quote(line: Line, kind: int, part: str, delayed: int):
    line.ticks(line.price(1 + 65 * delayed, 1.0, 5), line.price(2 + 65 * delayed, 2.0, 6))
    (tick,) = line.ticks(line.size(kind, 50))
    expected = quote(1.0, 5.0, 2.0, 6.0, delayed=bool(delayed))
    assert tick == msgspec.structs.replace(expected, **{part: 50.0})


@pytest.mark.parametrize(("price", "size", "delayed"), [(4, 5, False), (68, 71, True)])
def test_a_last_size_alone_is_a_new_trade_at_the_last_price(line, price, size, delayed):
    line.ticks(line.price(price, 1.5, 100))
    assert line.ticks(line.size(size, 30)) == [Trade("AAPL", T0, 1.5, 30.0, delayed)]


def test_no_quote_has_a_live_side_and_a_delayed_one(line: Line):
    ticks = line.ticks(line.price(66, 1.0), line.price(2, 2.0), line.price(67, 2.1))
    assert [(one.bid, one.ask, one.delayed) for one in ticks] == [
        (1.0, None, True), (None, 2.0, False), (1.0, 2.1, True),
    ]  # fmt: skip


def test_that_a_line_is_delayed_is_reported_once_and_that_it_is_live_again(line: Line):
    market = line.session.market
    line.ticks([58, 1, line.ids[0], 3], line.price(66, 1.0), line.price(66, 1.1))
    assert market.take_news() == [("AAPL", "delayed", "")]
    line.ticks([58, 1, line.ids[0], 1], line.price(1, 1.0))
    assert market.take_news() == [("AAPL", "live", "")]
    line.ticks(line.price(68, 1.0))
    assert market.take_news() == [("AAPL", "delayed", "")]


def test_a_last_size_before_any_price_is_nothing(line: Line):
    assert line.ticks(line.size(5, 30)) == []


def test_the_size_that_tws_repeats_behind_a_price_is_no_tick_of_its_own(line: Line):
    ticks = line.ticks(
        line.price(1, 1.0, 5), line.size(0, 5), line.price(2, 2.0, 6), line.size(3, 6),
        line.price(4, 1.5, 7), line.size(5, 7),
    )  # fmt: skip
    assert len(ticks) == 3


def test_what_a_message_does_not_carry_is_what_it_was_before(line: Line):
    ticks = line.ticks(line.price(1, 1.0, 5), line.price(2, 2.0, 6), line.price(1, 1.1, 7))
    assert ticks[-1] == quote(1.1, 7.0, 2.0, 6.0)


def test_minus_one_without_a_size_is_an_empty_side(line: Line):
    line.ticks(line.price(1, 1.0, 5), line.price(2, 2.0, 6))
    assert line.ticks(line.price(1, -1, 0)) == [quote(None, None, 2.0, 6.0)]
    assert line.ticks(line.price(2, "-1.0", "")) == [quote()]
    assert line.ticks(line.price(4, -1, 0)) == []


def test_minus_one_with_a_size_is_a_price(line: Line):
    assert line.ticks(line.price(1, -1, 5)) == [quote(-1.0, 5.0)]


def test_sizes_may_be_fractions(line: Line):
    assert line.ticks(line.price(1, 1.0, "0.0001"), line.size(0, "10.5")) == [
        quote(1.0, 0.0001),
        quote(1.0, 10.5),
    ]


def test_a_price_without_a_size_has_none(line: Line):
    assert line.ticks(line.price(4, 1.5, "")) == [Trade("AAPL", T0, 1.5, None)]


def test_tick_by_tick_quotes_and_trades_are_of_one_line():
    line = Line("BidAsk", "AllLast")
    bid_ask, last = line.ids
    assert line.ticks(
        [99, bid_ask, 3, 1700000000, 1.0, 1.1, 5, 6, 0],
        [99, last, 2, 1700000000, 1.05, 7, 0, "NYSE", ""],
        [99, last, 1, 1700000000, 1.06, "8.5", 0, "NYSE", ""],
    ) == [
        quote(1.0, 5.0, 1.1, 6.0),
        Trade("AAPL", T0, 1.05, 7.0),
        Trade("AAPL", T0, 1.06, 8.5),
    ]


def test_tick_by_tick_midpoints_are_no_ticks_and_an_empty_side_is_none():
    line = Line("BidAsk", "AllLast")
    assert line.ticks([99, line.ids[0], 4, 1700000000, 1.0]) == []
    assert line.ticks([99, line.ids[0], 3, 1, -1, 1.1, 0, 6, 0]) == [quote(ask=1.1, ask_size=6.0)]


def test_an_unknown_request_id_is_passed_over(line: Line):
    assert line.ticks([1, 6, 5, 1, 1.0, 5, 0], [2, 6, 5, 0, 5], [99, 5, 3, 1, 1, 1, 1, 1, 0]) == []
    assert line.faults == []


@pytest.mark.parametrize("price", ["nan", "inf", "-inf", "1.7976931348623157E308", "dear"])
def test_a_price_that_no_reader_would_take_is_not_published(line: Line, price: str):
    assert line.ticks(line.price(1, price), [99, line.ids[0], 2, 1, price, 5, 0, "", ""]) == []
    assert [type(f) for f in line.faults] == [Undecodable, Undecodable]


@pytest.mark.parametrize("size", ["nan", "inf", "-5", "1e16"])
def test_a_size_that_no_reader_would_take_is_not_published(line: Line, size: str):
    assert line.ticks(line.price(1, 1.0, size), line.size(0, size), line.size(5, size)) == []
    assert len(line.faults) == 3


def test_every_tick_can_be_read_by_those_who_subscribe(line: Line):
    ticks = line.ticks(line.price(1, 1e12, 1e15), line.price(4, -1e12, 0), line.price(2, -1, 0))
    batch = wire.decode_ticks(wire.encode_batch("gateway", "e", 1, ticks))
    assert batch.events == ticks


@pytest.mark.parametrize("count", range(1, 7))
def test_a_truncated_price_is_no_tick(line: Line, count: int):
    assert line.ticks(line.price(1, 1.5)[:count]) == []
    assert [type(fault) for fault in line.faults] == [Undecodable]


def test_ticks_are_taken_once_and_by_symbol():
    market = MarketData()
    ids = [market.open(one) for one in ("AAPL", "MSFT")]
    for request_id in (ids[1], ids[0], ids[1]):
        market.readers[b"1"](
            [b"1", b"6", str(request_id).encode(), b"1", b"1.5", b"5", b"0", b""], T0
        )
    assert [(s, len(t)) for s, t in market.take()] == [("MSFT", 2), ("AAPL", 1)]
    assert market.take() == []


def test_request_ids_are_not_used_again_and_name_their_symbol():
    market = MarketData()
    first = market.open("AAPL")
    market.close_all()
    second = market.open("MSFT")
    assert second > first
    assert (market.about(first), market.about(second)) == (None, "MSFT")


@pytest.mark.parametrize("extra", ["", "0", "1"])
@pytest.mark.parametrize("behind", [0, 3])
def test_a_tick_with_a_field_more_is_a_fault_and_those_behind_it_are_read(
    line: Line, extra: str, behind: int
):
    odd = [[*line.price(1, 1.0), extra], [*line.size(0, 5), extra], [*line.price(4, 1.0), extra]]
    odd.append([99, line.ids[0], 3, 1, 1, 1, 1, 1, 0, extra])
    for fields in odd:
        following = [line.price(2, 7.0 + n) for n in range(behind)]
        ticks = line.ticks(line.price(2, 6.0), fields, *following)
        assert [tick.ask for tick in ticks if isinstance(tick, Quote)][-1] == 6.0 + behind
    assert [type(fault) for fault in line.faults] == [Undecodable] * len(odd)
    assert {fault.payload for fault in line.faults} == {
        frame([str(f) for f in fields])[4:] for fields in odd
    }


def test_a_tick_with_a_field_less_is_a_fault(line: Line):
    odd = (line.price(1, 1.0)[:-1], line.size(0, 5)[:-1], [99, line.ids[0], 3, 1, 1, 1, 1, 1])
    for fields in odd:
        assert line.ticks(fields, line.price(2, 6.0))
    assert [type(fault) for fault in line.faults] == [Undecodable] * len(odd)


def test_tws_says_that_trading_is_halted_among_its_generic_ticks(line: Line):
    generic = [45, 6, line.ids[0]]
    line.ticks(
        [*generic, 49, 0], [*generic, 49, "1.0"], [*generic, 90, 2], [*generic, 49, -1],
        [*generic, 24, 2], [45, 6, 5, 49, 1],
    )  # fmt: skip
    assert [one.reason for one in line.session.market.take_news()] == ["", "general", "volatility"]
    assert line.ticks([*generic, 49, 1, 7], [*generic, 49, "x"]) == []
    assert [type(fault) for fault in line.faults] == [Undecodable, Undecodable]
