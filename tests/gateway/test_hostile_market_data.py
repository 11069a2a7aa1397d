"""Whatever a TWS sends of market data, in any order: nothing piles up, all that is published can be
read, and once it behaves every stream that is wanted ticks again."""

from random import Random

import pytest
from msgspec.structs import replace

from tapewire.common.bus import wire
from tapewire.common.events import Quote, Trade
from tapewire.gateway.market_feed import BookChange
from tapewire.gateway.tws.line_limits import LineLimits
from tests.gateway.tws_line import BARS, DEPTH, OPEN, STREAM, Feed, ids
from tests.gateway.tws_messages import AAPL, MSFT

INSTRUMENTS = (
    replace(AAPL, ticks=("top", "bid_ask", "all_last", "mid_point"), generic_ticks=(233,)),
    replace(MSFT, ticks=("bid_ask", "last")),
)
CODES = (101, 102, 300, 309, 310, 316, 317, 321, 354, 420, 10089, 10167, 10182, 10189, 10190, 10197,
         10225, 2103, 2104)  # fmt: skip
NUMBERS = ("1.5", "-37.5", "0", "-1", "nan", "1e300", "inf", "", "x", "1000000", "-5", "9" * 400)
KINDS = ("1", "2", "12", "13", "45", "46", "50", "58", "84", "99", "21")
STEPS = 400


class HostileTws:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.feed = Feed(*INSTRUMENTS, limits=LineLimits(tick_by_tick_every_s=0))
        self.seen = {"0", "7"}  # ids that it may name, its own and made-up ones

    def note(self, written: list[list[str]]) -> None:
        for kind in (OPEN, STREAM, DEPTH, BARS):
            self.seen |= {str(one) for one in ids(written, kind)}

    def step(self) -> None:
        name = self.random.choice(["say"] * 6 + ["refuse", "want", "unwant", "wait", "lose"])
        getattr(self, name)()

    def say(self) -> None:
        count = self.random.randint(1, 12)
        fields = [self.random.choice((*NUMBERS, "0", "1", "2", "3")) for _ in range(count)]
        fields[self.random.randrange(count)] = self.request_id()
        one = [self.random.choice(KINDS), *fields]
        self.note(self.feed.receive(*[one] * self.random.choice((1, 1, 1, 40))))

    def request_id(self) -> str:
        return self.random.choice(sorted(self.seen))

    def refuse(self) -> None:
        self.note(self.feed.error(int(self.request_id()), self.random.choice(CODES)))

    def want(self) -> None:
        symbol = self.random.choice(("AAPL", "MSFT"))
        extra = self.random.choice(("", "depth", "bar5"))
        if extra:
            self.feed.broker.want_extra(symbol, extra)
        else:
            self.feed.broker.want(symbol)
        self.note(self.feed.release())

    def unwant(self) -> None:
        symbol = self.random.choice(("AAPL", "MSFT"))
        extra = self.random.choice(("", "depth", "bar5"))
        if extra:
            self.feed.broker.unwant_extra(symbol, extra)
        else:
            self.feed.broker.unwant(symbol)
        self.note(self.feed.release())

    def wait(self) -> None:
        self.note(self.feed.pass_s(self.random.choice((0.1, 1, 61))))

    def lose(self) -> None:
        self.feed.lose()
        self.note(self.feed.connect())


@pytest.mark.parametrize("seed", range(12))
def test_nothing_that_comes_is_unreadable_or_piles_up_and_all_ticks_again(seed: int):
    tws = HostileTws(seed)
    broker = tws.feed.broker
    for _ in range(STEPS):
        tws.step()
        came = [one for one in broker.take_beside() if not isinstance(one, BookChange)]
        ticks = tws.feed.ticks()
        batch, dead = wire.decode_batch(wire.encode_batch("gateway", "e", 1, [*ticks, *came]))
        assert (dead, len(batch.events)) == ([], len(ticks) + len(came))
        broker.take_greeks()
        tws.feed.news()
        assert broker.subscriptions <= 12
    for symbol in ("AAPL", "MSFT"):
        broker.want(symbol)
        broker.want_extra(symbol, "depth")
    tws.feed.lose()
    written = tws.feed.connect()
    assert len(ids(written, STREAM)) == 5
    assert len(ids(written, DEPTH)) == 2
    streams = {(one[3], one[-3]): int(one[1]) for one in written if one[0] == STREAM}
    for symbol, trades in (("AAPL", "AllLast"), ("MSFT", "Last")):
        tws.feed.ticks()
        tws.feed.receive(
            [99, streams[symbol, "BidAsk"], 3, 1700000000, 1.0, 1.1, 5, 6, 0],
            [99, streams[symbol, trades], 1, 1700000000, 1.05, 7, 0, "NYSE", ""],
        )
        quote, trade = tws.feed.ticks()
        assert (type(quote), type(trade)) == (Quote, Trade)
