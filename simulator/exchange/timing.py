"""When an order may be at the exchange, and when it ends."""

from datetime import UTC, datetime

from tapewire.common.amounts import text
from tapewire.common.daily_time import NS_PER_S
from tapewire.simulator.exchange.hours import Hours
from tapewire.simulator.exchange.orders import Hold, Order

AT_ONCE = ("IOC", "FOK")


class Timing:
    """What the market's hours and an order's own times mean for it."""

    def __init__(self, hours: Hours) -> None:
        self._hours = hours

    def hold(self, order: Order, now_ns: int) -> tuple[Hold, int | None]:
        """What keeps the order from the exchange now, and until when; "" if nothing does."""
        if order.good_after_ns is not None and order.good_after_ns > now_ns:
            return "time", order.good_after_ns
        if order.kind.waits == "close":
            return "close", self._hours.closing_auction_ns(now_ns)
        if order.tif == "OPG":
            return "open", self._hours.opening_auction_ns(now_ns)
        if not (order.outside_rth or self._hours.is_open(now_ns)):
            return "session", self._hours.open_ns(now_ns)
        return "", None

    def notice(self, order: Order, now_ns: int) -> str:
        """What TWS says of an order that has to wait for the open."""
        until_ns = self._hours.open_ns(now_ns) or 0
        until = datetime.fromtimestamp(until_ns // NS_PER_S, UTC)
        what = f"{order.side} {text(order.quantity)} {order.instrument.symbol}"
        return (
            f"Order Message:\n{what} {order.instrument.exchange}\nWarning: your order will not be "
            f"placed at the exchange until {until:%Y-%m-%d %H:%M:%S} UTC"
        )

    def end_ns(self, order: Order, now_ns: int) -> int | None:
        """When the order expires. An auction ends the orders that are for it."""
        if order.tif == "GTD":
            return order.good_till_ns
        if order.tif == "DAY" and order.kind.waits != "close":
            return self._hours.close_ns(now_ns)
        return None

    def pause_ns(self, order: Order, now_ns: int) -> int | None:
        """When the close takes a working order from the exchange, to come back at the open."""
        is_daily = self._hours.opens is not None and not order.outside_rth
        return self._hours.close_ns(now_ns) if is_daily and order.tif in ("GTC", "GTD") else None
