"""Instruments as a strategy sees them: what is configured, and what the broker says of it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from tapewire.common import price_steps
from tapewire.common.events import InstrumentDescribed, OpenHours, PriceStep
from tapewire.common.instruments import Instrument
from tapewire.strategy.terms import Number, decimal_of

ZERO: Final = Decimal(0)


class StrategyInstrument(msgspec.Struct, frozen=True):
    """One symbol. Until the broker has described it (`is_described`), it is as it is configured.

    `multiplier` is units of the underlying per contract, `min_tick` the smallest step of its
    prices, `lot` that of its quantities. The broker adds the rest: `price_steps` where the step
    depends on the price, `min_size`, and the hours of some days around the last connection, in UTC.

    An option has `underlying` (a symbol), `expiry` (YYYYMMDD), `strike` and `right` (C or P).
    """

    symbol: str
    sec_type: str
    exchange: str
    currency: str
    multiplier: Decimal
    min_tick: Decimal
    lot: Decimal
    con_id: int = 0
    long_name: str = ""
    price_steps: tuple[PriceStep, ...] = ()
    min_size: Decimal | None = None
    trading_hours: tuple[OpenHours, ...] = ()
    liquid_hours: tuple[OpenHours, ...] = ()
    time_zone: str = ""
    is_described: bool = False
    underlying: str = ""
    expiry: str = ""
    strike: Decimal | None = None
    right: str = ""

    def step_at(self, price: Number) -> Decimal:
        """The step of prices at `price`. Raises ValueError for what is not a number."""
        at = decimal_of("price", price) or ZERO
        return price_steps.step_at(at, self.price_steps) or self.min_tick

    def round(self, price: Number) -> Decimal:
        """The price nearest to `price` that an order may have; of two as near, the lower one.
        Raises ValueError for what is not a number."""
        at = decimal_of("price", price) or ZERO
        steps = self.price_steps or (PriceStep(ZERO, self.min_tick),)
        low, high = price_steps.nearest(at, steps)
        found = low if at - low <= high - at else high
        return price_steps.EXACT.quantize(found, self.step_at(found))

    def is_open(self, at_ns: int, *, regular: bool = True) -> bool | None:
        """Whether it trades at `at_ns` (UTC), in `regular` hours or in any; None where the broker
        has given no hours for that time."""
        hours = self.liquid_hours if regular else self.trading_hours
        known = self.trading_hours or hours
        if not known or not known[0].opens_ns <= at_ns < known[-1].closes_ns:
            return None
        return any(one.opens_ns <= at_ns < one.closes_ns for one in hours)


class InstrumentWatch:
    """Keeps what the gateway reports of the configured instruments."""

    def __init__(self, configured: Iterable[Instrument]) -> None:
        self._known = {one.symbol: _configured(one) for one in configured}

    def apply(self, event: InstrumentDescribed) -> None:
        """The broker describes an instrument."""
        before = self._known.get(event.symbol)
        if before is not None:
            self._known[event.symbol] = _described(event, before)

    def of(self, symbol: str) -> StrategyInstrument:
        """What is known of a symbol; raises ValueError for one that is not configured."""
        try:
            return self._known[symbol]
        except KeyError:
            raise ValueError(
                f"symbol {symbol} is not configured; it must be one of [[instruments]]"
            ) from None


def _configured(one: Instrument) -> StrategyInstrument:
    return StrategyInstrument(
        one.symbol, one.sec_type, one.exchange, one.currency, one.multiplier, one.min_tick, one.lot,
        one.con_id, underlying=one.underlying, expiry=one.expiry, strike=one.strike,
        right=one.right,
    )  # fmt: skip


def _described(event: InstrumentDescribed, before: StrategyInstrument) -> StrategyInstrument:
    return StrategyInstrument(
        event.symbol,
        event.sec_type,
        event.exchange,
        event.currency,
        event.multiplier,
        event.min_tick,
        before.lot,
        event.con_id,
        event.long_name,
        event.price_steps,
        event.min_size,
        event.trading_hours,
        event.liquid_hours,
        event.time_zone,
        is_described=True,
        underlying=before.underlying or event.underlying,
        expiry=event.expiry or before.expiry,
        strike=event.strike if event.strike is not None else before.strike,
        right=event.right or before.right,
    )
