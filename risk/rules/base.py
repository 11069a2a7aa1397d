"""What a rule is: asked about an order before it goes, about every event after, and by timer.

A rule is pure: it looks at a `View` and answers. It opens nothing, reads no clock but the view's,
and changes nothing but a state of its own, which the risk monitor keeps over restarts. So the same
rule object denies orders in the executor and watches the accounts in the risk process.

A rule has a file of its own in this folder, or lives in a module of yours and is named by
`module:Class`.
"""

from collections.abc import Iterable
from typing import ClassVar, Literal, NamedTuple

import msgspec

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
)
from tapewire.risk.rules.view import View

Enforcement = Literal["alert", "halt", "flatten"]
"""What is done about a broken rule: it is announced; new risk is refused in its scope; positions in
its scope are closed too."""
STRENGTH: tuple[Enforcement, ...] = ("alert", "halt", "flatten")


class Violation(NamedTuple):
    """A rule found broken: where, why in a sentence, and what is to be done about it."""

    rule: str
    scope: Scope
    reason: str
    enforcement: Enforcement


ADDS_RISK: tuple[type[Event], ...] = (
    OrderIntended, OrderModifyIntended, OrderModified, Fill, PositionReported,
    ForeignOrderReported,
)  # fmt: skip
"""The events after which a position, or what could become of it, may be larger than before."""


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

    def __init__(
        self,
        parameters: msgspec.Struct,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = "halt",
    ) -> None:
        self.scope = scope
        self.enforcement = enforcement

    @property
    def name(self) -> str:
        """What the rule is called in the configuration and in its sentences."""
        return type(self).__name__

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

    def save(self) -> bytes:
        """The state to keep over restarts; empty where there is none."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take back what `save` gave last."""

    def violation(self, reason: str, *, account: str = "", symbol: str = "") -> Violation:
        """A violation in `account` and `symbol`, within the rule's own scope."""
        scope = Scope(
            account or self.scope.account, self.scope.strategy, symbol or self.scope.symbol
        )
        return Violation(self.name, scope, reason, self.enforcement)

    def covers(self, order: SubmitOrder) -> bool:
        """Whether the rule is about this order."""
        return order.is_in(self.scope)
