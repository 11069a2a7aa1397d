"""Enforcement: what is done about broken rules, and when it is over.

A violation is reported when it begins, and with every measure that it needs. What is in force
already is not reported again while it lasts: until a check of everything does not find it any more,
or a restart.

Lock-outs
---------
A lock-out with an end ends by itself, in an event, and not before three things are true. Its time
has come by the wall clock, and by the monotonic one since it was first seen here: a clock that
jumps ahead sets nobody free. No rule that locks the same scope is broken any more. And no flatten
is in progress. So a `close` or a `reduce` is a lock-out that could end at once: it does when its
flatten has ended. While risk is dead nothing ends.

Nobody can talk a rule out of it. A person cannot lift a lock-out before its time, as long as its
rule is configured: by the same two clocks, and whatever else halts that scope for longer meanwhile.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.decisions import Decisions
from tapewire.common.accounting.order import Order
from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.amounts import text
from tapewire.common.clock import Now
from tapewire.common.events import (
    EVERYTHING,
    TEXT_MAX,
    Event,
    FlattenDeferred,
    FlattenStarted,
    LockOutEnded,
    RiskHalted,
    RiskViolation,
    RiskWarned,
    Scope,
)
from tapewire.risk.rules import Reading, Violation
from tapewire.risk.rules.base import WARN_FROM
from tapewire.risk.rules.enforcement import Enforcement

WARN_AGAIN_BELOW: Final = Decimal("0.7")

Key = tuple[str, Scope, str, Enforcement]
"""What makes two violations the same one, whatever their numbers are now."""

Subject = tuple[str, str, str, str]
"""What a reading is about: a rule, an account, a symbol, and the unit that is limited."""


def key_of(one: Violation) -> Key:
    """What makes it the same violation as another."""
    return one.rule, one.scope, one.symbol, one.enforcement


def _most_used(readings: Iterable[Reading]) -> dict[Subject, tuple[Decimal, Reading]]:
    """Of each subject the reading that uses most of its limit, with that share."""
    most: dict[Subject, tuple[Decimal, Reading]] = {}
    for one in readings:
        subject, share = (one.rule, one.account, one.symbol, one.unit), one.share
        if share is not None and (subject not in most or share > most[subject][0]):
            most[subject] = share, one
    return most


class Enforcer:
    """Turns violations into decisions. `apply` makes events the state and gives them back; what is
    kept here is found again by the first check after a restart."""

    def __init__(
        self,
        accounts: Accounts[Order],
        decisions: Decisions,
        day_of: TradingDays,
        apply: Callable[[list[Event]], list[Event]],
    ) -> None:
        self._accounts = accounts
        self._decisions = decisions
        self._day_of = day_of
        self._apply = apply
        self._lasting: dict[Key, Violation] = {}  # that were reported
        self._warned: set[Subject] = set()
        self._deadlines: dict[RiskHalted, int] = {}  # of lock-outs, monotonic

    # ---- violations ----------------------------------------------------------------------------

    def enforce(self, violations: Sequence[Violation], now: Now) -> list[Event]:
        """What follows from these, the strongest first: each scope is locked once, for all of its
        reasons."""
        events: list[Event] = []
        for one in violations:
            measures = self._measures(one, violations, now)
            is_news = key_of(one) not in self._lasting
            self._lasting[key_of(one)] = one
            if measures or (is_news and not one.enforcement.halts):
                report = RiskViolation(
                    now.wall_ns, one.scope, one.rule[:TEXT_MAX], one.reason[:TEXT_MAX],
                    one.cause, one.cause_ns, one.enforcement.measures,
                )  # fmt: skip
                events += self._apply([report, *measures])
        return events

    def found(self, lasting: Iterable[Violation]) -> None:
        """A check of everything found these broken, and no others."""
        self._lasting = {key_of(one): one for one in lasting}

    def warn(self, readings: Iterable[Reading], now: Now) -> list[Event]:
        """Say once of each limit that most of it is used; of several of one rule and unit, of the
        one that is used most."""
        events: list[Event] = []
        for subject, (share, one) in _most_used(readings).items():
            if share < WARN_AGAIN_BELOW:
                self._warned.discard(subject)
            elif self._is_warning(subject, share):
                self._warned.add(subject)
                if share > 1:  # it is broken, and that is reported
                    continue
                scope = Scope(one.account, symbol=one.symbol)
                reason = f"{text(one.used or ZERO)} of {text(one.limit)} {one.unit}".strip()
                events.append(RiskWarned(now.wall_ns, scope, one.rule, f"{reason} is used"))
        return events

    @property
    def has_warned(self) -> bool:
        """Whether a limit is used for the most part, and that was said."""
        return bool(self._warned)

    def would_warn(self, readings: Iterable[Reading]) -> bool:
        """Whether `warn` would say something of these."""
        most = _most_used(readings).items()
        return any(self._is_warning(subject, share) for subject, (share, _) in most)

    def _is_warning(self, subject: Subject, share: Decimal) -> bool:
        return share >= WARN_FROM and subject not in self._warned

    def _measures(self, one: Violation, all_of_them: Sequence[Violation], now: Now) -> list[Event]:
        """What has to be done about a violation and is not done yet.

        A violation may outlast the flatten that it asked for, as a loss does: a second one begins
        only if something is held again. What has to wait for another is owed, but for a cure: that
        goes as far as it still needs when its turn has come.
        """
        if not one.enforcement.halts:
            return []
        measures: list[Event] = []
        halt = self._halt(one, all_of_them, now)
        is_news = key_of(one) not in self._lasting
        if self._is_needed(halt, is_news=is_news, locks=one.enforcement.locks):
            measures.append(halt)
        closed = _closed_by(one)
        if closed is None:
            return measures
        flatten = self._decisions.started(now.wall_ns, closed[0], halt.reason, closed[1])
        if not (is_news or self._holds_more(flatten)):
            return measures
        waits, decisions = not self._decisions.may_flatten(*closed), self._decisions
        if self._is_cure(one):
            waits = waits or any(scope.shares_account(closed[0]) for scope in decisions.owed)
        elif waits and closed[0] not in decisions.flattening and not decisions.owes(*closed):
            measures.append(FlattenDeferred(now.wall_ns, closed[0], halt.reason, closed[1]))
        return measures if waits else [*measures, flatten]

    def _is_cure(self, one: Violation) -> bool:
        """Whether closing is only to make a limit hold again: it reduces, or a flatten that is in
        progress is for the same limit of the account, and may do. Closed in parts, the position
        that was the largest leaves another one the largest for a moment: that must stay."""
        measures = one.enforcement.measures
        if "flatten" in measures or "close" not in measures:
            return "flatten" not in measures
        running = self._decisions.flattening.values()
        return one.allowed is not None and any(
            of.scope.account == one.scope.account and f"{one.rule}: " in of.reason for of in running
        )

    def _owed_flattens(self, now: Now) -> list[Event]:
        """Those that had to wait for another, and can begin now: though what asked for one may not
        be broken any more."""
        events: list[Event] = []
        for one in list(self._decisions.owed.values()):
            if self._decisions.may_flatten(one.scope, one.keep):
                begun = self._decisions.started(now.wall_ns, one.scope, one.reason, one.keep)
                events += self._apply([begun])
        return events

    def _halt(self, one: Violation, all_of_them: Sequence[Violation], now: Now) -> RiskHalted:
        scope, enforcement = _locked_by(one), one.enforcement
        until_ns = enforcement.ends_ns(now.wall_ns, scope.account, self._day_of)
        same = [other for other in all_of_them if _locked_by(other) == scope]
        reasons = dict.fromkeys(
            f"{other.rule}: {other.reason}" for other in (one, *same) if other.enforcement.halts
        )
        reason = "; ".join(reasons)[:TEXT_MAX]
        return RiskHalted(now.wall_ns, scope, reason, until_ns=until_ns, by=one.rule[:TEXT_MAX])

    def _is_needed(self, halt: RiskHalted, *, is_news: bool, locks: bool) -> bool:
        """Whether nothing that is in force lasts as long in that scope. One that lasts on is not
        made longer by each check: it ends when it is not broken any more. Of a lock-out that ends
        by itself, only another one takes the place: a person can lift the rest."""
        decisions = self._decisions
        in_force = decisions.lock_outs if locks and halt.until_ns else decisions.halts
        for scope in {EVERYTHING, halt.scope}:
            known = in_force.get(scope)
            if known is not None and not (is_news and halt.outlasts(known)):
                return False
        return True

    def _holds_more(self, flatten: FlattenStarted) -> bool:
        """Whether anything is held that a flatten would close."""
        return any(
            abs(quantity) > flatten.keep and flatten.scope.covers(account, "", symbol)
            for (account, symbol), quantity in self._accounts.held().items()
        )

    # ---- timed work ----------------------------------------------------------------------------

    def ended(self, now: Now) -> list[Event]:
        """The lock-outs that are over, and the flatten that had to wait for another. To be asked
        after a check of everything. A lock-out that something outlasts ends with that: a person
        lifts both."""
        owed = self._owed_flattens(now)
        timed = list(self._decisions.lock_outs.values())
        self._deadlines = {
            halt: self._deadlines.get(halt, now.mono_ns + max(halt.until_ns - now.wall_ns, 0))
            for halt in timed
        }
        over = [
            LockOutEnded(now.wall_ns, halt.scope, halt.until_ns)
            for halt in timed
            if self._decisions.halts.get(halt.scope) == halt
            if not self._decisions.closes(halt.scope)
            if self._is_due(halt, now) and not self._is_broken(halt.scope)
        ]
        return [*owed, *self._apply([*over])]

    def _is_due(self, halt: RiskHalted, now: Now) -> bool:
        """Whether the time of a lock-out has come, by both clocks."""
        return now.wall_ns >= halt.until_ns and now.mono_ns >= self._deadlines.get(halt, 0)

    def locked_out(self, scope: Scope, rules: Collection[str], now: Now) -> str:
        """Why a person cannot lift the halts of a scope yet, by the `rules` that are configured;
        empty if they can."""
        for halt in self._decisions.lock_outs.values():
            lifted = scope in (EVERYTHING, halt.scope)
            if lifted and halt.by in rules and not self._is_due(halt, now):
                end = datetime.fromtimestamp(halt.until_ns / 1e9, UTC)
                return f"{halt.by} has locked out {halt.scope} until {end:%Y-%m-%d %H:%M:%S} UTC"
        return ""

    @property
    def lasting(self) -> Collection[Violation]:
        """What is broken, as far as it was reported."""
        return self._lasting.values()

    def _is_broken(self, scope: Scope) -> bool:
        lasting = self._lasting.values()
        return any(one.enforcement.halts and _locked_by(one) == scope for one in lasting)


def _locked_by(one: Violation) -> Scope:
    """Where nothing may add risk because of it: a `close` or a `reduce` alone locks its position,
    and only until that is done."""
    return one.scope if one.enforcement.locks else one.position


def _closed_by(one: Violation) -> tuple[Scope, Decimal] | None:
    """What it closes, and how much of a position it leaves; None if it closes nothing."""
    measures = one.enforcement.measures
    if "flatten" in measures:  # positions are an account's
        return Scope(one.scope.account, symbol=one.scope.symbol), ZERO
    if "close" in measures:
        return one.position, ZERO
    return (one.position, one.allowed) if "reduce" in measures and one.allowed is not None else None
