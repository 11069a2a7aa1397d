"""Admission: whether an order may be taken, asked when it arrives and again when it is written.

The gateway trusts nobody here: a broken executor, a queue that was held up, or a gateway that wakes
late must not add risk after a halt, or while risk is not there to say so.

An order that can only reduce its position is let through (an exit must be possible under every
halt), except during a flatten, which closes the position itself: two orders closing one position
would turn it round. Every other order needs risk's lease: a heartbeat not older than `lease_ms` by
the monotonic clock, trading ACTIVE, and no halt whose scope covers the order.

A heartbeat does not name the halts that cover only a part of the trading; they are known from
risk's journal alone. So nothing that adds risk may pass before that has been read to its head, and
again whenever a part of it is missing (`decisions_known`). A heartbeat carries that head. So once a
halt is older than `lease_ms`, every heartbeat that is still fresh names a head behind it: whatever
became of this process meanwhile, the halt is read before anything in its scope can add risk.

What reduces
------------
Whether an order reduces depends on what is held, and that may be known too late. A gateway that was
stopped, and wakes with a SELL in its queue, has a halt and a completed flatten in one socket and
the broker's reports of it in another. By the position that it remembers the SELL reduces; by the
real one it opens a short. A halt that arrives says the same of a gateway that slept no moment:
somebody found the position wrong, and the flatten that may be over by then closed it elsewhere.

So an order passes as reducing only on positions that can be relied on. They cannot after this
process had no turn for a second, after a connection, when a halt arrives and when a flatten ends;
a list of all positions that was asked for afterwards settles it (see `positions`). Until then the
order needs what an order that adds risk needs. It is asked about on arrival and at the moment of
writing, each time with the doubts of that moment.

What protects the position of a group, after an order of it failed, `reduces_only`: it is denied
where it does not pass as reducing, also while trading is ACTIVE. The broker may have ended that one
because another filled, and the fill is not known here yet. So whenever it ends an order of a group,
positions are listed again, and no such order passes before that list has come. It is asked for at
the end and not when such an order comes, which would then be denied, and tried again after a while
in which other groups' orders end: where many are traded, it might never pass.

After waking up, risk's decisions may be as old as the positions. They are waited for as well, until
a heartbeat that was sent since, but not beyond the lease: if risk is dead, so is every flatten, and
exits must be possible.

Combos
------
A combo is asked about leg by leg: it passes as reducing if each of its legs does (see
`common.accounting.exposure`). Otherwise it adds risk as a whole, and a halt, a conflict or a
flatten in the symbol of any leg covers it.

Conflicts
---------
A conflict (an order at the broker under the tag of one of ours) halts its account and symbol here
at once; that of a combo, all of its account. Risk answers it with a halt of its own, which a person
lifts; from that answer on, the halt alone decides. So there is no moment between the two, and none
after a restart either.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tapewire.common.accounting.decisions import Decisions
from tapewire.common.accounting.exposure import Exposures, is_reducing
from tapewire.common.clock import Now
from tapewire.common.events import (
    Event,
    Heartbeat,
    OrderConflict,
    Scope,
    SubmitOrder,
)
from tapewire.common.events.expiry import has_expired
from tapewire.common.order_checks import order_fault

ADDS_RISK: Final = "it would add risk, and the liquidation gateway only takes orders that reduce it"
NOT_REDUCING: Final = (
    "it may only reduce, and it could do more than bring the position nearer to zero"
)
HALT_ARRIVED: Final = "since a halt arrived"
FLATTEN_ENDED: Final = "since a flatten ended"


class Gate:
    """What admission looks at: risk's last word, and what it has halted. `reduce_only` makes it
    the liquidation gateway's: nothing else passes. `conflicts` are all that were ever reported."""

    def __init__(
        self,
        lease_ms: int,
        *,
        reduce_only: bool,
        conflicts: Mapping[str, OrderConflict] | None = None,
    ) -> None:
        self.lease_ns = lease_ms * 1_000_000
        self.reduce_only = reduce_only
        self.beat: Heartbeat | None = None
        self.decisions_known = False  # whether risk's journal has been read to its head
        self.decisions = Decisions()
        self.no_room = ""  # on the disk, for orders that add risk
        self.held_back: Callable[[Now], str] = lambda _now: ""  # why, with a restart ahead
        self._woke_mono_ns: int | None = None
        self._conflicts = {} if conflicts is None else conflicts

    def on_risk(self, event: Event) -> str:
        """Take in risk's heartbeats, which are the lease, and its decisions.

        Only `risk.resumed` lifts a halt here: a heartbeat may be older than the halt. Gives why
        positions are to be listed again, as `since ...`; empty if they need not be.
        """
        if isinstance(event, Heartbeat):
            before, self.beat = self.beat, event
            ended = event.trading != "ACTIVE" and (before is None or before.trading == "ACTIVE")
            return HALT_ARRIVED if ended else ""
        halts, flattening = len(self.decisions.halts), len(self.decisions.flattening)
        self.decisions.apply(event)
        if len(self.decisions.halts) > halts:
            return HALT_ARRIVED
        return FLATTEN_ENDED if len(self.decisions.flattening) < flattening else ""

    def woke(self, now: Now) -> None:
        """This process started, or had no turn for a while: risk may have decided since."""
        self._woke_mono_ns = now.mono_ns

    def behind(self, now: Now) -> str:
        """Why risk's decisions may be older than this process's waking up; empty if they are not,
        or if risk has said nothing for as long as its lease lasts."""
        woke_ns = self._woke_mono_ns
        if woke_ns is None or self.reduce_only:
            return ""
        caught_up = self.decisions_known and self.beat is not None and self.beat.mono_ns >= woke_ns
        if caught_up or now.mono_ns - woke_ns > self.lease_ns:
            self._woke_mono_ns = None
            return ""
        return "no heartbeat has come from risk since this process woke up"

    def denial(self, order: SubmitOrder, now: Now, exposures: Exposures, unsure: str = "") -> str:
        """Why `order` may not go to the broker now; empty if it may. `exposures` are those where it
        trades, without the order itself, so the answer is the same when asked again. `unsure` says
        why the positions in them are not relied on."""
        fault = order_fault(order)
        if fault:
            return fault
        if has_expired(order, now):
            return "it expired before it could be sent"
        if self.decisions.flattens(order):
            return "a flatten is in progress, and it closes the positions itself"
        reduces = is_reducing(order, exposures)
        if reduces and not unsure:
            return ""
        if order.reduces_only:
            return unsure or NOT_REDUCING
        denial = ADDS_RISK if self.reduce_only else self._risk_denial(order, now)
        if not (denial or reduces):  # an exit, as far as is known; no restart holds it back
            denial = self.held_back(now)
        return f"{unsure}; until then no order passes as reducing" if denial and reduces else denial

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values: what risk has decided, as far as it is known here."""
        return self.decisions.snapshot()

    def _risk_denial(self, order: SubmitOrder, now: Now) -> str:
        return self.no_room or self._lease_denial(now) or self._halt_denial(order)

    def _lease_denial(self, now: Now) -> str:
        if self.beat is None:
            return "no heartbeat from risk yet; an order that adds risk needs its lease"
        age_ns = now.mono_ns - self.beat.mono_ns
        if age_ns > self.lease_ns:
            return (
                f"the last heartbeat from risk is {age_ns // 1_000_000} ms old, its lease is"
                f" {self.lease_ns // 1_000_000} ms"
            )
        return "" if self.decisions_known else "risk's decisions are not all known yet"

    def _halt_denial(self, order: SubmitOrder) -> str:
        halted = self.decisions.halt_on(order)
        if halted is not None:
            return f"trading is HALTED for {halted}, and the order would add risk"
        if conflict := self._conflict_with(order):
            return (
                f"an order at the broker has the tag of {conflict.intent_id} and is not that order:"
                f" nothing that adds risk in {conflict.symbol or conflict.account} goes until that"
                " is settled"
            )
        if self.beat is None or self.beat.trading != "ACTIVE":
            trading = (self.beat and self.beat.trading) or "HALTED"
            return f"trading is {trading}, and the order would add risk"
        return ""

    def _conflict_with(self, order: SubmitOrder) -> OrderConflict | None:
        """A conflict where `order` would trade that risk has not answered yet."""
        for conflict in self._conflicts.values():
            there = order.is_in(Scope(conflict.account, symbol=conflict.symbol))
            if there and conflict.id not in self.decisions.answered:
                return conflict
        return None
