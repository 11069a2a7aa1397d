"""Books and the broker's bars, from the simulated TWS by bytes to a strategy, and a reconnect."""

from tapewire.common import roles
from tapewire.common.config.sections import RiskConfig, StrategyConfig
from tapewire.common.config.settings import Config, InstrumentConfig
from tapewire.common.events import Bar, Depth, Quote
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.strategy.base import Strategy
from tapewire.virtual.world import SECOND_NS, World

START_NS = 1_700_000_000 * SECOND_NS


class Reader(Strategy):
    """Keeps what it is sent."""

    quotes: list[Quote]
    books: list[Depth]
    made: list[Bar]

    def on_quote(self, quote: Quote) -> None:
        self.quotes.append(quote)

    def on_depth(self, depth: Depth) -> None:
        self.books.append(depth)

    def on_bar(self, bar: Bar) -> None:
        self.made.append(bar)


READER = StrategyConfig(
    name="reader", strategy=f"{__name__}:Reader", depth=("AAPL",), broker_bars=True
)


def test_a_book_begins_with_the_quote_and_bars_are_of_five_seconds():
    Reader.quotes, Reader.books, Reader.made = [], [], []
    config = Config(
        instruments=(InstrumentConfig(symbol="AAPL", generic_ticks=(233,)),),
        strategies=(READER,), risk=RiskConfig(heartbeat_ms=1000),
    )  # fmt: skip
    world = World(config, SyntheticMarket(config.all_instruments(), 1, 20), start_ns=START_NS)
    world.run(30 * SECOND_NS)
    before = len(Reader.books)
    world.cut(roles.GATEWAY)
    world.run(60 * SECOND_NS)
    assert 30 < before < len(Reader.books)
    quotes = {(quote.bid, quote.ask) for quote in Reader.quotes}
    whole = [book for book in Reader.books if book.bids and book.asks]
    begins = [(book.bids[0].price, book.asks[0].price) in quotes for book in whole]
    assert sum(begins) > 0.9 * len(begins) > 100
    assert any(not book.bids for book in Reader.books)  # while the connection was away
    assert not any(book.problem for book in Reader.books)
    assert {bar.ts_ns - bar.start_ns for bar in Reader.made} == {5 * SECOND_NS}
    starts = [bar.start_ns for bar in Reader.made]
    assert starts == sorted(set(starts))
    assert len(starts) > 8
