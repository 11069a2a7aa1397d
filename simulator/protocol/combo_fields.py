"""The fields of a combo's legs in messages about its order.

A message's layout has one place for all of them; `apart` makes fields of what stands there.
"""

from tapewire.simulator.exchange.orders import Order

APART = "\0"  # what ends a field on the wire


def described(order: Order) -> str:
    """The legs in short: each one's contract and ratio, negative for one that is sold."""
    return ",".join(
        f"{leg.instrument.con_id}|{leg.ratio if leg.side == 'BUY' else -leg.ratio}"
        for leg in order.legs
    )


def legs(order: Order) -> str:
    """How many legs there are, and eight fields for each."""
    fields = [str(len(order.legs))]
    for leg in order.legs:
        fields += [str(leg.instrument.con_id), str(leg.ratio), leg.side, leg.exchange]
        fields += ["0", "0", "", "-1"]  # openClose, shortSaleSlot, designatedLocation, exemptCode
    return APART.join(fields)


def leg_prices(order: Order) -> str:
    """How many legs there are, and for each that it has no price of its own."""
    return APART.join([str(len(order.legs)), *("" for _leg in order.legs)])


def apart(order: Order, fields: list[str]) -> list[str]:
    """The fields of a message, each of a leg's fields in a place of its own."""
    return APART.join(fields).split(APART) if order.legs else fields
