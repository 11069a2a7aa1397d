"""Flattens: those in progress beside each other, in different accounts.

One that is stuck, with a symbol that is halted, say, keeps no other account waiting. Each cancels,
lists and closes for itself. Two things they share, and take turns at:

*   Where an order of somebody else has to go, every order of the login is cancelled. That would
    cancel the closing orders of the others, so it waits until none works.
*   Only one can take over the client id of a gateway that is silent.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.clock import Now
from tapewire.common.events import (
    Event,
    FlattenCompleted,
    FlattenDelayed,
    FlattenStarted,
    ListPositions,
    Scope,
)
from tapewire.risk.closing import Asked
from tapewire.risk.flatten import Flatten
from tapewire.risk.halting import Standing


class Flattens:
    """The flattens in progress, by their scope. State changes in `apply`."""

    def __init__(self, lease_ns: int, price_of: Callable[[str], Decimal | None]) -> None:
        self._lease_ns = lease_ns
        self._price_of = price_of
        self._by_scope: dict[Scope, Flatten] = {}

    def __iter__(self) -> Iterator[Flatten]:
        return iter(self._by_scope.values())

    def __str__(self) -> str:
        """How far they are, for a person; several with their scopes."""
        if len(self._by_scope) < 2:
            return "".join(map(str, self))
        return "; ".join(f"{one.scope}: {one}" for one in self)

    def apply(self, event: Event) -> None:
        """Take in an event of the own journal. A larger one takes the place of smaller ones."""
        if isinstance(event, FlattenStarted):
            known, scope = self._by_scope, event.scope
            self._by_scope = {k: one for k, one in known.items() if not scope.covers(*k.parts)}
            self._by_scope[scope] = Flatten(
                event.name, scope, self._lease_ns, event.keep, self._price_of
            )
        elif isinstance(event, FlattenCompleted):
            self._by_scope.pop(event.scope, None)

    def on_liquidation(self, event: Event, now_ns: int) -> None:
        """An event of the liquidation gateway's journal."""
        for one in self:
            one.on_liquidation(event, now_ns)

    def touching(self, scope: Scope) -> Flatten | None:
        """One that is in progress in the account of this scope; None if there is none."""
        return next((one for one in self if one.scope.shares_account(scope)), None)

    def tick(
        self, accounts: Accounts[Order], standing: Standing, gateway_seq: int, now: Now
    ) -> tuple[list[Event], list[Asked]]:
        """What to report, and what to ask of the gateways. `gateway_seq` is how far the gateway's
        journal goes."""
        events: list[Event] = []
        asked: list[Asked] = []
        for one in self:
            others = [other for other in self if other is not one]
            asked += one.tick(accounts, standing, now, others)
            alarms, one.alarms = one.alarms, []
            events += [FlattenDelayed(now.wall_ns, one.scope, alarm) for alarm in alarms]
            if one.phase == "DONE":
                events.append(
                    FlattenCompleted(now.wall_ns, one.scope, gateway_seq=gateway_seq, keep=one.keep)
                )
        # a list that is asked for has the positions in doubt, and closing orders denied
        return events, sorted(asked, key=lambda one: isinstance(one.command, ListPositions))
