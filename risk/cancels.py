"""The cancels of a flatten or of a rule: who is asked to cancel what, and how often.

TWS cancels single orders only for the client that placed them; anybody can cancel all orders of the
login, other people's protective stops included. So it depends on the scope, and on whose orders
work there:

*   Everything: the liquidation gateway cancels all orders of the login; while it is not there, the
    gateway does. Not while a closing order works, which this would cancel too.
*   A part: the gateway is asked to cancel what it placed there, one by one. If it has been silent
    for longer than risk's lease it is dead, or it hangs. The liquidation gateway then takes over
    its client id, cancels its orders one by one and gives the id back. TWS lets it in if the
    gateway is dead. If the gateway hangs, its connection still holds the id: then all orders of the
    login are cancelled, and an alarm says so. That is more than was asked for, but the orders left
    alone might undo the flatten, and nobody is there who could cancel them singly.

*   Foreign orders, which somebody else has placed, can only be cancelled with all others. So if
    one works in the scope, all orders of the login are cancelled, and an alarm says so.

Each is asked for again, with a wait that grows, for as long as anything works.
"""

from collections.abc import Callable, Sequence
from typing import Final

from tapewire.common.accounting.orders import Order
from tapewire.common.amounts import counted
from tapewire.common.clock import Now
from tapewire.common.events import (
    EVERYTHING,
    CancelAll,
    CancelOrder,
    OrdersTakenOver,
    Scope,
    TakeOver,
)
from tapewire.common.logins import ONLY_LOGIN, Login
from tapewire.risk.closing import SECOND_NS, Asked, wait_ns
from tapewire.risk.halting import Standing

CONFIRM_NS: Final = 5 * SECOND_NS
"""The broker's list has shown by then whether a take-over has cancelled everything."""
ANSWER_NS: Final = 8 * SECOND_NS
"""The liquidation gateway has said by then how its take-over ended."""


class Cancels:
    """The cancels of one flatten, or of one scope of rules, at one login. Times are monotonic;
    `alarm` takes a stage and a sentence.

    `last_ns` is when something was last asked for, or taken over.
    """

    def __init__(
        self,
        flatten_id: str,
        scope: Scope,
        lease_ns: int,
        alarm: Callable[[str, str], None],
        login: Login = ONLY_LOGIN,
    ) -> None:
        self.last_ns = 0
        self._id = flatten_id
        self._login = login
        self._scope = scope
        self._lease_ns = lease_ns
        self._alarm = alarm
        self._began_ns: int | None = None
        self._rounds = 0
        self._next_ns = 0
        self._take_over: tuple[str, int] | None = None  # id, and when it was asked for
        self._taken_over = 0  # how often it was tried
        self._refused = ""  # why the client id cannot be taken over

    def on_taken_over(self, event: OrdersTakenOver, now_ns: int) -> None:
        """How a take-over ended."""
        if self._take_over is None or event.id != self._take_over[0]:
            return
        self._take_over, self.last_ns = None, now_ns
        self._refused = event.reason
        self._next_ns = now_ns if event.reason else now_ns + CONFIRM_NS

    def ask(
        self,
        working: Sequence[Order],
        standing: Standing,
        now: Now,
        *,
        more: bool,
        closing: bool,
        foreign: int = 0,
    ) -> list[Asked]:
        """What to cancel now: at once, and then for as long as orders are `working`, this many
        `foreign` ones do, or there are `more` that nobody here knows. `closing` is whether a
        closing order may work."""
        self._began_ns = now.mono_ns if self._began_ns is None else self._began_ns
        if self._rounds and not (working or more or foreign):
            return []
        if now.mono_ns < self._next_ns or self.is_taking_over(now):
            return []
        self._rounds += 1
        if foreign and not closing:
            asked = self._all(foreign, standing, now)
        else:
            asked = self._commands(working, standing, now, closing)
        if asked:
            self.last_ns, self._next_ns = now.mono_ns, now.mono_ns + wait_ns(self._rounds)
        return asked

    def _commands(
        self, working: Sequence[Order], standing: Standing, now: Now, closing: bool
    ) -> list[Asked]:
        if self._scope == EVERYTHING and not closing:
            return self._all(0, standing, now)
        if not self.is_silent(standing, now):
            self._taken_over, self._refused = 0, ""
            return [
                Asked(self._login.gateway, CancelOrder(one.intent_id, now.wall_ns))
                for one in working
            ]
        order_ids = tuple(one.order_id for one in working if one.order_id.isdecimal())
        if order_ids and not self._refused and not self._taken_over:
            return [self._begin_take_over(order_ids, now)]
        return self._widen(working, now) if working and not closing else []

    def _all(self, foreign: int, standing: Standing, now: Now) -> list[Asked]:
        """Cancel every order of the login."""
        if foreign and self._scope != EVERYTHING:
            self._alarm("foreign", (
                f"{counted(foreign, 'order')} in {self._scope} that somebody else has placed cannot"
                " be cancelled singly. Every order of the login is cancelled, in all accounts and"
                " symbols, whoever placed it"
            ))  # fmt: skip
        role = self._login.liquidation if standing.reachable else self._login.gateway
        return [Asked(role, CancelAll(now.wall_ns))]

    def _begin_take_over(self, order_ids: tuple[str, ...], now: Now) -> Asked:
        self._taken_over += 1
        name = f"{self._id}-{now.wall_ns:x}-take-over"
        self._take_over = (name, now.mono_ns)
        return Asked(self._login.liquidation, TakeOver(name, now.wall_ns, order_ids))

    def _widen(self, working: Sequence[Order], now: Now) -> list[Asked]:
        why = self._refused or "taking over its client id has not cancelled them"
        self._alarm("widened", (
            f"the gateway does not answer, and its {counted(len(working), 'order')} in"
            f" {self._scope} cannot be cancelled one by one: {why}. Every order of the login is"
            " cancelled, in all accounts and symbols, whoever placed it"
        ))  # fmt: skip
        return [Asked(self._login.liquidation, CancelAll(now.wall_ns))]

    def is_taking_over(self, now: Now) -> bool:
        """Whether the liquidation gateway is about to, under the gateway's client id."""
        if self._take_over is None:
            return False
        if now.mono_ns - self._take_over[1] > ANSWER_NS:
            self._take_over = None
            self._refused = "the liquidation gateway did not say how taking over its client id went"
        return self._take_over is not None

    def is_silent(self, standing: Standing, now: Now) -> bool:
        """Whether the gateway has not been heard of for longer than risk's lease."""
        beat = standing.beat
        since_ns = beat.mono_ns if beat is not None else self._began_ns or 0
        return now.mono_ns - since_ns > self._lease_ns
