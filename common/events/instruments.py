"""What the broker says of an instrument: its steps, its size and its hours."""

from decimal import Decimal
from typing import Annotated

import msgspec

from tapewire.common.events.accounts import Currency
from tapewire.common.events.base import Event, Name, Text, TimeNs, require_finite

LISTED_MAX = 512  # steps or stretches of hours of one instrument


class PriceStep(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """From the price `from_price` on, prices are multiples of `step`."""

    from_price: Decimal
    step: Decimal

    def __post_init__(self) -> None:
        require_finite("price step", ("from_price", "step"), self.from_price, self.step)
        if self.step <= 0:
            raise ValueError(f"price step is {self.step:f}; it must be above 0")


class OpenHours(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A stretch of time in which an instrument trades (UTC); `closes_ns` is outside of it."""

    opens_ns: TimeNs
    closes_ns: TimeNs


Steps = Annotated[tuple[PriceStep, ...], msgspec.Meta(max_length=LISTED_MAX)]
Stretches = Annotated[tuple[OpenHours, ...], msgspec.Meta(max_length=LISTED_MAX)]


class InstrumentDescribed(Event, frozen=True, tag="instrument.described"):
    """A configured instrument as the broker describes it.

    `min_tick` is the smallest price step there is; where steps depend on the price, `price_steps`
    has them, the lowest first. `min_size` is the smallest quantity, None where the broker does not
    say it. Hours are of some days around `ts_ns`: `trading_hours` all of them, `liquid_hours` the
    regular ones; none where the broker gives none. `time_zone` is the exchange's, in the broker's
    words. `contradiction` says what the configuration has otherwise; it is empty if they agree.
    Of an option, `underlying` is the symbol of its underlying, `expiry` its last day (YYYYMMDD),
    `strike` its price, `right` C for a call or P for a put.
    """

    ts_ns: TimeNs
    symbol: Name
    con_id: int
    sec_type: Text
    exchange: Text
    currency: Currency
    long_name: Text
    multiplier: Decimal
    min_tick: Decimal
    price_steps: Steps = ()
    min_size: Decimal | None = None
    trading_hours: Stretches = ()
    liquid_hours: Stretches = ()
    time_zone: Text = ""
    contradiction: Text = ""
    underlying: Text = ""
    expiry: Text = ""
    strike: Decimal | None = None
    right: Text = ""

    def __post_init__(self) -> None:
        require_finite(
            "instrument", ("multiplier", "min_tick", "min_size", "strike"),
            self.multiplier, self.min_tick, self.min_size, self.strike,
        )  # fmt: skip
