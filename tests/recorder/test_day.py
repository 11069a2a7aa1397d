"""A day of ticks, all the way: recorded, compacted, read by three libraries, exported, replayed."""

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tapewire.backtest.run import run
from tapewire.backtest.scan import Window
from tapewire.common.bus.streams import TickPublisher
from tapewire.common.clock import Now
from tapewire.common.config import settings as configuration
from tapewire.common.config.recorder import RecorderConfig
from tapewire.common.events import Quote, Tick, Trade
from tapewire.common.runtime.disk import Disk
from tapewire.common.ticks.as_ticks import Quoted
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.memory import InColumns
from tapewire.common.ticks.rows import CsvMarket
from tapewire.recorder.columns import table_of_store
from tapewire.recorder.compaction import compact
from tapewire.recorder.exporting import export
from tapewire.recorder.folder import Folder, SegmentFile
from tapewire.recorder.recording import Recording
from tapewire.recorder.store import Store
from tapewire.recorder.verifying import verify
from tapewire.strategy import Strategy
from tests.recorder.published import DAY, EPOCH

OPEN_NS = 1_704_724_200_000_000_000  # 2024-01-08T14:30:00Z
HOURS_NS = 6_500 * 3_600_000_000
SYMBOLS = ("AAPL", "MSFT", "ESZ6", "SPY")
PER_MESSAGE = 5
PER_TURN = 400


def day(count: int) -> Iterator[list[Tick]]:
    """Messages of a session: `count` ticks of four symbols, prices as a random walk."""
    chance, step_ns = random.Random(7), HOURS_NS // count
    prices = dict.fromkeys(SYMBOLS, 20_000)
    for first in range(0, count, PER_MESSAGE):
        symbol = chance.choice(SYMBOLS)
        ticks: list[Tick] = []
        for n in range(first, min(first + PER_MESSAGE, count)):
            ts_ns = OPEN_NS + n * step_ns
            prices[symbol] += chance.randint(-2, 2)
            price, size = prices[symbol] / 100, float(chance.randint(1, 900))
            if chance.random() < 0.2:
                ticks.append(Trade(symbol, ts_ns, price, size))
            else:
                ticks.append(Quote(symbol, ts_ns, price, size, price + 0.01, size + 100))
        yield ticks


def recorded(folder: Folder, count: int) -> list[Tick]:
    """Record a day turn by turn; returns what was published."""
    folder.prepare()
    config = RecorderConfig(segment_mb=max(1, count // 25_000))
    disk = Disk(config, lambda: None, str(folder.path))
    recording = Recording(config, EPOCH, lambda n, head: SegmentFile(folder, n, head), disk)
    publisher, published = TickPublisher("gateway", EPOCH), list[Tick]()
    frames: list[bytes] = []
    now_ns = 0
    for ticks in day(count):
        published += ticks
        frames += publisher.publish(ticks[0].symbol, ticks)
        if len(frames) >= 2 * PER_TURN:
            now_ns += 50_000_000
            recording.take(frames, Now(OPEN_NS, now_ns))
            recording.tick(Now(OPEN_NS, now_ns))
            frames = []
    recording.take(frames, Now(OPEN_NS, now_ns))
    assert recording.stop() == ""
    return published


def check(tmp_path: Path, count: int) -> None:
    folder = Folder(tmp_path / "recorded")
    published = recorded(folder, count)
    assert compact(folder).rows == len(published) == count

    store = Store(folder)
    entries = store.entries([])
    assert [one.part.key for one in entries] == sorted(SYMBOLS)
    assert sum(one.rows for one in entries) == count
    assert sum(one.missing for one in entries) == 0
    assert verify(folder).faults == ()
    assert [*store.ticks(SYMBOLS)] == published
    libraries(folder.path / "ticks", published)

    file = tmp_path / "ticks.csv.gz"
    assert export(store.ticks(SYMBOLS), file).ticks == count
    table = table_of_store(store, SYMBOLS)
    assert [*table.rows()] == [*CsvMarket(file)], "as a back-test has it"
    fills = traded(TickFile(InColumns("recorded", lambda: table)), tmp_path)
    assert fills == traded(TickFile(file), tmp_path)
    assert len(fills) == 8
    quoted = {symbol: Quoted() for symbol in SYMBOLS}
    again = (tick for row in CsvMarket(file) for tick in quoted[row.symbol].ticks(row))
    assert all(one == other for one, other in zip(again, published, strict=True))


class Every(msgspec.Struct, frozen=True):
    """After how many trades it buys again."""

    every: int


class BuysNowAndThen(Strategy[Every]):
    """Buys one share at some of the trades."""

    def on_start(self) -> None:
        self.seen = 0

    def on_trade(self, trade: Trade) -> None:
        self.seen += 1
        if self.seen % self.parameters.every == 0:
            self.buy(trade.symbol, 1)


def traded(file: TickFile, folder: Path) -> list[tuple[int, str, object]]:
    """When and at which price a back-test on it traded what."""
    every = sum(row.last is not None for row in file.rows(None, None)) // 8
    config = folder / "tapewire.toml"
    strategy = f"{BuysNowAndThen.__module__}:{BuysNowAndThen.__name__}"
    config.write_text(
        f'[[strategies]]\nname = "buys"\nstrategy = "{strategy}"\n'
        f"parameters = {{ every = {every} }}\n"
    )
    outcome = run(file, Window(), configuration.load(str(config)), [], say=lambda _text: None)
    return [(one.ts_ns, one.symbol, one.price) for one in outcome.results.fills]


def libraries(ticks: Path, published: list[Tick]) -> None:
    """What each reads of one symbol is what was published of it."""
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    duckdb = pytest.importorskip("duckdb")
    of_one = [tick for tick in published if tick.symbol == "SPY"]
    times = [tick.ts_ns for tick in of_one]
    bids = [tick.bid for tick in of_one if isinstance(tick, Quote)]

    frame = pandas.read_parquet(ticks, filters=[("symbol", "==", "SPY")]).sort_values("ts_ns")
    assert frame["ts_ns"].tolist() == times
    assert frame["bid"].dropna().tolist() == bids
    lazy = polars.scan_parquet(ticks).filter(symbol="SPY").sort("ts_ns").collect()
    assert lazy["ts_ns"].to_list() == times
    assert lazy["bid"].drop_nulls().to_list() == bids
    with duckdb.connect() as db:
        query = f"FROM '{ticks}/date={DAY}/symbol=SPY/*.parquet' SELECT ts_ns, bid ORDER BY ts_ns"
        rows = db.execute(query).fetchall()
    assert [row[0] for row in rows] == times
    assert [row[1] for row in rows if row[1] is not None] == bids


def test_an_hour_of_ticks_comes_back_as_it_was_published(tmp_path):
    check(tmp_path, 20_000)


@pytest.mark.soak
def test_a_day_of_a_million_ticks_comes_back_as_it_was_published(tmp_path):
    check(tmp_path, 1_000_000)
