"""Indicators: bar by bar and on columns they give the same, and what is wrong is a sentence."""

import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire import Bar, Indicator
from tapewire.common.errors import ConfigError
from tapewire.common.events import HistoryBar
from tapewire.strategy.indicators import FIELDS

talib = pytest.importorskip("talib", reason="the indicators extra is not installed")
TAKEN = [name for name in talib.get_functions() if name != "MAVP"]


def bar(open_: float, high: float, low: float, close: float, volume: float) -> Bar:
    return Bar("AAPL", 2, 1, open_, high, low, close, volume, 1, None)


@st.composite
def bars(draw, max_size=100):
    """Bars that can be: the high is the highest, the low the lowest."""
    found = []
    price = draw(st.integers(50, 500)) / 4
    rng = draw(st.randoms(use_true_random=False))
    for _ in range(draw(st.integers(1, max_size))):
        moves = [rng.randint(-8, 8) / 4 for _ in range(4)]
        prices = [max(1.0, price + move) for move in moves]
        found.append(bar(prices[0], max(prices), min(prices), prices[1], float(rng.randint(0, 90))))
        price = prices[1]
    return found


def columns(of: list[Bar]) -> dict[str, np.ndarray]:
    return {field: np.array([getattr(one, field) for one in of]) for field in FIELDS}


def same(one: float | None, other: float) -> bool:
    """Bit by bit; None is NaN. TA-Lib's arithmetic can be NaN itself, such as 0/0."""
    if one is None or math.isnan(one):
        return math.isnan(other)
    return one == other


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(TAKEN), found=bars())
def test_one_by_one_and_on_columns_an_indicator_has_equal_values(name, found):
    indicator = Indicator(name)
    expected = indicator.columns(columns(found))
    for row, one in enumerate(found):
        value = indicator.update(one)
        assert value is None or value == indicator.value or math.isnan(value)
        for output in indicator.outputs:
            assert same(indicator[output], expected[output][row]), (output, row)


@settings(max_examples=15, deadline=None)
@given(found=bars(), period=st.integers(2, 30), source=st.sampled_from(FIELDS))
def test_with_parameters_and_another_source_too(found, period, source):
    indicator = Indicator("EMA", source=source, timeperiod=period)
    column = indicator.column(columns(found))
    assert all(same(indicator.update(one), column[row]) for row, one in enumerate(found))


def test_a_simple_average_is_what_it_says():
    sma = Indicator("SMA", timeperiod=3)
    assert [sma.update(n) for n in (1, 2, 3, 4)] == [None, None, 2.0, 3.0]
    assert sma.column([1, 2, 3, 4])[2:].tolist() == [2.0, 3.0]
    assert np.isnan(sma.column([1, 2])).all()
    assert sma.value == 3.0, "columns leave it as it was"
    assert repr(sma) == "<SMA, timeperiod=3: 3.0>"


def test_several_outputs_have_their_names():
    macd = Indicator("MACD", fastperiod=2, slowperiod=4, signalperiod=2)
    for n in range(12):
        macd.update(float(n * n))
    assert macd.outputs == ("macd", "macdsignal", "macdhist")
    assert macd["macdhist"] == pytest.approx(macd.value - macd["macdsignal"])
    with pytest.raises(ValueError, match="MACD has no 'signal'; it has macd, macdsignal, macdhist"):
        macd["signal"]


def test_bars_of_the_past_are_taken_as_those_of_the_present():
    ranges = Indicator("ATR", timeperiod=1)
    ranges.update(HistoryBar(0, 1.0, 2.0, 1.0, 1.5))
    assert ranges.update(bar(1.5, 3.0, 1.5, 2.0, 5.0)) == 1.5


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_data_frame_of_either_library_is_columns(library):
    frame = pytest.importorskip(library).DataFrame({"high": [1, 2], "low": [0, 0], "close": [1, 1]})
    assert Indicator("TRANGE").column(frame)[1] == 2.0
    with pytest.raises(ValueError, match="OBV needs a column volume; found"):
        Indicator("OBV").column(frame)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Indicator("SMAA"), "TA-Lib has no 'SMAA'; did you mean SMA"),
        (lambda: Indicator("SMA", period=3), "SMA has no parameter 'period'; it has timeperiod"),
        (lambda: Indicator("SMA", timeperiod=0), "SMA cannot have timeperiod=0: a value is out of"),
        (lambda: Indicator("SMA", timeperiod=2.5), "SMA: Invalid parameter value for timeperiod"),
        (lambda: Indicator("SMA", source="vwap"), "source is 'vwap', must be one of open, high"),
        (lambda: Indicator("MAVP"), "MAVP needs periods, which bars do not have"),
        (lambda: Indicator("ATR").update(1.0), "ATR needs a bar, for its high, low, close"),
        (lambda: Indicator("ATR").column([1.0]), "ATR needs columns by name: high, low, close"),
        (lambda: Indicator("SMA").update(math.nan), "SMA needs a number for close, and was given"),
        (lambda: Indicator("SMA").column([1.0, math.inf]), "SMA: row 1 of close is inf, must be a"),
        (
            lambda: Indicator("TRANGE").column({"high": [1], "low": [1], "close": [1, 2]}),
            r"TRANGE: its columns have \[1, 2\] rows, not the same",
        ),
    ],
)
def test_what_cannot_be_is_a_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_a_number_that_is_refused_leaves_it_as_it_was():
    sma = Indicator("SMA", timeperiod=2)
    for n in (1, 2):
        sma.update(n)
    with pytest.raises(ValueError, match="was given inf"):
        sma.update(math.inf)
    assert sma.update(4) == 3.0


def test_without_ta_lib_a_sentence_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "talib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("tapewire.common.extras.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"talib is not installed; .* 'tapewire\[indicators\]'$"):
        Indicator("SMA")
