"""Outside: what a broker reports of accounts that are not the login's.

Nothing can be traded in such an account: every order for it is denied. A position in it could never
be closed, and a flatten that has to close it would never end. So none of it counts here: no
execution, no position, no order of somebody else. A person learns of each such account once, since
either the broker is wrong or the login is not what it seems.

What is ours is the exception. An order or an execution that bears the tag of an order of ours in
its own account is that order's, though the login may have lost the account meanwhile. One that
bears the tag in another account is a conflict, as any stranger under our tag is.
"""

from typing import Final

from tapewire.gateway import broker
from tapewire.gateway.broker import Broker, BrokerEvent
from tapewire.gateway.orders.registry import Registry

ACCOUNTS_MAX: Final = 100
"""Of so many accounts a person learns."""
OF_ACCOUNTS: Final = (broker.OrderReport, broker.ExecutionReport, broker.PositionReport)
WORDS: Final[dict[type[BrokerEvent], str]] = {
    broker.OrderReport: "an order",
    broker.ExecutionReport: "an execution",
    broker.PositionReport: "a position",
}


class Outside:
    """Tells such reports from all others. What a person has to know goes to `complaints`."""

    def __init__(
        self, adapter: Broker, registry: Registry, complaints: list[tuple[str, bytes]]
    ) -> None:
        self._broker = adapter
        self._registry = registry
        self._complaints = complaints
        self._named: set[str] = set()

    def __repr__(self) -> str:
        return f"<Outside: {len(self._named)} accounts>"

    def has(self, report: BrokerEvent) -> bool:
        """Whether a report is of an account that is not the login's. An order that does not say
        whose it is belongs to the login."""
        if not isinstance(report, OF_ACCOUNTS) or report.account in self._broker.accounts:
            return False
        if isinstance(report, broker.OrderReport):
            is_own = not report.account or self._registry.identify(report)[0] is not None
        elif isinstance(report, broker.ExecutionReport):
            intent, _ = self._registry.identify(report)
            is_own = intent is not None and report.account in ("", intent.order.account)
        else:
            is_own = False
        if not is_own:
            self._complain(WORDS[type(report)], report.account)
        return not is_own

    def _complain(self, what: str, account: str) -> None:
        if account in self._named or len(self._named) >= ACCOUNTS_MAX:
            return
        self._named.add(account)
        self._complaints.append((
            f"the broker reports {what} in {f'account {account}' if account else 'no account'},"
            " which is not one of this login's: nothing of it counts here, and nobody here can"
            " close it; look at the account in the broker's own program",
            b"",
        ))  # fmt: skip
