"""What a scope covers."""

import pytest

from tapewire.common.events import EVERYTHING, Scope

ORDER = ("DU1", "dip", "AAPL")


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        (EVERYTHING, True),
        (Scope(account="DU1"), True),
        (Scope(account="DU2"), False),
        (Scope(symbol="AAPL"), True),
        (Scope(symbol="MSFT"), False),
        (Scope("DU1", "dip", "AAPL"), True),
        (Scope("DU1", "dip", "MSFT"), False),
        (Scope(strategy="dip-2"), False),
    ],
    ids=str,
)
def test_a_scope_covers_what_agrees_with_each_of_its_parts(scope: Scope, covers: bool):
    assert scope.covers(*ORDER) is covers


def test_a_strategys_scope_covers_its_further_instances():
    scope = Scope(strategy="dip")
    assert scope.covers("DU1", "dip-2", "AAPL")
    assert not scope.covers("DU1", "dip-fast", "AAPL")
    assert not scope.covers("DU1", "dipper-2", "AAPL")
    assert not scope.covers("DU1", None, "AAPL")


def test_a_scope_is_named_by_its_parts():
    assert str(EVERYTHING) == "everything"
    assert str(Scope("DU1", symbol="AAPL")) == "account DU1, symbol AAPL"
