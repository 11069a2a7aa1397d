"""Price steps: which prices of an instrument there are.

The broker's market rule says it, where it has described the instrument: the step may depend on the
price. Until then the configured step counts. Each price is held against the step at that price, not
at the market's: a limit of 1.64 has the steps of 1.64, wherever the market is.
"""

from collections.abc import Sequence
from decimal import Context, Decimal
from functools import lru_cache
from typing import Final

from tapewire.common.events import InstrumentDescribed, PriceStep
from tapewire.common.instruments import Instrument

EXACT: Final = Context(prec=100)
"""Beyond what quantities and prices may have in digits: their remainders are exact."""
remainder: Final = EXACT.remainder
"""What is left of a number that should be a multiple of another, exactly."""
ZERO: Final = Decimal(0)
KNOWN_MAX: Final = 4096  # instruments whose steps are at hand

Steps = tuple[PriceStep, ...]
"""The lowest first; none where nobody has said them."""


def steps_of(instrument: Instrument, described: InstrumentDescribed | None = None) -> Steps:
    """The steps of an instrument's prices: the broker's, where it has described it; its market rule
    where that is known, and the smallest step that there is until then."""
    if described is not None and described.price_steps:
        return described.price_steps
    if described is not None and described.min_tick > 0:
        return _everywhere(described.min_tick)
    return instrument.price_steps


def step_at(price: Decimal, steps: Sequence[PriceStep]) -> Decimal | None:
    """The step of prices around `price`, a negative one like its opposite; None if unknown."""
    size, found = abs(price), None
    for one in steps:
        if one.from_price > size:
            break
        found = one.step
    return found


def is_on_step(price: Decimal, at: Decimal, steps: Sequence[PriceStep]) -> bool:
    """Whether `price` is a multiple of the step at the price `at`; so it is if that is unknown."""
    step = step_at(at, steps)
    return step is None or not remainder(price, step)


def nearest(price: Decimal, steps: Sequence[PriceStep]) -> tuple[Decimal, Decimal]:
    """The nearest prices that there are, not above `price` and not below it; `steps` has a step
    for it."""
    size = abs(price)
    found = [ZERO]
    for number, one in enumerate(steps):
        end = steps[number + 1].from_price if number + 1 < len(steps) else size
        last = _floor(min(size, end), one.step)  # the end itself has the next step
        found += [last, EXACT.subtract(last, one.step), _ceil(max(size, one.from_price), one.step)]
    there = [one for one in found if is_on_step(one, one, steps)]
    low = max(one for one in there if one <= size)
    high = min(one for one in there if one >= size)
    return (low, high) if price >= 0 else (-high, -low)


@lru_cache(maxsize=KNOWN_MAX)
def _everywhere(step: Decimal) -> Steps:
    return (PriceStep(ZERO, step),)


def _floor(value: Decimal, step: Decimal) -> Decimal:
    return EXACT.subtract(value, remainder(value, step))


def _ceil(value: Decimal, step: Decimal) -> Decimal:
    low = _floor(value, step)
    return low if low == value else EXACT.add(low, step)
