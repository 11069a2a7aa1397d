"""What a quote says of its two sides together."""

import pytest

from tapewire.common.events import Quote


def quote(bid: float | None, ask: float | None) -> Quote:
    return Quote("AAPL", 1, bid, 100.0, ask, 100.0)


def test_mid_and_spread_are_of_both_sides():
    assert quote(100.0, 100.5).mid == 100.25
    assert quote(100.0, 100.5).spread == 0.5


def test_the_spread_of_a_crossed_quote_is_negative():
    assert quote(100.5, 100.0).spread == -0.5
    assert quote(100.5, 100.0).mid == 100.25


@pytest.mark.parametrize(("bid", "ask"), [(None, 100.0), (100.0, None), (None, None)])
def test_there_is_neither_until_both_sides_have_been_seen(bid: float | None, ask: float | None):
    assert quote(bid, ask).mid is None
    assert quote(bid, ask).spread is None


def test_a_price_of_nothing_is_a_price():
    assert quote(0.0, 0.0).mid == 0.0
    assert quote(-1.0, 1.0).mid == 0.0
