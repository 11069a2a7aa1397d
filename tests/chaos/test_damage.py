"""Who must be HALTED after a journal was damaged, and who need not be."""

import pytest

from tests.chaos.damage import faults_of
from tests.chaos.setup import BOTH

NAMES = (*BOTH.journaled, *BOTH.strategies)
REPORTED = "its journal ends at record 0, but"
HALTED = ("HALTED", REPORTED)
EVERYONE = dict.fromkeys(NAMES, HALTED)
OF_LOGINS = {"gateway-tws", "gateway-px"}


@pytest.mark.parametrize(
    ("role", "halted"),
    [
        ("risk", {"risk", *OF_LOGINS}),
        ("executor", {"executor", "risk"}),
        ("gateway-tws", {"gateway-tws", "executor", "risk"}),
        ("liquidation-px", {"liquidation-px", "executor", "risk"}),
    ],
)
def test_its_owner_its_readers_and_risk_are_halted_and_nobody_else_has_to_be(
    role: str, halted: set[str]
):
    assert faults_of(dict.fromkeys(halted, HALTED), NAMES, role, REPORTED) == []
    for one in halted:
        others = {name: state for name, state in EVERYONE.items() if name != one}
        found = faults_of(others, NAMES, role, REPORTED)
        assert found == [f"G6: {one} was READY  on a damaged journal of {role}"]


def test_a_halt_for_another_reason_is_a_fault():
    (found,) = faults_of({**EVERYONE, "risk": ("HALTED", "a person")}, NAMES, "risk", REPORTED)
    assert found == f"G6: risk is HALTED since a person, not since {REPORTED}"
