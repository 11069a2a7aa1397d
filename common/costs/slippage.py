"""Slippage: by how much an order that takes liquidity trades worse than the quote it met."""

import re
from decimal import ROUND_CEILING, Decimal
from typing import Final

import msgspec

ZERO: Final = Decimal(0)
TICKS_MAX: Final = 1_000
AMOUNT_MAX: Final = Decimal(1_000_000)
SHARE_MAX: Final = Decimal("0.1")
EXPECTED: Final = (
    f"0, ticks up to {TICKS_MAX:,} (1 tick), a distance in price up to {AMOUNT_MAX:,} (0.01), or a"
    f" share of the price up to {SHARE_MAX:.0%} (5 bp, 0.05 %)"
)
_TEXT: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) *(ticks?|bp|%|)")
_SHARES: Final = {"bp": Decimal("0.0001"), "%": Decimal("0.01")}


class Slippage(msgspec.Struct, frozen=True):
    """A distance: `ticks` price increments, an `amount`, or a `share` of the price, which counts in
    whole increments, rounded up. At most one of them is above 0."""

    ticks: int = 0
    amount: Decimal = ZERO
    share: Decimal = ZERO

    @property
    def is_none(self) -> bool:
        """Whether orders trade at the quote."""
        return not (self.ticks or self.amount or self.share)

    def of(self, price: Decimal, min_tick: Decimal) -> Decimal:
        """How far from `price` an order trades."""
        if self.share:
            increments = abs(price) * self.share / min_tick
            return increments.to_integral_value(rounding=ROUND_CEILING) * min_tick
        return self.ticks * min_tick + self.amount


def slippage_of(text: str) -> Slippage:
    """What a person wrote, such as `1 tick`; raises ValueError saying what is expected."""
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        raise ValueError(EXPECTED)
    number, unit = Decimal(found[1]), found[2]
    if unit.startswith("tick"):
        made, is_good = Slippage(ticks=int(number)), number == int(number) <= TICKS_MAX
    elif unit:
        made = Slippage(share=number * _SHARES[unit])
        is_good = made.share <= SHARE_MAX
    else:
        made, is_good = Slippage(amount=number), number <= AMOUNT_MAX
    if not is_good:
        raise ValueError(EXPECTED)
    return made
