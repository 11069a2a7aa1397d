"""Sweeps: the cancels that broken rules demand.

The orders that a `cancel` is about are looked up at each turn: those in its scope that could add
risk. So what was placed meanwhile is cancelled too, and exits stay. Orders that somebody else has
placed can only be cancelled with all others of the login (see `cancels`), exits included: then the
broker's orders are listed a moment later, so that what is gone is not cancelled again.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.decisions import Decisions
from tapewire.common.accounting.order import Order
from tapewire.common.clock import Now
from tapewire.common.events import (
    TEXT_MAX,
    CancelAll,
    Event,
    ForeignOrderReported,
    ListPositions,
    OrdersTakenOver,
    RiskWarned,
    Scope,
)
from tapewire.common.logins import ONLY, Login, Logins
from tapewire.risk.cancels import Cancels
from tapewire.risk.closing import SECOND_NS, Asked
from tapewire.risk.flatten import Flatten
from tapewire.risk.halting import Standing, Standings
from tapewire.risk.rules import Violation

LOOK_NS: Final = SECOND_NS // 2
"""The broker has cancelled by then what it was told to."""


class Sweeps:
    """The cancels of each scope in which a rule demands them, by login. Times are monotonic."""

    def __init__(
        self,
        accounts: Accounts[Order],
        decisions: Decisions,
        flattens: Iterable[Flatten],
        lease_ns: int,
        logins: Logins = ONLY,
    ) -> None:
        self._accounts = accounts
        self._decisions = decisions
        self._flattens = flattens
        self._lease_ns = lease_ns
        self._logins = logins
        self._cancels: dict[tuple[Scope, Login], Cancels] = {}
        self._warnings: list[tuple[Scope, str, str]] = []
        self._look_ns: int | None = None  # when to list what is open
        self._look_at: dict[Login, set[str]] = {}  # and in which accounts

    def on_taken_over(self, event: OrdersTakenOver, now_ns: int) -> None:
        """How a take-over ended that one of its cancels may have asked for."""
        for one in self._cancels.values():
            one.on_taken_over(event, now_ns)

    def warnings(self, now: Now) -> list[Event]:
        """What a person has to know of the cancels, once each."""
        found, self._warnings = self._warnings, []
        return [
            RiskWarned(now.wall_ns, scope, rule[:TEXT_MAX], what[:TEXT_MAX])
            for scope, rule, what in found
        ]

    def tick(self, violations: Iterable[Violation], standings: Standings, now: Now) -> list[Asked]:
        """What to cancel for these, as far as they demand it."""
        scopes = {one.scope: one.rule for one in violations if "cancel" in one.enforcement.measures}
        self._follow(scopes)
        asked: list[Asked] = []
        for (scope, login), cancels in self._cancels.items():
            wanted = self._sweep(scope, login, cancels, standings[login.name], now)
            if any(isinstance(one.command, CancelAll) for one in wanted):
                self._look_ns = now.mono_ns + LOOK_NS
                self._look_at.setdefault(login, set()).add(scope.account)
            asked += wanted
        return [*asked, *self._look(now)]

    def _follow(self, scopes: Mapping[Scope, str]) -> None:
        known = self._cancels
        self._cancels = {
            (scope, login): known.get((scope, login))
            or Cancels(
                _name_of(scope, login), scope, self._lease_ns, self._alarm(scope, rule), login
            )
            for scope, rule in scopes.items()
            for login in self._logins
            if login.touches(scope)
        }

    def _sweep(
        self, scope: Scope, login: Login, cancels: Cancels, standing: Standing, now: Now
    ) -> list[Asked]:
        own = [
            one
            for one in self._accounts.orders.live()
            if login.has(one.order.account) and self._adds_risk(one, scope)
        ]
        foreign = 0 if self._is_closing(login) else len(self._foreign(scope, login))
        if not (own or foreign):
            return []
        if (
            not foreign
            and cancels.is_silent(standing, now)
            and self._is_door_taken(scope, login, now)
        ):
            return []
        return cancels.ask(
            own, standing, now, more=False, closing=not foreign, foreign=foreign
        )  # fmt: skip

    def _look(self, now: Now) -> list[Asked]:
        """Both gateways of a login report the orders of others, each as it lists them: those of
        one account, where no more was cancelled."""
        if self._look_ns is None or now.mono_ns < self._look_ns:
            return []
        at, self._look_ns, self._look_at = self._look_at, None, {}
        name = f"{roles.RISK}-cancel-{now.wall_ns:x}-list"
        return [
            Asked(role, ListPositions(name, now.wall_ns, min(found) if len(found) == 1 else ""))
            for login, found in at.items()
            for role in login.gateways
        ]

    def _is_closing(self, login: Login) -> bool:
        """Whether a closing order may work there, which must not be cancelled with all others."""
        return any(one.is_closing for one in self._flattens if one.login == login)

    def _is_door_taken(self, scope: Scope, login: Login, now: Now) -> bool:
        """Whether something else may be taking over the gateway's client id, which only one can do
        at a time: a flatten, or the cancels of another scope."""
        others = (
            one
            for (known, its_login), one in self._cancels.items()
            if known != scope and its_login == login
        )
        taking_over = any(one.is_taking_over(now) for one in others)
        return taking_over or any(map(login.touches, self._decisions.flattening))

    def _adds_risk(self, one: Order, scope: Scope) -> bool:
        if one.order.strategy == roles.RISK or not one.order.is_in(scope):
            return False
        if self._decisions.flattens(one.order):  # which cancels it
            return False
        left = replace(one.order, terms=replace(one.terms, quantity=one.remaining))
        return not all(
            self._accounts.exposure(left.account, single.symbol, one).reduced_by(single.terms)
            for single in left.singles
        )

    def _foreign(self, scope: Scope, login: Login) -> list[ForeignOrderReported]:
        """The orders of others in a scope that could add risk."""
        foreign, exposure = self._accounts.orders.foreign, self._accounts.exposure
        return [
            one
            for one in (foreign.counted() if foreign else ())
            if one.is_in(scope)
            and login.has(one.account)
            and not all(
                exposure(one.account, part.symbol).only_reduces(part.side) for part in one.parts
            )
        ]

    def _alarm(self, scope: Scope, rule: str) -> Callable[[str, str], None]:
        """Takes what the cancels of a scope have to say, once for each stage."""
        stages: set[str] = set()

        def alarm(stage: str, what: str) -> None:
            if stage not in stages:
                stages.add(stage)
                self._warnings.append((scope, rule, what))

        return alarm


def _name_of(scope: Scope, login: Login) -> str:
    return "-".join(filter(None, (roles.RISK, "cancel", *scope.parts, login.name)))
