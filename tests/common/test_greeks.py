"""Greeks that are computed here: against textbooks, published tables and the simulator's own."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tapewire.common import greeks
from tapewire.common.greeks import compute
from tapewire.simulator.exchange.black_scholes import implied_vol, worth

pytest.importorskip("QuantLib", reason="greeks are computed with tapewire[options]")

DATA = Path(os.environ.get("TAPEWIRE_DATA", Path(__file__).parents[3] / "shared" / "data"))


def table(name: str) -> Any:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"no test data: {path}")
    return json.loads(path.read_text())


@pytest.mark.parametrize(
    ("right", "strike", "spot", "years", "vol", "rate", "dividend", "price"),
    [
        ("C", 40, 42, 0.5, 0.20, 0.10, 0.0, 4.76),  # Hull, Options, Futures, and Other Derivatives
        ("P", 40, 42, 0.5, 0.20, 0.10, 0.0, 0.81),
        ("C", 900, 930, 2 / 12, 0.20, 0.08, 0.03, 51.83),  # Hull, an index with dividends
        ("P", 20, 20, 4 / 12, 0.25, 0.09, 0.09, 1.12),  # Hull, Black 1976 on a future
    ],
)
def test_textbook_prices(right, strike, spot, years, vol, rate, dividend, price):
    found = compute(right, strike, spot, years, vol=vol, rate=rate, dividend=dividend)
    assert found is not None
    assert found.price == pytest.approx(price, abs=0.006)


def test_textbook_greeks():
    """Hull: a stock at 49, a strike of 50, 5 % interest, 20 % volatility, 20 weeks."""
    found = compute("C", 50, 49, 20 / 52, vol=0.20, rate=0.05)
    assert found is not None
    assert found.price == pytest.approx(2.40, abs=0.005)
    assert found.delta == pytest.approx(0.522, abs=0.0005)
    assert found.gamma == pytest.approx(0.066, abs=0.0005)
    assert found.vega == pytest.approx(0.121, abs=0.0005)  # 12.1 for all of 1
    assert found.theta == pytest.approx(-4.31 / 365, abs=0.0001)


@pytest.mark.parametrize("right", ["C", "P"])
def test_the_greeks_at_a_price_are_those_at_its_volatility(right):
    at = compute(right, 105, 100, 0.3, vol=0.37, rate=0.04, dividend=0.01)
    assert at is not None
    again = compute(right, 105, 100, 0.3, price=at.price, rate=0.04, dividend=0.01)
    assert again == pytest.approx(at, abs=1e-6)


@pytest.mark.parametrize(
    "given",
    [
        {"years": 0.0, "price": 5.0},
        {"years": -1.0, "price": 5.0},
        {"spot": 0.0, "price": 5.0},
        {"spot": float("nan"), "price": 5.0},
        {"price": 0.0},
        {"price": float("nan")},
        {"price": 2.0},  # less than it would bring now
        {"price": 150.0},  # more than the underlying
        {"vol": 0.0},
        {"vol": float("nan")},
        {},
    ],
)
def test_where_there_are_no_greeks_there_are_none(given):
    arguments = {"strike": 95.0, "spot": 100.0, "years": 0.5, **given}
    assert compute("C", **arguments) is None


def test_the_simulator_s_own_formula_agrees():
    for right in ("C", "P"):
        for spot in (60, 90, 100, 110, 170):
            for vol in (0.1, 0.4, 1.2):
                ours, theirs = (
                    worth(right, 100, spot, 0.25, vol),
                    compute(right, 100, spot, 0.25, vol=vol),
                )
                assert theirs is not None
                assert (*ours,) == pytest.approx(
                    (theirs.price, theirs.delta, theirs.gamma, theirs.vega, theirs.theta), abs=1e-9
                )
                if ours.vega > 1e-4:
                    found = implied_vol(right, 100, spot, 0.25, ours.price)
                    assert found == pytest.approx(vol, abs=1e-5)


def test_prices_and_greeks_of_others():
    """py_vollib's test data: theta per year, vega per 1, to the nine digits that it has."""
    data = table("py_vollib_test_data.json")
    for row in data["data"]:
        one = dict(zip(data["columns"], row, strict=True))
        for right, price in (("C", "bs_call"), ("P", "bs_put")):
            found = compute(right, one["K"], one["S"], one["t"], vol=one["v"], rate=one["R"])
            assert found is not None
            expected = [one[price], *(one[right + kind] for kind in "DGVT")]
            ours = [found.price, found.delta, found.gamma, found.vega * 100, found.theta * 365]
            assert ours == pytest.approx(expected, rel=1e-8, abs=1e-8)


def test_published_european_values():
    """Haug's values as QuantLib tests them: to 1e-4."""
    for one in table("quantlib_option_tables.json")["european_values_haug"]:
        assert at(one).price == pytest.approx(one["value"], abs=1e-4)


def test_published_european_greeks():
    """To 1e-4, as QuantLib tests them; those that TWS has too."""
    kinds = {
        "delta": lambda of, _: of.delta,
        "gamma": lambda of, _: of.gamma,
        "vega": lambda of, _: of.vega * 100,
        "theta": lambda of, _: of.theta * 365,
        "theta per day": lambda of, _: of.theta,
        "elasticity": lambda of, one: of.delta * one["spot"] / of.price,
    }
    checked = 0
    for one in table("quantlib_option_tables.json")["european_greeks_haug"]:
        if one["section"] in kinds:
            found = kinds[one["section"]](at(one), one)
            assert found == pytest.approx(one["value"], abs=1e-4)
            checked += 1
    assert checked == 9


def at(one: dict[str, Any]) -> greeks.ComputedGreeks:
    found = compute(
        "C" if one["type"] == "call" else "P", one["strike"], one["spot"], one["t"],
        vol=one["vol"], rate=one["r"], dividend=one["q"],
    )  # fmt: skip
    assert found is not None
    return found
