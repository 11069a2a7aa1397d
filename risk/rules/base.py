"""What a rule is: asked about an order before it goes, about every event after, and by timer.

A rule is pure: it looks at a `View` and answers. It opens nothing, reads no clock but the view's,
and changes nothing but a state of its own, which the risk monitor keeps over restarts. So the same
rule class denies orders in the executor and the gateway, and watches the accounts in the risk
process.

A rule has a file of its own in this folder, or lives in a module of yours and is named by
`module:Class`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import ClassVar, Final, Literal, NamedTuple

import msgspec

from tapewire.common.accounting.book import ZERO
from tapewire.common.events import (
    EVERYTHING,
    Event,
    Fill,
    ForeignOrderReported,
    OrderIntended,
    OrderModified,
    OrderModifyIntended,
    PositionReported,
    Scope,
    SubmitOrder,
    cause_of,
    subject_of,
)
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.quiet import Quiet
from tapewire.risk.rules.view import View


class Violation(NamedTuple):
    """A rule found broken: where, why in a sentence, and what is to be done about it. `symbol` is
    the position that broke it, where it was one; `allowed` how large that may be at most, long or
    short, where reducing it is a cure; `cause` the event, where it was one, with its time."""

    rule: str
    scope: Scope
    reason: str
    enforcement: Enforcement = HALT
    symbol: str = ""
    allowed: Decimal | None = None
    cause: str = ""
    cause_ns: int = 0

    @property
    def position(self) -> Scope:
        """What a `close` or `reduce` is about. Positions are an account's: no strategy has one."""
        return Scope(self.scope.account, symbol=self.symbol or self.scope.symbol)

    def caused_by(self, event: Event) -> "Violation":
        """The same, with the event that broke it."""
        return self._replace(cause=cause_of(event), cause_ns=getattr(event, "ts_ns", 0))

    @property
    def without_cause(self) -> "Violation":
        """The same, whatever has shown it."""
        return self._replace(cause="", cause_ns=0)


class Reading(NamedTuple):
    """How much of a limit is used: in an account, for a symbol ("": the whole account). `used` is
    None where it cannot be known, since a price is missing."""

    rule: str
    account: str
    symbol: str
    used: Decimal | None
    limit: Decimal
    unit: str = ""

    @property
    def share(self) -> Decimal | None:
        """How much is used, 1 being all of it; None where that is not known."""
        return None if self.used is None or not self.limit else self.used / self.limit


ADDS_RISK: tuple[type[Event], ...] = (
    OrderIntended, OrderModifyIntended, OrderModified, Fill, PositionReported,
    ForeignOrderReported,
)  # fmt: skip
"""The events after which a position, or what could become of it, may be larger than before."""


WARN_FROM: Final = Decimal("0.8")
"""The share of a limit from which on a person is warned."""
ROUNDING: Final = Decimal("1e-9")
"""Money that differs by less is the same. An average cost is a quotient, rounded to 28 digits, so a
result of exactly the limit may be short of it in the last of them."""


class NoParameters(msgspec.Struct, frozen=True):
    """The parameters of a rule that takes none."""


class Rule:
    """Base of all rules: override what the rule needs.

    `Parameters` is a `msgspec.Struct`; the configuration's `parameters` are checked against it.
    `scope` says which orders and positions it is about, `enforcement` what follows when it is
    broken. Its sentences name the subject, what was found and what is allowed.
    """

    Parameters: ClassVar[type[msgspec.Struct]] = NoParameters
    looks_at: ClassVar[tuple[type[Event], ...] | None] = None
    """The events that `on_event` is asked about; all of them where it is None."""
    default: ClassVar[Enforcement] = HALT
    """What follows when it is broken, where the configuration does not say."""
    reduces: ClassVar[bool] = False
    """Whether its violations say what is `allowed`, so that a `reduce` can be enforced. What has to
    wait for a flatten then begins once `on_timer` asks for it again."""
    rests_with: ClassVar[Literal["nothing", "flat", "ticks"]] = "nothing"
    """In which stretch without events `on_timer` finds what it found before: in none, in one in
    which no account holds anything and no trading day begins, or in any, whatever the prices and
    the time."""
    watches_marks: bool = False
    """Whether `on_timer` is asked after each new price too."""

    def __init__(
        self,
        parameters: msgspec.Struct,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        self.parameters = parameters
        self.scope = scope
        self.enforcement = enforcement

    @property
    def name(self) -> str:
        """What the rule is called in the configuration and in its sentences."""
        return type(self).__name__

    def quiet_now(self, view: View) -> Quiet | None:
        """As `quiet`, of a class that says so itself: see `rests`."""
        kind = type(self)
        known = kind.__module__.startswith(__package__ or "") or "quiet" in vars(kind)
        return self.quiet(view) if known else None

    def rests(self, *, flat: bool) -> bool:
        """Whether `on_timer` need not be asked until the next event; `flat`: no account holds
        anything. What another class inherits from a shipped one is not relied on."""
        kind = type(self)
        if kind.on_timer is Rule.on_timer:
            return True
        known = kind.__module__.startswith(__package__ or "") or "rests_with" in vars(kind)
        return known and (self.rests_with == "ticks" or (flat and self.rests_with == "flat"))

    def quiet(self, view: View) -> Quiet | None:
        """In which stretch without events `on_timer` finds what it found before, where that is not
        any (`rests`); None where it cannot say. A trading day's end ends each such stretch."""
        return None

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Why `order` must not go; empty if it may. `view` does not have the order yet."""
        return ""

    def combo_denial(self, combo: SubmitOrder, view: View) -> str:
        """The same of a combo: one of its legs must not go, as an order of its own. A leg's order
        has the leg's quantity, and no price. A rule about the price or the amount of the whole, or
        about several symbols together, overrides it."""
        for leg in combo.singles:
            if self.covers(leg) and (reason := self.denial(leg, view)):
                return reason
        return ""

    def on_event(self, event: Event, view: View) -> Iterable[Violation]:
        """What `event`, which `view` has, has broken."""
        return ()

    def on_timer(self, view: View) -> Iterable[Violation]:
        """What is broken now: asked a few times per second, and once when the past is known."""
        return ()

    def readings(self, view: View) -> Iterable[Reading]:
        """How much of its limits is used now, by account and symbol; for people, and for the
        warning before a limit is reached."""
        return ()

    def counts(self) -> Mapping[str, int | str]:
        """What else people may want to know of its state, such as what it had to leave out."""
        return {}

    def save(self) -> bytes:
        """The state to keep over restarts; empty where there is none."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take back what `save` returned last."""

    def violation(
        self,
        reason: str,
        *,
        account: str = "",
        symbol: str = "",
        position: str = "",
        allowed: Decimal | None = None,
    ) -> Violation:
        """A violation in `account` and `symbol`, within the rule's own scope. `position` is the
        symbol of the position that broke it, if that is not the whole scope, and `allowed` how
        large that may be; parts of a contract are left out."""
        scope = Scope(
            account or self.scope.account, self.scope.strategy, symbol or self.scope.symbol
        )
        whole = None if allowed is None else max(ZERO, allowed).to_integral_value(ROUND_FLOOR)
        return Violation(self.name, scope, reason, self.enforcement, position, whole)

    def reading(
        self, used: Decimal | None, limit: Decimal, account: str, symbol: str = "", unit: str = ""
    ) -> Reading:
        """How much of a limit of this rule is used."""
        return Reading(self.name, account, symbol, used, limit, unit)

    def covers(self, order: SubmitOrder) -> bool:
        """Whether the rule is about this order."""
        return self.scope == EVERYTHING or order.is_in(self.scope)


class AccountRule(Rule, ABC):
    """A rule that looks at one account at a time: after each event about it, and by timer."""

    @abstractmethod
    def broken(self, account: str, view: View) -> Iterable[Violation]:
        """What is broken in one account now."""

    def on_event(self, event: Event, view: View) -> Iterable[Violation]:
        """The account that the event is about."""
        account = getattr(event, "account", None)
        return self.broken(account, view) if account is not None else ()

    def on_timer(self, view: View) -> Iterable[Violation]:
        """Every account."""
        for account in view.accounts():
            yield from self.broken(account, view)


def positive_limit(rule: str, limit: Decimal) -> Decimal:
    """A limit that a rule can work with; ValueError names the rule."""
    if not limit.is_finite() or limit <= 0:
        raise ValueError(f"{rule} limit is {limit}; it must be above 0")
    return limit


def keys_of(event: Event) -> Iterable[tuple[str, str]]:
    """The accounts and symbols that an event is about, where it names them."""
    subject = subject_of(event)
    account, symbol = getattr(subject, "account", None), getattr(subject, "symbol", None)
    if account is None or symbol is None:
        return []
    return [(account, leg.symbol) for leg in getattr(subject, "legs", ())] or [(account, symbol)]
