"""What accounts are worth, as the commands show it."""

from decimal import Decimal

import pytest

from tapewire.common.events import AccountUpdated
from tapewire.console.views import tables
from tests.console.journaled import ACCOUNT, OTHER_ACCOUNT, T0, write

D = Decimal


@pytest.fixture
def valued(run_dir):
    """Two accounts, of which one was reported twice."""
    first = AccountUpdated(T0, ACCOUNT, "USD", D(999), D(998))
    last = AccountUpdated(T0 + 9, ACCOUNT, "USD", D("1000000.5"), D(-20), D(4000002))
    write(run_dir, "gateway", [first, last, AccountUpdated(T0, OTHER_ACCOUNT, "EUR")])


def test_positions_say_what_each_account_is_worth(tapewire, valued):
    first, second = tapewire("positions", "--json").json["accounts"]
    assert first == {
        "account": ACCOUNT, "currency": "USD", "equity": "1000000.5", "cash": "-20",
        "buying_power": "4000002", "available_funds": None, "excess_liquidity": None,
        "initial_margin": None, "maintenance_margin": None, "ts_ns": T0 + 9,
    }  # fmt: skip
    assert (second["account"], second["currency"], second["equity"]) == (OTHER_ACCOUNT, "EUR", None)


def test_positions_of_one_account_leave_the_other_out(tapewire, valued):
    found = tapewire("positions", "--account", OTHER_ACCOUNT, "--json").json["accounts"]
    assert [one["account"] for one in found] == [OTHER_ACCOUNT]


def test_the_table_of_positions_ends_with_a_line_per_account(tapewire, valued):
    lines = [line.rstrip() for line in tapewire("positions").out.splitlines()]
    assert lines[-2:] == [
        "DU1: equity 1,000,000.50  cash -20.00  buying power 4,000,002.00 USD",
        "DU2: equity -  cash -  buying power - EUR",
    ]


def test_a_status_without_account_values_has_no_line_for_them():
    assert tables.accounts([]) == []
