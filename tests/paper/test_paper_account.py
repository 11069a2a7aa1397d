"""A real paper account: `make test-paper`. Whatever is not one is refused before any order."""

import os

import pytest

from tapewire.common.config import settings as configuration
from tests.paper.round_trip import FailedError, RefusedError, round_trip

SWITCH = "TAPEWIRE_PAPER"


@pytest.mark.paper
def test_an_order_goes_to_the_paper_account_and_comes_back(monkeypatch: pytest.MonkeyPatch):
    if os.environ.get(SWITCH) != "1":
        pytest.skip(f"set {SWITCH}=1 to place an order in a paper account, and cancel it")
    monkeypatch.delenv(SWITCH)  # it is not a key of the configuration
    try:
        round_trip(configuration.load(), print)
    except (RefusedError, FailedError) as error:
        pytest.fail(str(error), pytrace=False)
