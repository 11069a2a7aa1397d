"""PortfolioGreeks against brute force: every working order fills, or does not, in every way."""

from decimal import Decimal
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire.risk.rules.portfolio_greeks import PortfolioGreeks, PortfolioGreeksParameters
from tapewire.risk.rules.spans import certain, worst
from tests.risk.orders import intended, order
from tests.risk.test_portfolio_greeks import CALL, KNOWN, PUT, bought, market, taken

DELTA = {"AAPL": Decimal(1), CALL: Decimal(50), PUT: Decimal(-40)}
GAMMA = {"AAPL": Decimal(0), CALL: Decimal(2), PUT: Decimal(2)}
SYMBOLS = st.sampled_from(sorted(DELTA))
HUGE = Decimal(10**9)

Trades = list[tuple[str, int]]
trades = st.lists(st.tuples(SYMBOLS, st.integers(-9, 9).filter(bool)), max_size=6)


def by_force(held: Trades, working: Trades, unit: dict[str, Decimal]) -> Decimal:
    """The largest sum without its sign, over all ways in which the orders could fill."""
    base = sum((unit[symbol] * quantity for symbol, quantity in held), Decimal(0))
    moves = [unit[symbol] * quantity for symbol, quantity in working]
    return max(
        abs(base + sum((m for m, fills in zip(moves, way, strict=True) if fills), Decimal(0)))
        for way in product((False, True), repeat=len(moves))
    )


@settings(deadline=None, max_examples=150)
@given(held=trades, working=trades)
def test_the_worst_of_all_ways_to_fill_is_what_counts(held: Trades, working: Trades):
    view = market(*KNOWN)
    for number, (symbol, quantity) in enumerate(held):
        taken(view, bought(quantity, symbol, f"h{number}"))
    for number, (symbol, quantity) in enumerate(working):
        side = "BUY" if quantity > 0 else "SELL"
        taken(view, intended(order(f"w{number}", side, abs(quantity), symbol=symbol)))
    rule = PortfolioGreeks(PortfolioGreeksParameters(delta=HUGE, gamma=HUGE))
    totals = rule._totals(view)
    exposures = totals.exposures("DU1", "AAPL")
    for span in (worst, certain):
        total = totals.total("DU1", "AAPL", span)
        found = total.of(exposures, {one.symbol: one for one in KNOWN})
        assert not found.missing
        assert found.amounts["delta"] == by_force(held, working, DELTA)
        assert found.amounts["gamma"] == by_force(held, working, GAMMA)
