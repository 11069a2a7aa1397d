"""Parameters: a wrong key or value is named with what was expected, in the words of the file."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
import pytest
from typing_extensions import TypeVar

from tapewire import Strategy
from tapewire.common.config.near import expected
from tapewire.common.config.parameters import parameters_of
from tapewire.common.config.settings import ConfigError
from tapewire.strategy.loading.callbacks import refusal
from tapewire.strategy.loading.loader import accepted_by
from tapewire.strategy.parameters import NoParameters


class Level(msgspec.Struct, forbid_unknown_fields=True):
    price: float
    size: int = 1


class Parameters(msgspec.Struct, frozen=True):
    symbol: str
    quantity: Annotated[int, msgspec.Meta(ge=1)] = 1
    entry: float | None = None
    is_long: bool = True
    mode: Literal["in", "out"] = "in"
    levels: list[Level] = []
    shares: dict[str, float] = {}

    def __post_init__(self) -> None:
        if self.quantity == 13:
            raise ValueError("quantity must not be 13")


class Mine(Strategy[Parameters]):
    pass


def parameters(cls: type[Strategy[Any]] = Mine, **given: object) -> object:
    owner = f"mine:{cls.__name__}"
    return parameters_of("strategies.mine.parameters", given, accepted_by(cls), owner)


def test_right_ones_are_handed_over():
    found = parameters(symbol="A", quantity=2, levels=[{"price": 1}])
    assert found == Parameters("A", 2, levels=[Level(1.0)])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "parameters.symbol is missing, and has no default; add it"),
        ({"symbol": 1}, "parameters.symbol is 1, must be a text; correct it"),
        ({"quantity": "many"}, "parameters.quantity is 'many', must be a whole number; correct it"),
        ({"quantity": 1.5}, "parameters.quantity is 1.5, must be a whole number; correct it"),
        ({"quantity": 0}, "parameters.quantity is 0, must be a whole number >= 1; correct it"),
        ({"quantity": 13}, "parameters: quantity must not be 13; correct it"),
        ({"entry": "x"}, "parameters.entry is 'x', must be a number or nothing; correct it"),
        ({"is_long": "x"}, "parameters.is_long is 'x', must be true or false; correct it"),
        ({"mode": "up"}, "parameters.mode is 'up': Invalid enum value 'up'; correct it"),
        ({"levels": 5}, "parameters.levels is 5, must be a list; correct it"),
        (
            {"levels": [{"price": 1}, {"price": "x"}]},
            "parameters.levels[1].price is 'x', must be a number; correct it",
        ),
        ({"levels": [{}]}, "parameters.levels[0].price is missing, and has no default; add it"),
        (
            {"levels": [{"price": 1, "sise": 2}]},
            "parameters.levels[0].sise is not known; remove it or correct its name",
        ),
        ({"shares": {"A": "x"}}, "parameters.shares.*, must be a number; correct it"),
    ],
)
def test_a_wrong_one_is_a_sentence(given, says):
    given = {"symbol": "A", **given} if given else given
    with pytest.raises(ConfigError) as caught:
        parameters(**given)
    assert str(caught.value) == f"strategies.mine.{says}"


def test_a_wrong_key_is_told_with_those_that_there_are():
    with pytest.raises(ConfigError) as caught:
        parameters(symbol="A", quantitty=1)
    meant = expected("quantitty", Parameters.__struct_fields__)
    assert str(caught.value) == f"strategies.mine.parameters.quantitty is not known; {meant}"
    assert "did you mean quantity?" in meant


@dataclass(frozen=True)
class Window:
    fast: Annotated[int, msgspec.Meta(ge=2, le=500)] = 10
    zone: str = "UTC"


class Crossing(Strategy[Window]):
    pass


def test_a_dataclass_has_bounds_too():
    assert parameters(Crossing, fast=2) == Window(2)
    with pytest.raises(ConfigError, match="fast is 1, must be a whole number >= 2; correct it"):
        parameters(Crossing, fast=1)
    with pytest.raises(ConfigError, match="fsat is not known; did you mean fast"):
        parameters(Crossing, fsat=1)


Any_ = TypeVar("Any_", default=Window)


class Family(Strategy[Any_]):
    """A base of several strategies, each with parameters of its own."""


class Child(Family[Parameters]):
    pass


class Grandchild(Child):
    pass


def test_a_class_in_between_may_leave_the_parameters_open():
    assert [accepted_by(one) for one in (Child, Grandchild)] == [Parameters, Parameters]
    assert accepted_by(Strategy) is NoParameters


def test_a_class_parameters_inside_of_the_strategy_is_refused_with_what_to_write():
    class Old(Strategy):
        Parameters = Window

    assert refusal(Old) == (
        "Old has a class Parameters in it, which nothing reads; put that beside it, and write"
        " class Old(Strategy[OldParameters])"
    )


def test_parameters_that_name_an_unknown_type_are_a_sentence():
    @dataclass
    class Broken:
        one: "NotThere"  # noqa: F821

    with pytest.raises(ConfigError, match=r"the parameters of x:Y: NameError: .*; correct them"):
        parameters_of("strategies.mine.parameters", {}, Broken, "x:Y")


def test_a_strategy_without_parameters_says_so():
    with pytest.raises(ConfigError, match=r"parameters\.x is not known; Strategy takes none$"):
        parameters(Strategy, x=1)


def test_parameters_that_are_no_struct_are_refused():
    class Wrong(Strategy[dict]):
        pass

    with pytest.raises(ConfigError, match=r"Wrong are <class 'dict'>; they must be a msgspec\.S"):
        parameters(Wrong)
