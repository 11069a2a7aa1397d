"""The values of each parameter, as a person or a program gives them."""

import msgspec
import pytest

from tapewire import Strategy
from tapewire.backtest.sweep.grid import combinations, grid_of, required, shown, size
from tapewire.common.config.settings import StrategyConfig
from tapewire.common.errors import ConfigError


class Parameters(msgspec.Struct, frozen=True):
    fast: int = 1
    share: float = 0.5
    mode: str = ""
    on: bool = False
    steps: tuple[int, ...] = ()


class Takes(Strategy[Parameters]):
    """Takes parameters of several types."""


TAKES = StrategyConfig(name="takes", strategy="tests.backtest.sweep.test_grid:Takes")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("fast=5:50:5", (5, 10, 15, 20, 25, 30, 35, 40, 45, 50)),
        ("fast=5:9:2", (5, 7, 9)),
        ("fast=5:8:2", (5, 7)),
        ("fast=3:5", (3, 4, 5)),
        ("fast = -2:0:1", (-2, -1, 0)),
        ("fast=1e3:3e3:1e3", (1000, 2000, 3000)),
        ("share=0.1:0.5:0.1", (0.1, 0.2, 0.3, 0.4, 0.5)),
        ("share=1:2:0.5", (1.0, 1.5, 2.0)),
        ("fast=20", (20,)),
        ("mode=trend, revert", ("trend", "revert")),
        ("mode=1,2", ("1", "2")),
        ("on=true,false", (True, False)),
        ("fast=1,1,2,1", (1, 2)),
        ("steps=[1, 2]", ((1, 2),)),
    ],
)
def test_a_parameter_takes_the_values_that_are_written_as_its_class_reads_them(text, values):
    (found,) = grid_of([text], TAKES).values()
    found = tuple(tuple(one) if isinstance(one, list) else one for one in found)
    assert (found, [*map(type, found)]) == (values, [*map(type, values)])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], "no parameter is swept"),
        (["fast"], "--param is 'fast'; write it as NAME=FROM:TO:STEP"),
        (["=5"], "--param is '=5'"),
        (["fast="], "--param is 'fast='"),
        (["fast=1", "fast=2"], "--param fast is there twice"),
        (["fast=5:1:1"], "--param fast is '5:1:1', must be FROM:TO:STEP with numbers"),
        (["fast=1:5:0"], "STEP above 0"),
        (["fast=1:5:-1"], "STEP above 0"),
        (["fast=a:b:c"], "must be FROM:TO:STEP"),
        (["fast=1:2:3:4"], "must be FROM:TO:STEP"),
        (["fast=1:nan:1"], "must be FROM:TO:STEP"),
        (["fast=1:inf:1"], "must be FROM:TO:STEP"),
        (["fast=0:9999999:1"], "has more than 100,000 values"),
        (["fast=0:999:1", "share=0:2000:1"], "these are 2,001,000 combinations, expected at most"),
        (["fasst=5"], "--param fasst is not known; did you mean fast?"),
        (["fast=1:2:0.5"], "--param fast is '1.5', must be a whole number"),
        (["on=true,maybe"], "--param on is 'maybe', must be true or false"),
    ],
)
def test_what_is_no_grid_is_a_sentence(given, sentence):
    with pytest.raises(ConfigError) as raised:
        grid_of(given, TAKES)
    assert sentence in str(raised.value)


def test_every_combination_comes_once_the_last_parameter_changing_first():
    grid = grid_of(["fast=1:2:1", "mode=x,y"], TAKES)
    assert size(grid) == 4
    assert [tuple(one.values()) for one in combinations(grid)] == [
        (1, "x"), (1, "y"), (2, "x"), (2, "y"),
    ]  # fmt: skip
    assert shown(next(combinations(grid))) == "fast=1 mode=x"


def test_a_parameter_without_a_value_is_refused():
    with pytest.raises(ConfigError, match="the parameter fast has no values"):
        required({"fast": ()})


def test_a_value_that_no_configuration_can_have_is_refused():
    with pytest.raises(ConfigError, match="the parameter fast has the value <object"):
        required({"fast": [object()]})
