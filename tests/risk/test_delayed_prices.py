"""Delayed prices: to a limit they are as good as none, unless it is configured otherwise."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.events import Greeks, OrderTerms, Tick, Trade
from tapewire.risk.rules import View
from tests.risk.orders import AAPL, NOW, T0, book, entry, order

LIVE = Trade("AAPL", T0 - 2, 100.0, 1.0)
DELAYED = Trade("AAPL", T0 - 1, 90.0, 1.0, delayed=True)
AT_MARKET = replace(order(), terms=OrderTerms("BUY", Decimal(1), "MKT"))


def view(tick: Tick | None = None, *, takes: bool = False) -> View:
    made = View(Accounts([AAPL], Order), None if tick is None else lambda _symbol: tick).at(NOW)
    made.takes_delayed = takes
    return made


@pytest.mark.parametrize("takes", [False, True])
def test_rules_take_delayed_prices_only_where_that_is_configured(takes: bool):
    rules = book(entry("StaleData", age_max_ms=500))
    assert (rules.denial(AT_MARKET, view(DELAYED, takes=takes)) == "") is takes
    assert rules.denial(AT_MARKET, view(replace(DELAYED, delayed=False))) == ""


def test_a_mark_ends_when_the_symbol_becomes_delayed_and_begins_with_the_next_live_price():
    made = view()
    made.mark([LIVE], NOW)
    assert made.price("AAPL") == (Decimal("100.0"), 0)
    made.mark([LIVE, DELAYED], NOW)
    made.mark([LIVE, DELAYED], NOW)  # as the gateway repeats them
    assert made.price("AAPL") is None
    live = replace(LIVE, ts_ns=T0, price=101.0)
    made.mark([DELAYED, live], NOW)
    made.mark([DELAYED, live], NOW)
    assert made.price("AAPL") == (Decimal("101.0"), 0)


def test_delayed_greeks_are_none():
    made = view()
    made.take_greeks([Greeks("AAPL", T0, "tws", "model", delta=0.5, delayed=True)], NOW)
    assert made.greeks("AAPL") is None
    made.takes_delayed = True
    made.take_greeks([Greeks("AAPL", T0, "tws", "model", delta=0.5, delayed=True)], NOW)
    assert made.greeks("AAPL") is not None
