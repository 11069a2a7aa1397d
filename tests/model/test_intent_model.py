"""The model of the intent protocol holds, finds its planted bugs, and is the code's."""

import pytest

from tapewire.common.accounting.lifecycle import TRANSITIONS
from tests.model import checker
from tests.model.checker import PLANTS, check

with_spin = pytest.mark.skipif(bool(checker.missing()), reason=f"without {checker.missing()}")
FIRST = {("NONE", "INTENDED"), ("NONE", "DENIED")}


@with_spin
@pytest.mark.parametrize(
    ("faults", "defined"),
    [
        (0, ()),
        (1, ("CALM", "KIND")),
        pytest.param(1, (), marks=pytest.mark.soak),
        pytest.param(2, ("CALM", "KIND"), marks=pytest.mark.soak),
    ],
)
def test_nothing_can_go_wrong_within_the_bounds(faults, defined):
    assert check(*defined, faults=faults).fault == ""


@with_spin
@pytest.mark.parametrize("plant", sorted(PLANTS))
def test_every_planted_bug_is_found(plant):
    calm = () if plant == "ASKED_ONCE" else ("CALM",)
    assert check(plant, "KIND", *calm, faults=1).fault


@with_spin
@pytest.mark.soak
def test_the_table_has_what_the_model_can_do():
    assert checker.transitions(*checker.ANYTHING, faults=1) == checker.table()


def test_the_table_is_of_this_model():
    assert checker.TABLE.read_text().splitlines()[0] == checker.model_is(), (
        "the model has changed: python -m tests.model --table"
    )


def test_what_the_gateway_does_in_the_model_is_its_life_cycle():
    steps = (line.split() for line in checker.table())
    moves = {(before, after) for _, before, _, _, _, after, _ in steps if before != after}
    known = {(state, after) for state, steps in TRANSITIONS.items() for after in steps.values()}
    assert moves - FIRST <= known
