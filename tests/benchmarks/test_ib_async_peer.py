"""The counter of ib_async tells the begin and the end of a slice, however its reads were cut."""

import json
from datetime import UTC, datetime

import pytest

pytest.importorskip("ib_async")

from ib_async import Contract, TickData, Ticker

from tapewire.benchmarks.load.made_ticks import MARK
from tapewire.benchmarks.peers.ib_async_peer import Counter


def ticker(symbol: str, count: int) -> Ticker:
    ticks = [TickData(datetime.now(UTC), 4, 1.0, 1.0)] * count
    return Ticker(contract=Contract(symbol=symbol), ticks=ticks)


def told(capsys: pytest.CaptureFixture[str]) -> list[int]:
    return [json.loads(line)["ticks"] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    "reads",
    [
        [{MARK: 1}, {"A": 3}, {"A": 2, "B": 4, MARK: 1}],
        [{MARK: 1, "A": 5}, {"B": 4}, {MARK: 1}],
        [{"A": 5, "B": 4, MARK: 2}],
    ],
    ids=["the marks apart", "the begin with ticks", "a whole slice at once"],
)
def test_a_slice_has_a_begin_and_an_end(reads, capsys: pytest.CaptureFixture[str]):
    counter = Counter()
    for at in range(2):
        for read in reads:
            counter.on_pending([ticker(symbol, count) for symbol, count in read.items()])
        assert told(capsys) == [9 * at, 9 * (at + 1)]
