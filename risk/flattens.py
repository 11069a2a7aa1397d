"""Flattens: those in progress beside each other, in different accounts.

Each login has its own gateways, and its own connection to the broker. So a flatten that is about
several logins is one `Flatten` at each, with an own id, and is over when all of them are. One of an
account that no login has can be carried out by nobody, and so it is not over before a login has it.

One that is stuck, with a symbol that is halted, say, keeps no other account waiting. Each cancels,
lists and closes for itself. Two things they share, and take turns at:

*   Where an order of somebody else has to go, every order of its login is cancelled. That would
    cancel the closing orders of the others, so it waits until none works.
*   Only one can take over the client id of a gateway that is silent.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Final

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.clock import Now
from tapewire.common.events import (
    TEXT_MAX,
    Event,
    FlattenCompleted,
    FlattenDelayed,
    FlattenStarted,
    JournalShortened,
    ListPositions,
    Scope,
)
from tapewire.common.logins import ONLY, Login, Logins
from tapewire.risk.closing import Asked
from tapewire.risk.flatten import Flatten
from tapewire.risk.halting import Standings

NO_LOGIN: Final = (
    "no login has this account, so nothing of it is closed; add it to its entry of [[gateways]] and"
    " restart the group"
)


class Flattens:
    """The flattens in progress, by their scope. State changes in `apply`."""

    def __init__(
        self,
        lease_ns: int,
        price_of: Callable[[str], Decimal | None],
        logins: Logins = ONLY,
    ) -> None:
        self._lease_ns = lease_ns
        self._price_of = price_of
        self._logins = logins
        self._by_scope: dict[Scope, tuple[Flatten, ...]] = {}
        self._stranded: set[Scope] = set()  # of no login, and reported
        self._closed_seq: dict[str, int] = {}  # up to where flattens closed, by the gateway's role

    def __iter__(self) -> Iterator[Flatten]:
        return chain.from_iterable(self._by_scope.values())

    def __str__(self) -> str:
        """How far they are, for a person; several with their scopes."""
        stranded = [f"{one}: {NO_LOGIN}" for one, parts in self._by_scope.items() if not parts]
        if len(self._by_scope) < 2:
            return "; ".join([*map(_with_login, self), *stranded])
        return "; ".join([*(f"{one.scope}: {_with_login(one)}" for one in self), *stranded])

    def apply(self, event: Event) -> None:
        """Take in an event of the own journal. A larger one takes the place of smaller ones."""
        if isinstance(event, FlattenStarted):
            known, scope = self._by_scope, event.scope
            self._by_scope = {k: parts for k, parts in known.items() if not scope.covers(*k.parts)}
            self._by_scope[scope] = tuple(
                self._begun(event, login) for login in self._logins if login.touches(scope)
            )
        elif isinstance(event, FlattenCompleted):
            self._by_scope.pop(event.scope, None)
            for login in self._logins:
                seq = event.seq_of(login.gateway)
                self._closed_seq[login.gateway] = max(seq, self._closed_seq.get(login.gateway, 0))
        elif isinstance(event, JournalShortened):
            seq = self._closed_seq.get(event.gateway, 0)
            self._closed_seq[event.gateway] = min(seq, event.head_seq)
        self._stranded.intersection_update(self._by_scope)

    def _begun(self, event: FlattenStarted, login: Login) -> Flatten:
        name = f"{event.name}-{login.name}" if login.name else event.name
        return Flatten(name, event.scope, self._lease_ns, event.keep, self._price_of, login)

    def on_liquidation(self, event: Event, now_ns: int) -> None:
        """An event of a liquidation gateway's journal."""
        for one in self:
            one.on_liquidation(event, now_ns)

    def touching(self, scope: Scope) -> Flatten | None:
        """One that is in progress in the account of this scope; None if there is none."""
        return next((one for one in self if one.scope.shares_account(scope)), None)

    def shortened(self, gateway_seqs: Mapping[str, int], now: Now) -> list[Event]:
        """What is news, and applied already: gateways whose journal was started over, or put back
        from a copy, since a flatten. Each place in it that a flatten has closed would soon be that
        of a new order. Only when the past of all gateways is known; `gateway_seqs` as in `tick`.
        """
        events: list[Event] = [
            JournalShortened(now.wall_ns, role, seq)
            for role, seq in gateway_seqs.items()
            if seq < self._closed_seq.get(role, 0)
        ]
        for event in events:
            self.apply(event)
        return events

    def tick(
        self,
        accounts: Accounts[Order],
        standings: Standings,
        gateway_seqs: Mapping[str, int],
        now: Now,
    ) -> tuple[list[Event], list[Asked]]:
        """What to report, and what to ask of the gateways. `gateway_seqs` is how far the journal of
        each gateway goes, by its role."""
        events: list[Event] = []
        asked: list[Asked] = []
        for one in self:
            others = [other for other in self if other is not one and other.login == one.login]
            asked += one.tick(accounts, standings[one.login.name], now, others)
            alarms, one.alarms = one.alarms, []
            prefix = f"{one.login.name}: " if one.login.name else ""
            events += [
                FlattenDelayed(now.wall_ns, one.scope, f"{prefix}{alarm}"[:TEXT_MAX])
                for alarm in alarms
            ]
        for scope, parts in self._by_scope.items():
            if parts and all(one.phase == "DONE" for one in parts):
                events.append(_completed(scope, parts, gateway_seqs, now))
            elif not parts and scope not in self._stranded:
                self._stranded.add(scope)
                events.append(FlattenDelayed(now.wall_ns, scope, NO_LOGIN))
        # a list that is asked for has the positions in doubt, and closing orders denied
        return events, sorted(asked, key=lambda one: isinstance(one.command, ListPositions))


def _with_login(one: Flatten) -> str:
    return f"{one.login.name}: {one}" if one.login.name else str(one)


def _completed(
    scope: Scope, parts: Sequence[Flatten], gateway_seqs: Mapping[str, int], now: Now
) -> FlattenCompleted:
    seqs = tuple((one.login.gateway, gateway_seqs.get(one.login.gateway, 0)) for one in parts)
    keep = parts[0].keep
    if any(one.login.name for one in parts):
        return FlattenCompleted(now.wall_ns, scope, keep=keep, gateway_seqs=seqs)
    return FlattenCompleted(now.wall_ns, scope, gateway_seq=sum(seq for _, seq in seqs), keep=keep)
