"""What histograms cost is found by slices in which they really record nothing."""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import pytest

from tapewire.benchmarks import histograms
from tapewire.benchmarks.contest import Contender
from tapewire.benchmarks.load.made_ticks import MARK
from tapewire.benchmarks.load.strategies import Counting, Toggling
from tapewire.common.events import Quote, Trade
from tapewire.common.runtime.metrics import Histogram


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    record = Histogram.record
    yield
    Histogram.record = record  # type: ignore[method-assign]


def test_every_second_slice_is_recorded_in_no_histogram() -> None:
    strategy, recorded = Toggling.__new__(Toggling), []
    with redirect_stdout(io.StringIO()) as said:
        for _slice in range(4):
            strategy.on_trade(Trade(MARK, 1, 1.0, 1.0))
            histogram = Histogram()
            histogram.record(1000, 7)
            recorded.append(histogram.count)
            strategy.on_trade(Trade(MARK, 1, 1.0, 1.0))
    assert recorded == [7, 0, 7, 0]
    assert len(said.getvalue().splitlines()) == 8


def test_a_mark_tells_ticks_time_and_cpu_time() -> None:
    strategy = Counting.__new__(Counting)
    strategy.on_quote(Quote("A", 1, 1.0, 1.0, 2.0, 1.0))
    with redirect_stdout(io.StringIO()) as said:
        strategy.on_trade(Trade(MARK, 1, 1.0, 1.0))
    mark = json.loads(said.getvalue())
    assert mark["ticks"] == 1
    assert mark["ns"] > 0 < mark["cpu_ns"]


class Scripted:
    """A contender whose recorded slices take 300 ns a tick of CPU, the others 200."""

    def __init__(self) -> None:
        self.slices = 0
        self.marks: list[dict[str, int]] = []

    def tell(self, ticks: int) -> None:
        cost_ns = 200 if self.slices % 2 else 300
        self.slices += 1
        end = {"ns": ticks * 500, "cpu_ns": ticks * cost_ns}
        self.marks += [{"ns": 0, "cpu_ns": 0}, end]

    def hear(self) -> dict[str, Any]:
        return self.marks.pop(0)


def test_the_cost_is_that_of_the_recorded_slices_to_the_others() -> None:
    talk: Any = Scripted()
    found = histograms.cost(Contender(talk, talk, {}), seconds=1.0)
    assert (found["recorded_cpu_ns"], found["unrecorded_cpu_ns"]) == (300, 200)
    assert found["cpu_ratio"] == 1.5
    assert found["cpu_ratio_quartiles"] == [1.5, 1.5]
    assert talk.slices == 2 + 2 * found["pairs"]
