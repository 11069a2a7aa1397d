"""AuthLossGuard: a gateway has been without its broker for too long."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from tapewire.common.events import EVERYTHING, Scope
from tapewire.risk.rules.base import Reading, Rule, Violation
from tapewire.risk.rules.enforcement import ALERT, HALT, Enforcement
from tapewire.risk.rules.since import Since
from tapewire.risk.rules.view import View

MS: Final = 1_000_000


class AuthLossGuardParameters(msgspec.Struct, frozen=True):
    """`after_ms`: how long the connection may be lost, in milliseconds, 0 or more."""

    after_ms: int = 10_000


class AuthLossGuard(Rule):
    """No gateway may be without its connection to the broker for longer than `after_ms`: the
    session ended, or the login is not valid any more. It alerts unless something else is
    configured, as there is nothing to protect an account with while the broker is away.

    A start gives each gateway the whole time again, to connect in: what was lost before it, when
    the group was stopped for the night perhaps, says nothing of how long it has tried.
    """

    Parameters = AuthLossGuardParameters
    looks_at = ()
    default = ALERT

    def __init__(
        self,
        parameters: AuthLossGuardParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        if parameters.after_ms < 0:
            raise ValueError(f"{self.name} after_ms is {parameters.after_ms}; it must be 0 or more")
        self.after_ms = parameters.after_ms
        self._since = Since()

    def on_timer(self, view: View) -> Iterable[Violation]:
        """Each gateway."""
        lost = _lost(view)
        self._since.keep(lost, view.now)
        for loss, gateway in lost.items():
            if self._since.elapsed_ns(loss, view.now) > self.after_ms * MS:
                yield self.violation(
                    f"{gateway} has been without its broker for more than {self.after_ms} ms"
                )

    def readings(self, view: View) -> Iterable[Reading]:
        """How much of its time the longest loss has used."""
        elapsed = [self._since.elapsed_ns(loss, view.now) for loss in _lost(view)]
        if elapsed and self.after_ms:
            yield self.reading(
                Decimal(max(elapsed) // MS), Decimal(self.after_ms), self.scope.account, "", "ms"
            )


def _lost(view: View) -> dict[str, str]:
    """Each loss that lasts, with its gateway: a later one of the same gateway is another."""
    return {f"{gateway} {ts_ns}": gateway for gateway, ts_ns in view.connections_lost().items()}
