"""The directory as others read it: pyarrow, pandas, polars and DuckDB, each without any help."""

from pathlib import Path

import pyarrow.dataset as ds
import pytest

from tapewire.common.events import Quote, Tick, Trade
from tapewire.recorder.compaction import compact
from tapewire.recorder.folder import Folder
from tests.recorder.published import DAY, Market, segment

OPTION = "AAPL  240119C00190000"


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> tuple[Path, Market]:
    """Files of two symbols, and one that is still being written."""
    folder, market = Folder(tmp_path_factory.mktemp("recorded")), Market()
    segment(folder, 1, market.messages(50, "AAPL"), market.messages(20, OPTION), market.report())
    segment(folder, 2, market.messages(50, "AAPL"))
    compact(folder)
    (folder.partial / "0.parquet").write_bytes(b"half of it")
    return folder.path / "ticks", market


def prices(ticks: list[Tick]) -> list[tuple[int, float | None, float | None]]:
    """Time, bid and price of each tick."""
    found: list[tuple[int, float | None, float | None]] = []
    for tick in ticks:
        bid = tick.bid if isinstance(tick, Quote) else None
        found.append((tick.ts_ns, bid, tick.price if isinstance(tick, Trade) else None))
    return found


def test_pyarrow(market):
    folder, published = market
    table = ds.dataset(folder, partitioning="hive").to_table(filter=ds.field("symbol") == OPTION)
    rows = [(row["ts_ns"], row["bid"], row["price"]) for row in table.to_pylist()]
    assert rows == prices(published.of(OPTION))
    assert {str(row["date"]) for row in table.to_pylist()} == {DAY}


def test_pandas(market):
    pandas = pytest.importorskip("pandas")
    folder, published = market
    frame = pandas.read_parquet(folder)
    found = frame[frame["symbol"] == "AAPL"].sort_values("seq", kind="stable")
    assert [*found["ts_ns"]] == [tick.ts_ns for tick in published.of("AAPL")]
    assert len(frame) == len(published.ticks)


def test_polars(market):
    polars = pytest.importorskip("polars")
    folder, published = market
    frame = polars.scan_parquet(folder, hive_partitioning=True).filter(symbol=OPTION).collect()
    assert frame.select("ts_ns", "bid", "price").rows() == prices(published.of(OPTION))


def test_duckdb(market):
    duckdb = pytest.importorskip("duckdb")
    folder, published = market
    with duckdb.connect() as db:
        query = (
            f"SELECT ts_ns, bid, price FROM '{folder}/*/*/*.parquet' WHERE symbol = ?"
            " ORDER BY seq, ts_ns"
        )
        found = db.execute(query, ["AAPL"]).fetchall()
        option = db.execute(query, [OPTION]).fetchall()
    assert sorted(found, key=repr) == sorted(prices(published.of("AAPL")), key=repr)
    assert len(option) == len(published.of(OPTION))
