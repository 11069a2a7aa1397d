"""Slippage and commissions as a person writes them."""

from decimal import Decimal

import pytest

from tapewire.common.costs.slippage import Slippage, slippage_of
from tapewire.common.costs.tariffs import ALL, Tariff, Tier, tariffs_of

D = Decimal


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0", Slippage()),
        ("1 tick", Slippage(ticks=1)),
        ("2 ticks", Slippage(ticks=2)),
        ("0.01", Slippage(amount=D("0.01"))),
        ("5 bp", Slippage(share=D("0.0005"))),
        ("0.05 %", Slippage(share=D("0.0005"))),
        ("0.05%", Slippage(share=D("0.0005"))),
    ],
)
def test_slippage_is_in_ticks_price_or_a_share_of_it(text, found):
    assert slippage_of(text) == found


@pytest.mark.parametrize(
    "text",
    ["", "-1", "1.5 ticks", "1001 ticks", "11 %", "1001 bp", "9999999", "tick", "1e-3", "nan"],
)
def test_other_slippage_is_refused(text):
    with pytest.raises(ValueError, match=r"1 tick.*0\.01.*5 bp"):
        slippage_of(text)


def test_a_share_of_the_price_counts_in_whole_ticks_rounded_up():
    slippage = slippage_of("1 bp")
    assert slippage.of(D("100"), D("0.01")) == D("0.01")
    assert slippage.of(D("101"), D("0.01")) == D("0.02")
    assert slippage.of(D("5000"), D("0.25")) == D("0.50")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ib", None),
        ("none", {ALL: Tariff()}),
        ("0.005 per share", {"STK": Tariff(per_unit=D("0.005"))}),
        (
            "0.005 per share, min 1, max 1 %",
            {"STK": Tariff(D("0.005"), minimum=D(1), cap_of_notional=D("0.01"))},
        ),
        ("2.10 per contract", dict.fromkeys(("FUT", "OPT"), Tariff(per_unit=D("2.10")))),
        ("1 per unit", {ALL: Tariff(per_unit=D(1))}),
        ("0.1 %", {ALL: Tariff(of_notional=D("0.001"))}),
        ("1 per order", {ALL: Tariff(per_order=D(1))}),
        (
            "0.0035 per share to 300000, 0.002 per share, min 0.35",
            {
                "STK": Tariff(
                    minimum=D("0.35"),
                    tiers=(Tier(D("0.0035"), D(300_000)), Tier(D("0.002"))),
                )
            },
        ),
        (
            "0.1 % to 10000, 0.05%",
            {ALL: Tariff(tiers=(Tier(D("0.001"), D(10_000)), Tier(D("0.0005"))), by_value=True)},
        ),
        (
            "1 per share; 2 per contract",
            {
                "STK": Tariff(per_unit=D(1)),
                "FUT": Tariff(per_unit=D(2)),
                "OPT": Tariff(per_unit=D(2)),
            },
        ),
    ],
)
def test_commissions_are_by_share_contract_value_or_order(text, found):
    assert tariffs_of(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "", "free", "0.005", "-1 per share", "1 per share, 1 per order", "1 per share, 2 per share",
        "1 per share to 10", "1 per share to 10, 1 per share to 5, 1 per share", "101 %",
        "1 per share to 0, 2 per share", "1 per order to 5, 2 per order", "min 1", "1 %, max 5",
        "1 per share, min 1 %", "1 per share; 2 per share", "1 per share; 0.1 %", "0.1 %; none",
        "1 per share, min 1, min 2", "9999999 per share", "1 per share;",
    ],
)  # fmt: skip
def test_other_commissions_are_refused(text):
    with pytest.raises(ValueError, match=r'"ib", "none".*0\.005 per share'):
        tariffs_of(text)


def test_each_part_of_a_volume_costs_its_own_tier():
    tariff = Tariff(tiers=(Tier(D(3), D(100)), Tier(D(2), D(200)), Tier(D(1))))
    assert tariff.tiered(D(0), D(100)) == 300
    assert tariff.tiered(D(50), D(100)) == 50 * 3 + 50 * 2
    assert tariff.tiered(D(0), D(1000)) == 300 + 200 + 800
    assert tariff.tiered(D(5000), D(10)) == 10
