"""Our books beside the broker's: every difference is found, named and measured."""

from decimal import Decimal

import pytest

from tapewire.common.accounting.book import Book
from tapewire.common.accounting.compare import Broker, broker_of, compare, total
from tapewire.common.events import Commission, Difference, Fill

D = Decimal
KEY = ("DU1", "ES")


def book() -> Book:
    one = Book({"ES": D(50)})
    one.apply(Fill(1, "DU1", "a.01", "1", "ES", "BUY", D(3), D(100)))
    one.apply(Fill(2, "DU1", "b.01", "1", "ES", "SELL", D(1), D(101)))
    one.apply(Commission(2, "DU1", "b.01", D("2.5"), "USD"))
    return one


BROKER = {
    "positions": {KEY: D(2)},
    "realised": {KEY: D(50)},
    "fees": {KEY: D("2.5")},
    "orders": {"s-1/1": 1, "s-2/1": 1},
    "exec_ids": frozenset({"a.01", "b.01"}),
}


def differences(**changed: object) -> list[Difference]:
    return compare(book(), Broker(**{**BROKER, **changed}))


def test_books_that_agree_have_no_difference():
    assert differences() == []


@pytest.mark.parametrize(
    ("changed", "kind", "sentence", "amount"),
    [
        (
            {"positions": {KEY: D(5)}}, "position",
            "position DU1 ES: we have 2, the broker has 5", 3,
        ),
        (
            {"positions": {KEY: D(2), ("DU2", "ES"): D(-1)}}, "position",
            "position DU2 ES: we have 0, the broker has -1", 1,
        ),
        ({"positions": {}}, "position", "position DU1 ES: we have 2, the broker has 0", 2),
        (
            {"realised": {KEY: D("50.01")}}, "realised",
            "realised DU1 ES: we have 50, the broker has 50.01", D("0.01"),
        ),
        ({"fees": {}}, "fees", "fees DU1 ES: we have 2.5, the broker has 0", D("2.5")),
        (
            {"orders": {"s-1/1": 3}}, "duplicate",
            "duplicate intent s-1/1: we have 1 order, the broker has 3 orders", 2,
        ),
        (
            {"exec_ids": frozenset({"a.01"})}, "execution",
            "execution b.01: we have it, the broker has none", 1,
        ),
        (
            {"exec_ids": frozenset({"a.01", "b.01", "c.01"})}, "execution",
            "execution c.01: we have none, the broker has it", 1,
        ),
    ],
)  # fmt: skip
def test_a_difference_is_named_and_measured(
    changed: dict, kind: str, sentence: str, amount: object
):
    (found,) = differences(**changed)
    assert (found.kind, str(found), found.amount) == (kind, sentence, amount)


def test_money_is_compared_to_the_cent_and_positions_exactly():
    assert differences(realised={KEY: D("50.004")}, fees={KEY: D("2.496")}) == []
    (found,) = differences(positions={KEY: D("2.001")})
    assert found.amount == D("0.001")


def test_differences_add_up_by_their_kinds():
    found = differences(positions={KEY: D(5), ("DU2", "ES"): D(-1)}, fees={})
    assert total(found, "position") == 4
    assert total(found, "position", "fees") == D("6.5")
    assert total(found, "duplicate") == 0


def test_the_simulators_books_are_a_broker():
    books = {
        "accounts": {
            "DU1": {
                "positions": {"ES": "2"}, "realised": {"ES": "50.0"}, "commissions": {"ES": "2.5"},
            }
        },
        "orders_by_ref": {"s-1/1": 1, "s-2/1": 1, "": 7},
        "exec_ids": ["a.01", "b.01"],
    }  # fmt: skip
    assert broker_of(books) == Broker(**BROKER)
    assert compare(book(), broker_of(books)) == []
    assert compare(Book(), broker_of({})) == []
