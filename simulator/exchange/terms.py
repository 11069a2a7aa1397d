"""The terms of an order: which prices its type has, and whether they fit its contract."""

from decimal import Decimal

from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.order_types import KINDS, Need
from tapewire.simulator.exchange.orders import Terms
from tapewire.simulator.protocol.requests import BadRequest, PlaceOrder, invalid

OFF_TICK = "The price does not conform to the minimum price variation for this contract."


def terms_of(request: PlaceOrder, instrument: Instrument) -> Terms:
    """The quantity and the prices that the order type has; raises BadRequest if they are unfit.

    A price that the type does not have is left out, as by TWS. Where a price can be left out, 0
    leaves it out.
    """
    if request.quantity is None or request.quantity <= 0:
        raise invalid(request.order_id, "The order size must be above 0.")
    kind = KINDS.get(request.order_type)
    if kind is None:
        return Terms(request.quantity)  # it will be rejected
    limit = _price(request, instrument, "limit", kind.limit)
    aux = _price(request, instrument, "stop" if kind.means == "stop" else kind.means, kind.aux)
    if kind.trails:
        return _trailing(request, instrument, limit, aux)
    if kind.means == "offset":
        return Terms(request.quantity, limit, offset=aux)
    return Terms(request.quantity, limit, aux)


def _price(request: PlaceOrder, instrument: Instrument, name: str, need: Need) -> Decimal | None:
    price = request.limit if name == "limit" else request.aux
    if need == "no" or (need == "may" and not price):
        return None
    if price is None:
        raise invalid(request.order_id, f"Missing {name} price.")
    if need == "may" and name != "limit" and price < 0:
        raise invalid(request.order_id, f"The {name} amount must be above 0.")
    _check_tick(request, instrument, price)
    return price


def _trailing(
    request: PlaceOrder, instrument: Instrument, limit: Decimal | None, trail: Decimal | None
) -> Terms:
    percent, stop = request.trail_percent or None, request.trail_stop or None
    if (trail is None) == (percent is None):
        raise invalid(
            request.order_id,
            "A trailing order needs either a trailing amount or a trailing percent.",
        )
    if percent is not None and not 0 < percent < 100:
        raise invalid(request.order_id, "The trailing percent must be above 0 and below 100.")
    for price in (stop, request.limit_offset):
        if price is not None:
            _check_tick(request, instrument, price)
    offset = None
    if KINDS[request.order_type].limit != "no":
        offset = _limit_offset(request, limit, stop)
    return Terms(request.quantity or Decimal(0), None, stop, trail, percent, offset)


def _limit_offset(request: PlaceOrder, limit: Decimal | None, stop: Decimal | None) -> Decimal:
    """How far the limit is beyond the stop: as given, or as the two prices have it."""
    found = None
    if limit is not None and stop is not None:
        found = stop - limit if request.side == "SELL" else limit - stop
    given = request.limit_offset
    if given is None and found is None:
        raise invalid(
            request.order_id,
            "A TRAIL LIMIT order needs lmtPriceOffset, or lmtPrice and trailStopPrice.",
        )
    if given is not None and limit is not None and found != given:
        raise invalid(request.order_id, "lmtPrice and lmtPriceOffset do not agree.")
    offset = found if given is None else given
    assert offset is not None
    return offset


def _check_tick(request: PlaceOrder, instrument: Instrument, price: Decimal) -> None:
    if price % instrument.min_tick:
        raise BadRequest(request.order_id, 110, OFF_TICK)
