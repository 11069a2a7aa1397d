"""Parameters on the command line: typed as the class has them, refused in the option's words."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

import msgspec
import pytest

from tapewire import Strategy
from tapewire.common.config.parameters import parameters_of
from tapewire.common.config.settings import Config, ConfigError, StrategyConfig
from tapewire.strategy.loading.overrides import with_parameters


class DipParameters(msgspec.Struct, frozen=True):
    fast: Annotated[int, msgspec.Meta(ge=2, le=500)] = 10
    name: str = ""
    drop: float = 0.5
    is_long: bool = True
    limit: Decimal | None = None
    levels: list[float] = []


class Dip(Strategy[DipParameters]):
    pass


@dataclass
class SlowParameters:
    slow: int = 1


class Slow(Strategy[SlowParameters]):
    pass


DIP = StrategyConfig(name="dip", strategy=f"{__name__}:Dip", parameters={"drop": 0.1, "fast": 3})
SLOW = StrategyConfig(name="slow", strategy=f"{__name__}:Slow")
ONE = Config(strategies=(DIP,))
BOTH = Config(strategies=(DIP, SLOW))


def test_values_are_typed_and_stand_in_for_the_configured_ones():
    given = ("fast=20", "name=20", "is_long=false", "limit=1.50", "levels=[1, 2.5]")
    changed = with_parameters(ONE, [], given).strategies[0]
    found = parameters_of("x", changed.parameters, DipParameters, "dip:Dip")
    assert found == DipParameters(20, "20", 0.1, False, Decimal("1.50"), [1.0, 2.5])
    assert ONE.strategies[0].parameters == {"drop": 0.1, "fast": 3}


def test_one_of_several_strategies_is_named_by_its_name():
    changed = with_parameters(BOTH, [], ["slow.slow=4"])
    assert [one.parameters for one in changed.strategies] == [DIP.parameters, {"slow": 4}]
    assert with_parameters(BOTH, ["slow"], ["slow=4"]) == changed


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("fast", "--param fast must be NAME=VALUE, such as fast=10"),
        ("fast=ten", "--param fast is 'ten', must be a whole number; correct it"),
        ("fast=1", "--param fast is '1', must be a whole number >= 2; correct it"),
        ("fsat=1", "--param fsat is not known; did you mean fast"),
        ("levels=[1", "--param levels is '[1': "),
        ('levels=["x"]', "--param levels[0] is 'x', must be a number; correct it"),
        ("slow.fast=1", "--param slow.fast: no slow runs; "),
    ],
)
def test_a_wrong_one_is_a_sentence(given, says):
    with pytest.raises(ConfigError) as caught:
        with_parameters(ONE, [], [given])
    assert str(caught.value).startswith(says)


def test_which_of_several_strategies_is_asked_for():
    with pytest.raises(
        ConfigError, match=r"dip, slow would run; write whose it is, such as dip\.x"
    ):
        with_parameters(BOTH, [], ["x=1"])
