"""Closing one position: one order at a time, again and again, until nothing is left.

    IDLE --an order is asked for--> ASKED --the liquidation gateway took it--> WORKING
      ^                               |                                           |
      |_____denied, or too old to be__|___filled, rejected, or it did not fill____|
            taken any more                and was cancelled

Each time round the wait before the next order doubles, up to half a minute; an execution sets it
back. The first order is a market order. Some markets take none, or hold it until they open. So
where it did not do, every other one is a limit order that may trade outside regular hours, beyond
the newest price, further each time, and never further than a cap. A price that is wrong or old
costs an attempt, and the next one is at the market again.

What was asked for and not answered is asked for again under the same id, which the gateway
takes once. A new id is used only when the old one cannot be taken any more: it is denied, or has
expired there.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, NamedTuple

from tapewire.common import roles
from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.orders import Order, Orders
from tapewire.common.clock import Now
from tapewire.common.events import (
    CancelAll,
    CancelOrder,
    ListPositions,
    OrderTerms,
    Side,
    SubmitOrder,
    TakeOver,
)
from tapewire.common.instruments import Instrument
from tapewire.common.price_steps import step_at, steps_of

SECOND_NS: Final = 1_000_000_000
WAIT_MAX_NS: Final = 30 * SECOND_NS
ORDER_TTL_NS: Final = 5 * SECOND_NS
FILL_WAIT_NS: Final = 10 * SECOND_NS
"""An order that has not filled further for this long is cancelled, and replaced."""
BEYOND: Final = Decimal("0.005")
"""How far beyond the newest price, as a share of it, the first limit order is; the second is twice
as far, and so on."""
BEYOND_MAX: Final = Decimal("0.05")
CANCELS_ALARM: Final = 3
"""After this many cancels an order should have ended."""

Command = SubmitOrder | CancelAll | CancelOrder | ListPositions | TakeOver


class Asked(NamedTuple):
    """A command, and the gateway that it is for."""

    role: str
    command: Command


def wait_ns(attempts: int) -> int:
    """How long to wait after this many attempts: 1 s, 2 s, 4 s ... 30 s."""
    return min(SECOND_NS << min(max(attempts, 1) - 1, 10), WAIT_MAX_NS)


def terms_of(
    side: Side,
    quantity: Decimal,
    attempt: int,
    price: Decimal | None,
    instrument: Instrument | None,
) -> OrderTerms:
    """What to close with at this attempt, 1 being the first; `price` is the newest, if one is
    known."""
    market = OrderTerms(side, quantity)
    if attempt % 2 or price is None or price <= 0 or instrument is None:
        return market
    beyond = min(BEYOND * (attempt // 2), BEYOND_MAX)
    limit = price * (1 + beyond if side == "BUY" else 1 - beyond)
    step = step_at(limit, steps_of(instrument))
    if not step:
        return market
    rounding = ROUND_CEILING if side == "BUY" else ROUND_FLOOR
    limit = (limit / step).to_integral_value(rounding) * step
    return OrderTerms(side, quantity, "LMT", limit, outside_hours=True) if limit > 0 else market


class Progress(NamedTuple):
    """How far an order has filled, since when; when it may be cancelled next, and how often it
    was."""

    filled: Decimal
    since_ns: int
    cancel_ns: int = 0
    cancels: int = 0


class Closing:
    """The closing orders of one account and symbol, which the gateway `role` takes. Times are
    monotonic.

    `reason` is why the last one did not close it, for a person.
    """

    def __init__(self, role: str = roles.LIQUIDATION) -> None:
        self.attempts = 0
        self.reason = ""
        self.next_ns = 0
        self._asked: SubmitOrder | None = None
        self._first_asked_ns = 0
        self._asked_ns = 0
        self._working: dict[str, Progress] = {}  # by intent
        self._role = role

    @property
    def busy(self) -> bool:
        """Whether an order of it is asked for, or works."""
        return self._asked is not None or bool(self._working)

    @property
    def intents(self) -> set[str]:
        """Its orders that work, or may."""
        asked = {self._asked.intent_id} if self._asked is not None else set()
        return asked | self._working.keys()

    @property
    def endless(self) -> list[str]:
        """Its orders that do not end, however often they are cancelled."""
        return [name for name, one in self._working.items() if one.cancels >= CANCELS_ALARM]

    def adopt(self, order: Order, now: Now) -> None:
        """An order of an earlier start of risk works: it counts as this one's."""
        self._working.setdefault(order.intent_id, Progress(order.filled, now.mono_ns))

    def ask(self, order: SubmitOrder, now: Now) -> Asked:
        """Ask for a new closing order."""
        self.attempts += 1
        self.next_ns = now.mono_ns + wait_ns(self.attempts)
        self._asked, self._first_asked_ns, self._asked_ns = order, now.mono_ns, now.mono_ns
        return Asked(self._role, order)

    def denied(self, intent_id: str, reason: str) -> bool:
        """The liquidation gateway will not take an order; whether it is the one asked for."""
        if self._asked is None or self._asked.intent_id != intent_id:
            return False
        self._asked, self.reason = None, reason
        return True

    def follow(self, orders: Orders[Order], now: Now) -> tuple[list[Asked], bool]:
        """What has become of its orders: what to ask now, and whether one of them is over."""
        asked, ended = self._answered(orders, now)
        for intent_id in list(self._working):
            one = orders[intent_id]
            if one.live:
                asked += self._watch(one, now)
            else:
                self._end(one)
                ended = True
        return asked, ended

    def _answered(self, orders: Orders[Order], now: Now) -> tuple[list[Asked], bool]:
        """The order that was asked for: taken, too old to be taken any more, or asked for again."""
        order = self._asked
        if order is None:
            return [], False
        known = orders.get(order.intent_id)
        if known is not None:
            self._asked = None
            self._working[known.intent_id] = Progress(ZERO, now.mono_ns)
            return [], False
        if now.mono_ns - self._first_asked_ns > ORDER_TTL_NS:
            self._asked, self.reason = None, "the liquidation gateway did not answer"
            return [], True
        if now.mono_ns - self._asked_ns < SECOND_NS:
            return [], False
        self._asked_ns = now.mono_ns
        return [Asked(self._role, order)], False

    def _watch(self, one: Order, now: Now) -> list[Asked]:
        """Cancel an order that works and does not fill until it is over, with a wait that grows:
        one that is UNKNOWN may need a person."""
        progress = self._working[one.intent_id]
        if one.filled != progress.filled:
            self._working[one.intent_id] = Progress(one.filled, now.mono_ns)
            return []
        waited_ns = now.mono_ns - progress.since_ns
        if waited_ns <= FILL_WAIT_NS or now.mono_ns < progress.cancel_ns:
            return []
        self.reason = f"it did not fill within {FILL_WAIT_NS // SECOND_NS} s"
        cancels = progress.cancels + 1
        cancel_ns = now.mono_ns + wait_ns(cancels)
        self._working[one.intent_id] = progress._replace(cancel_ns=cancel_ns, cancels=cancels)
        return [Asked(self._role, CancelOrder(one.intent_id, now.wall_ns))]

    def _end(self, one: Order) -> None:
        del self._working[one.intent_id]
        if one.filled:
            self.attempts = 0
        elif one.state != "CANCELLED":
            self.reason = one.reason
