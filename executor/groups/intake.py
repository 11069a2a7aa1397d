"""Taking a group in: its sizes, its admission as a whole, and the events that it begins with."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from msgspec.structs import replace

from tapewire.common.accounting.exposure import Exposures
from tapewire.common.accounting.oca import exposures_beside
from tapewire.common.events import (
    Event,
    GroupCreated,
    GroupLeg,
    GroupSignal,
    OrderCreated,
    SubmitGroup,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument
from tapewire.executor.confidence import Confidence
from tapewire.executor.orders import Ledger

Legs = tuple[GroupLeg, ...]


def sized(
    signal: GroupSignal, confidence: Confidence, instruments: Mapping[str, Instrument]
) -> tuple[Legs, str]:
    """The legs with the quantities that the signal's confidence leaves, and why there must be none;
    empty if there may be. The entry of a ladder is what its parts come to."""
    if unsure := confidence.unsure(signal):
        return signal.legs, unsure
    legs: list[GroupLeg] = []
    for leg in signal.legs:
        instrument = _instrument_of(leg, instruments)
        terms, fault = confidence.scaled(leg.terms, signal.confidence, instrument)
        if fault:
            return signal.legs, fault
        legs.append(replace(leg, terms=terms))
    if signal.kind == "ladder" and confidence.scales:
        parts = {leg.part: leg.terms.quantity for leg in legs[1:]}
        whole = sum(parts.values(), Decimal(0))
        legs[0] = replace(legs[0], terms=replace(legs[0].terms, quantity=whole))
    return tuple(legs), ""


def _instrument_of(leg: GroupLeg, instruments: Mapping[str, Instrument]) -> Instrument | None:
    """What a leg trades: of a combo, with the largest lot of what it consists of, as there are
    whole combos only."""
    if not leg.legs:
        return instruments.get(leg.symbol)
    lots = [instruments[one.symbol].lot for one in leg.legs if one.symbol in instruments]
    return Instrument(symbol=leg.symbol, lot=max([Decimal(1), *lots]))


def denial_of(
    orders: Sequence[SubmitOrder],
    ledger: Ledger,
    denial: Callable[[SubmitOrder, Exposures], str],
) -> str:
    """Why a group must not go: one of its orders must not, beside the others."""
    for order in orders:
        if reason := denial(order, exposures_beside(order, orders, ledger.exposure)):
            return f"{order.role} {order.intent_id}: {reason}"
    return ""


def created(group: SubmitGroup, trigger_price: float | None, now_ns: int) -> list[Event]:
    """The group, and the orders that go at once. Those without a parent are what the strategy
    wanted at the price that it saw."""
    orders = [
        OrderCreated(
            now_ns, group.id, order, trigger_price=None if order.parent_id else trigger_price
        )
        for order in group.orders
    ]
    return [GroupCreated(now_ns, group.id, group), *orders]
