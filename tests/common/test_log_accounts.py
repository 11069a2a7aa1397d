"""Account ids of ProjectX are not written out, which are digits alone."""

import pytest

from tapewire.common.runtime import logs


@pytest.fixture
def hidden(monkeypatch):
    monkeypatch.setattr(logs, "_hidden", set())
    logs.hide(["1234567", "12345678", "1001"])


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("account 1234567 and 12345678.", "account *** and ***."),
        ("order 91234567 of DU1234567", "order 91234567 of DU***"),
        ("1001 orders", "1001 orders"),
    ],
)
def test_the_accounts_that_are_hidden_are_cut_out(text, shown):
    assert logs.redact(text) == shown


def test_without_any_that_are_hidden_a_number_stays():
    assert logs.redact("1234567 messages") == "1234567 messages"
