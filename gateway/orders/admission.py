"""Admission: whether an order may be taken, asked when it arrives and again when it is written.

The gateway trusts nobody here: a broken executor, a queue that was held up, or a gateway that wakes
late must not add risk after a halt, or while risk is not there to say so.

An order that can only reduce its position is always let through (an exit must be possible under
every halt), except during a flatten, which closes the position itself: two orders closing one
position would turn it round. Every other order needs risk's lease: a heartbeat not older than
`lease_ms` by the monotonic clock, trading ACTIVE, and no halt whose scope covers the order.

A heartbeat does not name the halts that cover only a part of the trading; they are known from
risk's journal alone. So nothing that adds risk may pass before that has been read to its head, and
again whenever a part of it is missing (`decisions_known`).
"""

from typing import Any

from tapewire.common.accounting.decisions import Decisions
from tapewire.common.accounting.exposure import Exposure
from tapewire.common.clock import Now
from tapewire.common.events import Event, Heartbeat, SubmitOrder, terms_fault


class Gate:
    """What admission looks at: risk's last word, and what it has halted. `reduce_only` makes it
    the liquidation gateway's: nothing else passes."""

    def __init__(self, lease_ms: int, *, reduce_only: bool) -> None:
        self.lease_ns = lease_ms * 1_000_000
        self.reduce_only = reduce_only
        self.beat: Heartbeat | None = None
        self.decisions_known = False  # whether risk's journal has been read to its head
        self.decisions = Decisions()

    def on_risk(self, event: Event) -> None:
        """Take in risk's heartbeats, which are the lease, and its decisions.

        Only `risk.resumed` lifts a halt here: a heartbeat may be older than the halt.
        """
        if isinstance(event, Heartbeat):
            self.beat = event
        else:
            self.decisions.apply(event)

    def denial(self, order: SubmitOrder, now: Now, exposure: Exposure) -> str:
        """Why `order` may not go to the broker now; empty if it may. `exposure` is that of its
        account and symbol without the order itself, so the answer is the same when asked again."""
        fault = terms_fault(order.terms)
        if fault:
            return fault
        if order.expires_ns < now.wall_ns:
            return "it expired before it could be sent"
        if self.decisions.flattens(order):
            return "a flatten is in progress, and it closes the positions itself"
        if exposure.reduced_by(order.terms):
            return ""
        if self.reduce_only:
            return "it would add risk, and the liquidation gateway only takes orders that reduce it"
        return self._risk_denial(order, now)

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values: what risk has decided, as far as it is known here."""
        return self.decisions.snapshot()

    def _risk_denial(self, order: SubmitOrder, now: Now) -> str:
        if self.beat is None:
            return "no heartbeat from risk yet; an order that adds risk needs its lease"
        age_ns = now.mono_ns - self.beat.mono_ns
        if age_ns > self.lease_ns:
            return (
                f"the last heartbeat from risk is {age_ns // 1_000_000} ms old, its lease is"
                f" {self.lease_ns // 1_000_000} ms"
            )
        if not self.decisions_known:
            return "risk's decisions are not all known yet"
        halted = self.decisions.halt_on(order)
        if halted is not None:
            return f"trading is HALTED for {halted}, and the order would add risk"
        if self.beat.trading != "ACTIVE":
            return f"trading is {self.beat.trading or 'HALTED'}, and the order would add risk"
        return ""
